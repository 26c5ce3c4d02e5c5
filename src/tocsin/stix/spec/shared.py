"""Properties and rules that types share (STIX 2.1 sections 2.5, 2.10, 3, 7.2 and 7.3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from tocsin.stix.issues import Faults, Issue, below, fault
from tocsin.stix.spec import values as v
from tocsin.stix.timestamps import micros_or_none

Rule: TypeAlias = Callable[[Mapping[str, Any]], Faults]


class TypeSpec(msgspec.Struct, frozen=True):
    """What the specification says of one type.

    `required` and `properties` include what all types of its family share; `extensions` are the predefined ones.
    """

    family: str
    properties: dict[str, v.Check]
    required: tuple[str, ...]
    rules: tuple[Rule, ...] = ()
    extensions: dict[str, v.Check] = {}


def _reference_rule(value: Mapping[str, Any]) -> Faults:
    if value.keys().isdisjoint(("description", "url", "external_id")):
        return fault("external-reference", "needs a description, url or external_id beside source_name")
    return None


external_reference = v.structure(
    {
        "source_name": v.string,
        "description": v.string,
        "url": v.string,
        "hashes": v.hashes,
        "external_id": v.string,
    },
    ("source_name",),
    _reference_rule,
)
kill_chain_phase = v.structure(
    {"kill_chain_name": v.string, "phase_name": v.string}, ("kill_chain_name", "phase_name")
)
marking_refs = v.list_of(v.reference("marking-definition"))

_SELECTOR = re.compile(r"[a-z0-9_-]{2,250}(?:\.(?:\[\d+\]|[a-zA-Z0-9_-]{1,250}))*", re.ASCII)


def _selector(value: Any) -> Faults:
    if type(value) is not str:
        return v.string(value)
    return (
        None
        if _SELECTOR.fullmatch(value)
        else fault("selector", f"{value!r:.80} is not a selector (section 7.2.3.1)")
    )


def _granular_rule(value: Mapping[str, Any]) -> Faults:
    if ("marking_ref" in value) == ("lang" in value):
        return fault("granular-marking", "needs exactly one of marking_ref and lang")
    return None


granular_markings = v.list_of(
    v.structure(
        {
            "marking_ref": v.reference("marking-definition"),
            "lang": v.language,
            "selectors": v.list_of(_selector),
        },
        ("selectors",),
        _granular_rule,
    )
)

EXTENSION_TYPES = ("new-sdo", "new-sco", "new-sro", "property-extension", "toplevel-property-extension")

SHARED_BY_ALL: dict[str, v.Check] = {
    "type": v.string,
    "id": v.string,  # its form is checked against the type, in `validation`
    "spec_version": v.string,
    "object_marking_refs": marking_refs,
    "granular_markings": granular_markings,
    "extensions": v.dictionary(keys=lambda _: None),
}
SHARED_BY_DOMAIN: dict[str, v.Check] = SHARED_BY_ALL | {
    "created_by_ref": v.reference("identity"),
    "created": v.version_time,
    "modified": v.version_time,
    "revoked": v.boolean,
    "labels": v.strings,
    "confidence": v.between(0, 100),
    "lang": v.language,
    "external_references": v.list_of(external_reference),
}
SHARED_BY_OBSERVABLES: dict[str, v.Check] = SHARED_BY_ALL | {"defanged": v.boolean}

REQUIRED_OF_DOMAIN = ("type", "spec_version", "id", "created", "modified")
REQUIRED_OF_OBSERVABLES = ("type", "id")


def domain(
    properties: Mapping[str, v.Check], required: tuple[str, ...] = (), *rules: Rule, family: str = "sdo"
) -> TypeSpec:
    """An SDO or SRO: what it has of its own."""
    return TypeSpec(
        family,
        SHARED_BY_DOMAIN | dict(properties),
        REQUIRED_OF_DOMAIN + required,
        (not_before("created", "modified"), *rules),
    )


def observable(
    properties: Mapping[str, v.Check],
    required: tuple[str, ...] = (),
    *rules: Rule,
    extensions: Mapping[str, v.Check] | None = None,
) -> TypeSpec:
    """An SCO: what it has of its own, and its predefined extensions."""
    return TypeSpec(
        "sco",
        SHARED_BY_OBSERVABLES | dict(properties),
        REQUIRED_OF_OBSERVABLES + required,
        rules,
        dict(extensions or {}),
    )


def not_before(first: str, second: str, *, strictly: bool = False) -> Rule:
    """`second` must not be earlier than `first`; with `strictly`, it must be later."""

    def rule(data: Mapping[str, Any]) -> Faults:
        if first not in data or second not in data:
            return None
        start, end = micros_or_none(data[first]), micros_or_none(data[second])
        if start is None or end is None or start < end or (start == end and not strictly):
            return None
        return fault("order", f"must be {'later than' if strictly else 'not before'} {first}", f"/{second}")

    return rule


def one_needed(*names: str) -> Rule:
    """At least one of the properties must be there."""

    def rule(data: Mapping[str, Any]) -> Faults:
        for name in names:
            if name in data:
                return None
        return fault("at-least-one", f"one of {', '.join(names)} is needed")

    return rule


def granular_rule(data: Mapping[str, Any]) -> Faults:
    """Selectors must point at something that is there (section 7.2.3.1)."""
    markings = data.get("granular_markings")
    if not markings:
        return None
    found: list[Issue] = []
    for position, marking in enumerate(markings):
        for index, selector in enumerate(marking["selectors"]):
            if not _resolves(data, selector):
                wrong = fault("selector-target", f"{selector!r:.80} points at nothing in this object")
                found += below("granular_markings", below(position, below("selectors", below(index, wrong))))
    return found or None


def _resolves(data: Any, selector: str) -> bool:
    for step in selector.split("."):
        if step.startswith("["):
            if type(data) is not list or int(step[1:-1]) >= len(data):
                return False
            data = data[int(step[1:-1])]
        elif type(data) is not dict or step not in data:
            return False
        else:
            data = data[step]
    return True
