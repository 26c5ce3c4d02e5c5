"""What is asked of a field: the tests that values and modifiers of a rule come to, each evaluated on one text.

Every value of a record is compared as a text (`records.text_of`): numbers as they are written, booleans as `true` and `false`. Unless a
rule says otherwise, case does not count, by Unicode case folding.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

import msgspec

from tocsin.matching.sigma.wildcards import Parts, matches

DASHES: Final = "-/\N{EN DASH}\N{EM DASH}\N{HORIZONTAL BAR}"
"""What stands for one another under `windash`."""
_SAME_DASH: Final = str.maketrans(dict.fromkeys(DASHES, "-"))

Order: TypeAlias = Literal["eq", "lt", "lte", "gt", "gte"]
Part: TypeAlias = Literal["minute", "hour", "day", "week", "month", "year"]
Place: TypeAlias = Literal["whole", "start", "end", "inside"]
ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


class Like(msgspec.Struct, frozen=True):
    """The whole text is what the parts say. They are folded already, as `fold` folds what they are compared with."""

    parts: Parts
    cased: bool = False
    dashes: bool = False

    def fold(self, text: str) -> str:
        """Return a text as this test compares it."""
        return fold(text, cased=self.cased, dashes=self.dashes)

    def holds(self, text: str) -> bool:
        """Tell whether a text is what this asks for."""
        return matches(self.parts, self.fold(text))


class Regex(msgspec.Struct, frozen=True):
    """An expression that RE2 takes is found in the text; `flags` of `ims`."""

    expression: str
    flags: str = ""

    def holds(self, text: str) -> bool:
        """Tell whether a text is what this asks for."""
        from tocsin.matching.sigma.regular import searcher  # noqa: PLC0415 - the library loads when the first expression is used

        return searcher(self)(text)


class Network(msgspec.Struct, frozen=True):
    """The text is an address in this range (`10.0.0.0/8`, normal spelling)."""

    cidr: str

    def holds(self, text: str) -> bool:
        """Tell whether a text is what this asks for."""
        found = address(text)
        network = _network(self.cidr)
        return found is not None and found.version == network.version and found in network


class Compare(msgspec.Struct, frozen=True):
    """The text is a number in this order to `value`."""

    order: Order
    value: int | float

    def holds(self, text: str) -> bool:
        """Tell whether a text is what this asks for."""
        found = number(text)
        return found is not None and ORDERS[self.order](found, self.value)


class TimePart(msgspec.Struct, frozen=True):
    """A part of the time that the text is, as it is written and without its zone, in this order to `value`; weeks by ISO 8601."""

    part: Part
    order: Order
    value: int | float

    def holds(self, text: str) -> bool:
        """Tell whether a text is what this asks for."""
        try:
            at = datetime.fromisoformat(text.strip())
        except ValueError:
            return False
        found: int = at.isocalendar().week if self.part == "week" else getattr(at, self.part)
        return ORDERS[self.order](found, self.value)


class Null(msgspec.Struct, frozen=True):
    """The field is not there, or there is nothing in it."""


class Exists(msgspec.Struct, frozen=True):
    """The field is there, whatever is in it; or it is not."""

    value: bool


class SameAs(msgspec.Struct, frozen=True):
    """A value of another field of the record stands at this place of the value."""

    field: str
    place: Place = "whole"
    cased: bool = False

    def holds(self, text: str, other: str) -> bool:
        """Tell whether a text and one of the other field are what this asks for."""
        text, other = fold(text, cased=self.cased), fold(other, cased=self.cased)
        if self.place == "start":
            return text.startswith(other)
        if self.place == "end":
            return text.endswith(other)
        return other in text if self.place == "inside" else text == other


OnText: TypeAlias = Like | Regex | Network | Compare | TimePart
Test: TypeAlias = OnText | Null | Exists | SameAs


def fold(text: str, *, cased: bool = False, dashes: bool = False) -> str:
    """Return a text without what does not count in a comparison."""
    if dashes:
        text = text.translate(_SAME_DASH)
    return text if cased else text.casefold()


def number(text: str) -> int | float | None:
    """Return the number that a text is, or None."""
    if len(text) > 40:
        return None
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        return None


def address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a text is, or None; `::ffff:10.0.0.1` is 10.0.0.1."""
    if not 2 <= len(text) <= 45:
        return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


@lru_cache(maxsize=4096)
def _network(cidr: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(cidr)
