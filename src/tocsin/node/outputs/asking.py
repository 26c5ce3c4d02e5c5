"""What people and devices ask for, in words, as what a list is to hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from tocsin.errors import InputError, NotFoundError
from tocsin.formats.outputs import Output
from tocsin.node.outputs.ranking import Wanted
from tocsin.sharing.facts import TLP_WORDS
from tocsin.store.collections import Collection

LIMIT = 1_000_000
"""Most items of any list."""
RULES_TYPE = "rules"
LEVELS = tuple(TLP_WORDS.values())


def kinds_of(output: Output, types: str) -> frozenset[str]:
    """Return the kinds of items that some types, separated by commas, stand for; all of the output's for "".

    Raises:
        InputError: the output does not hold one of them, or takes exactly one.
    """
    asked = [each.strip() for each in types.split(",") if each.strip()]
    known = (
        frozenset(output.types)
        | output.kinds_of(output.types)
        | ({RULES_TYPE} if output.rules else frozenset())
    )
    for each in asked:
        if each not in known:
            hint = f"it holds {', '.join((*output.types, *([RULES_TYPE] if output.rules else [])))}"
            raise InputError(f"{output.name} holds no {each[:40]!r}", hint=hint)
    if output.single and len(asked) != 1:
        raise InputError(
            f"{output.name} takes one type at a time", hint=f"types are {', '.join(output.types)}"
        )
    if not asked:
        return output.kinds
    kinds = output.kinds_of(each for each in asked if each != RULES_TYPE)
    return kinds | frozenset(output.rules) if RULES_TYPE in asked else kinds


def levels_up_to(ceiling: str) -> frozenset[str]:
    """Return the levels up to one, as `Facts.tlp` has them; empty for "", which asks for no ceiling.

    Raises:
        InputError: there is no such level.
    """
    if not ceiling:
        return frozenset()
    word = ceiling.strip().lower().removeprefix("tlp:")
    if word not in LEVELS:
        raise InputError(f"no level {ceiling[:40]!r}", hint=f"levels are {', '.join(LEVELS)}")
    return frozenset(LEVELS[: LEVELS.index(word) + 1])


def collections_of(
    readable: Iterable[Collection], names: str, community: str, communities: Mapping[UUID, str]
) -> frozenset[str] | None:
    """Return the ids (hexadecimal) of the collections that are asked for; None for all.

    Args:
        readable: what the reader may read; others do not exist.
        names: aliases or ids, separated by commas; "" for any.
        community: name or id of a community; "" for any.
        communities: names of communities by id.

    Raises:
        NotFoundError: one is not there, or not for the reader.
    """
    chosen = list(readable)
    if community:
        chosen = [
            c
            for c in chosen
            if c.community is not None and community in {str(c.community), communities.get(c.community)}
        ]
        if not chosen:
            raise NotFoundError("no such community")
    if names:
        asked = {each.strip() for each in names.split(",")}
        found = [c for c in chosen if c.alias in asked or str(c.id) in asked]
        if {name for c in found for name in (c.alias, str(c.id)) if name in asked} != asked:
            raise NotFoundError("no such collection")
        chosen = found
    return frozenset(c.id.hex for c in chosen) if names or community else None


def wanted(
    output: Output,
    *,
    types: str = "",
    limit: int | None = None,
    min_confidence: int = 0,
    tlp: str = "",
    collections: frozenset[str] | None = None,
) -> Wanted:
    """Return what a list is to hold.

    Raises:
        InputError: a type or a level is not known, or a number is out of its range.
    """
    most = output.capacity if limit is None else limit
    if not 1 <= most <= LIMIT or not 0 <= min_confidence <= 100:
        raise InputError(f"a list holds 1 to {LIMIT:,} values of a confidence of 0 to 100")
    return Wanted(
        kinds=kinds_of(output, types),
        limit=most,
        min_confidence=min_confidence,
        tlp=levels_up_to(tlp),
        collections=collections,
    )
