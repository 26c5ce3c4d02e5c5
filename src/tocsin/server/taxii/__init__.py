"""The TAXII 2.1 server (OASIS Standard, 10 June 2021). docs/reference/taxii.md goes through it section by section."""
