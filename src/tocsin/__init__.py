"""Tocsin: a node for collective cyber defence."""

__version__ = "0.1.0"
