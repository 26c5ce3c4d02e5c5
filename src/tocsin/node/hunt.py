"""Hunting: logs against everything that the node's own organisation may match.

A line counts as one hit of an indicator however many of its values or fields it holds. Some hits are shown and counted apart, not raised: on a
value of a warninglist, on a bare public suffix, on what looks like a version, at a time when the indicator did not hold, and what somebody suppressed.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from tocsin.clock import Micros
from tocsin.matching import Entry, Indicator
from tocsin.matching.clues import CLUE
from tocsin.matching.decay import confidence_at
from tocsin.matching.entries import entry_of
from tocsin.matching.values import is_private
from tocsin.node.beginning import Beginning, Begun, is_text, others
from tocsin.node.catalogue import Catalogue
from tocsin.node.evaluating import TEXT, Evaluated, Evaluator, Met, can_evaluate, join
from tocsin.node.hits import EARLY, FADED, LATE, PRIVATE, SUPPRESSED, WARNINGLIST, Count, Hit, Options, Report
from tocsin.node.logs import OpenLog, open_logs
from tocsin.node.ruling import Ruled, Ruling, Standing
from tocsin.node.sigma import Judge
from tocsin.telemetry import MalformedLine, Observation, Tally
from tocsin.telemetry.containers import UNREAD
from tocsin.telemetry.finding import Finding, find_encoded, find_in
from tocsin.telemetry.observations import Look

_EXAMPLES = 5
_TEXT_LOOKED_AT = 64 * 1024  # bytes of a line of text in which patterns are evaluated
_AHEAD: Micros = 24 * 3_600_000_000  # how far clocks, and zones that were not told, may be ahead of ours


def _moved(record: Observation | MalformedLine, log: OpenLog) -> Observation | MalformedLine:
    return msgspec.structs.replace(record, line=record.line + log.line, offset=record.offset + log.offset)


class Hunt:
    """One hunt over some logs. `report` is right at any moment, also when `run` is left early."""

    def __init__(self, catalogue: Catalogue, *, now: Micros, options: Options | None = None) -> None:
        """Prepare to hunt for what `catalogue` holds; `now` stands for the time of records that have none."""
        self.catalogue = catalogue
        self._options = options or Options()
        self.report = Report(sigma=self._options.sigma)
        self.now = now
        self._equal: dict[tuple[int, str], int] = {}
        self._may_hold: Look | None = None
        self._evaluators: list[Evaluator] = []
        self._evaluate(catalogue.evaluated)
        self._ruling: Ruling | None = None
        self._judge: Judge | None = None
        self._tell: Callable[[], None] = lambda: None
        self._beginning = self._begins()

    def continued(self, catalogue: Catalogue, *, anew: bool = False, ruling: Ruling | None = None) -> Hunt:
        """Return a hunt for what another catalogue holds that goes on where this one is; patterns keep what they have seen.

        Args:
            catalogue: its tags mean what they meant (`node.following`).
            anew: begin to count at nothing, so that what was given up is looked for again.
            ruling: Sigma rules that were made ready meanwhile.
        """
        made = Hunt(
            msgspec.structs.replace(catalogue, evaluated=Evaluated()), now=self.now, options=self._options
        )
        made.catalogue = catalogue
        made.report = Report(sigma=self._options.sigma) if anew else self.report
        made._evaluators = [*self._evaluators]
        known = {tag for each in self._evaluators for tag in each.tags}
        made._evaluate(catalogue.evaluated.only(catalogue.evaluated.indicators.keys() - known))
        made._ruling = ruling or self._ruling
        made._beginning = made._begins()
        if catalogue.evaluated is self.catalogue.evaluated:
            made._beginning.text = self._beginning.text
        return made

    def _begins(self) -> Beginning:
        return Beginning(self.catalogue, self._options, evaluates=bool(self._evaluators))

    def _evaluate(self, wanted: Evaluated) -> None:
        if len(wanted):
            options = self._options
            self._evaluators.append(Evaluator(wanted, any_time=options.any_time, lateness=options.lateness))

    def scan(self, log: OpenLog) -> Iterator[Hit]:
        """Yield the hits in a log, or a piece of one, in this thread."""
        self.report.formats[log.log.name] += 1
        yield from self._log(self._beginning.begin(log, self._judge_of(log)))

    def run(self, paths: Iterable[str], *, on_read: Callable[[int], None] | None = None) -> Iterator[Hit]:
        """Yield the hits in the logs at `paths` (`node.logs.open_logs`), flagged ones among them.

        Args:
            paths: files, folders or "-".
            on_read: told how many bytes were read from disk, as reading goes on.
        """
        began = time.perf_counter()
        report = self.report

        unread: deque[int] = deque()
        # what was read is told of on the thread that hunts: who is told may write to a database
        hunting = threading.get_ident()

        def tell() -> None:
            while unread:
                count = unread.popleft()
                report.read += count
                report.seconds = time.perf_counter() - began
                if on_read is not None:
                    on_read(count)

        def read(count: int) -> None:
            unread.append(count)
            if threading.get_ident() == hunting:
                tell()

        logs = open_logs(
            paths,
            on_read=read,
            on_fault=lambda name, why: report.faults.append((name, why)),
            reading=self._options.reading,
        )
        self._tell = tell
        yield from self.over(logs)
        tell()

    def over(self, logs: Iterable[OpenLog]) -> Iterator[Hit]:
        """Yield the hits in logs that were opened by somebody else, flagged ones among them."""
        began = time.perf_counter()
        report = self.report
        with others(self._options.threads - 1) as pool:
            for begun in self._beginning.in_turn(logs, pool, self._judge_of):
                report.formats[begun.log.log.name] += 1
                yield from self._log(begun)
                report.seconds = time.perf_counter() - began
        if self._ruling is not None:
            for ruled in self._ruling.correlated():
                yield from self._counted(self._rule_hit(ruled))

    def ended(self) -> Iterator[Hit]:
        """Yield, in a watch, the hits of Sigma correlations whose span has ended."""
        if isinstance(self._ruling, Standing):
            for ruled in self._ruling.ended():
                if ruled.indicator.tag in self.catalogue.rules:
                    yield from self._counted(self._rule_hit(ruled))

    def _log(self, begun: Begun) -> Iterator[Hit]:
        tally = Tally()
        lines, size = self.report.lines, self.report.bytes
        log, self._judge, self._may_hold = begun.log, begun.judge, begun.may_hold
        self._equal.clear()
        try:
            for found in log.log.read(
                self._telling(begun.stream), log.name, look=begun.look, tally=tally, reference=log.reference
            ):
                record = _moved(found, log) if log.line or log.offset else found
                if isinstance(record, MalformedLine):
                    self._malformed(log.name, record)
                elif self._before(record):
                    continue
                yield from self._hits(log, record)
        finally:
            self.report.lines, self.report.bytes = lines + tally.lines, size + tally.bytes
            self.report.dropped = sum(each.dropped for each in self._evaluators)

    def _telling(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        for block in stream:
            self._tell()
            yield block

    def _judge_of(self, log: OpenLog) -> Judge | None:
        """Return what judges the records of a log by Sigma rules, which are made ready for the first log that they are for."""
        if not self._options.sigma or not self.catalogue.rules or not can_evaluate(log.records):
            return None
        if self._ruling is None:
            self._ruling = Ruling(self.catalogue.rules, correlating=self._options.lateness is None)
            self.report.rules, self.report.unjudged = len(self._ruling), self._ruling.refused
        return self._ruling.judge(log)

    def _malformed(self, name: str, line: MalformedLine) -> None:
        if line.rule == UNREAD:
            self.report.faults.append((name, line.reason))
            return
        self.report.malformed += 1
        if self._options.quarantine is not None:
            self._options.quarantine.keep(name, line)
        if len(self.report.examples) < _EXAMPLES:
            self.report.examples.append((f"{name}:{line.line}", line.reason))

    def _before(self, record: Observation) -> bool:
        return self._options.since is not None and record.at is not None and record.at < self._options.since

    def _hits(self, log: OpenLog, record: Observation | MalformedLine) -> Iterator[Hit]:
        at = self._credible(record.at) if isinstance(record, Observation) else None
        best: dict[int, tuple[Finding, tuple[str, ...]]] = {}
        for finding in self._findings(record):
            entry = self.catalogue.index.entry(finding.entry)
            if entry.indicator is CLUE or self._is_given_up(entry.indicator.tag, finding.entry):
                continue
            flags = self._flags(entry, finding, at)
            known = best.get(entry.indicator.tag)
            if known is None or len(flags) < len(known[1]):
                best[entry.indicator.tag] = (finding, flags)
        for finding, flags in best.values():
            yield from self._counted(self._hit(log.name, record, finding, flags, at))
        if isinstance(record, Observation):
            if self._evaluators:
                for met in self._met(log, record):
                    # a line is one hit of an indicator, whether by a value of its pattern or by all of it
                    if met.indicator.tag not in best and not self._is_given_up(met.indicator.tag, None):
                        yield from self._counted(self._pattern_hit(met))
            if self._judge is not None and self._ruling is not None:
                for ruled in self._ruling.held(self._judge, log.name, record):
                    tag = ruled.indicator.tag
                    if tag in self.catalogue.rules and not self._is_given_up(tag, None):
                        yield from self._counted(self._rule_hit(ruled))

    def _findings(self, record: Observation | MalformedLine) -> list[Finding]:
        found: list[Finding] = []
        if self._may_hold is None or self._may_hold(record.raw):
            found = find_in(record, self.catalogue.index)
        if self._options.decode:
            found += find_encoded(record, self.catalogue.index)
        return found

    def _met(self, log: OpenLog, record: Observation) -> Iterator[Met]:
        objects = None
        if is_text(log):
            objects = self._beginning.for_text().objects(
                record.raw[:_TEXT_LOOKED_AT].decode("utf-8", "replace")
            )
        elif not can_evaluate(log.records):
            return
        for each in self._evaluators:
            if objects is None:
                found = each.feed(log.name, record, log.records, now=self.now)
            else:  # lines without a time are in no order that means anything
                found = (each if record.at is not None else each.alone).take(
                    log.name, record, objects, now=self.now
                )
            for met in found:
                if met.indicator.tag in self.catalogue.evaluated.indicators:  # it may have gone meanwhile
                    yield met

    def _is_given_up(self, tag: int, position: int | None) -> bool:
        count = self.report.counts.get(tag)
        if count is None or not count.given_up:
            return False
        if position is not None:
            self._beginning.mute(position)
        return True

    def _flags(self, entry: Entry, finding: Finding, at: Micros | None) -> tuple[str, ...]:
        flags = list(finding.flags)
        lists = self.catalogue.lists.names(entry.kind, entry.value)
        met = entry.value
        if entry.kind == "cidr":  # the address that was met may be listed where the range is not
            met = finding.value
            names = self.catalogue.lists.names("ipv6" if ":" in met else "ipv4", met)
            lists = tuple(dict.fromkeys(lists + names))
        flags += [WARNINGLIST + name for name in lists]
        if self._is_elsewhere(entry.kind, met, entry.indicator.tag):
            flags.append(PRIVATE)
        moment = self.now if at is None else at
        flags += self._untimely(entry.indicator, moment)
        if self._options.least:
            confidence = confidence_at(entry, moment)
            if confidence is not None and confidence < self._options.least:
                flags.append(FADED)
        return tuple(flags)

    def _is_elsewhere(self, kind: str, value: str, tag: int) -> bool:
        """Return whether a value is an address of a private network that others spoke of: here it is another machine."""
        return is_private(kind, value) and not self.catalogue.is_own(tag)

    def _untimely(self, indicator: Indicator, moment: Micros) -> tuple[str, ...]:
        since, until = indicator.valid_from, indicator.valid_until
        if self._options.any_time:
            return ()
        if since is not None and moment < since:
            return (EARLY,)
        return (LATE,) if until is not None and moment >= until else ()

    def _rule_hit(self, ruled: Ruled) -> Hit:
        indicator, last = ruled.indicator, ruled.parts[-1]
        digest = last.digest if len(ruled.parts) == 1 else join(ruled.parts)
        at = self._credible(last.at)
        flags = self._untimely(indicator, self.now if at is None else at)
        if indicator.confidence is not None and indicator.confidence < self._options.least:
            flags = (*flags, FADED)
        said = ", ".join(f"{name}={value}" for name, value in ruled.values)[:TEXT]
        return Hit(
            indicator=indicator,
            sources=self.catalogue.sources[indicator.tag],
            kind="sigma",
            wanted=ruled.head.title,
            value=said or ruled.head.title,
            file=last.file,
            line=last.line,
            offset=last.offset,
            field=", ".join(name for name, _ in ruled.values)[:TEXT] or "record",
            at=at,
            host=last.host,
            text=last.text,
            flags=flags,
            digest=digest,
            nth=self._nth(indicator.tag, digest),
            parts=ruled.parts if len(ruled.parts) > 1 else (),
            level=ruled.head.level,
            techniques=ruled.head.techniques,
        )

    def _credible(self, at: Micros | None) -> Micros | None:
        """Return when a record happened; None if it says so of a time to come: a clock that runs wrong neither ends an indicator nor dates a sighting."""
        return None if at is not None and at > self.now + _AHEAD else at

    def _hit(
        self,
        name: str,
        record: Observation | MalformedLine,
        finding: Finding,
        flags: tuple[str, ...],
        at: Micros | None,
    ) -> Hit:
        entry = self.catalogue.index.entry(finding.entry)
        host = record.host if isinstance(record, Observation) else None
        digest = hashlib.sha256(record.raw).hexdigest()
        return Hit(
            indicator=entry.indicator,
            sources=self.catalogue.sources[entry.indicator.tag],
            kind=entry.kind,
            wanted=entry.value,
            value=finding.value,
            file=name,
            line=record.line,
            offset=record.offset,
            field=finding.field[:TEXT],
            at=at,
            host=host,
            text=record.raw[: 4 * TEXT].decode("utf-8", "replace")[:TEXT],
            flags=flags,
            digest=digest,
            nth=self._nth(entry.indicator.tag, digest),
        )

    def _nth(self, tag: int, digest: str) -> int:
        """Return how many hits of an indicator there are by now on lines of this log that are equal."""
        nth = self._equal[tag, digest] = self._equal.get((tag, digest), 0) + 1
        return nth

    def _pattern_hit(self, met: Met) -> Hit:
        indicator, last = met.indicator, met.parts[-1]
        digest = last.digest if len(met.parts) == 1 else join(met.parts)
        values = [each for part in met.parts for each in part.values]
        return Hit(
            indicator=indicator,
            sources=self.catalogue.sources[indicator.tag],
            kind="pattern",
            wanted=indicator.pattern,
            value=", ".join(dict.fromkeys(value for _, value in values))[:TEXT],
            file=last.file,
            line=last.line,
            offset=last.offset,
            field=", ".join(dict.fromkeys(path for path, _ in values))[:TEXT],
            at=self._credible(last.at),
            host=last.host,
            text=last.text,
            flags=self._pattern_flags(indicator, values),
            digest=digest,
            nth=self._nth(indicator.tag, digest),
            parts=met.parts,
        )

    def _pattern_flags(self, indicator: Indicator, values: list[tuple[str, str]]) -> tuple[str, ...]:
        """Flag what says nothing but listed values: a pattern that asks for more than those is about the rest."""
        flags: list[str] = []
        for path, value in values:
            entry = entry_of(path, value, indicator)
            if entry is None:
                flags = []
                break
            doubts = [WARNINGLIST + name for name in self.catalogue.lists.names(entry.kind, entry.value)]
            if self._is_elsewhere(entry.kind, entry.value, indicator.tag):
                doubts.append(PRIVATE)
            if not doubts:
                flags = []
                break
            flags += doubts
        if indicator.confidence is not None and indicator.confidence < self._options.least:
            flags.append(FADED)
        return tuple(dict.fromkeys(flags))

    def _counted(self, hit: Hit) -> tuple[Hit, ...]:
        """Count a hit; return it if it is to be handed on."""
        suppresses = self._options.suppresses
        if suppresses is not None and (why := suppresses(hit)):
            hit = msgspec.structs.replace(hit, flags=(*hit.flags, SUPPRESSED + why))
        return (hit,) if self._count(hit) else ()

    def _count(self, hit: Hit) -> bool:
        report = self.report
        count = report.counts.get(hit.indicator.tag)
        if count is None:
            count = report.counts[hit.indicator.tag] = Count(hit.indicator)
        for flag in hit.flags:
            report.flags[flag.partition(":")[0]] += 1
        if hit.raised:
            report.hits += 1
            count.raised += 1
            if hit.at is not None:
                count.first = hit.at if count.first is None else min(count.first, hit.at)
                count.last = hit.at if count.last is None else max(count.last, hit.at)
        else:
            report.flagged += 1
            count.flagged += 1
        count.given_up = count.raised + count.flagged >= self._options.breaker
        if count.raised + count.flagged > self._options.most:
            report.held_back += 1
            count.beyond += hit.raised
            return False
        return True
