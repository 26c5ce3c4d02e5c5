from __future__ import annotations

import pytest

from tocsin.matching.needles import Needles


def _lines(needles, block, escapes="none"):
    return [block[start:end] for start, end in Needles(needles, escapes).spans(block)]


def test_lines_with_a_needle_come_once_in_order_whatever_their_case():
    block = b"one NEEDLE needle\r\ntwo\nthree xNeedleX\n\nfour\nlast other"
    assert _lines(["needle", "other"], block) == [b"one NEEDLE needle", b"three xNeedleX", b"last other"]


def test_what_a_regular_expression_would_read_is_text():
    assert _lines(["a.c"], b"abc\na.c\n") == [b"a.c"]


@pytest.mark.parametrize(
    ("escapes", "line"),
    [("json", rb'"\u006eeedle"'), ("zeek", rb"\x6eeedle"), ("none", b"&#110;eedle")],
)
def test_what_an_escape_may_hide_is_looked_at(escapes, line):
    assert _lines(["needle"], line + b"\nquiet\n", escapes) == [line]


def test_bytes_that_are_no_text_hide_nothing():
    assert _lines(["needle"], b"\0\xff\xfe needle \xc3\n\0\n") == [b"\0\xff\xfe needle \xc3"]
