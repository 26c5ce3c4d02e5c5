from __future__ import annotations

from tocsin.matching.blocks import LONGEST_LINE
from tocsin.telemetry.lines import lines
from tocsin.telemetry.observations import Tally


def _asked(*wanted):
    return lambda block: [(at, at + len(w)) for w in wanted if (at := block.find(w)) >= 0]


def test_all_lines_without_a_look():
    tally = Tally()
    found = list(lines([b"a\n\nb\r\nc"], look=None, tally=tally))
    assert [(line.number, line.offset, line.raw) for line in found] == [
        (1, 0, b"a"),
        (3, 3, b"b"),
        (4, 6, b"c"),
    ]
    assert (tally.lines, tally.bytes) == (4, 7)
    assert all(line.whole and line.telling for line in found)


def test_a_look_chooses():
    found = list(lines([b"a\nb\nc\n"], look=_asked(b"b"), tally=None))
    assert [(line.number, line.raw) for line in found] == [(2, b"b")]


def test_where_a_block_does_not_fit_all_its_lines_come():
    found = list(lines([b"a\nb\n"], look=_asked(b"b"), tally=None, fits=lambda block: False))
    assert [(line.raw, line.telling) for line in found] == [(b"a", False), (b"b", True)]


def test_marked_lines_always_come():
    found = list(lines([b"#h\na\n#i\nb\n"], look=_asked(b"b"), tally=None, mark=b"#"))
    assert [(line.raw, line.telling) for line in found] == [(b"#h", False), (b"#i", False), (b"b", True)]


def test_a_line_too_long_comes_in_pieces_that_are_not_whole():
    tally = Tally()
    stream = [b"x " * 400_000] * 3 + [b"\nlast\n"]
    found = list(lines(stream, look=None, tally=tally))
    assert [line.whole for line in found] == [False] * (len(found) - 1) + [True]
    assert b"".join(line.raw for line in found[:-1]) == b"x " * 1_200_000
    assert found[-1].number == 2
    assert tally.lines == 2


def test_a_long_line_in_one_block_is_not_whole_either():
    found = list(lines([b"y" * (LONGEST_LINE + 1) + b"\n"], look=None, tally=None))
    assert [line.whole for line in found] == [False]
