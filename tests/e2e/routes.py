"""Which addresses of pages there are, from the pages themselves: a new page is tested without being named here."""

from __future__ import annotations

from functools import cache

from e2e.world import EXAMPLES, SEEN
from serving import Node
from tocsin.server.pages.page import pages

MORE = (
    *("/search?q=type:indicator", "/search?q=tlp:x", "/nothing-here"),
    *(f"/graph?from={SEEN}&depth=2", "/graph?q=type:indicator", "/timeline?q=type:sighting&by=seen"),
)
"""Further states of pages, worth a look."""


def paths() -> list[str]:
    """Return the path of every page, with a value for each of its parameters.

    Raises:
        KeyError: a parameter that `world.EXAMPLES` has no value for.
    """
    return sorted({get.path.format(**EXAMPLES) for page in pages() for get in page.gets})


@cache
def addresses(node: Node, who: str | None) -> tuple[str, ...]:
    """Return the paths that answer `who` with a whole page: no fragments, no files, no way to the sign-in page."""
    found = []
    with node.browser(who) as made:
        for path in (*paths(), *MORE):
            answer = made.get(path)
            if (
                answer.headers.get("content-type", "").startswith("text/html")
                and "<!doctype html>" in answer.text
            ):
                found.append(path)
    return tuple(found)
