"""The node's HTTP side: TAXII 2.1, health, metrics, and the first administrator's claim."""
