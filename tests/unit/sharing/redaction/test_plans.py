"""What a form of each type may carry, said a second time: with values that stay, and values that go."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.sharing.redaction.plans import PLANS, Plan

DAY, LATE = ("2026-03-04T05:06:07Z", "2026-03-04T00:00:00Z"), ("2026-03-04T05:06:07Z", "2026-03-05T00:00:00Z")
PHASE = {"kill_chain_name": "mitre-attack", "phase_name": "execution"}
CVE = {"source_name": "cve", "external_id": "CVE-2026-12345"}
MD5 = {"MD5": "a" * 32}
NO = "Zwiebelfisch"


def listed(word: str) -> tuple[Any, Any]:
    return [word, NO], [word]


def same(value: Any) -> tuple[Any, Any]:
    return value, value


COMMON = {"confidence": same(100), "revoked": same(True), "external_references": ([CVE | {"url": NO}], [CVE])}
SEEN = {"first_seen": DAY, "last_seen": LATE}
PHASES = {"kill_chain_phases": ([PHASE, {"kill_chain_name": NO, "phase_name": NO}], [PHASE])}
ACTOR = SEEN | {
    "resource_level": same("team"),
    "primary_motivation": same("revenge"),
    "secondary_motivations": listed("ideology"),
}
# type -> what stays: given, and what a form has of it
KEPT: dict[str, dict[str, tuple[Any, Any]]] = {
    "attack-pattern": COMMON | PHASES,
    "campaign": COMMON | SEEN,
    "course-of-action": COMMON,
    "grouping": COMMON | {"context": same("malware-analysis")},
    "identity": COMMON | {"identity_class": same("organization"), "sectors": listed("energy")},
    "incident": COMMON,
    "indicator": COMMON
    | PHASES
    | {
        "indicator_types": listed("benign"),
        "pattern_type": same("stix"),
        "valid_from": DAY,
        "valid_until": LATE,
    },
    "infrastructure": COMMON | PHASES | SEEN | {"infrastructure_types": listed("botnet")},
    "intrusion-set": COMMON | ACTOR,
    "location": COMMON | {"country": same("DE"), "region": same("western-europe")},
    "malware": COMMON
    | PHASES
    | SEEN
    | {
        "malware_types": listed("worm"),
        "is_family": same(False),
        "architecture_execution_envs": listed("x86"),
        "implementation_languages": listed("ruby"),
        "capabilities": listed("evades-av"),
    },
    "observed-data": COMMON
    | {"first_observed": DAY, "last_observed": LATE, "number_observed": same(999_999_999)},
    "opinion": COMMON | {"opinion": same("agree")},
    "report": COMMON | {"report_types": listed("campaign"), "published": DAY},
    "threat-actor": COMMON
    | ACTOR
    | {
        "threat_actor_types": listed("spy"),
        "roles": listed("sponsor"),
        "sophistication": same("expert"),
    },
    "tool": COMMON | PHASES | {"tool_types": listed("exploitation")},
    "vulnerability": COMMON,
    "relationship": COMMON | {"relationship_type": same("uses"), "start_time": DAY, "stop_time": LATE},
    "sighting": COMMON | SEEN | {"count": same(999_999_999), "summary": same(True)},
    "autonomous-system": {"number": same(2**32 - 1)},
    "domain-name": {"value": same("evil.example.com")},
    "email-addr": {"value": same("bob@evil.example.com")},
    "file": {"hashes": (MD5 | {"SSDEEP": NO}, MD5), "size": same(2**53 - 1)},
    "ipv4-addr": {},
    "ipv6-addr": {},
    "network-traffic": {
        "start": DAY,
        "end": LATE,
        "src_port": same(65535),
        "dst_port": same(0),
        "src_byte_count": same(2**53 - 1),
        "dst_byte_count": same(0),
        "src_packets": same(1),
        "dst_packets": same(1),
        "protocols": listed("tcp"),
    },
    "url": {},
    "x509-certificate": {"hashes": (MD5, MD5)},
}
GONE: dict[str, list[Any]] = {
    "confidence": [101, -1, "90"],
    "number_observed": [1_000_000_000],
    "count": [1_000_000_000],
    "number": [2**32, -1],
    "src_port": [65536],
    "dst_port": [65536],
    "src_byte_count": [2**53],
    "size": [2**53],
    "pattern_type": ["yara", "sigma"],
    "value": [5, ["evil.example.com"], "pc1.corp"],
    "revoked": ["true"],
}
"""Values that go, beside a word of no vocabulary and a number for what is none."""

NAMED = {
    *("attack-pattern", "campaign", "course-of-action", "identity", "incident", "infrastructure"),
    *("intrusion-set", "malware", "report", "threat-actor", "tool", "vulnerability"),
}
UNDATED = {
    *("autonomous-system", "domain-name", "email-addr", "file", "ipv4-addr", "ipv6-addr"),
    *("network-traffic", "url", "x509-certificate"),
}
PERSONAL = {"threat-actor", "email-addr", "network-traffic"}
REFERENCES = {
    "grouping": ("object_refs",),
    "malware": ("sample_refs",),
    "network-traffic": ("src_ref", "dst_ref"),
    "observed-data": ("object_refs",),
    "opinion": ("object_refs",),
    "relationship": ("source_ref", "target_ref"),
    "report": ("object_refs",),
    "sighting": ("sighting_of_ref", "observed_data_refs"),
}
NEEDS = {
    "autonomous-system": ("number",),
    "domain-name": ("value",),
    "email-addr": ("value",),
    "file": ("hashes",),
    "grouping": ("context", "object_refs"),
    "indicator": ("pattern", "pattern_type", "valid_from"),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "malware": ("is_family",),
    "network-traffic": ("protocols",),
    "observed-data": ("first_observed", "last_observed", "number_observed", "object_refs"),
    "opinion": ("opinion", "object_refs"),
    "relationship": ("relationship_type", "source_ref", "target_ref"),
    "report": ("published", "object_refs"),
    "sighting": ("sighting_of_ref",),
    "url": ("value",),
    "x509-certificate": ("hashes",),
}


def test_these_types_and_no_others_have_forms() -> None:
    assert set(PLANS) == set(KEPT)


@pytest.mark.parametrize("kind", sorted(KEPT))
def test_the_plan_of_a_type(kind: str) -> None:
    plan = PLANS[kind]
    assert set(plan.keep) == set(KEPT[kind])
    assert plan.references == REFERENCES.get(kind, ())
    assert plan.needs == NEEDS.get(kind, ())
    assert (plan.named, plan.personal, plan.dated) == (kind in NAMED, kind in PERSONAL, kind not in UNDATED)


@pytest.mark.parametrize("kind", sorted(KEPT))
def test_what_stays_and_what_goes(kind: str) -> None:
    for name, (given, kept) in KEPT[kind].items():
        take = PLANS[kind].keep[name]
        assert take(given) == kept, name
        for wrong in (NO, [NO], {NO: NO}, 5.5, None, *GONE.get(name, ())):
            assert take(wrong) is None, (name, wrong)


def test_a_plan_that_says_nothing_keeps_nothing() -> None:
    plan = Plan()
    assert (dict(plan.keep), plan.references, plan.needs) == ({}, (), ())
    assert (plan.named, plan.personal, plan.dated) == (False, False, True)
