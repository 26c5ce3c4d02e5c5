"""STIX objects with one thing changed, for comparing validators."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "vectors" / "stix" / "objects"
_VALUES: list[Any] = [
    *(None, True, 7, -1, 1.5, 2**31, "", "x", "not a thing", [], {}, [1], ["x"], {"a": "b"}, [[]]),
    *("2026-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2019-01-01T00:00:00.123Z", "2026-01-01 00:00:00"),
    *("identity--8f0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e", "file--2c1a5a34-8b1f-5e0c-9e0b-1f2e3d4c5b6a"),
    *(["ipv4-addr--2c1a5a34-8b1f-5e0c-9e0b-1f2e3d4c5b6a"], "en", "text/plain", "deadbeef", "aGFsbG8="),
]


def valid() -> dict[str, dict[str, Any]]:
    """Return the valid vectors by name."""
    return {f.stem: json.loads(f.read_text("utf-8")) for f in sorted((FOLDER / "valid").glob("*.json"))}


def invalid() -> list[dict[str, Any]]:
    """Return the invalid vectors: `fault`, `object`, and the `pointer` and `rule` of the error that is expected."""
    originals = valid()
    found = []
    for each in json.loads((FOLDER / "invalid.json").read_text("utf-8")):
        changed = copy.deepcopy(originals[each["of"]])
        for pointer, value in each.get("set", {}).items():
            if pointer == "":
                changed = value
            else:
                _put(changed, pointer, value)
        for pointer in each.get("remove", []):
            _drop(changed, pointer)
        found.append({**each, "object": changed})
    return found


def mutants(count: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield objects of which one value was dropped, replaced, or moved to another place, and what was done."""
    dice = random.Random(seed)
    originals = list(valid().items())
    for _ in range(count):
        name, original = dice.choice(originals)
        changed = copy.deepcopy(original)
        places = list(_places(changed))
        pointer = dice.choice(places)
        how = dice.randrange(4)
        if how == 0:
            _drop(changed, pointer)
            yield f"{name} without {pointer}", changed
        elif how == 1:
            other = copy.deepcopy(_get(changed, dice.choice(places)))
            _put(changed, pointer, other)
            yield f"{name} {pointer} = {json.dumps(other)[:60]}", changed
        else:
            value = copy.deepcopy(dice.choice(_VALUES))
            _put(changed, pointer, value)
            yield f"{name} {pointer} = {json.dumps(value)}", changed


def _places(value: Any, pointer: str = "") -> Iterator[str]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, member in members:
        yield f"{pointer}/{key}"
        yield from _places(member, f"{pointer}/{key}")


def _walk(value: Any, pointer: str) -> tuple[Any, Any]:
    *steps, last = pointer[1:].split("/")
    for step in steps:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value, int(last) if isinstance(value, list) else last


def _get(value: Any, pointer: str) -> Any:
    parent, key = _walk(value, pointer)
    return parent[key]


def _put(value: Any, pointer: str, new: Any) -> None:
    parent, key = _walk(value, pointer)
    parent[key] = new


def _drop(value: Any, pointer: str) -> None:
    parent, key = _walk(value, pointer)
    del parent[key]
