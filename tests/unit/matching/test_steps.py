from __future__ import annotations

import numpy as np
import pytest

from tocsin.matching import Entry, Index, Indicator, hashing, lookup, packing, scan, scan_text, values
from tocsin.matching.native import address
from tocsin.matching.sieve import Sieve

DIGESTS = ["d41d8cd98f00b204e9800998ecf8427e", "a" * 40, "0123456789abcdef" * 4, "0123456789ABCDEF" * 8]


def _sieve(*texts, escapes="none"):
    found = [values.classify(text) for text in texts]
    index = Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(found))
    return index, Sieve(index, escapes)


def _lines(sieve, data):
    return [data[a:b] for a, b in sieve.spans(data)]


def test_lines_are_told_apart_that_stand_in_one_step():
    _, sieve = _sieve("evil.example", "1.2.3.4", "2001:db8::1", *DIGESTS[:1])
    lines = [
        DIGESTS[0].encode(),
        b"evil.example",
        b"a[.]b",
        b"q",
        b"1.2.3.4",
        b"2001:db8::1",
        b"x evil.example",
        b"no.example",
        b"c[.]d",
        b"\xc3\xbc.x",
    ]
    wanted = [line for line in lines if line not in {b"q", b"no.example"}]
    for before in range(70):
        data = b"y" * before + b"\n" + b"\n".join(lines) + b"\n"
        assert _lines(sieve, data) == wanted
        assert _lines(sieve, data + b"-" * 200) == wanted


@pytest.mark.parametrize("digest", DIGESTS)
@pytest.mark.parametrize("before", ["", " ", "\\n", "\\b", "x", "_", "a.", "f"])
@pytest.mark.parametrize("after", ["", " ", "g", "a", "_x", ".x"])
def test_digests_stand_between_what_is_neither_letter_nor_digit(digest, before, after):
    index, sieve = _sieve(*DIGESTS)
    for room in ("", "y" * 30 + " ", "y" * 60 + " "):
        line = f"{room}{before}{digest}{after}"
        wanted = bool(scan_text(line, index)) or (
            before.startswith("\\") and bool(scan_text(line.replace(before, " "), index))
        )
        for data in (line, line + "\n" + "z" * 100):
            assert bool(sieve.spans(data.encode())) is wanted, data


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1.2.3.4", True), ("1.2.3.4.5", False), ("1.2.3", False), ("1.2.3.400", False),
        ("1.2.3.4.", True), ("-1.2.3.4", True), ("443-1.2.3.4", True), ("1..2.3.4", False), ("v1.2.3.4", False), ("256.2.3.4", False),
        ("255.255.255.255", True), ("255.255.255.256", False), ("9.10.11.12", True), ("9.99.9.9", True), ("10.99.9.9", False),
    ],
)  # fmt: skip
def test_addresses(text, found):
    _, sieve = _sieve("1.2.3.4", "255.255.255.255", "9.0.0.0/8")
    for room in range(0, 70, 7):
        for data in (" " * room + text, " " * room + text + " " * 90):
            assert bool(sieve.spans(data.encode())) is found


@pytest.mark.parametrize(
    "text", ["01.2.3.4", "1.2.3.04", "1.2.3.4567", "1234567.2.3.4", "1.2.3.99999999999999999999"]
)
def test_what_is_nearly_an_address_is_left_to_the_exact_rules(text):
    """To look for leading zeros would take longer than to look at the few lines that have one."""
    index, sieve = _sieve("1.2.3.4")
    for data in (text, text + " " * 90, "www.quiet.example " * 5 + text + " x" * 90):
        assert sieve.spans(data.encode()) in ([], [(0, len(data))])
        assert not list(scan(data.encode(), index))


def test_more_places_than_there_is_room_for_are_found_all():
    _, sieve = _sieve("evil.example", "1.2.3.4")
    data = b"evil.example\n1.2.3.4\nx[.]y\nq\n" * 5000
    assert len(sieve.spans(data)) == 15_000


def test_a_name_and_a_text_are_hashed_alike():
    names = ["www.evil.example", "EVIL.example", "a", "a-label-of-more-than-sixteen-bytes.b", "12345678.x"]
    text = "".join(names).encode()
    sizes = np.array([len(name) for name in names])
    ends = np.cumsum(sizes)
    data = np.frombuffer(text, np.uint8)
    hashes, above = packing.hash_names(data, ends - sizes, ends)
    assert hashes.tolist() == [lookup.hash_text(name, hashing.DOMAIN) for name in names]
    parents = [name.partition(".")[2] for name in names]
    assert above.tolist() == [lookup.hash_text(name, hashing.DOMAIN) if name else 0 for name in parents]
    assert address(data) == data.ctypes.data


def test_other_texts_have_other_hashes():
    texts = [
        "ab.12345678",
        "12345678ab",
        "12345678.ab",
        "ab12345678",
        "12345678",
        "1234567",
        "12345678.",
        ".12345678",
        "a.b.c",
        "a.bc",
        "abc",
    ]
    assert len({lookup.hash_text(text, hashing.DOMAIN) for text in texts}) == len(texts)
