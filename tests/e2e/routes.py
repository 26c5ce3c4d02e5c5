"""Which addresses of pages there are, from the pages themselves: a new page is tested without being named here."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from functools import cache

from e2e.world import SEEN, examples
from serving import Node
from tocsin.server.pages.page import pages

MORE = (
    "/search?q=type:indicator",
    "/search?q=tlp:x",
    f"/objects/{SEEN}/why?recipient=Friend",
    f"/search/why?object={SEEN}&q=type:indicator+codes+-login",
    f"/graph?from={SEEN}&depth=2",
    "/graph?q=type:indicator",
    "/timeline?q=type:sighting&by=seen",
    "/nothing-here",
)
"""Further states of pages, worth a look."""


def paths(node: Node) -> list[str]:
    """Return the path of every page, with each value for each of its parameters.

    Raises:
        KeyError: a parameter that `world.examples` has no value for.
    """
    given = examples(node.store)
    return sorted({path for page in pages() for get in page.gets for path in filled(get.path, given)})


def filled(template: str, given: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield a path with each value for each of its parameters."""
    names = re.findall(r"{(\w+)}", template)
    for values in itertools.product(*(given[name] for name in names)):
        yield template.format(**dict(zip(names, values, strict=True)))


@cache
def addresses(node: Node, who: str | None) -> tuple[str, ...]:
    """Return the paths that answer `who` with a whole page: no fragments, no files, no way to the sign-in page."""
    found = []
    with node.browser(who) as made:
        for path in (*paths(node), *MORE):
            answer = made.get(path)
            if (
                answer.headers.get("content-type", "").startswith("text/html")
                and "<!doctype html>" in answer.text
            ):
                found.append(path)
    return tuple(found)
