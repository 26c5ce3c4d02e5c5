"""Indicators in texts that people paste."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import FormatError
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.extracting import FOUND_AT_MOST, extract, pattern_of
from tocsin.stix import patterns

NONE = Warninglists(())


def _values(text: str) -> list[tuple[str, str]]:
    return [(each.kind, each.value) for each in extract(text, NONE)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The host evil[.]example[.]com (198.51.100.7) answered.", [("domain", "evil.example.com"), ("ipv4", "198.51.100.7")]),
        ("see hxxps://evil[.]example.com/a?b=c, now", [("url", "https://evil.example.com/a?b=c")]),
        ("from bob(at)evil.example.com!", [("email", "bob@evil.example.com")]),
        ("MD5: D41D8CD98F00B204E9800998ECF8427E;", [("md5", "d41d8cd98f00b204e9800998ecf8427e")]),
        ("2001:db8::1 and [2001:db8::2]", [("ipv6", "2001:db8::1"), ("ipv6", "2001:db8::2")]),
        ("open invoice.pdf, then setup.exe or e.g. this", []),
        ("evil.example.com evil.example.com. EVIL.example.com", [("domain", "evil.example.com")]),
        ("", []),
    ],
)  # fmt: skip
def test_values_are_found_as_people_write_them(text: str, found: list[tuple[str, str]]) -> None:
    assert _values(text) == found


def test_what_stands_around_it_and_what_speaks_against_it() -> None:
    lists = Warninglists([Listed("Resolvers", "string", (), ("198.51.100.7",))])
    found = extract("beacon to 198.51.100.7 and\n10.0.0.1 inside 198.51.100.7", lists)
    assert [(each.before, each.after, each.times, each.doubt) for each in found] == [
        ("beacon to", "and 10.0.0.1 inside 198.51.100.7", 2, "on the warninglist Resolvers"),
        (
            "beacon to 198.51.100.7 and",
            "inside 198.51.100.7",
            1,
            "an address that is not reached from outside",
        ),
    ]


def test_no_more_is_offered_than_a_person_can_look_at() -> None:
    text = " ".join(f"h{number}.example.com" for number in range(FOUND_AT_MOST + 10))
    assert len(extract(text, NONE)) == FOUND_AT_MOST


@given(st.text(max_size=400))
def test_any_text_is_read_and_every_value_has_a_pattern(text: str) -> None:
    for each in extract(text, NONE):
        patterns.check(pattern_of(each.kind, each.value))


def test_kinds_without_a_pattern_are_refused() -> None:
    with pytest.raises(FormatError):
        pattern_of("mutex", "x")
