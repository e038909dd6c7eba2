"""What the worker does to the storage beyond single files and reports."""
