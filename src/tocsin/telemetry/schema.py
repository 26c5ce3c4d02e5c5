"""What the fields of a format are, in one vocabulary: tables from names of a format to names of the Elastic Common Schema.

A schema is data. It says, for each kind of record of a format, which of its fields is which field of the vocabulary (`vocabulary.TYPES`), and how a
value that holds several is taken apart. `facts` applies it to an observation; what is of the wrong type for its field is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import msgspec

from tocsin.telemetry.vocabulary import accepted

Fields: TypeAlias = tuple[tuple[str, str], ...]
"""Name and text of each value of a record, as in `Observation.fields`."""
Split: TypeAlias = Callable[[str], Iterable[tuple[str, str]]]
"""Takes a value apart into names of the vocabulary and their values."""
Target: TypeAlias = str | tuple[str, ...] | Split

MOST_FACTS = 1_000


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One typed value of a record.

    Attributes:
        name: in the vocabulary, `source.ip`.
        value: in its normal spelling (lower-case hashes and addresses).
        origin: the field it was taken from, as the log names it.
    """

    name: str
    value: str
    origin: str


class Kind(msgspec.Struct, frozen=True):
    """One kind of record of a format.

    Attributes:
        category: what happened, in the words of ECS (`event.category`): `network`, `process`, `file`, `registry`, `authentication`, ...
        fields: what its fields are.
    """

    category: str
    fields: Mapping[str, Target]


class Schema(msgspec.Struct, frozen=True):
    """What the fields of a format are.

    Attributes:
        kinds: by what `choose` answers; "" is for everything else.
        choose: tells the kind of a record by its fields (the first value of each name); None: all are of the kind "".
        common: what holds for records of every kind, unless the kind says otherwise.
        strip: names begin with one of these, which the tables leave out.
    """

    kinds: Mapping[str, Kind]
    choose: Callable[[Mapping[str, str]], str] | None = None
    common: Mapping[str, Target] = {}
    strip: tuple[str, ...] = ()

    def facts(self, fields: Fields) -> tuple[str, list[Fact]]:
        """Return category and facts of a record; each fact once, in the order of the fields, at most `MOST_FACTS`."""
        strip = self.strip
        named = fields if not strip else [(_plain(name, strip), value) for name, value in fields]
        kind = self._kind(named)
        own, common = kind.fields, self.common
        found: dict[tuple[str, str], Fact] = {}
        for position, (name, value) in enumerate(named):
            target = own.get(name) or common.get(name)
            if target is None:
                continue
            for field, text in ((target, value),) if type(target) is str else _targets(target, value):
                good = accepted(field, text)
                if good is not None and (field, good) not in found and len(found) < MOST_FACTS:
                    found[field, good] = Fact(field, good, fields[position][0])
        return kind.category, list(found.values())

    def _kind(self, fields: Sequence[tuple[str, str]]) -> Kind:
        if self.choose is not None:
            found = self.kinds.get(self.choose(dict(reversed(fields))))
            if found is not None:
                return found
        return self.kinds.get("", _NOTHING)


_NOTHING = Kind("", {})


@lru_cache(maxsize=10_000)
def _plain(name: str, strip: tuple[str, ...]) -> str:
    return next((name[len(prefix) :] for prefix in strip if name.startswith(prefix)), name)


def _targets(target: Target, value: str) -> Iterable[tuple[str, str]]:
    if isinstance(target, str):
        return ((target, value),)
    if isinstance(target, tuple):
        return tuple((each, value) for each in target)
    return target(value)


def flat(category: str, fields: Mapping[str, Target]) -> Schema:
    """Return the schema of a format all of whose records are of one kind."""
    return Schema({"": Kind(category, fields)})
