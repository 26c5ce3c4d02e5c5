"""What an output is: a module that exposes `OUTPUT`, and writes ranked values in the way a tool reads them.

Writers are pure: items in, text out. An item that could break out of a format is left out by `Output.fits`, never repaired by guessing, so what a
tool acts on is exactly what was shared; only words for people (names) are cleaned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.matching.values import KINDS

Action: TypeAlias = Literal["block", "match"]

RULES: Final = ("yara", "sigma", "suricata", "snort")
"""Languages of patterns that are carried as they are: kinds of items whose value is a rule."""

TYPES: Final[dict[str, tuple[str, ...]]] = {
    "ip": ("ipv4", "ipv6", "cidr"),
    "domain": ("domain",),
    "url": ("url",),
    "email": ("email",),
    "hash": ("md5", "sha1", "sha256", "sha512"),
    "file": ("file_name",),
    "ja3": ("ja3",),
    "ja4": ("ja4",),
    "cve": ("cve",),
    "wallet": ("wallet",),
    "registry": ("registry_key",),
    "mutex": ("mutex",),
    "user-agent": ("user_agent",),
}
"""What people ask for, as kinds of values (`matching.values`)."""

ALL: Final = frozenset(KINDS)
NETWORK: Final = frozenset(("ipv4", "ipv6", "cidr", "domain", "url"))


class Item(msgspec.Struct, frozen=True, gc=False):
    """One value of a list, with what its rank rests on.

    Attributes:
        kind: of `matching.values`, or one of `RULES`.
        value: in normal spelling; of a rule, its text.
        confidence: 0 to 100, decayed; the highest of those who assert it.
        sources: how many organisations assert it.
        sightings: how often it is said to have been seen.
        since, until: first and last moment (µs) at which somebody's indicator holds; `until` None: no end is known.
        modified: when somebody last changed an indicator of it, µs.
        indicator: STIX id of the best of its indicators.
        name: of that indicator, for people; may be empty and may hold anything.
        tlp: its level in capital letters, such as "GREEN"; "" where nobody said.
    """

    kind: str
    value: str
    confidence: int
    sources: int = 1
    sightings: int = 0
    since: Micros | None = None
    until: Micros | None = None
    modified: Micros = 0
    indicator: str = ""
    name: str = ""
    tlp: str = ""


def _always(_item: Item) -> bool:
    return True


class Output(msgspec.Struct, frozen=True):
    """One way a tool wants values.

    Attributes:
        name: unique; also the name of its vectors' folder.
        summary: what it is for, in a line.
        action: what whoever loads it does with it: `block` or `match`; decides which indicators may stand in it.
        types: names of `TYPES`, or kinds, that it can hold; empty for rules alone.
        rules: languages of `RULES` that it carries.
        media_type, suffix: of the file.
        single: it takes one type at a time: the tool wants a list for each.
        capacity: most items if nobody asks for another number.
        most_bytes: most bytes of the file, each item of which is written by itself; 0 for any.
        fits: whether an item can stand in it as it is.
        write: yields the text of items, which all fit, in their order.
        head: text before them for the moment (µs) at which it is handed out. It takes no part in the question whether the list has changed.
        without: kinds of its types that it cannot hold.
        pack: makes the file of the items, where that is no text.
    """

    name: str
    summary: str
    action: Action
    types: tuple[str, ...]
    write: Callable[[Iterable[Item]], Iterator[str]]
    media_type: str = "text/plain; charset=utf-8"
    suffix: str = ".txt"
    single: bool = False
    capacity: int = 100_000
    most_bytes: int = 0
    fits: Callable[[Item], bool] = _always
    head: Callable[[Micros], str] | None = None
    rules: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()
    pack: Callable[[Iterable[Item]], bytes] | None = None

    @property
    def kinds(self) -> frozenset[str]:
        """Every kind of item that it can hold."""
        return self.kinds_of(self.types) | frozenset(self.rules)

    def kinds_of(self, types: Iterable[str]) -> frozenset[str]:
        """Return the kinds of some of its types, without those that it cannot hold; a kind is a type of its own."""
        return frozenset(kind for each in types for kind in TYPES.get(each, (each,))) - self.without

    def body(self, items: Iterable[Item]) -> bytes:
        """Return the file without its head."""
        return "".join(self.write(items)).encode() if self.pack is None else self.pack(items)
