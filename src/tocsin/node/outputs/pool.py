"""What the lists of one organisation are made of: the values of the indicators that it may use so, as columns, kept up to date.

Rows come as the store adds them. Of each indicator the latest version of each owner counts, and a revoked one counts as nothing; where the same version
stands in several collections or under several label sets, each is a placement of its own. Nothing is taken out: what no longer counts is dead.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from tocsin.formats.outputs import RULES
from tocsin.matching import Entry, Indicator, entries_of
from tocsin.matching.decay import DECAYING
from tocsin.matching.values import KINDS
from tocsin.stix.timestamps import micros_or_none
from tocsin.store.placed import Placed

TYPES: Final = ("indicator", "sighting")
KIND_CODES: Final = {kind: code for code, kind in enumerate((*KINDS, *RULES))}
KIND_NAMES: Final = tuple(KIND_CODES)
UNSAID: Final = 50
"""The confidence that counts where an indicator says none: the middle, so that it decays and ranks like the others."""
NEVER: Final = 1 << 62
_MOST_SIGHTED = 999_999_999  # STIX 2.1 section 5.2


class Place(msgspec.Struct, frozen=True):
    """Where a placement stands: under which label set, in which collection, asserted by whom."""

    label: int
    collection: UUID
    owner: str


class _Written(msgspec.Struct, gc=False):
    type: str
    id: str
    name: str = ""
    pattern: str = ""
    pattern_type: str = ""
    valid_from: str | None = None
    valid_until: str | None = None
    confidence: int | None = None
    sighting_of_ref: str = ""
    count: int = 1


_decode = msgspec.json.Decoder(_Written).decode


class Pool:
    """Columns of placements of indicators, of values, and of rows that join the two."""

    def __init__(
        self, owner_of: Callable[[int], str], unfit: Callable[[str, str], str], reader: str = ""
    ) -> None:
        """Begin empty.

        Args:
            owner_of: who asserts what is under a label set.
            unfit: why a value of a kind may stand in no list, or "".
            reader: whose lists they are.
        """
        self._reader = reader
        self._owner_of = owner_of
        self._unfit = unfit
        self.places: list[Place] = []
        self._place_numbers: dict[tuple[int, UUID], int] = {}
        self._owners: dict[str, int] = {}
        # placements
        self.ids: list[str] = []
        self.names: list[str] = []
        self.alive = bytearray()
        self.revoked = bytearray()
        self.version = array("q")
        self.place = array("i")
        # values
        self.texts: list[str] = []
        self.kind = bytearray()
        self.reasons: list[str] = []
        self.tie = array("Q")
        self._numbers: tuple[dict[str, int], ...] = tuple({} for _ in KIND_NAMES)
        # rows
        self.row_value = array("i")
        self.row_placement = array("i")
        self.row_owner = array("i")
        self.since = array("q")
        self.until = array("q")
        self.confidence = bytearray()
        self.decays = bytearray()
        self._latest: list[dict[str, int | tuple[int, ...]]] = []
        self._passed: dict[int, tuple[str, ...]] = {}
        self.sightings: dict[str, dict[tuple[int, str], tuple[int, int]]] = {}
        self.changes = 0
        self.dead = 0

    def take(self, found: Placed) -> None:
        """Take what the store holds of an indicator or a sighting."""
        self.changes += 1
        written = _decode(found.body)
        owner = self._owner(found.label)
        if written.type == "sighting":
            self._take_sighting(found, written, owner)
            return
        known = self._latest[owner].get(found.id)
        placements = () if known is None else (known,) if type(known) is int else known
        assert not isinstance(placements, int)
        if placements:
            held = self.version[placements[0]]
            if found.version < held or (found.version == held and self.revoked[placements[0]]):
                return
            if found.version > held or found.revoked:
                for each in placements:
                    self._end(each)
                placements = ()
        number = self._placement(found, written)
        self._latest[owner][found.id] = (*placements, number) if placements else number
        if not found.revoked:
            self._add_rows(number, owner, written)

    @property
    def is_mostly_dead(self) -> bool:
        """Whether making it anew would more than halve it."""
        return self.dead > 10_000 and 2 * self.dead > len(self.ids)

    def find(self, kind: str, text: str) -> int | None:
        """Return the number of a value; None if no indicator ever named it."""
        return self._numbers[KIND_CODES[kind]].get(text)

    def passed(self, placements: set[int] | None = None) -> Counter[str]:
        """Return how many values of living placements, or of some of them, are no single values to list, by rule of `matching.entries`."""
        found: Counter[str] = Counter()
        for number, rules in self._passed.items():
            if placements is None or number in placements:
                found.update(rules)
        return found

    @property
    def reader(self) -> int:
        """The number by which `row_owner` names whose lists they are; -1 where it asserts nothing."""
        return self._owners.get(self._reader, -1)

    def unfit(self, kind: str, value: str) -> str:
        """Return why no list may hold a value, whoever asserts it; "" where one may."""
        return self._unfit(kind, value)

    def sighted(self, indicator: str) -> int:
        """Return how often an indicator is said to have been seen."""
        said = self.sightings.get(indicator)
        return 0 if said is None else min(_MOST_SIGHTED, sum(max(0, count) for _, count in said.values()))

    def placements_of(self, indicator: str) -> list[int]:
        """Return the latest placements of an indicator, of all who assert it."""
        found: list[int] = []
        for known in self._latest:
            latest = known.get(indicator)
            if latest is not None:
                found += [latest] if isinstance(latest, int) else latest
        return found

    def _owner(self, label: int) -> int:
        name = self._owner_of(label)
        number = self._owners.get(name)
        if number is None:
            number = self._owners[name] = len(self._owners)
            self._latest.append({})
        return number

    def _take_sighting(self, found: Placed, written: _Written, owner: int) -> None:
        said = self.sightings.setdefault(written.sighting_of_ref, {})
        known = said.get((owner, found.id))
        if known is None or found.version >= known[0]:
            said[owner, found.id] = (found.version, 0 if found.revoked else written.count)

    def _end(self, placement: int) -> None:
        self.dead += self.alive[placement]
        self.alive[placement] = 0
        self._passed.pop(placement, None)

    def _placement(self, found: Placed, written: _Written) -> int:
        key = (found.label, found.collection)
        place = self._place_numbers.get(key)
        if place is None:
            place = self._place_numbers[key] = len(self.places)
            self.places.append(Place(found.label, found.collection, self._owner_of(found.label)))
        number = len(self.ids)
        self.ids.append(found.id)
        self.names.append(written.name)
        self.alive.append(not found.revoked)
        self.revoked.append(found.revoked)
        self.version.append(found.version)
        self.place.append(place)
        return number

    def _add_rows(self, number: int, owner: int, written: _Written) -> None:
        since, until = micros_or_none(written.valid_from), micros_or_none(written.valid_until)
        confidence = written.confidence
        made = Indicator(id=written.id, pattern=written.pattern, pattern_type=written.pattern_type)
        named: list[tuple[str, str]] = []
        passed: list[str] = []
        if written.pattern_type in RULES:
            named.append((written.pattern_type, written.pattern))
        else:
            for each in entries_of(made):
                if isinstance(each, Entry):
                    named.append((each.kind, each.value))
                else:
                    passed.append(each.rule)
        if passed:
            self._passed[number] = tuple(passed)
        for kind, text in named:
            self.row_value.append(self._value(kind, text))
            self.row_placement.append(number)
            self.row_owner.append(owner)
            self.since.append(-NEVER if since is None else since)
            self.until.append(NEVER if until is None else until)
            self.confidence.append(UNSAID if confidence is None else min(100, max(0, confidence)))
            self.decays.append(since is not None and kind in DECAYING)

    def _value(self, kind: str, text: str) -> int:
        code = KIND_CODES[kind]
        number = self._numbers[code].get(text)
        if number is None:
            number = self._numbers[code][text] = len(self.texts)
            self.texts.append(text)
            self.kind.append(code)
            self.reasons.append(self._unfit(kind, text))
            digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
            self.tie.append(int.from_bytes(digest, "big"))
        return number
