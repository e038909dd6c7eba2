"""Benchmarks: ours and the peer, or the physical limit, side by side in one run."""
