"""How many files the system lets a process have open."""

from __future__ import annotations

import resource

_LEAST = 16


def room(wanted: int, ours: int) -> int:
    """Raise the limit as far as it goes, to `wanted` at most; return how many files that leaves beside `ours`, the process's own."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    reached = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft < reached:
        resource.setrlimit(resource.RLIMIT_NOFILE, (reached, hard))
        soft = reached
    return max(soft - ours, _LEAST)
