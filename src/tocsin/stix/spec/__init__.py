"""The STIX 2.1 specification as tables: what each type holds, and the rules between its properties."""
