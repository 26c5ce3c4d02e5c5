"""Relationship objects (STIX 2.1 section 5) and meta objects (section 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tocsin.stix.issues import Faults, fault
from tocsin.stix.markings import tlp_of
from tocsin.stix.spec import values as v
from tocsin.stix.spec.shared import EXTENSION_TYPES, SHARED_BY_DOMAIN, TypeSpec, domain, not_before

_NEITHER_SDO_NOR_SCO = (
    "bundle",
    "relationship",
    "sighting",
    "marking-definition",
    "extension-definition",
    "language-content",
)
# what `sighting_of_ref` cannot be: "only an SDO or a Custom Object" (section 5.2)
_NOT_SIGHTED = (
    *_NEITHER_SDO_NOR_SCO,
    *("artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file"),
    *("ipv4-addr", "ipv6-addr", "mac-addr", "mutex", "network-traffic", "process", "software", "url"),
    *("user-account", "windows-registry-key", "x509-certificate"),
)
_RELATIONSHIP_TYPE = re.compile(r"[a-z0-9-]+", re.ASCII)
_SEMVER = re.compile(
    r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?", re.ASCII
)
_MARKED = {
    k: c
    for k, c in SHARED_BY_DOMAIN.items()
    if k not in {"modified", "revoked", "labels", "confidence", "lang"}
}


def _version(value: Any) -> Faults:
    if type(value) is not str:
        return v.string(value)
    return (
        None
        if _SEMVER.fullmatch(value)
        else fault("semver", f"{value!r:.60} is not a semantic version such as 1.0.0")
    )


def _relationship_type(value: Any) -> Faults:
    if type(value) is not str:
        return v.string(value)
    return (
        None
        if _RELATIONSHIP_TYPE.fullmatch(value)
        else fault("relationship-type", f"{value!r:.60}: a-z, 0-9 and hyphens only")
    )


def _marking_rule(data: Mapping[str, Any]) -> Faults:
    if "modified" in data or "revoked" in data:
        return fault(
            "marking-version", "marking definitions have no versions: modified and revoked cannot be used"
        )
    kind, definition = data.get("definition_type"), data.get("definition")
    if kind is None and definition is None:
        return (
            None
            if "extensions" in data
            else fault("required", "definition_type is missing", "/definition_type")
        )
    if kind is None or definition is None:
        name = "definition_type" if kind is None else "definition"
        return fault("required", f"{name} is missing", f"/{name}")
    if kind == "statement" and type(definition.get("statement")) is not str:
        return fault("required", "a statement marking needs its statement", "/definition/statement")
    if kind == "tlp":
        return _tlp_rule(data, definition)
    return None


def _tlp_rule(data: Mapping[str, Any], definition: Mapping[str, Any]) -> Faults:
    word = definition.get("tlp")
    if word not in {"white", "green", "amber", "red"}:
        return fault("enum", f"{word!r:.40} is none of white, green, amber, red", "/definition/tlp")
    level = tlp_of(data["id"])
    expected = {"white": "CLEAR"}.get(word, word.upper())
    if level is None or level.name != expected:
        return fault(
            "tlp-id", f"TLP:{word.upper()} has an id of its own (section 7.2.1.4); this is another", "/id"
        )
    return None


def _extension_rule(data: Mapping[str, Any]) -> Faults:
    if "extension_properties" in data and "toplevel-property-extension" not in data["extension_types"]:
        return fault(
            "extension-properties",
            "only a toplevel-property-extension names properties",
            "/extension_properties",
        )
    return None


SRO: dict[str, TypeSpec] = {
    "relationship": domain(
        {
            "relationship_type": _relationship_type,
            "description": v.string,
            "source_ref": v.reference_except(*_NEITHER_SDO_NOR_SCO),
            "target_ref": v.reference_except(*_NEITHER_SDO_NOR_SCO),
            "start_time": v.timestamp,
            "stop_time": v.timestamp,
        },
        ("relationship_type", "source_ref", "target_ref"),
        not_before("start_time", "stop_time", strictly=True),
        family="sro",
    ),
    "sighting": domain(
        {
            "description": v.string,
            "first_seen": v.timestamp,
            "last_seen": v.timestamp,
            "count": v.between(0, 999_999_999),
            "sighting_of_ref": v.reference_except(*_NOT_SIGHTED),
            "observed_data_refs": v.list_of(v.reference("observed-data")),
            "where_sighted_refs": v.list_of(v.reference("identity", "location")),
            "summary": v.boolean,
        },
        ("sighting_of_ref",),
        not_before("first_seen", "last_seen"),
        family="sro",
    ),
}

META: dict[str, TypeSpec] = {
    "marking-definition": TypeSpec(
        "meta",
        _MARKED
        | {
            "name": v.string,
            "definition_type": v.string,
            "definition": v.structure({"tlp": v.string, "statement": v.string}),
            "modified": v.timestamp,
            "revoked": v.boolean,
        },
        ("type", "spec_version", "id", "created"),
        (_marking_rule,),
    ),
    "extension-definition": domain(
        {
            "name": v.string,
            "description": v.string,
            "schema": v.string,
            "version": _version,
            "extension_types": v.list_of(v.one_of(EXTENSION_TYPES)),
            "extension_properties": v.strings,
        },
        ("created_by_ref", "name", "schema", "version", "extension_types"),
        _extension_rule,
        family="meta",
    ),
    "language-content": domain(
        {
            "object_ref": v.reference_except("bundle", "language-content"),
            "object_modified": v.timestamp,
            "contents": v.dictionary(v.dictionary(keys=v.custom_name), keys=v.language),
        },
        ("object_ref", "contents"),
        family="meta",
    ),
}
