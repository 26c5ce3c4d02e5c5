"""Figures beside their peers: `python -m benchmarks`."""
