"""Patterns that no value alone meets, evaluated on the records of logs: which ones, which records, and which lines together met them.

Records become objects only where a clue says so (`tocsin.matching.clues`). What a later record may complete is kept by the streams of
`tocsin.matching.patterns`, which are bounded; of each record that may yet be named, its place and the beginning of its line are kept, and no more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property

import msgspec

from tocsin.clock import Micros
from tocsin.matching import Indicator
from tocsin.matching.clues import CLUE, Clues, clues_of, possible, union
from tocsin.matching.entries import entry_of
from tocsin.matching.patterns import Observed, PatternHit, PatternSet, compile_patterns
from tocsin.matching.patterns.observed import Objects
from tocsin.stix.patterns import Pattern, parse, render
from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Comparison,
    Constant,
    Either,
    Expression,
    Observation,
    Qualified,
    Repeats,
    Test,
)
from tocsin.stix.patterns.render import render_path
from tocsin.telemetry import Log
from tocsin.telemetry import Observation as Record
from tocsin.telemetry.observed import GIVEN, sketch
from tocsin.telemetry.schemas import typed

TEXT = 2000
"""Characters of a line that are kept."""
_FORGET_FROM = 10_000  # places that are remembered before those that nothing needs are looked for
# Values that records bear in one spelling: a pattern that writes them otherwise means the same.
_SPELLED = {"domain", "email", "ipv4", "ipv6", "md5", "sha1", "sha256", "sha512"}


class Part(msgspec.Struct, frozen=True, gc=False):
    """A record that, with others or alone, met a pattern.

    Attributes:
        file, line, offset, at, host, text, digest: as in `node.hunt.Hit`.
        values: object path and value of what was asked for.
    """

    file: str
    line: int
    offset: int
    at: Micros | None
    host: str | None
    text: str
    digest: str
    values: tuple[tuple[str, str], ...] = ()


class Evaluated(msgspec.Struct, frozen=True):
    """Patterns to be evaluated.

    Attributes:
        indicators: whose they are, by `Indicator.tag`.
        texts: the patterns, with values in the spelling that records have.
        clues: what a record must hold to be looked at.
    """

    indicators: dict[int, Indicator] = {}
    texts: dict[int, str] = {}
    clues: Clues = Clues()

    def __len__(self) -> int:
        return len(self.indicators)

    def only(self, tags: Collection[int]) -> Evaluated:
        """Return some of the patterns, with the clues of all."""
        return Evaluated(
            {tag: self.indicators[tag] for tag in tags}, {tag: self.texts[tag] for tag in tags}, self.clues
        )

    def alone(self, tags: Collection[int]) -> Evaluated:
        """Return some of the patterns, with their own clues."""
        return msgspec.structs.replace(
            self.only(tags), clues=union(clues_of(parse(self.texts[tag])) for tag in tags)
        )

    def several(self) -> set[int]:
        """Return whose patterns several records can meet together."""
        return {tag for tag, text in self.texts.items() if _takes_several(parse(text).expression)}

    def compiled(self, *, any_time: bool) -> PatternSet:
        """Compile the patterns, for the time that their indicators hold or for any."""
        return compile_patterns(
            (str(tag), text, None, None) if any_time else (str(tag), text, each.valid_from, each.valid_until)
            for tag, text in self.texts.items()
            for each in (self.indicators[tag],)
        )


def merged(one: Evaluated, other: Evaluated, *, without: Collection[int] = ()) -> Evaluated:
    """Return the patterns of both, without those of some tags; clues of what is left out stay."""
    if not len(other) and not any(tag in one.indicators for tag in without):
        return one
    indicators = {t: each for t, each in {**one.indicators, **other.indicators}.items() if t not in without}
    texts = {**one.texts, **other.texts}
    return Evaluated(indicators, {tag: texts[tag] for tag in indicators}, union((one.clues, other.clues)))


class Unmet(msgspec.Struct, frozen=True):
    """A pattern that is not evaluated: `rule` and `reason` as in `tocsin.matching.Passed`."""

    indicator: str
    rule: str
    reason: str


def evaluated(wanted: Iterable[tuple[Indicator, Pattern]]) -> tuple[Evaluated, list[Unmet]]:
    """Return patterns ready for evaluation, and those that are left out."""
    indicators: dict[int, Indicator] = {}
    texts: dict[int, str] = {}
    clues: list[Clues] = []
    unmet: list[Unmet] = []
    for indicator, pattern in wanted:
        if not possible(pattern, GIVEN):
            unmet.append(Unmet(indicator.id, "kind", "no log says what its pattern asks for"))
            continue
        text = render(Pattern(_spelled(pattern.expression)))
        refused = compile_patterns([(indicator.id, text, None, None)]).refused
        if refused:
            unmet.append(
                Unmet(indicator.id, "pattern", f"its pattern cannot be evaluated: {refused[0].reason}")
            )
            continue
        indicators[indicator.tag], texts[indicator.tag] = indicator, text
        clues.append(clues_of(pattern))
    return Evaluated(indicators, texts, union(clues)), unmet


class Met(msgspec.Struct, frozen=True):
    """A pattern that was met: by which records, in the order of their lines; the last to be read is the last."""

    indicator: Indicator
    parts: tuple[Part, ...]


class Evaluator:
    """Evaluates the patterns of a catalogue on one record after the other."""

    def __init__(self, wanted: Evaluated, *, any_time: bool = False, lateness: Micros | None = None) -> None:
        """Begin with nothing seen.

        Args:
            wanted: the patterns.
            any_time: evaluate also outside of the time that an indicator holds.
            lateness: how late a record may come, in µs; None: in any order (`PatternSet.stream`).
        """
        self._wanted = wanted
        self._any_time = any_time
        self._undated: Micros = 0
        self._stream = wanted.compiled(any_time=any_time).stream(lateness=lateness)
        self._places: dict[int, Part] = {}
        self._next = 0
        self._forget_at = _FORGET_FROM

    @property
    def tags(self) -> Collection[int]:
        """Whose patterns these are."""
        return self._wanted.indicators

    @cached_property
    def alone(self) -> Evaluator:
        """The patterns that one record meets, for records that must not be put together with others."""
        single = self._wanted.indicators.keys() - self._wanted.several()
        return Evaluator(self._wanted.only(single), any_time=self._any_time)

    @property
    def dropped(self) -> int:
        """Records forgotten because a pattern kept too many of their sort, and searches given up: a hit with one of them may be missed."""
        return self._stream.dropped + self._stream.abandoned

    def feed(self, file: str, record: Record, log: Log, *, now: Micros) -> list[Met]:
        """Return the patterns that a record of a log meets, alone or with others before it.

        Args:
            file: name of the log.
            record: of it.
            log: its format.
            now: stands for the time of records that have none; those are taken to have happened in the order in which they come.
        """
        return self.take(file, record, sketch(typed(record, log)), now=now)

    def take(self, file: str, record: Record, objects: Objects, *, now: Micros) -> list[Met]:
        """As `feed`, for the objects of a record."""
        if not objects:
            return []
        place = self._next
        at = record.at
        if at is None:
            at = self._undated = max(self._undated + 1, now)
        self._next += 1
        hits = self._stream.feed(Observed(objects, at, at))
        self._places[place] = Part(
            file, record.line, record.offset, record.at, record.host,
            record.raw[: 4 * TEXT].decode("utf-8", "replace")[:TEXT], hashlib.sha256(record.raw).hexdigest(),
        )  # fmt: skip
        found = [self._met(hit) for hit in hits]
        if len(self._places) >= self._forget_at:
            held = self._stream.held()
            self._places = {number: each for number, each in self._places.items() if number in held}
            self._forget_at = 2 * len(self._places) + _FORGET_FROM
        return found

    def _met(self, hit: PatternHit) -> Met:
        parts = []
        for number in hit.observations:
            values = [(each.path, _text(each.value)) for each in hit.bindings if each.observation == number]
            parts.append(msgspec.structs.replace(self._places[number], values=tuple(values)))
        return Met(self._wanted.indicators[int(hit.id)], tuple(parts))


def can_evaluate(log: Log) -> bool:
    """Tell whether the records of a log can say anything that patterns ask for."""
    return log.schema is not None or log.escapes == "json"


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _takes_several(node: Expression) -> bool:
    match node:
        case Observation():
            return False
        case Qualified():
            return _takes_several(node.expression) or any(isinstance(q, Repeats) for q in node.qualifiers)
        case Either():
            return any(map(_takes_several, node.operands))
        case _:
            return True


def _spelled(node: Expression) -> Expression:
    match node:
        case Observation():
            return Observation(_spelled_test(node.test))
        case Qualified():
            return Qualified(_spelled(node.expression), node.qualifiers)
        case _:
            return type(node)(tuple(map(_spelled, node.operands)))


def _spelled_test(test: Test) -> Test:
    match test:
        case Comparison():
            if test.operator not in {"=", "!=", "IN"} or test.value is None:
                return test
            path = render_path(test.path)
            value = (
                tuple(_spelled_value(path, each) for each in test.value)
                if isinstance(test.value, tuple)
                else _spelled_value(path, test.value)
            )
            return Comparison(test.path, test.operator, value, test.negated)
        case AllOf() | AnyOf():
            return type(test)(tuple(map(_spelled_test, test.operands)))


def _spelled_value(path: str, value: Constant) -> Constant:
    if not isinstance(value, str):
        return value
    entry = entry_of(path, value, CLUE)
    return entry.value if entry is not None and entry.kind in _SPELLED else value


def join(values: Sequence[Part]) -> str:
    """Return one digest of several lines."""
    return hashlib.sha256("".join(each.digest for each in values).encode()).hexdigest()
