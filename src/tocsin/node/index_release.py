"""An index that leaves the node for other machines of its organisation: what they may match, and nothing else about it.

It holds values, validity, confidence and the ids of indicators; no names, patterns, markings or sources. So patterns that have to be evaluated stay
on the node, and their clues with them. Warninglists go along as far as they are about its values: the lists on which each value stands, and what lies in its ranges.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Indicator, addresses
from tocsin.matching.clues import CLUE
from tocsin.matching.values import Kind, is_private
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node import index_file
from tocsin.node.catalogue import Catalogue
from tocsin.sharing.release import Released

_LISTED: Final = "warninglists"


class _Known(msgspec.Struct):
    values: list[tuple[Kind, str, list[str]]] = []
    within: list[Listed] = []
    own: list[int] = []


class _Bare(Catalogue, frozen=True):
    """What an index holds without sources. `own`: tags of indicators of the node's own organisation, as far as they have private addresses."""

    own: frozenset[int] = frozenset()

    def is_own(self, tag: int) -> bool:
        return tag in self.own


class _Shipped(Warninglists):
    """Warninglists as far as they are about the values of an index."""

    def __init__(self, known: _Known) -> None:
        super().__init__(known.within)
        self._known = {(kind, value): tuple(names) for kind, value, names in known.values}

    def names(self, kind: Kind, value: str) -> tuple[str, ...]:
        return self._known.get((kind, value)) or super().names(kind, value)


def save(released: Released[Catalogue], lists: list[Listed], path: Path) -> int:
    """Write the index of what was released for `match`; return how many values it has.

    Args:
        released: the catalogue of the node's own organisation (`node.following.load`).
        lists: all warninglists.
        path: of the file, for the owner's eyes only.

    Raises:
        ValueError: it was released for something else.
        OSError: the file cannot be written; what was there stays.
    """
    if released.action != "match":
        raise ValueError(
            f"an index is made of what may be matched, not of what was released to {released.action}"
        )
    catalogue = released.value
    entries = []
    known = _Known()
    bare: dict[int, Indicator] = {}
    for entry in sorted(catalogue.index.standing(), key=_place):
        its = entry.indicator
        if its is CLUE:
            continue
        if its.tag not in bare:
            bare[its.tag] = msgspec.structs.replace(its, name="", pattern="", tag=len(bare))
        entries.append(Entry(entry.kind, entry.value, bare[its.tag]))
        if names := catalogue.lists.names(entry.kind, entry.value):
            known.values.append((entry.kind, entry.value, list(names)))
        if is_private(entry.kind, entry.value) and catalogue.is_own(its.tag):
            known.own.append(bare[its.tag].tag)
    known.within = _within(lists, [entry.value for entry in entries if entry.kind == "cidr"])
    index_file.save(Index.build(entries), path, {_LISTED: msgspec.json.encode(known)})
    return len(entries)


def _place(entry: Entry) -> tuple[str, str, str, int]:
    """Return where an entry stands: what was made in another order is the same file."""
    its = entry.indicator
    return entry.kind, entry.value, its.id, its.tag


def _within(lists: list[Listed], ranges: list[str]) -> list[Listed]:
    """Return what of the lists may be about an address in one of the ranges."""
    spans = sorted({_span(value) for value in ranges if addresses.parse_network(value) is not None})
    if not spans:
        return []
    kept = []
    for each in lists:
        some = each.values
        if each.kind not in {"substring", "regex"}:
            some = tuple(value for value in each.values if _touches(value, spans))
        if some:
            kept.append(msgspec.structs.replace(each, values=some))
    return kept


def _touches(value: str, spans: list[tuple[int, int, int]]) -> bool:
    text = value.strip()
    if "/" not in text:
        text += "/128" if ":" in text else "/32"
    if addresses.parse_network(text) is None:
        return False
    version, first, last = _span(text)
    return any(its == version and start <= last and first <= end for its, start, end in spans)


def _span(value: str) -> tuple[int, int, int]:
    found = addresses.parse_network(value)
    assert found is not None  # callers looked
    version, first, bits = found
    return version, first, first + (1 << (32 if version == 4 else 128) - bits) - 1


def load(path: Path) -> Catalogue:
    """Return what an index holds, mapped into memory; its indicators have no sources.

    Raises:
        FormatError: it is no index, of another version or damaged; or one that was not made for other machines.
    """
    index, extra = index_file.load(path)
    try:
        known = msgspec.json.decode(extra[_LISTED], type=_Known)
    except (KeyError, msgspec.MsgspecError) as error:
        raise FormatError(
            "this index was not exported", where=str(path), hint="use `tocsin index export`"
        ) from error
    count = len(index.base.indicators)
    return _Bare(index, [()] * count, count, Counter(), {}, _Shipped(known), own=frozenset(known.own))
