"""STIX Domain Objects (STIX 2.1 section 4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tocsin.errors import ParseError
from tocsin.stix.issues import Faults, fault
from tocsin.stix.patterns import check as check_pattern
from tocsin.stix.spec import values as v
from tocsin.stix.spec.shared import Rule, TypeSpec, domain, kill_chain_phase, not_before, one_needed

_OPINIONS = ("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree")
_phases = v.list_of(kill_chain_phase)
_named = {"name": v.string, "description": v.string}
_any_refs = v.list_of(v.reference())
_seen = {"first_seen": v.timestamp, "last_seen": v.timestamp}
_seen_rule = not_before("first_seen", "last_seen")
_software = v.reference("software")
_samples = v.reference("file", "artifact")


# what an observation cannot refer to: "a list of SCOs and SROs" (section 4.14)
_NOT_OBSERVED = (
    *("attack-pattern", "campaign", "course-of-action", "grouping", "identity", "incident", "indicator"),
    *("infrastructure", "intrusion-set", "location", "malware", "malware-analysis", "note", "observed-data"),
    *("opinion", "report", "threat-actor", "tool", "vulnerability"),
    *("bundle", "marking-definition", "extension-definition", "language-content"),
)


def _pattern_rule(data: Mapping[str, Any]) -> Faults:
    if data["pattern_type"] != "stix":
        return None
    try:
        check_pattern(data["pattern"])
    except ParseError as error:
        return fault(error.rule, str(error), "/pattern")
    return None


def _location_rule(data: Mapping[str, Any]) -> Faults:
    has = data.__contains__
    if has("latitude") != has("longitude"):
        return fault("together", "latitude and longitude go together")
    if has("precision") and not has("latitude"):
        return fault("together", "precision needs latitude and longitude", "/precision")
    if has("region") or has("country") or has("latitude"):
        return None
    return fault("at-least-one", "one of region, country, or latitude with longitude is needed")


def _malware_rule(data: Mapping[str, Any]) -> Faults:
    if data["is_family"] and "name" not in data:
        return fault("required", "a malware family needs a name", "/name")
    return None


def _numbered(source: str, form: re.Pattern[str], example: str) -> Rule:
    """References to a catalogue bear its name and its numbers in their form (sections 4.1 and 4.19)."""

    def rule(data: Mapping[str, Any]) -> Faults:
        for position, reference in enumerate(data.get("external_references", ())):
            number = reference.get("external_id")
            if number is None:
                continue
            named, fits = reference["source_name"] == source, form.fullmatch(number) is not None
            if named != fits:
                say = (
                    f"{number!r:.40} is not like {example}"
                    if named
                    else f"{example} is of source_name {source!r}"
                )
                return fault("catalogue", say, f"/external_references/{position}")
        return None

    return rule


def _observed_rule(data: Mapping[str, Any]) -> Faults:
    if ("objects" in data) == ("object_refs" in data):
        return fault("exactly-one", "exactly one of objects and object_refs is needed")
    refs = data.get("object_refs", ())
    if refs and all(ref.startswith(("relationship--", "sighting--")) for ref in refs):
        return fault("at-least-one", "at least one cyber-observable object is needed", "/object_refs")
    return None


SDO: dict[str, TypeSpec] = {
    "attack-pattern": domain(
        _named | {"aliases": v.strings, "kill_chain_phases": _phases},
        ("name",),
        _numbered("capec", re.compile(r"CAPEC-\d+", re.ASCII), "CAPEC-163"),
    ),
    "campaign": domain(_named | _seen | {"aliases": v.strings, "objective": v.string}, ("name",), _seen_rule),
    "course-of-action": domain(_named, ("name",)),
    "grouping": domain(_named | {"context": v.string, "object_refs": _any_refs}, ("context", "object_refs")),
    "identity": domain(
        _named
        | {
            "roles": v.strings,
            "identity_class": v.string,
            "sectors": v.strings,
            "contact_information": v.string,
        },
        ("name",),
    ),
    "incident": domain(_named, ("name",)),
    "indicator": domain(
        _named
        | {
            "indicator_types": v.strings,
            "pattern": v.string,
            "pattern_type": v.string,
            "pattern_version": v.string,
            "valid_from": v.timestamp,
            "valid_until": v.timestamp,
            "kill_chain_phases": _phases,
        },
        ("pattern", "pattern_type", "valid_from"),
        not_before("valid_from", "valid_until", strictly=True),
        _pattern_rule,
    ),
    "infrastructure": domain(
        _named
        | _seen
        | {"infrastructure_types": v.strings, "aliases": v.strings, "kill_chain_phases": _phases},
        ("name",),
        _seen_rule,
    ),
    "intrusion-set": domain(
        _named
        | _seen
        | {
            "aliases": v.strings,
            "goals": v.strings,
            "resource_level": v.string,
            "primary_motivation": v.string,
            "secondary_motivations": v.strings,
        },
        ("name",),
        _seen_rule,
    ),
    "location": domain(
        _named
        | {
            "latitude": v.between(-90, 90, v.number),
            "longitude": v.between(-180, 180, v.number),
            "precision": v.between(0, float("inf"), v.number),
            "region": v.string,
            "country": v.string,
            "administrative_area": v.string,
            "city": v.string,
            "street_address": v.string,
            "postal_code": v.string,
        },
        (),
        _location_rule,
    ),
    "malware": domain(
        _named
        | _seen
        | {
            "malware_types": v.strings,
            "is_family": v.boolean,
            "aliases": v.strings,
            "kill_chain_phases": _phases,
            "operating_system_refs": v.list_of(_software),
            "architecture_execution_envs": v.strings,
            "implementation_languages": v.strings,
            "capabilities": v.strings,
            "sample_refs": v.list_of(_samples),
        },
        ("is_family",),
        _seen_rule,
        _malware_rule,
    ),
    "malware-analysis": domain(
        {
            "product": v.string,
            "version": v.string,
            "host_vm_ref": _software,
            "operating_system_ref": _software,
            "installed_software_refs": v.list_of(_software),
            "configuration_version": v.string,
            "modules": v.strings,
            "analysis_engine_version": v.string,
            "analysis_definition_version": v.string,
            "submitted": v.timestamp,
            "analysis_started": v.timestamp,
            "analysis_ended": v.timestamp,
            "result_name": v.string,
            "result": v.string,
            "analysis_sco_refs": _any_refs,
            "sample_ref": v.reference("file", "artifact", "network-traffic"),
        },
        ("product",),
        one_needed("result", "analysis_sco_refs"),
    ),
    "note": domain(
        {"abstract": v.string, "content": v.string, "authors": v.strings, "object_refs": _any_refs},
        ("content", "object_refs"),
    ),
    "observed-data": domain(
        {
            "first_observed": v.timestamp,
            "last_observed": v.timestamp,
            "number_observed": v.between(1, 999_999_999),
            "objects": v.dictionary(v.structure({}), keys=lambda _: None),
            "object_refs": v.list_of(v.reference_except(*_NOT_OBSERVED)),
        },
        ("first_observed", "last_observed", "number_observed"),
        not_before("first_observed", "last_observed"),
        _observed_rule,
    ),
    "opinion": domain(
        {
            "explanation": v.string,
            "authors": v.strings,
            "opinion": v.one_of(_OPINIONS),
            "object_refs": _any_refs,
        },
        ("opinion", "object_refs"),
    ),
    "report": domain(
        _named | {"report_types": v.strings, "published": v.timestamp, "object_refs": _any_refs},
        ("name", "published", "object_refs"),
    ),
    "threat-actor": domain(
        _named
        | _seen
        | {
            "threat_actor_types": v.strings,
            "aliases": v.strings,
            "roles": v.strings,
            "goals": v.strings,
            "sophistication": v.string,
            "resource_level": v.string,
            "primary_motivation": v.string,
            "secondary_motivations": v.strings,
            "personal_motivations": v.strings,
        },
        ("name",),
        _seen_rule,
    ),
    "tool": domain(
        _named
        | {
            "tool_types": v.strings,
            "aliases": v.strings,
            "kill_chain_phases": _phases,
            "tool_version": v.string,
        },
        ("name",),
    ),
    "vulnerability": domain(
        _named, ("name",), _numbered("cve", re.compile(r"CVE-\d{4}-\d{4,}", re.ASCII), "CVE-2026-0001")
    ),
}
