"""The demo: three nodes on this machine, one ransomware wave, and what each may know of it."""
