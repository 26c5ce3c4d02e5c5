"""Hunting beyond one machine: the engine of `tocsin hunt` as a function on tables of a data lake.

`finder` takes batches of Arrow and gives hits, whatever runs it; `spark` hands it to the workers of a cluster. What to look for comes as
a file (`node.index_release`), which each machine maps into memory once.
"""
