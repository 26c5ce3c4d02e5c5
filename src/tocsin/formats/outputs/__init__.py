"""Writing lists for the tools that people have: block lists, rules, lookups. One module an output exposes `OUTPUT` (see `plugin`)."""

from __future__ import annotations

from functools import cache
from typing import cast

from tocsin import registry
from tocsin.errors import NotFoundError
from tocsin.formats.outputs.plugin import RULES, TYPES, Action, Item, Output

__all__ = ["RULES", "TYPES", "Action", "Item", "Output", "every", "named"]


@cache
def every() -> dict[str, Output]:
    """Return all outputs by name."""
    return cast("dict[str, Output]", registry.scan("tocsin.formats.outputs", "OUTPUT"))


def named(name: str) -> Output:
    """Return the output of a name.

    Raises:
        NotFoundError: there is none.
    """
    found = every().get(name)
    if found is None:
        raise NotFoundError(f"no output {name[:60]!r}", hint=f"outputs are {', '.join(every())}")
    return found
