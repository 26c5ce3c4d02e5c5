from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import indicator
from tocsin.store.search.terms import Terms, terms_of


def _terms(**changes: Any) -> Terms:
    return terms_of(json.dumps(indicator(1, **changes)).encode())


@pytest.mark.parametrize(
    ("pattern", "lexemes"),
    [
        (
            "[domain-name:value = 'A.Evil.example.']",
            {"v:a.evil.example", "d:a.evil.example", "d:evil.example"},
        ),
        ("[ipv4-addr:value = '10.0.0.1']", {"4:" + "00001010" + "0" * 23 + "1"}),
        ("[ipv4-addr:value = '10.0.0.0/8']", {"n4:00001010", "v:10.0.0.0/8"}),
        ("[url:value = 'https://x.evil.example:8443/a']", {"d:evil.example", "d:x.evil.example"}),
        ("[email-addr:value = 'a@evil.example']", {"v:a@evil.example", "d:evil.example"}),
        ("[file:hashes.MD5 = 'D41D8CD98F00B204E9800998ECF8427E']", {"h:d41d8cd98f00b204e9800998ecf8427e"}),
        ("[domain-name:value = 'a.example' OR ipv4-addr:value = '10.0.0.1']", {"d:a.example", "v:10.0.0.1"}),
        ("[x-cryptocurrency:address = 'bc1qAr0']", {"w:bc1qar0"}),
        ("[mutex:name = 'Global\\\\Evil']", {"w:global", "w:evil"}),
        (
            "[windows-registry-key:key = 'HKLM\\\\Software\\\\Evil']",
            {"w:hklm", "w:hkey_local_machine", "w:registry", "w:machine", "w:software", "w:evil"},
        ),
    ],
)
def test_values_of_patterns(pattern: str, lexemes: set[str]) -> None:
    assert lexemes <= set(_terms(pattern=pattern).lexemes)


def test_words_names_techniques_and_references() -> None:
    found = _terms(
        name="Evil  Panda",
        description="Uses T1059.001 against 10.9.8.7 (see https://evil.example/x).",
        created_by_ref="identity--b3bca3c2-1f3d-4b54-b44f-dac42c3a8f01",
        confidence=70,
    )
    wanted = {"n:evil panda", "w:evil", "w:panda", "a:t1059", "a:t1059.001", "v:10.9.8.7", "d:evil.example"}
    wanted |= {"r:identity--b3bca3c2-1f3d-4b54-b44f-dac42c3a8f01", f"i:{indicator(1)['id']}"}
    assert wanted <= set(found.lexemes)
    assert found.name == "Evil  Panda"
    assert found.confidence == 70
    assert ("domain", "d1.example.com") in found.offered


def test_what_looks_like_a_property_but_is_none() -> None:
    assert _terms(confidence="high").confidence is None
    assert _terms(name=7).name == "d1.example.com"
    assert "w:true" not in _terms(x_flag=True).lexemes


@given(
    st.dictionaries(
        st.text(max_size=10),
        st.recursive(st.text(max_size=3000) | st.integers() | st.none(), st.lists, max_leaves=10),
        max_size=6,
    )
)
def test_any_object_has_terms_that_postgresql_takes(more: dict[str, Any]) -> None:
    data = {**more, "type": "x-any", "id": "x-any--1"}
    raw = json.dumps(data, ensure_ascii=False).encode("utf-8", "replace")
    found = terms_of(raw)
    assert list(found.lexemes) == sorted(set(found.lexemes))
    for lexeme in found.lexemes:
        assert 0 < len(lexeme.encode()) <= 500
        assert "\0" not in lexeme
