from __future__ import annotations

import struct

import msgspec
import numpy as np
import pytest
from isal import isal_zlib

from tocsin.errors import FormatError
from tocsin.matching import Entry, Indicator, summary
from tocsin.matching.units import Units, Wanted
from tocsin.matching.values import classify

RULES = 7


def _wanted(*values):
    found = [classify(value) for value in values]
    return Wanted(Entry(each.kind, each.text, Indicator(id="indicator--1")) for each in found)


def _made(*groups):
    making = summary.Making(RULES)
    for texts, times in groups:
        units = Units()
        units.add(texts)
        making.add(units, rows=len(texts), size=100, times=times, untimed=len(texts) - len(times))
    return b"".join(making.encode())


GROUPS = ((["to evil.example", "quiet"], [5, 3]), (["1.2.3.4"], []), ([], []))


def test_only_groups_that_may_name_what_is_wanted_are_told():
    found = summary.decode(_made(*GROUPS), RULES)
    assert found.may_name(_wanted("evil.example")) == [0]
    assert found.may_name(_wanted("1.2.3.0/24")) == [1]
    assert found.may_name(_wanted("1.2.3.4", "evil.example", "good.example")) == [0, 1]
    assert found.may_name(_wanted("good.example")) == []
    assert found.may_name(_wanted("t.tt")) == [0, 1]  # it could be in any, but not where nothing is


def test_groups_are_told_by_time():
    first, second, empty = summary.decode(_made(*GROUPS), RULES).groups
    assert (first.first, first.last, first.untimed) == (3, 5, 0)
    assert not first.is_before(5)
    assert first.is_before(6)
    assert not first.is_before(None)
    assert not second.is_before(1000)
    assert not empty.is_before(1000)


def test_a_summary_that_lost_a_bit_is_refused_or_answers_as_it_would_have():
    whole = _made(*GROUPS)
    refused = 0
    for at in range(len(whole)):
        data = bytearray(whole)
        data[at] ^= 4
        try:
            found = summary.decode(bytes(data), RULES)
            assert found.may_name(_wanted("evil.example")) == [0]
        except FormatError:
            refused += 1
    assert refused > len(whole) // 2


def test_of_a_large_filter_only_what_is_asked_has_to_be_sound():
    making = summary.Making(RULES)
    units = Units()
    units.add([f"host{n}.some{n}.example" for n in range(3_000)])
    making.add(units, rows=3_000, size=100, times=[], untimed=3_000)
    data = bytearray(b"".join(making.encode()))
    start = len(data) - 2 * summary.decode(bytes(data), RULES).groups[0].shape.places
    asked = _wanted("some77.example")
    answers = set()
    for block in range(start, len(data), 4096):
        broken = data.copy()
        broken[block + 5] ^= 1
        found = summary.decode(bytes(broken), RULES)
        try:
            answers.add(tuple(found.may_name(asked)))
        except FormatError as error:
            answers.add("damaged" in str(error))
    assert answers == {(0,), True}


def test_summaries_of_the_first_version_are_read_whole():
    parts = list(summary.encode(RULES, *_parts(_made(*GROUPS))))
    found = summary.decode(_first_version(*_parts(b"".join(parts))), RULES)
    assert found.may_name(_wanted("evil.example")) == [0]
    broken = bytearray(_first_version(*_parts(b"".join(parts))))
    broken[-1] ^= 1
    with pytest.raises(FormatError, match="damaged in group"):
        summary.decode(bytes(broken), RULES)


def _parts(data):
    """Return groups and filters of a summary."""
    groups = summary.decode(data, RULES).groups
    sizes = [2 * group.shape.places for group in groups]
    ends = [len(data) - sum(sizes[number + 1 :]) for number in range(len(sizes))]
    return groups, [
        np.frombuffer(data[end - size : end], np.uint16) for end, size in zip(ends, sizes, strict=True)
    ]


def _first_version(groups, prints):
    head = msgspec.json.encode({"rules": RULES, "groups": groups})
    head += b" " * (-(20 + len(head)) % 8)
    first = struct.pack("<8sIII", b"TOCSINSU", 1, len(head), isal_zlib.crc32(head))
    return first + head + b"".join(each.tobytes() for each in prints)


def test_a_summary_cut_anywhere_is_refused():
    data = _made(*GROUPS)
    for size in range(0, len(data), 5):
        with pytest.raises(FormatError):
            summary.decode(data[:size], RULES)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"NOTHINGS" + data[8:], "no summary"),
        (lambda data: data[:8] + b"\x03" + data[9:], "version 3"),
    ],
)
def test_other_files_are_told(change, reason):
    with pytest.raises(FormatError, match=reason):
        summary.decode(change(_made(*GROUPS)), RULES)


def test_summaries_made_by_other_rules_are_not_asked():
    with pytest.raises(FormatError, match="other rules"):
        summary.decode(_made(*GROUPS), RULES + 1)
