from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.telemetry import pairs
from tocsin.telemetry.times import Reference


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("src=1.2.3.4 msg=a b c dst=5.6.7.8", [("src", "1.2.3.4"), ("msg", "a b c"), ("dst", "5.6.7.8")]),
        (r"act=blocked a \= b msg=x\ny\\z", [("act", "blocked a = b"), ("msg", "x\ny\\z")]),
        (r"url=http://a.example/?q\=1 x=", [("url", "http://a.example/?q=1"), ("x", "")]),
        ("lost words a=1", [("a", "1"), ("", "lost words")]),
        ("nothing", [("", "nothing")]),
        ("", []),
    ],
)
def test_spaced(text, found):
    assert pairs.spaced(text) == found


def test_delimited():
    assert pairs.delimited("a=1\tb=x=y\tlost\t\tc=", "\t") == [("a", "1"), ("b", "x=y"), ("", "lost")]
    assert pairs.delimited("a=1^b=2", "^") == [("a", "1"), ("b", "2")]


@given(st.text(max_size=80))
def test_no_word_of_an_extension_is_lost(text):
    words = {
        word for word in text.replace("\\", "").replace("=", " ").split() if word.isalnum() and word.isascii()
    }
    kept = " ".join(part for pair in pairs.spaced(text) for part in pair)
    assert all(word[1:] in kept for word in words)  # the first character may have been an escape


def test_what_is_too_much_stays_together():
    found = pairs.spaced(" ".join(f"k{n}=v{n}" for n in range(2_100)))
    assert len(found) == 2_001
    assert found[-1][0] == ""
    assert "k2099=v2099" in found[-1][1]
    rest = pairs.delimited("\t".join(f"k{n}=v{n}" for n in range(2_100)), "\t")
    assert (len(rest), rest[-1][0], rest[-1][1].endswith("k2099=v2099")) == (2_001, "", True)


def test_times_of_devices():
    at = 1_795_161_600_000_000
    reference = Reference(latest=at)
    for text in ("1795161600000", "2026-11-20T08:00:00Z", "Nov 20 2026 08:00:00", "Nov 20 08:00:00"):
        assert pairs.device_time(text, reference) == at
    assert pairs.first_time({"a": "x", "b": "1795161600000"}, ("a", "b", "c"), None) == at
    assert pairs.first_time({}, ("a",), None) is None
