"""Mutation testing of `sharing/`: small faults are put into it, and some test has to fail (docs/explanation/mutation.md)."""
