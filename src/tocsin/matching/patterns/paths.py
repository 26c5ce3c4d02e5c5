"""Object paths (STIX 2.1 section 9.7): from the root object to the values a comparison looks at.

A reference followed by a further step is followed within the observation; one that leads nowhere is a property that is not present,
as is an index out of range. Properties whose name ends in `_bin` or `_hex` give octets (section 9.6.4).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tocsin.matching.patterns.observed import Objects, Sco
from tocsin.stix.patterns.ast import Path, Step

Resolve: TypeAlias = Callable[[Sco, Objects], Sequence[Any]]
"""From a root object and the objects beside it to the values of a path; empty where it is not present."""

NOTHING: tuple[Any, ...] = ()
_Hop: TypeAlias = Callable[[list[Any], Objects], list[Any]]


def is_binary(path: Path) -> bool:
    """Tell whether the values of a path are octets, by the name of its last property."""
    names = [step for step in path.steps if isinstance(step, str)]
    return names[-1].endswith(("_bin", "_hex"))


def resolver(path: Path, *, native: bool = True) -> Resolve:
    """Return the way from a root object to the values of a path.

    Args:
        path: an object path.
        native: octets are decoded; without, as EXISTS asks, the values are what JSON has.
    """
    if native and is_binary(path):
        return _decoded(_resolver(path.steps), _octets_of(path))
    return _resolver(path.steps)


def _resolver(steps: tuple[Step, ...]) -> Resolve:
    if len(steps) == 1:
        (key,) = steps

        def one(root: Sco, _: Objects) -> Sequence[Any]:
            return (root[key],) if key in root else NOTHING  # type: ignore[index]

        return one
    if len(steps) == 2 and isinstance(steps[0], str) and isinstance(steps[1], str):
        return _two(steps[0], steps[1])
    hops = _hops(steps)

    def many(root: Sco, objects: Objects) -> Sequence[Any]:
        values: list[Any] = [root]
        for hop in hops:
            values = hop(values, objects)
            if not values:
                return NOTHING
        return values

    return many


def _two(first: str, second: str) -> Resolve:
    """The most frequent longer paths: `hashes.MD5` and `dst_ref.value`."""
    follows = first.endswith("_ref")

    def two(root: Sco, objects: Objects) -> Sequence[Any]:
        middle = root.get(first)
        if follows:
            middle = objects.get(middle) if type(middle) is str else None
        if type(middle) is dict and second in middle:
            return (middle[second],)
        return NOTHING

    return two


def _hops(steps: tuple[Step, ...]) -> tuple[_Hop, ...]:
    hops: list[_Hop] = []
    name = ""  # of the last property, which says whether what an index yields are references
    for position, step in enumerate(steps):
        last = position == len(steps) - 1
        if isinstance(step, str):
            name = step
            hops.append(_key(step))
            if name.endswith("_ref") and not last:
                hops.append(_follow)
        else:
            hops.append(_every if step is None else _index(step))
            if name.endswith("_refs") and not last:
                hops.append(_follow)
                name = ""
    return tuple(hops)


def _key(name: str) -> _Hop:
    return lambda values, _: [each[name] for each in values if type(each) is dict and name in each]


def _index(place: int) -> _Hop:
    return lambda values, _: [each[place] for each in values if type(each) is list and place < len(each)]


def _every(values: list[Any], _: Objects) -> list[Any]:
    return [member for each in values if type(each) is list for member in each]


def _follow(values: list[Any], objects: Objects) -> list[Any]:
    # each object once: references that lead in circles would otherwise multiply with every `[*]`
    named = dict.fromkeys(each for each in values if type(each) is str)
    return [objects[each] for each in named if each in objects]


def _decoded(resolve: Resolve, octets: Callable[[str], bytes | None]) -> Resolve:
    def decoded(root: Sco, objects: Objects) -> Sequence[Any]:
        found: list[Any] = []
        for value in resolve(root, objects):
            native = octets(value) if type(value) is str else value
            if native is not None:  # what cannot be decoded is data that cannot be obtained (section 9.6)
                found.append(native)
        return found

    return decoded


def _octets_of(path: Path) -> Callable[[str], bytes | None]:
    names = [step for step in path.steps if isinstance(step, str)]
    return _from_hex if names[-1].endswith("_hex") else _from_base64


def _from_hex(text: str) -> bytes | None:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return None


def _from_base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None
