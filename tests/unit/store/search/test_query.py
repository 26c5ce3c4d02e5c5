from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import InputError
from tocsin.store.search.query import Lexeme, Query, parse


def _texts(query: Query) -> list[str]:
    return [each.text for clause in query.clauses for choice in clause.any_of for each in choice]


def test_every_part_has_its_place() -> None:
    found = parse(
        'panda type:indicator,malware tlp:GREEN source:"CERT X" collection:intel after:2026-01-01 before:2026-01-01T12:00:00Z'
    )
    assert _texts(found) == ["w:panda"]
    assert found.types == ("indicator", "malware")
    assert found.tlp == ("green",)
    assert found.sources == ("CERT X",)
    assert found.collections == ("intel",)
    assert found.before is not None
    assert found.after is not None
    assert found.before - found.after == 12 * 3_600_000_000


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("confidence:50", 50, 50),
        ("confidence:>=50", 50, None),
        ("confidence:>50", 51, None),
        ("confidence:<50", None, 49),
        ("confidence:<=50", None, 50),
    ],
)
def test_confidence(text: str, least: int | None, most: int | None) -> None:
    found = parse(text)
    assert (found.least, found.most) == (least, most)


@pytest.mark.parametrize(
    "text",
    [
        "confidence:101",
        "confidence:x",
        "after:yesterday",
        "after:9999-99-99",
        "tlp:purple",
        "type:X",
        "revoked:maybe",
        "technique:1059",
        "-type:indicator",
        "a " * 33,
        "a" * 1001,
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert text.strip("- ").partition(":")[0] in str(caught.value) or "at most" in str(caught.value)


def test_forms_of_bare_words() -> None:
    assert _texts(parse("10.0.0.1"))[0] == "4:" + "00001010" + "0" * 23 + "1"
    assert len(_texts(parse("10.0.0.1"))) == 34  # itself, and ranges of /0 to /32
    assert parse("10.0.0.0/8").clauses[0].any_of[0] == (Lexeme("4:00001010", prefix=True),)
    assert _texts(parse("hxxp://evil[.]example/x")) == ["v:http://evil.example/x", "v:evil.example"]
    assert _texts(parse("http://a.b.co.uk:8080/")) == ["v:http://a.b.co.uk:8080/", "v:a.b.co.uk", "v:b.co.uk"]
    assert _texts(parse("http://[2001:db8::1]/x")) == ["v:http://[2001:db8::1]/x", "v:2001:db8::1"]
    assert _texts(parse("x.evil.example")) == ["d:x.evil.example", "v:evil.example"]
    assert _texts(parse("-x.evil.example")) == ["d:x.evil.example"]
    assert parse("10.0.0.1:443") == parse("10.0.0.1")
    assert parse("[2001:db8::1]:443") == parse("2001:db8::1")
    assert parse("evil.example:8443") == parse("evil.example")
    assert _texts(parse("note:1 a:443")) == ["w:note", "w:1", "w:a", "w:443"]
    assert _texts(parse("evil[.]example")) == ["d:evil.example"]
    assert _texts(parse("d41d8cd9")) == ["h:d41d8cd9", "w:d41d8cd9"]
    assert _texts(parse("T1059.001")) == ["a:t1059.001"]
    assert parse("-evil").clauses[0].negated
    assert parse("ev*").clauses[0].any_of == ((Lexeme("w:ev", prefix=True),),)


@given(st.text(max_size=1100))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except InputError:
        return
    for lexeme in _texts(found):
        assert len(lexeme.encode("utf-8", "surrogatepass")) <= 500
