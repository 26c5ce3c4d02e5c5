"""Names of victims in what a form would carry."""

from __future__ import annotations

import pytest

from tocsin.sharing.redaction import victims


def test_names_are_words_under_keys_that_say_victim() -> None:
    data = {
        "name": "Phishing of somebody",
        "x_victim": "Acme-Bank AG",
        "extensions": {"x": {"Victims": [{"of": "Zürich Wasser"}, "N 26", "xy", 7]}},
        "description": "a victim",
    }
    assert victims.names(data) == {"acme", "bank", "acmebankag", "zurich", "wasser", "zurichwasser", "n26"}
    assert victims.names({"name": "Acme"}) == frozenset()


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [
        ("login.acme-bank.example", {"acmebank"}, True),
        ("[domain-name:value = 'ACME.example']", {"acme"}, True),
        ("https://a.example/ac/me", {"acme"}, True),
        ("evil.example", {"acme"}, False),
        ("acme.example", set(), False),
        ("xn--zrich-kva.example", {"zurich"}, True),
        ("XN--zrich-kva.example", {"zurich"}, True),
        ("zürich.example", {"zurich"}, True),
        ("xn--\uffff.example", {"acme"}, False),
        ("xn--999999999.example", {"acme"}, False),
        ("xn--acme-999999999.example", {"acme"}, True),  # stands for nothing, so it is read as it stands
        ("xn--acme-999999999.example", {"xnacme"}, True),
    ],
)
def test_told(text: str, words: set[str], told: bool) -> None:
    assert victims.told(text, frozenset(words)) is told
