"""The shape of a plan: what a route is asked, and what has to come of it."""

from __future__ import annotations

from typing import NamedTuple


class Plan(NamedTuple):
    """The query strings that a route is asked with, and the statuses that FRIEND and nobody get: so that it is really asked."""

    queries: tuple[str, ...]
    friend: set[int]
    nobody: set[int]
