from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tocsin.formats import DEFAULT, RawItem, Refusal, open_path
from tocsin.formats.sigma import FORMAT
from tocsin.stix import parse

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "sigma"


def read(name: str) -> list[dict[str, Any]]:
    items = list(open_path(VECTORS / name))
    assert all(isinstance(each, RawItem) for each in items), items
    assert all(parse(each.raw) for each in items)
    return [json.loads(each.raw) for each in items]


def test_each_document_is_an_indicator() -> None:
    rule, correlation = read("two.yml")
    assert rule["pattern_type"] == correlation["pattern_type"] == "sigma"
    assert rule["pattern"].startswith("title: Discovery by whoami\n")
    assert rule["pattern"].endswith("level: low\n")
    assert correlation["pattern"].startswith("title: Often\n")
    assert (rule["created"], rule["modified"]) == ("2025-03-01T00:00:00.000Z", "2026-01-15T00:00:00.000Z")
    assert (rule["name"], rule["valid_from"]) == ("Discovery by whoami", "2025-03-01T00:00:00Z")
    assert rule["description"] == "Somebody asks who he is."
    assert rule["labels"] == ["attack.discovery", "attack.t1033", "level:low", "status:test"]
    assert {"source_name": "reference", "url": "https://example.org/whoami"} in rule["external_references"]
    assert [each.get("external_id") for each in rule["external_references"]] == ["T1033", rule_id(rule), None]


def rule_id(rule: dict[str, Any]) -> str:
    return next(line[4:] for line in rule["pattern"].splitlines() if line.startswith("id: "))


def test_reading_again_makes_the_same() -> None:
    assert read("two.yml") == read("two.yml")
    assert len({each["id"] for each in read("two.yml")}) == 2


def test_what_only_this_node_cannot_evaluate_is_carried() -> None:
    (found,) = read("carried-placeholder.yml")
    assert found["name"] == "Logon of an administrator"
    assert found["created"] == "2017-01-01T00:00:00.000Z"


def test_what_is_no_sigma_is_refused_with_its_line() -> None:
    (found,) = open_path(VECTORS / "bad-condition.yml")
    assert isinstance(found, Refusal)
    assert (found.rule, found.where) == ("sigma-condition", f"{VECTORS / 'bad-condition.yml'}:5")


@pytest.mark.parametrize(
    ("raw", "rule"),
    [
        (b"title: x\nlogsource: {a: [}\n", "sigma-yaml"),
        (b"title: x\ndetection: \xff", "sigma-yaml"),
        (b"title: x\ndetection: " + b"[" * 99, "size"),
    ],
)
def test_bad_yaml(raw: bytes, rule: str) -> None:
    (found,) = FORMAT.read([raw[:9], raw[9:]], "x.yml", DEFAULT)
    assert isinstance(found, Refusal)
    assert found.rule == rule


def test_a_broken_document_costs_no_other() -> None:
    raw = (VECTORS / "two.yml").read_bytes()
    begin = len(raw.splitlines()) + 2
    good = len([*FORMAT.read([raw], "x.yml", DEFAULT)])
    broken = b"---\ntitle: [\n---\n"
    found = [*FORMAT.read([raw.rstrip(b"\n") + b"\n", broken, raw], "x.yml", DEFAULT)]
    refused = [each for each in found if isinstance(each, Refusal)]
    assert len(found) == 2 * good + 1
    assert [(each.rule, each.where) for each in refused] == [("sigma-yaml", f"x.yml:{begin + 1}")]
    assert b"title: [" in refused[0].raw


def test_only_sigma_is_taken_for_it() -> None:
    assert FORMAT.sniff((VECTORS / "two.yml").read_bytes())
    assert not FORMAT.sniff(b"services:\n  web:\n    title: x\n")
    assert not FORMAT.sniff(b'{"title": "x", "detection": {}}')
