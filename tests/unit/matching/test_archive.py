from __future__ import annotations

import random

import pytest

from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Indicator, archive, scan
from tocsin.matching.values import classify

VALUES = ["evil.example", "1.2.3.4", "10.0.0.0/8", "2001:db8::1", "http://evil.example/a", "o'neil@post.example", "co.uk", "d41d8cd98f00b204e9800998ecf8427e"]  # fmt: skip
LOG = b"www.evil.example 1.2.3.4 10.9.8.7 2001:DB8::1 http://evil.example/a o'neil@post.example\nD41D8CD98F00B204E9800998ECF8427E"


def _index():
    values = [classify(text) for text in VALUES]
    return Index.build(
        Entry(v.kind, v.text, Indicator(id=f"indicator--{i}", name=f"n\u00e4me {i}", valid_from=i, tag=i * 7))
        for i, v in enumerate(values)
    )


def _bytes():
    return b"".join(archive.encode(_index(), {"of the caller": b"\x00\x01"}))


def test_what_was_written_is_read():
    index, extra = archive.decode(_bytes())
    assert extra == {"of the caller": b"\x00\x01"}
    assert list(index.entries) == list(_index().entries)
    assert list(scan(LOG, index)) == list(scan(LOG, _index()))
    assert len(list(scan(LOG, index))) == 7


def test_an_empty_index_is_one():
    index, _ = archive.decode(b"".join(archive.encode(Index())))
    assert list(scan(LOG, index)) == []


def test_a_changed_index_is_not_written():
    with pytest.raises(ValueError, match="anew"):
        list(archive.encode(_index().changed(remove=[0])))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"", "ends before"),
        (lambda data: data[:100], "ends before"),
        (lambda data: b"PK\x03\x04" + data[4:], "no index"),
        (lambda data: data[:8] + b"\x09" + data[9:], "version 9"),
        (lambda data: data[:-200], "cut short"),
        (lambda data: data.replace(b"evil.example", b"good.example", 1), "checksum"),
        (lambda data: data.replace(b'"prints"', b'"paints"'), "head of the index is damaged"),
    ],
)
def test_damage_is_named(damage, reason):
    data = _bytes()
    broken = damage(data)
    assert broken != data
    with pytest.raises(FormatError, match=reason):
        archive.decode(broken)


def test_no_flipped_bit_goes_unseen_or_ends_the_process():
    data, dice = _bytes(), random.Random(5)
    whole = list(archive.decode(data)[0].entries), archive.decode(data)[1]
    for _ in range(1500):
        at = dice.randrange(len(data))
        flipped = data[:at] + bytes([data[at] ^ 1 << dice.randrange(8)]) + data[at + 1 :]
        try:
            index, extra = archive.decode(flipped)
        except FormatError:
            continue
        assert (list(index.entries), extra) == whole  # the flip was in the padding between sections


def test_arrays_at_odd_addresses_are_refused():
    with pytest.raises(FormatError, match="between two numbers"):
        archive.decode(memoryview(b"x" + _bytes())[1:])
