"""Sigma rules among the indicators, judged on the records that a hunt reads anyway.

Rules are asked of records of formats that say what their fields mean; plain text has none. Correlations need all hits of a hunt: they are looked at when
it has ended; in a watch, whose logs do not end, as hits come (`Standing`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

import msgspec

from tocsin.clock import Micros
from tocsin.matching import Indicator
from tocsin.matching.sigma import Found, RuleSet, read
from tocsin.matching.sigma.correlating import MAX_EVENTS
from tocsin.matching.sigma.records import Record, found
from tocsin.matching.sigma.rules import Head, Refused, Rule
from tocsin.matching.sigma.sources import CLOUD
from tocsin.matching.sigma.streaming import Stream
from tocsin.node import sigma
from tocsin.node.evaluating import TEXT, Part
from tocsin.node.logs import OpenLog
from tocsin.node.remembering import Kept
from tocsin.telemetry import Observation

_SHOWN = 300


class Ruled(msgspec.Struct, frozen=True):
    """A rule that holds: whose it is, what it says about itself, and of which records; the last to be read is the last.

    Attributes:
        values: name and value of the fields that the rule's author wants to be shown.
    """

    indicator: Indicator
    head: Head
    parts: tuple[Part, ...]
    values: tuple[tuple[str, str], ...] = ()


class Ruling:
    """The rules of some indicators, made ready. Not to be used by two threads at a time.

    Attributes:
        refused: rules that are not evaluated, by id of their indicator, and why.
        correlations: how many there are.
    """

    def __init__(self, indicators: Mapping[int, Indicator], *, correlating: bool) -> None:
        """Read rules.

        Args:
            indicators: whose patterns they are, by tag.
            correlating: keep what hits for the correlations among them (`correlated`).
        """
        self.indicators = indicators
        rules = _read(indicators)
        self.correlations = len(rules.correlations)
        self.refused = [(indicators[_tag(each.where)].id, each.reason) for each in rules.refused]
        kept = rules if correlating else msgspec.structs.replace(rules, correlations=())
        self._rules = rules
        self._run = sigma.Run(kept)
        self._places: list[Part] = []

    def __len__(self) -> int:
        return len(self._rules.rules)

    def judge(self, log: OpenLog) -> sigma.Judge | None:
        """Return what judges the records of a log, None where no rule is for such."""
        name = log.log.name
        if name == "text":
            return None
        if name in CLOUD:
            asked = len(self._run.engine.group(CLOUD[name])) > 0
        else:
            products = {rule.source.product for rule in self._rules.rules}
            asked = bool(products & {"", "windows"} if name in sigma.WINDOWS else products - _ELSEWHERE)
        return self._run.judge_of(log) if asked else None

    def held(self, judge: sigma.Judge, name: str, record: Observation) -> Iterator[Ruled]:
        """Yield the rules that hold of a record of the log of this name, and what a watch sees come together with it."""
        self._run.order += 1
        fields, numbers = judge.rules_of(record)
        if not numbers:
            return
        part = Part(
            name, record.line, record.offset, record.at, record.host,
            record.raw[: 4 * TEXT].decode("utf-8", "replace")[:TEXT], hashlib.sha256(record.raw).hexdigest(),
        )  # fmt: skip
        for number in numbers:
            rule = self._run.engine.rules[number]
            if self._run.is_asked(number):
                self._asked_for(rule, record, fields, number, part)
            indicator = self.indicators.get(_tag(rule.head.where))
            if indicator is not None and self._rules.reported(rule):
                yield Ruled(indicator, rule.head, (part,), _values(rule, fields))
        yield from self._come_together()

    def _asked_for(self, rule: Rule, record: Observation, fields: Record, number: int, part: Part) -> None:
        """Keep a hit that correlations ask for."""
        if len(self._places) < MAX_EVENTS:
            self._run.remember(rule, record, fields, number, len(self._places))
            self._places.append(part)

    def _come_together(self) -> Iterator[Ruled]:
        """Yield what came together with the record at hand; in a hunt that is seen at its end."""
        return iter(())

    def correlated(self) -> Iterator[Ruled]:
        """Yield what the hits so far come together to."""
        yield from self._ruled(self._run.correlated(), dict(enumerate(self._places)))

    def _ruled(self, some: Iterable[Found], places: Mapping[int, Part]) -> Iterator[Ruled]:
        for each in some:
            correlation = each.correlation
            indicator = self.indicators.get(_tag(correlation.head.where))
            if indicator is not None and self._rules.reported(correlation):
                parts = tuple(places[origin] for origin in each.origins if origin in places)
                group = tuple((name, value) for name, value in each.group.items() if value is not None)
                if parts:
                    yield Ruled(indicator, correlation.head, parts, group)


class Standing(Ruling):
    """The rules of a watch: correlations are found as hits come.

    Time is that of the newest hit, and goes on from there as the clock does: old logs are read as they were written. What claims to be of the future
    correlates with nothing.

    Attributes:
        now: by the clock, in µs; the caller sets it.
    """

    def __init__(self, indicators: Mapping[int, Indicator], *, now: Micros, late: Micros) -> None:
        """Read rules; `late` says by how many µs records may come late. Before the first record `resume` is told what was before it."""
        super().__init__(indicators, correlating=True)
        self.now = now
        self._stream = Stream(self._rules.correlations)
        self._late = late
        self._newest: Micros | None = None
        self._newest_came = now
        self._by_order: dict[int, Part] = {}
        self._hits: list[Kept] = []  # of the record at hand
        self._fresh: list[Kept] = []

    @property
    def oldest(self) -> Micros | None:
        """From when on hits may still come together with others, in µs; None: there were none."""
        moment = self._moment()
        return None if moment is None else moment - self._stream.span

    def _moment(self) -> Micros | None:
        """Return from before which time nothing more is expected."""
        if self._newest is None:
            return None
        return min(self.now, self._newest + self.now - self._newest_came) - self._late

    def _saw(self, at: Micros) -> None:
        if self._newest is None or at > self._newest:
            self._newest, self._newest_came = at, self.now

    def resume(self, before: Iterable[Kept]) -> None:
        """Take up the hits of before, from the first on; what they came together to was told then."""
        self._stream = Stream(self._rules.correlations)
        self._by_order = {}
        self._hits, self._fresh = [], []
        for _, record in groupby(before, key=lambda each: each.event.order):
            some = list(record)
            self._run.order = max(self._run.order, some[0].event.order)
            self._by_order[some[0].event.order] = some[0].part
            self._saw(some[0].event.at)
            self._stream.feed([each.event for each in some])

    def taken(self) -> list[Kept]:
        """Return the hits to be remembered that came since it was asked last."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def ended(self) -> list[Ruled]:
        """Return what holds of spans that have ended, and forget what cannot count any more."""
        moment = self._moment()
        if moment is None:
            return []
        made = list(self._ruled(self._stream.ended(moment), self._by_order))
        self._stream.forget(moment)
        return made

    def forget(self, kept: Iterable[Kept]) -> None:
        """Forget the records of all hits but those."""
        orders = {each.event.order for each in kept}
        self._by_order = {order: part for order, part in self._by_order.items() if order in orders}

    def _asked_for(self, rule: Rule, record: Observation, fields: Record, number: int, part: Part) -> None:
        # hits name the record that they are of, which is the same after a restart
        event = self._run.event(rule, record, fields, number, self._run.order)
        if event is not None and event.at <= self.now + self._late:
            self._hits.append(Kept(event, part))

    def _come_together(self) -> Iterator[Ruled]:
        hits, self._hits = self._hits, []
        if not hits:
            return
        self._fresh += hits
        self._by_order[hits[0].event.order] = hits[0].part
        self._saw(hits[0].event.at)
        yield from self._ruled(self._stream.feed([each.event for each in hits]), self._by_order)


_ELSEWHERE = {"windows", "aws", "azure", "gcp", "okta", "m365", "macos", "github", "bitbucket", "onelogin"}
"""Products whose logs are of formats of their own, or of none that is read."""


def _read(indicators: Mapping[int, Indicator]) -> RuleSet:
    """Return the rules; where two say that they are the same one (versions that two owners assert), each is judged for itself."""
    made = RuleSet()
    waiting = {tag: each.pattern.encode() for tag, each in indicators.items()}
    while waiting:
        some = read((str(tag), pattern) for tag, pattern in waiting.items())
        again = {_tag(each.where) for each in some.refused if each.rule == "sigma-id"}
        refused: list[Refused] = [each for each in some.refused if each.rule != "sigma-id"]
        made = RuleSet(
            (*made.rules, *some.rules),
            made.correlations or some.correlations,
            made.filters + some.filters,
            (*made.refused, *refused),
            made.silent | some.silent,
        )
        waiting = {tag: waiting[tag] for tag in again} if len(again) < len(waiting) else {}
    return made


def _tag(where: str) -> int:
    return int(where.partition(":")[0])


def _values(rule: Rule, fields: Record) -> tuple[tuple[str, str], ...]:
    texts = ((name, found(fields, name)) for name in rule.fields)
    return tuple((name, each[0][:_SHOWN]) for name, each in texts if each and each[0])
