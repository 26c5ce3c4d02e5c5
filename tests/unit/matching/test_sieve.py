from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tocsin.matching import Entry, Index, Indicator
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


def test_what_many_lines_hold_is_found_as_well():
    index = _index("198.51.0.0/16")
    data = b"".join(b"x 198.51.%d.%d y\nquiet 10.0.0.%d\n" % (n // 250, n % 250, n % 250) for n in range(500))
    sieve = Sieve(index)
    for _ in range(2):
        assert len(sieve.spans(data)) == 500


def test_of_what_is_muted_nothing_is_told():
    index = _index(
        "evil.example", "1.2.3.4", "bad.example", "bad.example", "http://198.51.100.1/x", "198.51.100.1"
    )
    sieve = Sieve(index)
    data = b"www.evil.example\n1.2.3.4\nbad.example\nhttp://198.51.100.1/x\n"
    assert len(sieve.spans(data)) == 4
    evil, bad = index.name("evil.example")[0], index.name("bad.example")[0]
    sieve.mute([evil, index.ipv4("1.2.3.4")[0], bad, index.ipv4("198.51.100.1")[0]])
    # the other indicator of bad.example, and the URL, still want their lines
    assert _lines(sieve, data) == [b"bad.example", b"http://198.51.100.1/x"]


@pytest.mark.parametrize("before", range(130))
def test_what_stands_at_any_distance_from_a_step_is_found(before):
    digest = "d41d8cd98f00b204e9800998ecf8427e"
    index = _index(
        "evil.example", "1.2.3.4", digest, "2001:db8::1", "bob@post.example", "http://[2001:db8::7]/x"
    )
    sieve = Sieve(index)
    for text in (
        "evil.example",
        "1.2.3.4",
        digest,
        "2001:db8::1",
        "bob@post.example",
        "2001:db8::7",
        "a[.]b",
        "\xc3\xbc.example",
    ):
        line = b"x" * before + b" " + text.encode("latin-1") + b" " + b"y" * 70
        assert _lines(sieve, b"q\n" + line + b"\nz") == [line], text


def test_many_threads_share_a_sieve():
    sieve = Sieve(_index("evil.example"))
    data = b"quiet.example\nevil.example\n" * 20_000
    with ThreadPoolExecutor(4) as pool:
        assert {len(spans) for spans in pool.map(sieve.spans, [data] * 8)} == {20_000}


@pytest.mark.parametrize("name", ["evil.x_y", "evil.4you", "evil.b\u00fccher", "evil.-a"])
def test_names_whose_last_label_is_unusual_are_seen(name):
    index = Index.build([Entry("domain", name, Indicator(id="indicator--1"))])
    data = f"a line\nwww.{name} and more of this line, which goes on for some time\n".encode()
    assert _lines(Sieve(index), data) == [data[7:-1]]


def test_dense_hits_are_seen_each_once_and_counted():
    data = b"quiet\nx evil.example\n\n" * 5000
    seen = Sieve(_index("evil.example")).spans(data)
    assert [data[a:b] for a, b in seen] == [b"x evil.example"] * 5000
    assert (seen.numbers, seen.feeds) == (list(range(1, 15000, 3)), 15000)


def test_times_versions_and_names_of_fields_are_passed_over():
    index = _index("evil.example", "1.2.3.4", "2001:db8::1", "1:2:3:4:5:6:7:8")
    data = b'{"ts":1591367999.305988,"id.orig_h":"x","at":"2026-11-20T05:06:07.123456Z","v":"10.2","clf":"20/Nov/2026:05:06:07"}\n'
    assert _lines(Sieve(index, "json"), data * 50) == []
    hidden = data.replace(b'"x"', b'"1:2:3:4:5:6:7:8"')
    for gap in range(130):  # wherever a step of the scanner ends
        assert _lines(Sieve(index, "json"), b" " * gap + hidden + data) == [b" " * gap + hidden[:-1]]
