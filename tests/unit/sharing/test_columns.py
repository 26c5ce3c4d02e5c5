from __future__ import annotations

import msgspec
import pytest

from tocsin.sharing.columns import Columns
from tocsin.sharing.facts import Facts

NOTHING = Facts("clear", frozenset(), True, "a", False, frozenset(), frozenset())
SIZE = 17  # two whole bytes of rows and one row more


def columns(**values) -> Columns:
    """Rows 100, 101 ... of which one fact has these values, by name of the fact."""
    ((fact, each),) = values.items()
    return Columns(
        [(100 + n, msgspec.structs.replace(NOTHING, **{fact: value})) for n, value in enumerate(each)]
    )


def test_no_rows_are_nothing() -> None:
    rows = Columns([])
    assert rows.everything == rows.equal("owner", "a") == rows.where(lambda _: True) == 0
    assert rows.numbers(0) == []


def test_bit_n_stands_for_row_n() -> None:
    rows = columns(owner=[f"o{n}" for n in range(SIZE)])
    for place in range(SIZE):
        assert rows.equal("owner", f"o{place}") == 1 << place
        assert rows.numbers(1 << place) == [100 + place]
        assert rows.first(1 << place).owner == f"o{place}"
    assert rows.numbers(rows.everything) == list(range(100, 100 + SIZE))
    assert rows.numbers(0b10010) == [101, 104]
    assert rows.first(0b10010).owner == "o1"


def test_what_a_fact_is() -> None:
    rows = columns(owner=["a", "b", "a"])
    assert rows.equal("owner", "a") == 0b101
    assert rows.equal("owner", "c") == 0
    assert rows.any_equal("owner", ["b", "c"]) == 0b010
    assert rows.any_equal("owner", ["b", "a"]) == 0b111
    assert rows.any_equal("owner", []) == 0


def test_what_a_set_contains_is_not_what_it_is() -> None:
    one, both = frozenset("x"), frozenset("xy")
    rows = columns(communities=[one, both, frozenset(), frozenset("z")])
    assert rows.containing("communities", "x") == 0b0011
    assert rows.equal("communities", "x") == 0
    assert rows.equal("communities", one) == 0b0001
    assert rows.any_containing("communities", ["y", "z"]) == 0b1010
    assert rows.any_containing("communities", []) == 0


def test_facts_of_one_value_are_not_mixed_up() -> None:
    rows = Columns([(1, msgspec.structs.replace(NOTHING, ours=True, understood=False))])
    assert (rows.equal("ours", True), rows.equal("understood", True)) == (1, 0)


def test_what_was_asked_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = columns(owner=["a", "b"])
    assert (rows.equal("owner", "a"), rows.equal("owner", "b")) == (0b01, 0b10)
    monkeypatch.setattr(rows, "rows", [])  # nothing is looked at again
    assert (rows.equal("owner", "a"), rows.equal("owner", "c")) == (0b01, 0)
    monkeypatch.setattr(rows, "_of", None)  # nor is an answer written again
    assert (rows.equal("owner", "a"), rows.equal("owner", "c")) == (0b01, 0)


def test_a_test_looks_at_each_row() -> None:
    rows = columns(owner=["a", "b", "a"])
    assert rows.where(lambda facts: facts.owner == "a") == 0b101
