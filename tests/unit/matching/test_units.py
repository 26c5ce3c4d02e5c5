from __future__ import annotations

import pytest

from tocsin.matching import Entry, Indicator, collect
from tocsin.matching.units import Units, Wanted, fingerprint, wanted
from tocsin.matching.values import classify, normalise


def _entry(text, kind=None):
    found = classify(text) if kind is None else None
    return Entry(
        kind or found.kind, normalise(kind, text) if kind else found.text, Indicator(id="indicator--1")
    )


def _holds(text, entry):
    units = Units()
    units.add([text])
    asked = wanted(entry)
    return asked is None or not set(units.hashes().tolist()).isdisjoint(asked)


@pytest.mark.parametrize(
    ("value", "near", "far"),
    [
        ("evil.example", "to www.evil.example:443", "to notevil.example and evil.example.org"),
        ("1.2.3.4", "443-1.2.3.4", "1.2.3.40 1.2.3.4.5"),
        ("1.2.0.0/17", "at 1.2.127.9", "at 1.2.128.9"),
        ("1.2.3.0/30", "at 1.2.3.3", "at 1.2.3.4"),
        ("1.0.0.0/9", "at 1.127.9.9", "at 1.128.9.9"),
        ("2001:db8::1", "src:2001:0db8:0::1", "2001:db8::2"),
        ("2001:db8:5::/48", "[2001:db8:5:9::a]:80", "2001:db8:6::a"),
        ("2001:db8:5:9::/64", "2001:db8:5:9:1::a", "2001:db8:5:a::a"),
        (
            "d41d8cd98f00b204e9800998ecf8427e",
            "MD5=D41D8CD98F00B204E9800998ECF8427E,",
            "d41d8cd98f00b204e9800998ecf8427",
        ),
        ("bob@evil.example", "<Bob@Evil.Example>", "alice@evil.example"),
        ("o'neil@evil.example", "anybody@evil.example", "o'neil@good.example"),
        ("http://evil.example/a", "evil.example:80/b", "http://good.example/a"),
        ("http://[2001:db8::7]/x", "http://[2001:db8::7]:8080/", "2001:db8::8"),
        ("b\u00fccher.example", "www.B\u00dcCHER.example", "bucher.example"),
        ("evil.example", "hxxp://evil[.]example/", "evil(example"),
    ],
)
def test_what_entries_ask_for(value, near, far):
    entry = _entry(value)
    assert wanted(entry) is not None
    assert _holds(near, entry)
    assert not _holds(far, entry)


def test_values_of_many_words_are_asked_for_by_one():
    entry = _entry(r"HKLM\Software\EvilCorporation\Run", "registry_key")
    assert _holds("key HKLM evilcorporation deleted", entry)
    assert not _holds("key HKLM SOFTWARE Run", entry)


@pytest.mark.parametrize(
    ("value", "kind"), [("t.tt", "domain"), ("2026-11-20", "mutex"), ("http://x/", "url")]
)
def test_what_is_made_like_a_number_may_be_anywhere(value, kind):
    entry = _entry(value, kind)
    assert wanted(entry) is None
    assert Wanted([entry]).anything


def test_a_range_too_wide_for_its_parts_asks_for_what_it_lies_in():
    assert len(wanted(_entry("2001:d00::/24"))) == 256
    assert len(wanted(_entry("2001:db8::/33"))) == 1
    assert len(wanted(_entry("10.0.0.0/8"))) == 256


def test_numbers_and_times_are_no_units():
    units = Units()
    units.add(["2026-11-20T08:00:01.221126Z took 12.5 of 100 at 17:00"])
    assert sorted(units.hashes().tolist()) == sorted(
        each for text in ("took", "of", "at") for each in wanted(_entry(text, "mutex"))
    )


def test_long_texts_are_read_in_pieces_and_none_is_lost():
    names = [f"host{n}.evil.example" for n in range(60_000)]
    units = Units()
    units.add([" ".join(names[:30_000]), *names[30_000:]])
    held = set(units.hashes().tolist())
    assert all(held.issuperset(wanted(_entry(name))) for name in names)
    assert len(units) == len(held) == 60_001


def test_the_fingerprint_goes_with_the_rules(monkeypatch):
    before = fingerprint()
    assert before == fingerprint()
    monkeypatch.setattr(Units, "_odd", lambda self, line: None)
    assert fingerprint() != before


def test_a_hash_of_zero_is_kept_as_one():
    import numpy as np

    keys = np.zeros(8, np.uint64)
    assert collect.put(keys, np.uint64(0)) == 1
    assert keys.tolist().count(1) == 1
