"""What is kept comes out under its own key alone, is made once, and the oldest goes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tocsin.server.keeping import Kept
from tocsin.sharing.release import Released, clear


def _released(value: str) -> Released[str]:
    return clear("identity--x", "receive", (), 1).seal(value)


def test_it_is_made_once_for_each_key() -> None:
    kept, made = Kept(), list[str]()

    def get(key: str) -> str:
        return kept.get(key, lambda: made.append(key) or _released(key)).value  # type: ignore[func-returns-value]

    assert [get("a"), get("b"), get("a")] == ["a", "b", "a"]
    assert made == ["a", "b"]


def test_what_nobody_has_looked_at_for_longest_goes() -> None:
    kept = Kept(2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda key=key: _released(key))  # type: ignore[misc]
    assert kept.get("a", lambda: _released("anew")).value == "a"
    assert kept.get("b", lambda: _released("anew")).value == "anew"


def test_of_many_who_want_it_at_once_one_makes_it() -> None:
    kept, began, made = Kept(), threading.Barrier(4), list[int]()

    def make() -> Released[str]:
        made.append(1)
        return _released("it")

    def want(_: int) -> str:
        began.wait()
        return kept.get("it", make).value

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(want, range(4))) == ["it"] * 4
    assert made == [1]


def test_what_fails_is_not_kept() -> None:
    kept = Kept()

    def fail() -> Released[str]:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get("it", fail)
    assert kept.get("it", lambda: _released("it")).value == "it"
