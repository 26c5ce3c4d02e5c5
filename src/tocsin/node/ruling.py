"""Sigma rules among the indicators, judged on the records that a hunt reads anyway.

Rules are asked of records of formats that say what their fields mean; plain text has none. Correlations need all hits of a hunt: they are looked at when
it has ended, and never in a watch, whose logs do not end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import msgspec

from tocsin.matching import Indicator
from tocsin.matching.sigma import RuleSet, read
from tocsin.matching.sigma.correlating import MAX_EVENTS
from tocsin.matching.sigma.records import Record, found
from tocsin.matching.sigma.rules import Head, Refused, Rule
from tocsin.matching.sigma.sources import CLOUD
from tocsin.node import sigma
from tocsin.node.evaluating import TEXT, Part
from tocsin.node.logs import OpenLog
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
        """Yield the rules that hold of a record of the log of this name."""
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
            if self._run.is_asked(number) and len(self._places) < MAX_EVENTS:
                self._run.remember(rule, record, fields, number, len(self._places))
                self._places.append(part)
            indicator = self.indicators.get(_tag(rule.head.where))
            if indicator is not None and self._rules.reported(rule):
                yield Ruled(indicator, rule.head, (part,), _values(rule, fields))

    def correlated(self) -> Iterator[Ruled]:
        """Yield what the hits so far come together to."""
        for each in self._run.correlated():
            correlation = each.correlation
            indicator = self.indicators.get(_tag(correlation.head.where))
            if indicator is not None and self._rules.reported(correlation):
                parts = tuple(self._places[origin] for origin in each.origins)
                group = tuple((name, value) for name, value in each.group.items() if value is not None)
                yield Ruled(indicator, correlation.head, parts, group)


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
