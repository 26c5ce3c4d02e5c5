"""What a page says of itself: its name, its routes, and where the navigation has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from starlette.responses import Response

from tocsin import registry
from tocsin.server.pages.forms import Form
from tocsin.server.pages.view import View

Show = Callable[[View], Response]
Take = Callable[[View, Form], Response]


class Get(NamedTuple):
    """Something to look at.

    `open`: nobody is asked who they are, and it tells no intelligence. `quiet`: an open page asks for it by itself, so it is no sign that
    anybody is there, and a session goes silent in spite of it.
    """

    path: str
    handler: Show
    action: str
    open: bool = False
    quiet: bool = False


class Post(NamedTuple):
    """Something to send, from a page of this node alone. `limit`: most bytes of it."""

    path: str
    handler: Take
    action: str
    open: bool = False
    limit: int = 1024 * 1024


class Entry(NamedTuple):
    """A place in the navigation: a message id, an address, an icon of the sprite, its rank, and whose it is.

    `whose`: "all" who sign in, "own" for the node's own organisation, "admin" for its administrators. `key`: the letter that leads there after `g`.
    """

    label: str
    path: str
    icon: str
    rank: int
    whose: str = "all"
    key: str = ""

    @property
    def admin(self) -> bool:
        """Whether it stands with what administrators do."""
        return self.whose == "admin"


class Page(NamedTuple):
    """A page: `PAGE` of a package below `tocsin.server.pages`."""

    name: str
    gets: tuple[Get, ...]
    posts: tuple[Post, ...] = ()
    entries: tuple[Entry, ...] = ()


@cache
def pages() -> tuple[Page, ...]:
    """Return all pages there are.

    Raises:
        ConfigError: two share a name.
    """
    return tuple(registry.scan("tocsin.server.pages", "PAGE").values())


@cache
def entries() -> tuple[Entry, ...]:
    """Return the navigation, in order."""
    found = [entry for page in pages() for entry in page.entries]
    return tuple(sorted(found, key=lambda entry: (entry.rank, entry.label)))
