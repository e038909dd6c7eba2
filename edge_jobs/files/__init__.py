"""Uploaded files: what they really are, what they say, how their first page looks."""
