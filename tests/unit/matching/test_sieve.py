from __future__ import annotations

import pytest

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching import sieve as module
from tocsin.matching.sieve import Sieve
from tocsin.matching.values import classify


def _index(*texts):
    values = [classify(text) for text in texts]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(values))


def _lines(sieve, data):
    return [data[a:b] for a, b in sieve.spans(data)]


def test_lines_of_no_interest_stay():
    data = b"a quiet line\nwww.evil.example\r\n10.0.0.1 quiet.example\nx evil.example y"
    assert _lines(Sieve(_index("evil.example")), data) == [b"www.evil.example", b"x evil.example y"]


def test_an_empty_index_lets_nothing_through():
    assert _lines(Sieve(_index()), b"evil.example 1.2.3.4 2001:db8::1\n" * 100) == []


@pytest.mark.parametrize(
    ("escapes", "line"),
    [
        ("json", rb'{"q":"a\nevil.example"}'),
        ("json", rb'{"q":"\u0065vil.example"}'),
        ("json", rb'{"q":"http:\/\/evil.example\/"}'),
        ("json", rb'{"q":"x\\\nevil.example"}'),
        ("zeek", rb"q	\x65vil.example"),
    ],
)
def test_escapes_hide_nothing(escapes, line):
    data = b"first\n" + line + b"\nlast\n"
    assert line in _lines(Sieve(_index("evil.example"), escapes), data)


def test_a_backslash_of_its_own_is_no_escape():
    line = rb'{"q":"C:\\nevil.example"}'
    assert _lines(Sieve(_index("evil.example"), "json"), line) == []


def test_what_many_lines_hold_is_found_as_well():
    index = _index("198.51.0.0/16")
    data = b"".join(b"x 198.51.%d.%d y\nquiet 10.0.0.%d\n" % (n // 250, n % 250, n % 250) for n in range(500))
    sieve = Sieve(index)
    for _ in range(2):
        assert len(sieve.spans(data)) == 500


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_REMEMBERED", 100)
    sieve = Sieve(_index("evil.example"))
    for start in range(0, 5000, 50):
        data = b"".join(b"name-%d.example\n" % n for n in range(start, start + 50)) + b"evil.example\n"
        assert _lines(sieve, data) == [b"evil.example"]
        assert len(sieve._dull) <= 152
