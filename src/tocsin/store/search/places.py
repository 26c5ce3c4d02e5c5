"""Where in an object what was searched for stands: the same lexemes that found it, taken from one property at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tocsin.store.search.query import Clause, Lexeme
from tocsin.store.search.terms import terms_of

_ALWAYS = ("type", "id", "pattern_type")
_NOWHERE = "x--00000000-0000-0000-0000-000000000000"


def places(properties: Mapping[str, Any], clause: Clause) -> tuple[str, ...]:
    """Return the names of the properties that meet a clause by themselves, in the object's order.

    Empty: none does (where the clause is negated, as it should be), or it takes words of several properties.
    """
    return tuple(name for name in properties if _meets(_lexemes(properties, name), clause))


def _lexemes(properties: Mapping[str, Any], name: str) -> frozenset[str]:
    """Return what an object would be found by if it had this property alone."""
    if name == "id":
        return frozenset((f"i:{properties['id']}",))
    alone = {key: properties[key] for key in _ALWAYS if key in properties} | {"id": _NOWHERE}
    if name in alone:
        return frozenset()
    return frozenset(terms_of(msgspec.json.encode(alone | {name: properties[name]})).lexemes)


def _meets(lexemes: frozenset[str], clause: Clause) -> bool:
    return any(all(_has(lexemes, each) for each in together) for together in clause.any_of)


def _has(lexemes: frozenset[str], wanted: Lexeme) -> bool:
    if wanted.prefix:
        return any(each.startswith(wanted.text) for each in lexemes)
    return wanted.text in lexemes
