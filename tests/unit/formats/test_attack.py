from __future__ import annotations

import json

import pytest

from tocsin import stix
from tocsin.formats import RawItem, attack, refuse

COMMON = {"created": "2018-01-01T00:00:00.000Z", "modified": "2019-01-01T00:00:00.000Z"}
UUID = "--00000000-0000-4000-8000-000000000001"


def upgraded(**members):
    return attack.upgrade(RawItem("f#/objects/0", json.dumps(COMMON | members).encode()))


@pytest.mark.parametrize(
    "members",
    [
        {"type": "attack-pattern", "name": "x", "x_mitre_is_subtechnique": False},
        {"type": "malware", "name": "x", "labels": ["malware"]},
        {"type": "tool", "name": "x", "labels": ["tool"]},
        {"type": "identity", "name": "x", "identity_class": "organization"},
        {"type": "marking-definition", "definition_type": "statement", "definition": {"statement": "x"}},
        {"type": "x-mitre-tactic", "name": "x", "x_mitre_shortname": "x"},
        {
            "type": "relationship",
            "relationship_type": "uses",
            "source_ref": f"malware{UUID}",
            "target_ref": f"attack-pattern{UUID}",
        },
    ],
    ids=lambda members: members["type"],
)
def test_what_attack_uses_becomes_valid(members) -> None:
    if members["type"] == "marking-definition":
        members = members | {"modified": None}
    made = json.loads(upgraded(id=members["type"] + UUID, **members).raw)
    made = {name: value for name, value in made.items() if value is not None}
    assert stix.validate(made) == []
    assert made["spec_version"] == "2.1"
    assert {name: made[name] for name in members if members[name] is not None} == {
        name: value for name, value in members.items() if value is not None
    }


def test_malware_of_attack_is_a_family() -> None:
    assert json.loads(upgraded(type="malware").raw)["is_family"] is True
    assert json.loads(upgraded(type="malware", is_family=False).raw)["is_family"] is False


def test_stix_2_1_is_left_alone() -> None:
    item = RawItem("f", b'{"spec_version":"2.1", "type":"malware"}')
    assert attack.upgrade(item) is item


@pytest.mark.parametrize(
    ("raw", "rule"),
    [(b'{"type":"observed-data"}', "spec-version"), (b"{", "json"), (b"[1]", "json"), (b"\xff", "json")],
)
def test_the_rest_is_refused(raw: bytes, rule: str) -> None:
    refusal = attack.upgrade(RawItem("f", raw))
    assert (refusal.rule, refusal.raw, refusal.where) == (rule, raw, "f")
    assert attack.upgrade(refusal) is refusal
    assert attack.upgrade(refuse("g", b"", "json", "x")).where == "g"
