"""What one organisation says about objects of others: notes, opinions, sightings, relationships."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tocsin.clock import Micros, to_text

REFERS = {
    "note": "object_refs",
    "opinion": "object_refs",
    "sighting": "sighting_of_ref",
    "relationship": "source_ref",
}
"""Types of remarks, and the property that names what they are about."""


class _Marked(msgspec.Struct):
    object_marking_refs: list[str] = []


def remark(
    said: Mapping[str, Any], about: str, *, by: str, under: Sequence[bytes], now: Micros
) -> dict[str, Any]:
    """Return a new object that says something about another one.

    Args:
        said: its properties, with `type` one of `REFERS`; those that are empty are left out.
        about: STIX id of the other one.
        by: id of the organisation that says it.
        under: bytes of the objects that it is about: it carries the markings of them all.
        now: µs; written with the three digits of STIX.
    """
    refers = REFERS[said["type"]]
    at = to_text(now // 1000 * 1000)
    made: dict[str, Any] = {name: value for name, value in said.items() if value not in ("", None)}
    made |= {
        "spec_version": "2.1",
        "id": f"{said['type']}--{uuid.uuid4()}",
        "created_by_ref": by,
        "created": f"{at[:-4]}Z",
        "modified": f"{at[:-4]}Z",
        refers: [about] if refers.endswith("s") else about,
    }
    markings = [ref for body in under for ref in msgspec.json.decode(body, type=_Marked).object_marking_refs]
    if markings:
        made["object_marking_refs"] = list(dict.fromkeys(markings))
    return made
