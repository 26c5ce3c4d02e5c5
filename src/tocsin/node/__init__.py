"""Wiring: what the node does with its parts, from bytes handed in to what is kept, matched and sent out."""
