from __future__ import annotations

import json
from pathlib import Path

from tocsin.formats import RawItem, Refusal, open_path
from tocsin.stix import parse

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "network_rules"


def test_each_rule_is_an_indicator_as_it_is_written() -> None:
    first, refused, second = open_path(VECTORS / "both.rules")
    assert isinstance(first, RawItem)
    assert isinstance(second, RawItem)
    assert parse(first.raw)
    assert parse(second.raw)
    made, snort = json.loads(first.raw), json.loads(second.raw)
    assert made["pattern"] == (VECTORS / "both.rules").read_text().splitlines()[1]
    assert (made["pattern_type"], snort["pattern_type"]) == ("suricata", "snort")
    assert made["name"] == 'ET MALWARE "Bad" beacon'
    assert (made["created"], made["modified"]) == ("2023-05-06T00:00:00.000Z", "2024-01-02T00:00:04.000Z")
    assert made["labels"] == ["classtype:trojan-activity", "mitre_technique_id:T1071"]
    assert [each.get("external_id") or each["url"] for each in made["external_references"]] == [
        "T1071",
        "https://example.org/bad",
        "https://www.cve.org/CVERecord?id=CVE-2026-1234",
    ]
    assert isinstance(refused, Refusal)
    assert (refused.where, refused.reason) == (f"{VECTORS / 'both.rules'}:3", "there is no sid")


def test_a_rule_that_is_none_is_refused() -> None:
    (found,) = open_path(VECTORS / "bad-direction.rules")
    assert isinstance(found, Refusal)
    assert "'<-'" in found.reason
