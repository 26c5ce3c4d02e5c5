"""Observations as patterns see them (STIX 2.1 sections 4.14 and 9.1): objects, when, and how often.

An observed-data object stands for `number_observed` observations at unknown moments from `first_observed` to `last_observed`.
Only the objects it lists can be followed by references (section 9.7.4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ParseError
from tocsin.stix.timestamps import to_micros

Sco: TypeAlias = Mapping[str, Any]
"""A cyber-observable object as JSON has it."""
Objects: TypeAlias = Mapping[str, Sco]
"""The objects of one observation by what references call them: identifiers, or the keys of the older form."""


class Observed(msgspec.Struct, frozen=True, gc=False):
    """One observed-data object.

    Attributes:
        objects: its objects, all of them possible roots of object paths.
        first, last: between which moments it was observed, both included.
        times: how many observations it stands for.
    """

    objects: Objects
    first: Micros
    last: Micros
    times: int = 1


def observed(sdo: Mapping[str, Any], known: Objects) -> Observed:
    """Return an observed-data object as patterns see it.

    Args:
        sdo: the observed-data object, with `object_refs` or the older `objects`.
        known: objects by identifier, in which `object_refs` are looked up; one that is not there is as if not listed.

    Raises:
        ParseError: a property that says when, how often or what is missing or wrong (`observed-data`).
    """
    times = sdo.get("number_observed")
    if type(times) is not int or times < 1:
        raise _fault(sdo, "number_observed", "must be an integer of at least 1")
    first, last = (to_micros(sdo.get(name, "")) for name in ("first_observed", "last_observed"))
    if last < first:
        raise _fault(sdo, "last_observed", "must not be before first_observed")
    refs = sdo.get("object_refs")
    found = (
        {ref: known[ref] for ref in refs if ref in known} if isinstance(refs, list) else sdo.get("objects")
    )
    if not isinstance(found, dict) or not all(isinstance(each, dict) for each in found.values()):
        raise _fault(sdo, "objects", "must hold objects by key, where object_refs is not there")
    return Observed(found, first, last, times)


def observations(objects: Iterable[Mapping[str, Any]]) -> Iterator[Observed]:
    """Yield the observations of a bundle's objects, in the order of their observed-data.

    Args:
        objects: observed-data and cyber-observable objects, in any order; others are passed over.

    Raises:
        ParseError: as `observed`.
    """
    given = list(objects)
    known = {each["id"]: each for each in given if isinstance(each.get("id"), str)}
    for each in given:
        if each.get("type") == "observed-data":
            yield observed(each, known)


def _fault(sdo: Mapping[str, Any], name: str, what: str) -> ParseError:
    return ParseError(
        f"{str(sdo.get('id', 'observed-data'))[:80]}: {name} {what}", pointer=f"/{name}", rule="observed-data"
    )
