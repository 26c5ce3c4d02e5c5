from __future__ import annotations

import pytest

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


@pytest.mark.parametrize("at", range(0, 1000, 7))
def test_a_summary_that_lost_a_bit_is_refused(at):
    data = bytearray(_made(*GROUPS))
    if at >= len(data):
        return
    data[at] ^= 4
    with pytest.raises(FormatError):
        summary.decode(bytes(data), RULES)


def test_a_summary_cut_anywhere_is_refused():
    data = _made(*GROUPS)
    for size in range(0, len(data), 5):
        with pytest.raises(FormatError):
            summary.decode(data[:size], RULES)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: b"NOTHINGS" + data[8:], "no summary"),
        (lambda data: data[:8] + b"\x02" + data[9:], "version 2"),
    ],
)
def test_other_files_are_told(change, reason):
    with pytest.raises(FormatError, match=reason):
        summary.decode(change(_made(*GROUPS)), RULES)


def test_summaries_made_by_other_rules_are_not_asked():
    with pytest.raises(FormatError, match="other rules"):
        summary.decode(_made(*GROUPS), RULES + 1)
