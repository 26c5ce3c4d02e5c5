"""TAXII 2.1 as a client (OASIS, 10 June 2021)."""
