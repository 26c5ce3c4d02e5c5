"""Sigma rules over logs: records to the engine, hits with their places, and what correlations make of them.

Of logs in JSON every block is asked about before its reader comes to it (`Look`): only lines of which a rule holds become observations, so that the others
cost no more than decoding. All other logs are read whole.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeAlias

import msgspec
import orjson

from tocsin.clock import Micros
from tocsin.matching.blocks import line_spans
from tocsin.matching.sigma import Engine, Event, Found, RuleSet, correlate
from tocsin.matching.sigma.correlating import MAX_EVENTS, fields_of
from tocsin.matching.sigma.correlations import Correlation
from tocsin.matching.sigma.kinds import Kind
from tocsin.matching.sigma.records import Record, found
from tocsin.matching.sigma.rules import Rule
from tocsin.matching.sigma.sources import CLOUD, kind, with_parts
from tocsin.matching.sigma.windows import numbers_of, record_and_kind
from tocsin.node.logs import OpenLog, Reading, open_logs
from tocsin.telemetry import MalformedLine, Observation, Tally
from tocsin.telemetry.containers import UNREAD
from tocsin.telemetry.quarantine import Quarantine
from tocsin.telemetry.schemas import of_record, typed

WINDOWS: Final = {"windows_json", "windows_evtx", "windows_xml"}
"""Formats of Windows events."""
_TEXT = 2_000
_EXAMPLES = 5
_REMEMBERED = 1 << 16


class Options(msgspec.Struct, frozen=True):
    """How rules are run.

    Attributes:
        reading: format and time zone of the logs.
        quarantine: keeps lines that are not of their log's format.
        most: most hits of one rule that are handed on; further ones are counted, and correlations still see them.
        assumed: log source that all records are taken for, whatever their format is.
    """

    reading: Reading | None = None
    quarantine: Quarantine | None = None
    most: int = 10_000
    assumed: Kind | None = None


class Hit(msgspec.Struct, frozen=True, gc=False):
    """A rule that holds of a record.

    Attributes:
        number: of the hit, from 0; correlations name hits by it.
        rule: which.
        file, line, offset: where; the offset is in bytes of the unpacked log.
        at, host: of the record, if it says.
        fields: what the rule's author wants to be shown (`fields`), as far as it is there.
        text: the line, or its first 2,000 characters.
    """

    number: int
    rule: Rule
    file: str
    line: int
    offset: int
    at: Micros | None
    host: str | None
    fields: dict[str, str]
    text: str


class Report(msgspec.Struct):
    """How a run goes, or went.

    Attributes:
        hits: by position of the rule.
        held_back: hits beyond `Options.most`.
        timeless: hits of rules that correlations ask for, of records without a time: they correlate with nothing.
        uncorrelated: hits that correlations did not see since there were too many.
        unmatched: records of kinds that no rule is for.
        lines, bytes: of unpacked logs; `records` were read.
        malformed, examples, faults, formats: as in `node.hits.Report`.
    """

    hits: Counter[int] = msgspec.field(default_factory=Counter)
    held_back: int = 0
    timeless: int = 0
    uncorrelated: int = 0
    unmatched: int = 0
    lines: int = 0
    bytes: int = 0
    malformed: int = 0
    examples: list[tuple[str, str]] = msgspec.field(default_factory=list)
    faults: list[tuple[str, str]] = msgspec.field(default_factory=list)
    formats: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: float = 0.0


class Run:
    """One run of rules over some logs. `report` is right at any moment; `order` is the number of the record that is judged."""

    def __init__(self, rules: RuleSet, options: Options | None = None) -> None:
        """Prepare to run a set of rules."""
        self.rules = rules
        self.engine = Engine.of(rules.rules)
        self.report = Report()
        self._options = options or Options()
        self._numbers = numbers_of(rules.rules)
        self._asked: dict[int, set[str]] = _asked(rules)
        self._events: list[Event] = []
        self.order = 0

    def run(self, paths: Iterable[str], *, on_read: Callable[[int], None] | None = None) -> Iterator[Hit]:
        """Yield the hits in the logs at `paths` (`node.logs.open_logs`), also those that only correlations ask for."""
        began = time.perf_counter()
        report = self.report
        for log in open_logs(
            paths,
            on_read=on_read or (lambda count: None),  # noqa: ARG005
            on_fault=lambda name, why: report.faults.append((name, why)),
            reading=self._options.reading,
        ):
            report.formats[log.log.name] += 1
            yield from self._log(log)
            report.seconds = time.perf_counter() - began

    def correlated(self) -> list[Found]:
        """Return what the hits so far come together to."""
        return correlate(self.rules.correlations, self._events)

    def _log(self, log: OpenLog) -> Iterator[Hit]:
        tally = Tally()
        before = (self.report.lines, self.report.bytes)
        judge = self.judge_of(log)
        for record in log.log.read(
            log.stream,
            log.name,
            look=judge.spans if isinstance(judge, AtOnce) else None,
            tally=tally,
            reference=log.reference,
        ):
            self.report.lines, self.report.bytes = before[0] + tally.lines, before[1] + tally.bytes
            if isinstance(record, MalformedLine):
                self._malformed(log, record)
                continue
            self.order += 1
            fields, rules = judge.rules_of(record)
            for number in rules:
                hit = self._hit(log, record, fields, number)
                if hit is not None:
                    yield hit
        self.report.lines, self.report.bytes = before[0] + tally.lines, before[1] + tally.bytes

    def judge_of(self, log: OpenLog) -> Judge:
        """Return what judges the records of a log."""
        return AtOnce(self, log) if _is_native(log, self._options) else AsRead(self, log)

    def judge(self, name: str, raw: bytes, record: Record) -> tuple[Record, list[int]]:
        """Return a record of a format that is asked under its own names as rules see it, and the rules that hold of it."""
        if self._options.assumed is not None:
            at = self._options.assumed
        elif name in WINDOWS:
            record, at = record_and_kind(record, self._numbers)
        else:
            at = CLOUD[name]
        return record, self._matched(at, record, raw, "")

    def judge_typed(
        self, record: dict[str, Any], form: str, category: str, line: str
    ) -> tuple[Record, list[int]]:
        """As `judge`, for a record of any other format."""
        whole = with_parts(record, line)
        at = self._options.assumed or kind(form, whole, category)
        return whole, self._matched(at, whole, b"", line)

    def _matched(self, at: Kind, record: Record, raw: bytes, line: str) -> list[int]:
        group = self.engine.group(at)
        self.report.unmatched += not len(group)
        return group.match(record, raw, line)

    def _malformed(self, log: OpenLog, record: MalformedLine) -> None:
        report = self.report
        if record.rule == UNREAD:
            report.faults.append((log.name, record.reason))
            return
        report.malformed += 1
        if len(report.examples) < _EXAMPLES:
            report.examples.append((f"{log.name}:{record.line}", record.reason))
        if self._options.quarantine is not None:
            self._options.quarantine.keep(log.name, record)

    def _hit(self, log: OpenLog, record: Observation, fields: Record, number: int) -> Hit | None:
        rule = self.engine.rules[number]
        position = self.report.hits.total()
        self.report.hits[number] += 1
        if number in self._asked:
            self.remember(rule, record, fields, number, position)
        if self.report.hits[number] > self._options.most:
            self.report.held_back += 1
            return None
        shown = {
            name: texts[0] for name in rule.fields if (texts := found(fields, name)) and texts[0] is not None
        }
        text = record.raw[: 4 * _TEXT].decode("utf-8", "replace")[:_TEXT]
        return Hit(position, rule, log.name, record.line, record.offset, record.at, record.host, shown, text)

    def is_asked(self, number: int) -> bool:
        """Tell whether correlations ask for hits of a rule."""
        return number in self._asked

    def remember(self, rule: Rule, record: Observation, fields: Record, number: int, position: int) -> None:
        """Keep a hit for the correlations, which name it by `position`."""
        event = self.event(rule, record, fields, number, position)
        if event is None:
            self.report.timeless += 1
        elif len(self._events) >= MAX_EVENTS:
            self.report.uncorrelated += 1
        else:
            self._events.append(event)

    def event(
        self, rule: Rule, record: Observation, fields: Record, number: int, position: int
    ) -> Event | None:
        """Return a hit as correlations see it, which name it by `position`; None of a record without a time: it correlates with nothing."""
        if record.at is None:
            return None
        texts = {name: found(fields, name) for name in self._asked[number]}
        values = {name: each[0] if each else None for name, each in texts.items()}
        return Event(record.at, self.order, rule.head.names, values, position)


def _asked(rules: RuleSet) -> dict[int, set[str]]:
    """Return, by position of a rule, the fields of its records that correlations ask for."""
    wanted: dict[int, set[str]] = {}
    for number, rule in enumerate(rules.rules):
        mine: list[Correlation] = [
            each for each in rules.correlations if set(each.rules).intersection(rule.head.names)
        ]
        if mine:
            wanted[number] = set().union(*(fields_of(each, rule.head.names) for each in mine))
    return wanted


def _is_native(log: OpenLog, options: Options) -> bool:
    named = log.log.name in WINDOWS or log.log.name in CLOUD
    return log.log.escapes == "json" and (named or options.assumed is not None)


class AtOnce:
    """Blocks of a log whose records are asked as they are; what was found is kept until the reader comes to the line."""

    def __init__(self, run: Run, log: OpenLog) -> None:
        """Judge by the rules of a run."""
        self._run = run
        self._name = log.log.name
        self._found: dict[bytes, tuple[Record, list[int]]] = {}

    def spans(self, block: bytes) -> list[tuple[int, int]]:
        """Return the lines of a block of which a rule holds, and those that are no JSON."""
        self._found.clear()
        telling = []
        judge = self._run.judge
        for start, end in line_spans(block):
            raw = block[start:end]
            if not raw:
                continue
            try:
                record = orjson.loads(raw)
            except orjson.JSONDecodeError:
                telling.append((start, end))
                continue
            if type(record) is not dict:
                telling.append((start, end))
                continue
            judged = judge(self._name, raw, record)
            if judged[1]:
                self._found[raw] = judged
                telling.append((start, end))
        return telling

    def rules_of(self, record: Observation) -> tuple[Record, list[int]]:
        """Return what was found in a line; a record of several lines is judged here."""
        judged = self._found.get(record.raw)
        if judged is not None:
            return judged
        inner = _json(record.raw)
        return ({}, []) if inner is None else self._run.judge(self._name, record.raw, inner)


class AsRead:
    """Records that are asked once they are read."""

    def __init__(self, run: Run, log: OpenLog) -> None:
        """Judge by the rules of a run."""
        self._run = run
        self._log = log

    def rules_of(self, record: Observation) -> tuple[Record, list[int]]:
        """Return the fields of a record under all names they have, and the rules that hold of it."""
        log = self._log.log
        of = of_record(record, log)
        if of.name in WINDOWS or of.name in CLOUD:
            inner = _json(record.raw)
            if inner is not None:
                return self._run.judge(of.name, record.raw, inner)
            events = _gathered((_of_xml(name), value) for name, value in record.fields)
            return self._run.judge(of.name, b"", events)
        said = typed(record, log)
        fields = _json(record.raw) if of.escapes == "json" else None
        fields = _gathered(record.fields) if fields is None else fields
        for name, value in _gathered((fact.name, fact.value) for fact in said.facts).items():
            fields.setdefault(name, value)
        line = "" if of.escapes == "json" else record.raw.decode("utf-8", "replace")
        return self._run.judge_typed(fields, of.name, said.category, line)


Judge: TypeAlias = AtOnce | AsRead


def _json(raw: bytes) -> dict[str, Any] | None:
    try:
        made = orjson.loads(raw.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        return None
    return made if isinstance(made, dict) else None


def _of_xml(name: str) -> str:
    """Return the name that rules have for a field of an event in XML: `Provider_Name`, `Image`."""
    head, _, _ = name.partition(".")
    return name.rpartition(".")[2] if head in {"EventData", "UserData"} else name.replace(".", "_")


def _gathered(fields: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return fields as a map; one that is there several times becomes a list."""
    made: dict[str, Any] = {}
    for name, value in fields:
        text = (
            value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
            if not value.isascii()
            else value
        )
        held = made.get(name)
        if held is None:
            made[name] = text
        elif isinstance(held, list):
            held.append(text)
        else:
            made[name] = [held, text]
    return made
