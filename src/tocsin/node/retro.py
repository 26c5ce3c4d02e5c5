"""Hunting in the past: kept telemetry against intelligence that it was not held against yet.

Summaries tell which groups of records can name what is looked for; only these are read, and judged by the same engine as a log that is
hunted in now (`node.hunt`). So the hits are those of a hunt in the logs themselves, and reading is a small part of it.

What was done is remembered: new indicators meet all telemetry, and telemetry that is new meets all indicators, each once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from tocsin.clock import Micros
from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Indicator, units
from tocsin.matching.clues import CLUE, union
from tocsin.matching.units import Wanted
from tocsin.node import keeping, kept_folder
from tocsin.node.catalogue import Catalogue
from tocsin.node.evaluating import can_evaluate
from tocsin.node.hits import Hit, Options, Report
from tocsin.node.hunt import Hunt
from tocsin.node.kept_folder import Part
from tocsin.node.kept_reading import Groups, ReadingKept
from tocsin.node.logs import OpenLog
from tocsin.node.text_objects import clues_in_text
from tocsin.telemetry import Log
from tocsin.telemetry.plugin import named
from tocsin.telemetry.times import Reference

DONE: Final = "retro.done"
"""Name of the file that remembers what was hunted for, in the folder of telemetry."""
_FEW: Final = 16
"""Hashes up to which asking a filter touches only a part of its pages."""


class Past(msgspec.Struct):
    """What a hunt in the past went through.

    Attributes:
        files, groups, bytes: of telemetry that summaries answered for; bytes of records, unpacked.
        groups_read, bytes_read: of these, what had to be read (of files without a summary the bytes of their columns, unpacked).
        unsummarised: files that had to be read because their summary is missing or damaged, and why.
        indicators: how many were looked for in all telemetry (in `new_logs` more, all are).
        anything: something can be in any text, or is a pattern that no value tells: all was read that may hold it.
        logs, new_logs: how many logs there are, and how many of them were not hunted in before.
    """

    files: int = 0
    groups: int = 0
    bytes: int = 0
    groups_read: int = 0
    bytes_read: int = 0
    unsummarised: list[tuple[str, str]] = msgspec.field(default_factory=list)
    indicators: int = 0
    anything: bool = False
    logs: int = 0
    new_logs: int = 0

    def count(self, size: int) -> None:
        """Count a group that was read."""
        self.groups_read += 1
        self.bytes_read += size


class Done(msgspec.Struct, frozen=True):
    """What was hunted for: entries and patterns by their keys (`key_of`, `key_of_pattern`), and how far each log was hunted in."""

    entries: frozenset[int] = frozenset()
    logs: dict[str, int] = {}


def key_of(entry: Entry) -> int:
    """Return a number for an entry and the time in which it holds; what else its indicator says does not alter what is found."""
    its = entry.indicator
    return _number(its.id, its.valid_from, its.valid_until, entry.kind, entry.value)


def load(folder: Path) -> Done:
    """Return what was done; nothing where that cannot be read: hunting twice costs time alone."""
    try:
        entries, logs = msgspec.msgpack.decode(
            (folder / DONE).read_bytes(), type=tuple[bytes, dict[str, int]]
        )
        return Done(frozenset(np.frombuffer(entries, "<u8").tolist()), logs)
    except (OSError, ValueError):
        return Done()


def save(folder: Path, done: Done) -> None:
    """Remember what was done."""
    entries = np.array(sorted(done.entries), "<u8").tobytes()
    made = folder / f".making-{os.getpid()}.done"
    made.write_bytes(msgspec.msgpack.encode((entries, done.logs)))
    made.chmod(0o600)
    made.replace(folder / DONE)


def key_of_pattern(indicator: Indicator) -> int:
    """Return a number for a pattern that is evaluated, and the time in which it holds."""
    return _number("pattern", indicator.id, indicator.valid_from, indicator.valid_until, indicator.pattern)


def _number(*parts: object) -> int:
    text = "\0".join(map(str, parts))
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _keys(catalogue: Catalogue) -> Iterator[tuple[int, int]]:
    """Yield what is looked for as `Indicator.tag` and key; clues are looked for on behalf of patterns."""
    for entry in catalogue.index.standing():
        if entry.indicator is not CLUE:
            yield entry.indicator.tag, key_of(entry)
    for tag, indicator in catalogue.evaluated.indicators.items():
        yield tag, key_of_pattern(indicator)


def only(catalogue: Catalogue, tags: Collection[int], *, unsaid: Collection[int] = ()) -> Catalogue:
    """Return a catalogue of some indicators, by `Indicator.tag`: values, patterns, and clues of these patterns alone.

    Args:
        catalogue: of these and others.
        tags: which.
        unsaid: further ones whose patterns are in it, and no values.
    """
    whole = catalogue.evaluated
    patterns = whole.alone([tag for tag in whole.indicators if tag in tags or tag in unsaid])
    entries = [entry for entry in catalogue.index.standing() if entry.indicator.tag in tags]
    return msgspec.structs.replace(
        catalogue,
        index=Index.build([*entries, *patterns.clues.entries]),
        indicators=len(tags),
        evaluated=patterns,
    )


class _Asked:
    """What groups of records are asked for: values, and the clues of patterns that can be evaluated on their records.

    Pieces of words are not in summaries: patterns that can be told by such alone, or by nothing, have all of these logs read.
    """

    def __init__(self, catalogue: Catalogue, since: Micros | None) -> None:
        self.since = since
        entries, clues = [*catalogue.index.standing()], catalogue.evaluated.clues
        in_text = union(
            found for each in catalogue.evaluated.texts.values() if (found := clues_in_text(each)) is not None
        )
        self._text = Wanted([*(entry for entry in entries if entry.indicator is not CLUE), *in_text.entries])
        self._text.anything |= bool(in_text.needles)
        self._typed = Wanted(entries)
        self._typed.anything |= clues.everywhere or bool(clues.needles)
        self.anything = self._typed.anything
        self.nothing = not self.anything and not len(self._typed.hashes)

    def of(self, part: Part) -> Wanted:
        """Return what the groups of a part are asked for."""
        try:
            typed = can_evaluate(named(part.log.rpartition("-")[0]))
        except FormatError:
            typed = True  # opening it says what is wrong
        return self._typed if typed else self._text


class Retro:
    """A hunt through a folder of kept telemetry, which the caller holds (`kept_folder.locked`)."""

    def __init__(
        self, catalogue: Catalogue, folder: Path, *, now: Micros, options: Options | None = None
    ) -> None:
        """Prepare to hunt for what `catalogue` holds."""
        self._catalogue = catalogue
        self._folder = folder
        self._now = now
        self._options = options or Options()
        self._rules = units.fingerprint()
        self._hunts: list[Hunt] = []
        self._faulty: set[str] = set()
        self.past = Past()

    def run(self, done: Done) -> Iterator[Hit]:
        """Yield hits of indicators that were not all done in all telemetry, and of all indicators in logs that are not.

        What was hunted in before is read first, then what is new, each by the names of its logs. Patterns that take several records go on from one to
        the other: those that are not new say nothing of what was hunted in before, but remember it for what follows.
        """
        parts = kept_folder.parts(self._folder)
        ends = {_log_of(part): part.end for part in parts}
        new = {log for log, end in ends.items() if done.logs.get(log, 0) < end}
        seen = [part for part in parts if _log_of(part) not in new]
        whole = self._catalogue
        fresh = {tag for tag, key in _keys(whole) if key not in done.entries}
        several = whole.evaluated.several() - fresh if new and seen else set()
        self.past.logs, self.past.new_logs, self.past.indicators = len(ends), len(new), len(fresh)
        since = self._options.since
        told = only(whole, fresh) if done.entries else whole
        asked, first = [_Asked(told, since)], Hunt(told, now=self._now, options=self._options)
        if several:
            asked.append(_Asked(only(whole, (), unsaid=several), self._remembered_from(several, new, parts)))
            heard = only(whole, fresh, unsaid=several)
            told = msgspec.structs.replace(heard, evaluated=heard.evaluated.only(told.evaluated.indicators))
            first = Hunt(heard, now=self._now, options=self._options).continued(told)
        yield from self._hunt(first, asked, seen)
        last = first.continued(whole, anew=True)
        yield from self._hunt(last, [_Asked(whole, since)], [part for part in parts if _log_of(part) in new])

    def _remembered_from(self, tags: set[int], new: set[str], parts: Sequence[Part]) -> Micros | None:
        """Return before when no record can meet a pattern of `tags` together with one of the new logs; None if all can."""
        horizon = self._catalogue.evaluated.only(tags).compiled(any_time=self._options.any_time).horizon
        if horizon is None:
            return self._options.since
        earliest = self._now  # of records that have no time
        try:
            for part in parts:
                if _log_of(part) in new:
                    groups = kept_folder.summary_of(part, self._rules).groups
                    earliest = min((earliest, *(each.first for each in groups if each.first is not None)))
        except FormatError:
            return self._options.since
        since = earliest - horizon
        return since if self._options.since is None else max(since, self._options.since)

    def done(self) -> Done:
        """Return what is done once `run` came to its end; logs that could not be read are not."""
        parts = kept_folder.parts(self._folder)
        ends = {log: part.end for part in parts if (log := _log_of(part)) not in self._faulty}
        return Done(frozenset(key for _, key in _keys(self._catalogue)), ends)

    @property
    def report(self) -> Report:
        """How the hunt goes, or went; lines and bytes are those that were read."""
        whole = Report()
        for hunt in self._hunts:
            _add(whole, hunt.report)
        return whole

    def _hunt(self, hunt: Hunt, asked: Sequence[_Asked], parts: Sequence[Part]) -> Iterator[Hit]:
        self._hunts.append(hunt)
        some = [each for each in asked if not each.nothing]
        if parts and some:
            self.past.anything |= any(each.anything for each in some)
            yield from hunt.over(self._logs(parts, some))

    def _logs(self, parts: Sequence[Part], asked: Sequence[_Asked]) -> Iterator[OpenLog]:
        """Yield logs that may hold something, in the order in which a hunt reads a folder."""
        found: list[OpenLog] = []
        for _, group in groupby(parts, key=_log_of):
            some = list(group)
            read = [(part, numbers) for part in some if (numbers := self._candidates(part, asked))]
            log = self._open(read, some[-1]) if read else None
            if log is not None:
                found.append(log)
        yield from sorted(found, key=lambda log: _order(Path(log.name)))

    def _candidates(self, part: Part, asked: Sequence[_Asked]) -> Groups:
        """Return which groups of a part have to be read, and their size."""
        self.past.files += 1
        wants = [(each, each.of(part)) for each in asked]
        few = sum(len(wanted.hashes) for _, wanted in wants) <= _FEW
        try:
            found = kept_folder.summary_of(part, self._rules, few=few)
            named_in = [(each, found.may_name(wanted)) for each, wanted in wants]
        except FormatError as error:
            self.past.unsummarised.append((str(part.path), str(error)))
            return dict.fromkeys(range(self._groups_in(part)))
        self.past.groups += len(found.groups)
        self.past.bytes += sum(group.size for group in found.groups)
        wanted = {
            number
            for each, numbers in named_in
            for number in numbers
            if not found.groups[number].is_before(each.since)
        }
        return {number: found.groups[number].size for number in sorted(wanted)}

    def _groups_in(self, part: Part) -> int:
        try:
            return keeping.groups_in(part)
        except FormatError:
            return 1  # reading it says what is wrong

    def _open(self, asked: Sequence[tuple[Part, Groups]], last: Part) -> OpenLog | None:
        """Return a log that reads what is asked of its parts; it is named as it was when `last` was kept."""
        name = str(last.path)
        try:
            meta = keeping.read_meta(last)
            of = named(meta.format)
        except FormatError as error:
            self._faulty.add(_log_of(asked[0][0]))
            self._hunts[-1].report.faults.append((name, str(error)))
            return None
        reading = ReadingKept(
            asked,
            self._options.threads,
            on_read=self.past.count,
            on_fault=lambda part: self._faulty.add(_log_of(part)),
        )
        log = Log(name=of.name, sniff=of.sniff, read=reading.read, container="parquet", title=of.title)
        return OpenLog(meta.name, log, iter(()), Reference(0, UTC), of=of)


def _log_of(part: Part) -> str:
    return f"{part.log}.{part.copy}"


def _order(path: Path) -> tuple[tuple[bool, str], ...]:
    """Return what sorts logs as a hunt reads them: what lies in a folder before what lies in folders below."""
    return (*((True, name) for name in path.parts[:-1]), (False, path.name))


def _add(whole: Report, report: Report) -> None:
    """Add the figures of a report to another's."""
    for name in ("hits", "flagged", "lines", "bytes", "malformed", "held_back"):
        setattr(whole, name, getattr(whole, name) + getattr(report, name))
    whole.dropped = max(whole.dropped, report.dropped)  # a hunt that goes on counts what was dropped before
    whole.seconds += report.seconds
    whole.flags.update(report.flags)
    whole.formats.update(report.formats)
    whole.faults += report.faults
    whole.examples += report.examples
    for tag, count in report.counts.items():
        known = whole.counts.get(tag)
        if known is None:
            whole.counts[tag] = msgspec.structs.replace(count)
            continue
        known.raised += count.raised
        known.flagged += count.flagged
        known.beyond += count.beyond
        known.given_up |= count.given_up
        known.first = min((each for each in (known.first, count.first) if each is not None), default=None)
        known.last = max((each for each in (known.last, count.last) if each is not None), default=None)
