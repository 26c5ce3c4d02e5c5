"""What an object is called on a page: its name, its value, or what it says in a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from tocsin.server.api.objects import Entry
from tocsin.stix.spec.values import IDENTIFIER

_LENGTH = 160
_NAMED = (
    "name",
    "value",
    "abstract",
    "path",
    "user_id",
    "account_login",
    "display_name",
    "subject",
    "key",
    "command_line",
)
_SAID = ("content", "opinion", "pattern", "description", "explanation", "serial_number", "number")
_TITLES = (*_NAMED, *_SAID)


class Shown(msgspec.Struct, frozen=True):
    """An entry as pages show it: with its properties decoded, its title, and its source by name."""

    id: str
    type: str
    title: str
    added: str
    modified: str
    collection: str
    tlp: str
    source: str
    properties: dict[str, Any]


def shown(entry: Entry, names: Mapping[str, str]) -> Shown:
    """Return an entry as pages show it; `names` of organisations by id."""
    properties = msgspec.json.decode(entry.object)
    return Shown(
        entry.id,
        entry.type,
        title_of(properties),
        entry.added,
        entry.modified,
        entry.collection,
        entry.tlp,
        names.get(entry.source or "", entry.source or ""),
        properties,
    )


def title_of(properties: Mapping[str, Any]) -> str:
    """Return what to call an object, in a line: never empty."""
    for name in _TITLES:
        if name in properties and (text := str(properties[name]).strip()):
            return _line(text)
    if properties.get("type") == "relationship":
        return how_of(properties)
    hashes = properties.get("hashes")
    if isinstance(hashes, dict) and hashes:
        return _line(str(next(iter(hashes.values()))))
    return str(properties.get("id", "?"))


def how_of(properties: Mapping[str, Any]) -> str:
    """Return in words how the ends of a relationship are related."""
    return _line(str(properties.get("relationship_type", "relationship")).replace("-", " "))


def ends_of(properties: Mapping[str, Any]) -> list[str]:
    """Return the ids that an object refers to, in the order of its properties."""
    found: list[str] = []
    for name, value in properties.items():
        if name in ("object_marking_refs", "created_by_ref", "granular_markings"):
            continue
        if name.endswith("_ref"):
            found += [value] if refers(value) else []
        elif name.endswith("_refs") and isinstance(value, list):
            found += filter(refers, value)
    return found


def refers(value: object) -> bool:
    """Return whether a value is the id of an object: properties that the specification does not know may be called like references, and hold any text."""
    return isinstance(value, str) and IDENTIFIER.fullmatch(value) is not None


def _line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LENGTH else f"{line[: _LENGTH - 1]}…"
