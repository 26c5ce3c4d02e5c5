"""Objects of every STIX type with a payload in every place that may hold text, made from the tables of the specification."""

from __future__ import annotations

import copy
import inspect
import re
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import mutating_objects
from attacks.payloads import ADDRESS
from factories import FRIEND
from tocsin.stix.markings import TLP, id_of
from tocsin.stix.spec import values as v
from tocsin.stix.spec.shared import TypeSpec
from tocsin.stix.validation import TYPES, validate

Text = Callable[[], str]
_IDENTITY = {"type", "id", "spec_version", "created", "modified", "object_marking_refs", "granular_markings", "created_by_ref"}  # fmt: skip
_EXTENSION = "extension-definition--d83fce45-ef58-4c6c-a3f4-1fbc32e98c6e"


@cache
def originals() -> dict[str, dict[str, Any]]:
    """Return a valid object of each type there is, and one of each kind of custom type."""
    found: dict[str, dict[str, Any]] = {}
    for name, each in mutating_objects.valid().items():
        if not name.startswith("marking-definition."):
            found.setdefault(each["type"], each)
    return found


def planted(kind: str, number: int, text: Text, *, day: int = 1) -> dict[str, Any]:
    """Return a valid object of a type: wherever the specification lets text be, there stands what `text` gives next.

    Also where it does not look: custom properties, with names that pages treat in a way of their own, and extensions.
    """
    made = copy.deepcopy(originals()[kind])
    made.pop("granular_markings", None)
    if made.pop("created_by_ref", None) and kind == "extension-definition":
        made["created_by_ref"] = FRIEND.id
    made["id"] = f"{kind}--{uuid.UUID(int=(4 << 76) | (8 << 60) | number)}"
    made["object_marking_refs"] = [id_of(TLP.GREEN)]
    if "created" in made:
        made["created"] = "2026-01-01T00:00:00.000Z"
    if "modified" in made:
        made["modified"] = f"2026-01-{day:02}T00:00:00.000Z"
    if kind == "indicator":
        made["pattern_type"] = text()  # a language that nobody knows, in which any pattern is right
    spec = TYPES.get(kind)
    if spec is not None:
        _plant_known(made, spec, text)
    _plant_custom(made, text)
    issues = validate(made)
    assert not issues, (kind, issues)
    return made


def carried(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Yield each text in an object, with where it stands."""
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from carried(inner, f"{pointer}/{key}")
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from carried(inner, f"{pointer}/{position}")


def _plant_known(made: dict[str, Any], spec: TypeSpec, text: Text) -> None:
    for name, check in spec.properties.items():
        if name in _IDENTITY or name == "extensions":
            continue
        _try(made, name, _filled(check, text))
        if name in made:
            _replace_leaves(made, made[name], text)
    for name, check in spec.extensions.items():
        filled = _filled(check, text)
        if filled is not None:
            _try(made, "extensions", {**made.get("extensions", {}), name: filled})


def _plant_custom(made: dict[str, Any], text: Text) -> None:
    for name in (
        "x_planted",
        "x_planted_ref",
        "first_seen",
        "published",
        "pattern",
        "value",
        "aliases",
        "name",
    ):
        if name not in made:
            _try(made, name, text())
    made["x_planted_address_ref"] = ADDRESS
    made["x_planted_refs"] = [text(), ADDRESS, f"../{text()}"]
    made["x_planted_inside"] = {
        text(): {text(): [text(), {text(): text()}]},
        "a_ref": text(),
        "first_seen": text(),
    }
    made["x_planted_number"] = 10**15
    extensions = made.get("extensions", {})
    _try(
        made,
        "extensions",
        {**extensions, _EXTENSION: {"extension_type": "property-extension", "planted": text()}},
    )
    if made["type"] not in TYPES:
        return
    _try(made, "extensions", {**made.get("extensions", {}), "x-planted-ext": {"planted": text()}})


def _try(made: dict[str, Any], name: str, value: Any) -> None:
    """Put a value where the object stays right with it."""
    before = made.get(name)
    if value is None:
        return
    made[name] = value
    if validate(made):
        if before is None:
            del made[name]
        else:
            made[name] = before


def _filled(check: v.Check, text: Text) -> Any:
    """Return what passes `check` and holds text wherever it may, or None: the parts of a check are what it closes over."""
    given = text()
    for form in (given, *_values(given)):
        if check(form) is None:
            return form
    if check is v.hashes:
        return {"planted": given}
    parts = inspect.getclosurevars(check).nonlocals
    if "properties" in parts:
        members = {name: _filled(each, text) for name, each in parts["properties"].items()}
        held = {name: each for name, each in members.items() if each is not None} | {"x_planted": given}
        return held if check(held) is None else None
    inner = parts.get("check")
    value = _filled(inner, text) if callable(inner) else given
    candidates = ([value], {"planted": value}, {"en": value}, {"Planted": value}, {"en": {"planted": given}})
    return next((each for each in candidates if value is not None and check(each) is None), None)


def _values(given: str) -> tuple[str, ...]:
    """Return what values of observables that have a form may hold of a text: URLs, mailboxes, domain names."""
    packed = re.sub(r"[\s\x00-\x1f\x7f]", "", given)
    return (
        f"http://planted.example/{packed}",
        '"<x-planted onclick=planted()>"@planted.example',
        "{{913*877}}.planted.example",
    )


def _replace_leaves(made: dict[str, Any], value: Any, text: Text) -> None:
    """Put text in place of each text inside a value that the object stays right with."""
    places = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(places):
        if isinstance(inner, str):
            value[key] = text()
            if validate(made):
                value[key] = inner
        else:
            _replace_leaves(made, inner, text)
