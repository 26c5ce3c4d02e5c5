from __future__ import annotations

import json
from pathlib import Path

from tocsin.formats import DEFAULT, RawItem, Refusal, open_path
from tocsin.formats.yara import FORMAT
from tocsin.stix import parse

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "yara"


def test_a_file_is_an_indicator() -> None:
    (item,) = open_path(VECTORS / "two.yar")
    assert isinstance(item, RawItem)
    assert parse(item.raw)
    made = json.loads(item.raw)
    assert made["pattern"] == (VECTORS / "two.yar").read_text()
    assert (made["pattern_type"], made["name"]) == ("yara", "is_pe and 1 more")
    assert made["description"] == 'Drops "things" // and so on'
    assert (made["created"], made["modified"]) == ("2024-02-03T00:00:00.000Z", "2025-07-01T00:00:00.000Z")
    assert made["labels"] == ["loader", "t1"]
    assert made["external_references"] == [{"source_name": "reference", "url": "https://example.org/dropper"}]
    assert list(open_path(VECTORS / "two.yar")) == [item]


def test_what_is_no_rule_is_refused() -> None:
    (found,) = open_path(VECTORS / "bad-no-rule.yar")
    assert isinstance(found, Refusal)
    assert [
        each.rule
        for each in FORMAT.read([b"rule a { condition: \xff }"], "x", DEFAULT)
        if isinstance(each, Refusal)
    ] == ["yara"]
    assert [
        each.rule
        for each in FORMAT.read([b"// rule a { condition: true }"], "x", DEFAULT)
        if isinstance(each, Refusal)
    ] == ["yara"]
