"""What an address of the graph says: where it begins, how far it goes, what is let in, which groups are open."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from msgspec import Meta

from tocsin.clock import Micros
from tocsin.server.api.searching import Text
from tocsin.store.search.query import moment

SEEDS = 50
"""Most objects that a graph begins with."""
_Ids = Annotated[str, Meta(max_length=4000, description="Ids of objects, separated by commas.")]


class State(
    msgspec.Struct, forbid_unknown_fields=True, frozen=True, omit_defaults=True, rename={"start": "from"}
):
    """The parameters of the graph; the page, its data and its drawing take the same ones.

    `open` holds names of groups, separated by spaces, which no id has.
    """

    start: _Ids = ""
    q: Text = ""
    to: Annotated[str, Meta(max_length=300, description="An object to show the way to.")] = ""
    depth: Annotated[int, Meta(ge=1, le=4, description="Most edges from where it begins.")] = 1
    type: Annotated[str, Meta(max_length=1000, description="Types that are let in, separated by commas.")] = (
        ""
    )
    after: Annotated[str, Meta(max_length=40, description="Modified then or later.")] = ""
    before: Annotated[str, Meta(max_length=40, description="Modified earlier.")] = ""
    open: Annotated[str, Meta(max_length=8000, description="Groups that are shown one by one.")] = ""
    all: Annotated[str, Meta(pattern="^(yes|)$", description="`yes`: no groups.")] = ""
    whole: Annotated[
        str, Meta(pattern="^(yes|)$", description="`yes`: all that it holds, which may take a second.")
    ] = ""
    page: Annotated[int, Meta(ge=1, le=1000, description="Page of the tables.")] = 1

    @property
    def seeds(self) -> tuple[str, ...]:
        """The ids that it begins with."""
        return tuple(dict.fromkeys(each for each in self.start.split(",") if each))[:SEEDS]

    @property
    def part(self) -> bool:
        """Whether the first part is enough: not for what is to have no groups, nor for the shortest of all ways."""
        return not (self.whole or self.all or self.to)

    @property
    def types(self) -> tuple[str, ...]:
        """The types that are let in; none means all."""
        return tuple(dict.fromkeys(each for each in self.type.split(",") if each))

    @property
    def opened(self) -> frozenset[str]:
        """The groups that are open."""
        return frozenset(self.open.split())

    @property
    def bounds(self) -> tuple[Micros | None, Micros | None]:
        """The time that objects were modified in.

        Raises:
            InputError: one is no time.
        """
        return (
            moment(self.after, "after") if self.after else None,
            moment(self.before, "before") if self.before else None,
        )

    def query(self, **changes: Any) -> str:
        """Return the query string, with some changes; a change begins the tables anew."""
        changed = msgspec.structs.replace(self, **({"page": 1} | changes))
        return urlencode(msgspec.to_builtins(changed))

    def address(self, path: str = "/graph", **changes: Any) -> str:
        """Return the address, with some changes."""
        return f"{path}?{self.query(**changes)}"

    def toggled(self, kind: str) -> str:
        """Return the address with a type more, or without it."""
        left = [each for each in self.types if each != kind]
        return self.address(type=",".join(left if kind in self.types else [*left, kind]))

    def opening(self, group: str) -> str:
        """Return the address with a group more that is open."""
        return self.address(open=" ".join([*self.open.split(), group]))
