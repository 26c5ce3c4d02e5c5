from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.matching import counting
from tocsin.matching.blocks import Seen

DATA = st.lists(
    st.sampled_from([b"\n", b"\r\n", b"}\n{", b"{", b"}", b"x", b"y" * 63, b"z" * 64, b"\r"]), max_size=40
).map(b"".join)


@given(DATA, st.lists(st.integers(0, 2000), max_size=30))
@settings(deadline=None)  # the first call loads the compiler
def test_lines_of_places_are_found_each_once(data: bytes, wanted: list[int]) -> None:
    places = [place for place in wanted if place < len(data)]
    rows, feeds, joined = counting.lines_at(data, np.array(places, np.int64))
    naive = set()
    for place in places:
        start = data.rfind(b"\n", 0, place) + 1
        feed = data.find(b"\n", place)
        end = len(data) if feed < 0 else feed
        returns = end > start and data[end - 1] == 13
        naive.add((start, end - returns, data.count(b"\n", 0, start)))
    assert [tuple(row) for row in rows.tolist()] == sorted(naive)
    assert feeds == data.count(b"\n")
    assert joined == data.count(b"}\n{")


@given(DATA)
@settings(deadline=None)
def test_what_was_not_counted_is_counted_when_it_is_asked_for(data: bytes) -> None:
    spans = [(at, at + 1) for at in range(0, len(data), 7)]
    seen = Seen.of(data, spans)
    assert (list(seen), seen.feeds, seen.joined) == (spans, data.count(b"\n"), data.count(b"}\n{"))
    assert seen.lines_before(data) == [data.count(b"\n", 0, start) for start, _ in spans]


@pytest.mark.parametrize("sought", [b"\t", b"||"])
def test_counting_equals_that_of_bytes(sought: bytes) -> None:
    data = (b"a\tb||c" * 50)[:-3]
    assert counting.count(data, sought) == data.count(sought)
    assert counting.count(memoryview(data)[5:], sought) == data[5:].count(sought)
