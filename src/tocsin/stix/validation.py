"""Every MUST of STIX 2.1 that one object can break, checked against the tables in `stix.spec`.

`validate` returns all issues of an object; an object without issues is right. Unknown types and custom properties are kept
and held to what the specification says of all objects. docs/reference/stix-conformance.md lists where this differs
from the OASIS validator and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.stix.issues import Faults, Issue, below, fault
from tocsin.stix.spec import values as v
from tocsin.stix.spec.meta import META, SRO
from tocsin.stix.spec.sco import SCO
from tocsin.stix.spec.sdo import SDO
from tocsin.stix.spec.shared import (
    EXTENSION_TYPES,
    REQUIRED_OF_DOMAIN,
    REQUIRED_OF_OBSERVABLES,
    SHARED_BY_DOMAIN,
    SHARED_BY_OBSERVABLES,
    TypeSpec,
    granular_rule,
    not_before,
)

SPEC_VERSION = "2.1"
TYPES: dict[str, TypeSpec] = {**SDO, **SRO, **SCO, **META}
_LONGEST_TYPE = 250
_CUSTOM_DOMAIN = TypeSpec(
    "custom", SHARED_BY_DOMAIN, REQUIRED_OF_DOMAIN, (not_before("created", "modified"),)
)
_CUSTOM_OBSERVABLE = TypeSpec("custom-sco", SHARED_BY_OBSERVABLES, REQUIRED_OF_OBSERVABLES)
_ID_PREFIXES = {name: f"{name}--" for name in TYPES}


def validate(data: Mapping[str, Any]) -> list[Issue]:
    """Return every rule that the object breaks; an empty list means it is a right STIX 2.1 object.

    A bundle is checked together with the objects it holds.
    """
    kind = data.get("type")
    if type(kind) is not str:
        return fault("required" if kind is None else "type", "every object says its type", "/type")
    if kind == "bundle":
        return _bundle(data)
    spec = TYPES.get(kind)
    if spec is None:
        wrong = _type_name(kind)
        if wrong:
            return wrong
        spec = _family_of_custom(data)
    found = _version(data, spec)
    if found:
        return found
    return _properties(data, spec, kind)


def _properties(data: Mapping[str, Any], spec: TypeSpec, kind: str) -> list[Issue]:
    found: list[Issue] = []
    known = spec.properties
    for name, value in data.items():
        check = known.get(name)
        wrong = check(value) if check is not None else _custom(name, value)
        if wrong is not None:
            found += below(name, wrong)
    for name in spec.required:
        if name not in data:
            found += fault("required", f"{name} is missing", f"/{name}")
    identifier = data.get("id")
    if type(identifier) is str and not _fits(identifier, kind):
        found += fault("id", f"{identifier!r:.80} is not `{kind}--` and a UUID (RFC 4122)", "/id")
    if "extensions" in data and not found:
        found += _extensions(data["extensions"], spec) or ()
    if found:
        return found
    # rules between properties rest on each of them being right
    for rule in spec.rules:
        found += rule(data) or ()
    if "granular_markings" in data:
        found += granular_rule(data) or ()
    if "object_marking_refs" in data and identifier in data["object_marking_refs"]:
        found += fault("self-marking", "cannot be marked with itself", "/object_marking_refs")
    return found


def _fits(identifier: str, kind: str) -> bool:
    prefix = _ID_PREFIXES.get(kind) or f"{kind}--"
    return identifier.startswith(prefix) and v.IDENTIFIER.fullmatch(identifier) is not None


def _version(data: Mapping[str, Any], spec: TypeSpec) -> list[Issue]:
    version = data.get("spec_version")
    if version == SPEC_VERSION:
        return []
    if version is not None:
        return fault(
            "spec-version", f"spec_version {version!r:.40}: this node takes STIX 2.1", "/spec_version"
        )
    if "spec_version" in spec.required:
        return fault(
            "spec-version", "without spec_version this is STIX 2.0: this node takes STIX 2.1", "/spec_version"
        )
    return []


def _custom(name: str, value: Any) -> Faults:
    return _nothing(value) or v.custom_name(name)


def _nothing(value: Any) -> Faults:
    if value is None:
        return fault("null", "null is no value: leave the property out")
    if value == []:
        return fault("empty-list", "must not be empty: leave the property out")
    return None


def _type_name(kind: str) -> list[Issue]:
    if 3 <= len(kind) <= _LONGEST_TYPE and v.TYPE_NAME.fullmatch(kind) and "--" not in kind:
        return []
    return fault(
        "type-name", f"{kind!r:.60}: a type has 3 to 250 characters of a-z, 0-9 and single hyphens", "/type"
    )


def _family_of_custom(data: Mapping[str, Any]) -> TypeSpec:
    """A custom object is an observable when its extension says so, or when it has no created."""
    extensions = data.get("extensions")
    kinds = (
        {
            e.get("extension_type")
            for e in extensions.values()
            if type(e) is dict and type(e.get("extension_type")) is str
        }
        if type(extensions) is dict
        else set()
    )
    if "new-sco" in kinds:
        return _CUSTOM_OBSERVABLE
    if kinds & {"new-sdo", "new-sro"} or "created" in data or "modified" in data:
        return _CUSTOM_DOMAIN
    return _CUSTOM_OBSERVABLE


def _extensions(extensions: Mapping[str, Any], spec: TypeSpec) -> Faults:
    found: list[Issue] = []
    for name, value in extensions.items():
        check = spec.extensions.get(name)
        if check is not None:
            wrong = check(value)
        elif type(value) is not dict:
            wrong = fault("type", "an extension is an object")
        elif name.startswith("extension-definition--"):
            wrong = _defined_extension(name, value)
        elif not value:
            wrong = fault("empty-dictionary", "must not be empty: leave the extension out")
        else:
            wrong = (
                None
                if v.extension_name(name)
                else fault("extension-name", f"{name!r:.60} cannot name an extension")
            )
        if wrong is not None:
            found += below("extensions", below(name, wrong))
    return found or None


def _defined_extension(name: str, value: Mapping[str, Any]) -> Faults:
    if v.IDENTIFIER.fullmatch(name) is None:
        return fault("id", f"{name!r:.80} is not the id of an extension definition")
    kind = value.get("extension_type")
    if kind not in EXTENSION_TYPES if type(kind) is str else True:
        return fault("enum", f"extension_type must be one of {', '.join(EXTENSION_TYPES)}", "/extension_type")
    return [issue for n, inner in value.items() for issue in below(n, _nothing(inner) or [])] or None


def _bundle(data: Mapping[str, Any]) -> list[Issue]:
    found: list[Issue] = []
    identifier = data.get("id")
    if type(identifier) is not str or not _fits(identifier, "bundle"):
        found += fault("id", "a bundle has an id `bundle--` and a UUID", "/id")
    if "objects" not in data:
        return found
    objects = data["objects"]
    if type(objects) is not list or not objects:
        return found + fault("type", "objects must be a list with at least one object", "/objects")
    for position, one in enumerate(objects):
        wrong = validate(one) if type(one) is dict else fault("type", "must be an object")
        found += below("objects", below(position, wrong))
    return found
