"""Talking to peers: the wire (the only HTTP client of the node) and the protocols on it."""
