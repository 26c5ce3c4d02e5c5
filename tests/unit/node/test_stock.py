from __future__ import annotations

import uuid

import numpy as np
import pytest

from tocsin.errors import FormatError
from tocsin.matching import Indicator, archive
from tocsin.matching.clues import CLUE
from tocsin.node.catalogue import Row
from tocsin.node.stock import Asked, Stock, pack
from tocsin.sharing.labels import label_for

ONE, TWO = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
ASKED = Asked("db", ONE, "", (1, 2), 7, ("indicator",))
COLLECTION = uuid.UUID(int=9)


class _Snapshot:
    def __init__(self) -> None:
        self.labels = {1: label_for((), owner=ONE), 2: label_for((), owner=TWO)}


def _row(cursor: int, name: str, pattern: str, *, label: int = 1, version: int = 1, **more) -> Row:
    made = Indicator(
        id=f"indicator--{name}", name=name, pattern=pattern, pattern_type=more.get("language", "stix")
    )
    return Row(cursor, version, more.get("revoked", False), label, COLLECTION, made, None)


ROWS = [
    _row(10, "a", "[domain-name:value = 'old.example']"),
    _row(11, "a", "[domain-name:value = 'a.example']", version=2),
    _row(12, "a", "[domain-name:value = 'a.example']", label=2),
    _row(13, "r", "[domain-name:value = 'r.example']"),
    _row(14, "r", "[domain-name:value = 'r.example']", version=2, revoked=True),
    _row(15, "m", "[domain-name:value = 'm.example' AND domain-name:x = 'y']"),
    _row(16, "s", "title: x", language="sigma"),
    _row(17, "n", "[process:pid = 1]"),
]


def _encoded(rows=ROWS) -> tuple:
    return pack(rows, _Snapshot(), ASKED)  # type: ignore[arg-type]


def _stock(rows=ROWS) -> Stock:
    index, extra = _encoded(rows)
    return Stock(*archive.decode(b"".join(archive.encode(index, extra))))


def test_a_stock_says_what_its_placements_said() -> None:
    found = _stock()
    live = [each for each in found.index.entries if each.indicator is not CLUE]
    assert [(each.value, each.indicator.name) for each in live] == [("a.example", "a")]
    assert found.asserted(live[0].indicator.tag) == [(1, COLLECTION), (2, COLLECTION)]
    assert found.standing == 4
    assert found.last == 17
    assert [found.indicator(tag).tag for tag in range(found.tags)] == [*range(found.tags)]
    assert [each.name for each in found.rules.values()] == ["s"]
    assert found.passed == {"kind": 1} or sum(found.passed.values()) >= 1
    none = np.zeros(len(ROWS), np.bool_)
    assert sorted(found.indicator(tag).name for tag in found.standing_tags(none)) == ["a", "m", "n", "s"]


@pytest.mark.parametrize("name", ["a", "r", "m", "s", "n"])
def test_placements_are_found_by_id(name: str) -> None:
    found = [row for _, _, row in _stock().placements(f"indicator--{name}")]
    assert found == [row for row in ROWS if row.indicator.name == name]


def test_what_is_not_there_is_not_found() -> None:
    found = _stock()
    assert [*found.placements("indicator--x")] == []
    assert found.number_at(12) == 2
    assert found.id_of(2) == "indicator--a"
    assert [found.number_at(each) for each in (9, 18)] == [None, None]
    assert (_stock([]).last, _stock([]).standing) == (-1, 0)


@pytest.mark.parametrize("name", ["cursors", "places", "tags", "by_id", "said", "starts"])
def test_positions_that_are_none_are_refused(name: str) -> None:
    index, extra = _encoded()
    array = np.frombuffer(extra[name], "<i8" if name == "cursors" else "<u4").copy()
    spoiled = array[:-1] if name == "cursors" else array + 1_000
    with pytest.raises(FormatError):
        Stock(*archive.decode(b"".join(archive.encode(index, extra | {name: spoiled.tobytes()}))))


@pytest.mark.parametrize("name", ["about", "cursors", "said"])
def test_what_is_no_stock_is_refused(name: str) -> None:
    index, extra = _encoded()
    for given in ({each: data for each, data in extra.items() if each != name}, extra | {name: b"{"}):
        with pytest.raises(FormatError):
            Stock(*archive.decode(b"".join(archive.encode(index, given))))
