"""What changed between two versions of an object, property by property (JSON Pointer, RFC 6901)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

_MOST = 500
_DEEP = 32
_OF_VERSIONS = frozenset(("modified", "spec_version"))


class Change(msgspec.Struct, frozen=True):
    """One property: `kind` is "added", "removed" or "changed"; what there was, and what there is."""

    pointer: str
    kind: str
    before: Any = None
    after: Any = None


def differences(before: bytes, after: bytes) -> tuple[Change, ...]:
    """Return what changed, in the order of pointers; of lists, what was taken out and put in, whatever its place."""
    old, new = msgspec.json.decode(before), msgspec.json.decode(after)
    found: list[Change] = []
    for change in _compare("", old, new, 0):
        if len(found) == _MOST:
            break
        found.append(change)
    return tuple(found)


def _compare(pointer: str, old: Any, new: Any, depth: int) -> Iterator[Change]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, dict) and isinstance(new, dict) and depth < _DEEP:
        for key in sorted(old.keys() | new.keys()):
            if depth == 0 and key in _OF_VERSIONS:
                continue
            inner = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in old:
                yield Change(inner, "added", after=new[key])
            elif key not in new:
                yield Change(inner, "removed", before=old[key])
            else:
                yield from _compare(inner, old[key], new[key], depth + 1)
    elif isinstance(old, list) and isinstance(new, list):
        gone, come = _beside(old, new), _beside(new, old)
        if not gone and not come:
            yield Change(pointer, "changed", old, new)  # in another order, or another number of times
        for each in gone:
            yield Change(pointer, "removed", before=each)
        for each in come:
            yield Change(pointer, "added", after=each)
    else:
        yield Change(pointer, "changed", old, new)


def _beside(these: list[Any], those: list[Any]) -> list[Any]:
    """Return what of `these` is not among `those`."""
    known = {msgspec.json.encode(each, order="sorted") for each in those}
    return [each for each in these if msgspec.json.encode(each, order="sorted") not in known]
