"""Everything that an organisation may hunt for at one moment, in the form of a file: the index, and the placements that it was made of.

A file is of use to nobody but the one who asks for exactly what it was made for (`Asked`). Placements are arrays beside the index, so that a catalogue
that follows the store (`node.following`) knows what it holds without making an object of each. Tags of indicators are their numbers in the index.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec
import numpy as np

from tocsin import __version__
from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Indicator, archive
from tocsin.matching.clues import CLUE, Clues
from tocsin.matching.values import Kind
from tocsin.node.catalogue import Row, latest, wanted_of
from tocsin.node.clearances import Snapshot
from tocsin.node.evaluating import Evaluated

VERSION: Final = 1
_ABOUT: Final = "about"


class Asked(msgspec.Struct, frozen=True):
    """For whom a stock is, of what, and in which state of the node. What was made under another is not looked at.

    Attributes:
        database: a digest of where it is.
        organisation: who asks; always the node's own.
        ceiling: as `Clearances.get` takes it.
        labels: the label sets that its clearance allows.
        generation: what decisions rested on.
        types: of objects.
        rules: what reads patterns and writes files.
    """

    database: str
    organisation: str
    ceiling: str
    labels: tuple[int, ...]
    generation: int
    types: tuple[str, ...]
    rules: tuple[str, int, int] = (__version__, archive.VERSION, VERSION)

    @property
    def name(self) -> str:
        """The name of its file: the generation, so that older ones are known, and a digest of all of it."""
        return f"{self.generation}-{hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:32]}.index"


class _About(msgspec.Struct, frozen=True):
    asked: Asked
    collections: list[UUID]
    standing: int
    passed: dict[str, int]
    examples: dict[str, tuple[str, str]]
    patterns: dict[int, str]
    clues: list[tuple[Kind, str]]
    needles: list[str]
    everywhere: bool
    rules: list[int]


class _Arrays(NamedTuple):
    """Placements in the order of dates added, and two ways to them.

    Attributes:
        cursors, versions, labels: as in `Row`.
        places: number of the collection.
        revoked: 1 or 0.
        tags: what each says.
        ids, by_id: hashes of the ids of indicators, ascending, and the placement of each.
        starts, said: the placements by which each indicator is asserted now, one indicator after the other, and where each begins.
    """

    cursors: Any
    versions: Any
    labels: Any
    places: Any
    revoked: Any
    tags: Any
    ids: Any
    by_id: Any
    starts: Any
    said: Any


_TYPES: Final = dict(
    zip(_Arrays._fields, ("<i8", "<i8", "<i8", "<u4", "|u1", "<u4", "<u8", "<u4", "<u4", "<u4"), strict=True)
)


def pack(rows: Sequence[Row], snapshot: Snapshot, asked: Asked) -> tuple[Index, dict[str, bytes]]:
    """Return the index of what placements say, and what is to be kept with it.

    Of each indicator the latest version of each owner counts; where that is revoked, what the owner said before is gone. One
    owner's revocation does not touch what another asserts under the same id.
    """
    tags: dict[Indicator, int] = {}
    for row in rows:
        tags.setdefault(row.indicator, len(tags))
    indicators = [msgspec.structs.replace(each, tag=tag) for each, tag in tags.items()]
    asserted: dict[int, list[int]] = {}  # two owners that say the same are one indicator with two sources
    for number in latest(rows, snapshot):
        asserted.setdefault(tags[rows[number].indicator], []).append(number)
    made = wanted_of((indicators[tag], rows[some[0]].data) for tag, some in asserted.items())
    places = list(dict.fromkeys(row.collection for row in rows))
    about = _About(
        asked, places, len(asserted), made.passed, made.examples, made.evaluated.texts,
        [(each.kind, each.value) for each in made.evaluated.clues.entries],
        [*made.evaluated.clues.needles], made.evaluated.clues.everywhere, [*made.rules],
    )  # fmt: skip
    arrays = _arrays(rows, tags, {each: number for number, each in enumerate(places)}, asserted)
    extra = {name: np.asarray(array, _TYPES[name]).tobytes() for name, array in arrays._asdict().items()}
    return Index.build(made.entries, indicators), {_ABOUT: msgspec.json.encode(about)} | extra


def _arrays(
    rows: Sequence[Row],
    tags: Mapping[Indicator, int],
    places: Mapping[UUID, int],
    asserted: Mapping[int, list[int]],
) -> _Arrays:
    ids = np.fromiter((_hashed(row.indicator.id) for row in rows), np.uint64, len(rows))
    order = np.argsort(ids, kind="stable")
    counts = np.zeros(len(tags) + 1, np.int64)
    for tag, some in asserted.items():
        counts[tag + 1] = len(some)
    return _Arrays(
        [row.cursor for row in rows],
        [row.version for row in rows],
        [row.label for row in rows],
        [places[row.collection] for row in rows],
        [row.revoked for row in rows],
        [tags[row.indicator] for row in rows],
        ids[order],
        order,
        np.cumsum(counts),
        [number for tag in sorted(asserted) for number in asserted[tag]],
    )


def _hashed(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest())


class Stock:
    """A stock that is mapped.

    Attributes:
        index: of all that is asserted.
        asked: what it was made for.
        standing: how many indicators are asserted.
        tags: how many tags there are: also of what is not asserted any more.
        passed, examples, evaluated, rules: as in `Catalogue`.
        cursors, labels: of all placements, in the order of dates added.
    """

    def __init__(self, index: Index, extra: Mapping[str, memoryview]) -> None:
        """Take what `pack` made, as it was read again.

        Raises:
            FormatError: it is no stock, or damaged.
        """
        try:
            about = msgspec.json.decode(extra[_ABOUT], type=_About)
            self._rows = _Arrays(*(np.frombuffer(extra[name], _TYPES[name]) for name in _Arrays._fields))
        except (KeyError, ValueError) as error:  # msgspec's errors are of these
            raise FormatError(f"this is no stock of indicators: {error}") from error
        self.index, self.asked, self.standing = index, about.asked, about.standing
        self._places = about.collections
        self._indicators = index.base.indicators
        self.tags = len(self._rows.starts) - 1
        self._check()
        self.cursors, self.labels = self._rows.cursors, self._rows.labels
        self.passed, self.examples = about.passed, about.examples
        clues = Clues(
            tuple(Entry(kind, value, CLUE) for kind, value in about.clues),
            tuple(about.needles),
            about.everywhere,
        )
        self.evaluated = Evaluated(
            {tag: self._indicators[tag] for tag in about.patterns}, about.patterns, clues
        )
        self.rules = {tag: self._indicators[tag] for tag in about.rules}

    def _check(self) -> None:
        """Make sure that what is used as a position is one."""
        rows = self._rows
        count = len(rows.cursors)
        right = (
            all(len(each) == count for each in rows[:8])
            and 0 <= self.tags <= len(self._indicators)
            and all(
                int(each.max(initial=-1)) < count
                for each in (rows.by_id.astype(np.int64), rows.said.astype(np.int64))
            )
            and int(rows.places.astype(np.int64).max(initial=-1)) < len(self._places)
            and int(rows.tags.astype(np.int64).max(initial=-1)) < self.tags
            and int(rows.starts[-1]) == len(rows.said)
            and bool(np.all(rows.starts[1:] >= rows.starts[:-1]))
        )
        if not right:
            raise FormatError("the stock of indicators is damaged: its sections do not fit one another")

    @property
    def last(self) -> int:
        """The last date added, in µs; -1 of nothing."""
        return int(self.cursors[-1]) if len(self.cursors) else -1

    def indicator(self, tag: int) -> Indicator:
        """Return an indicator."""
        return self._indicators[tag]

    def asserted(self, tag: int) -> list[tuple[int, UUID]]:
        """Return label set and collection of each placement by which an indicator is asserted."""
        rows = self._rows
        return [
            (int(rows.labels[number]), self._places[rows.places[number]])
            for number in rows.said[rows.starts[tag] : rows.starts[tag + 1]]
        ]

    def standing_tags(self, apart_from: Any) -> list[int]:
        """Return what is asserted, without what the placements are about whose numbers are true in `apart_from`."""
        rows = self._rows
        asserted = np.flatnonzero(rows.starts[1:] > rows.starts[:-1])
        return asserted[~apart_from[rows.said[rows.starts[asserted]]]].tolist()  # type: ignore[no-any-return]

    def number_at(self, cursor: int) -> int | None:
        """Return the number of the placement that was added at a date."""
        at = int(np.searchsorted(self.cursors, cursor))
        return at if at < len(self.cursors) and self.cursors[at] == cursor else None

    def id_of(self, number: int) -> str:
        """Return the id of what a placement is of."""
        return self._indicators[int(self._rows.tags[number])].id

    def placements(self, name: str) -> Iterator[tuple[int, int, Row]]:
        """Yield number, tag and row of all placements of an id."""
        rows = self._rows
        hashed = np.uint64(_hashed(name))
        first = int(np.searchsorted(rows.ids, hashed, "left"))
        end = int(np.searchsorted(rows.ids, hashed, "right"))
        for number in sorted(rows.by_id[first:end].tolist()):
            tag = int(rows.tags[number])
            indicator = self._indicators[tag]
            if indicator.id == name:
                yield number, tag, Row(
                    int(rows.cursors[number]), int(rows.versions[number]), bool(rows.revoked[number]),
                    int(rows.labels[number]), self._places[rows.places[number]],
                    msgspec.structs.replace(indicator, tag=0), None,
                )  # fmt: skip
