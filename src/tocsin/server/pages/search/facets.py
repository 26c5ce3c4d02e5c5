"""The facet bar: each facet is a term of the query, so that bar, address, saved view, feed and webhook filter are one thing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode

import msgspec

from tocsin.node.searching import Counts

_TERM = re.compile(r'-?(?:[a-z]+:)?(?:"[^"]*"?|\S+)')
_LEVELS = ("red", "amber+strict", "amber", "green", "clear", "none")


class Value(msgspec.Struct, frozen=True):
    """One value of a facet: how many of what is found have it, whether the query asks for it, and where asking otherwise leads."""

    label: str
    count: int
    on: bool
    href: str


class Facet(msgspec.Struct, frozen=True):
    """A facet by its field of the query, with its values, the most frequent first."""

    name: str
    values: tuple[Value, ...]


def facets(query: str, counts: Counts, names: Mapping[str, str]) -> tuple[Facet, ...]:
    """Return the facets of what a query finds; `names` of organisations by id."""
    levels = [(level, level, counts.tlp[level]) for level in _LEVELS if level in counts.tlp]
    types = [(kind, kind, count) for kind, count in _frequent(counts.types)]
    sources = [(each, names.get(each, each), count) for each, count in _frequent(counts.sources) if each]
    collections = [(each, each, count) for each, count in _frequent(counts.collections)]
    found = (("type", types), ("tlp", levels), ("source", sources), ("collection", collections))
    return tuple(Facet(name, tuple(_value(query, name, *each) for each in of)) for name, of in found if of)


def toggled(query: str, field: str, value: str) -> str:
    """Return the query with a term more, or without it where it has it."""
    term = term_of(field, value)
    terms = _TERM.findall(query)
    left = [each for each in terms if each not in (term, f"{field}:{value}")]
    return " ".join(left if len(left) < len(terms) else [*terms, term])


def term_of(field: str, value: str) -> str:
    """Return the term that asks for a value of a field."""
    return f'{field}:"{value}"' if re.search(r"\s", value) else f"{field}:{value}"


def address(query: str) -> str:
    """Return where a query is answered."""
    return f"/search?{urlencode({'q': query})}"


def _value(query: str, field: str, value: str, label: str, count: int) -> Value:
    on = term_of(field, value) in _TERM.findall(query)
    return Value(label, count, on, address(toggled(query, field, value)))


def _frequent(counts: Mapping[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))
