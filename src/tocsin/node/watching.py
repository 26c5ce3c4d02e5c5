"""Watching logs: what comes is looked at once, and what is found is kept in one transaction with how far was read.

One loop takes what has come from files and listeners, hunts in it, commits, and only then moves on: after any end, also a sudden one, reading goes
on behind the last commit. A database that is away stops the loop; files wait, listeners hold back whoever sends over TCP, and what UDP brings is dropped
and counted. A thread beside it follows the store, so that a new indicator is looked for within a tenth of a second.
"""

from __future__ import annotations

import logging
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import tzinfo
from typing import Final, Protocol

import msgspec

from tocsin.clock import Micros
from tocsin.errors import StoreError, TocsinError
from tocsin.node import scanner, sightings
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.clearances import Clearances
from tocsin.node.following import Following
from tocsin.node.hits import Hit, Options
from tocsin.node.hunt import Hunt
from tocsin.node.keeping_hits import Suppresses, day_of, keep_in, suppressing
from tocsin.node.logs import OpenLog
from tocsin.node.remembering import Memory
from tocsin.node.ruling import Standing
from tocsin.node.tailing import Piece, Tails, root_of
from tocsin.sharing.release import Released
from tocsin.store import Store, watched
from tocsin.store.watched import Position
from tocsin.telemetry import Log
from tocsin.telemetry.times import Reference

_log = logging.getLogger("tocsin.watch")

FOLLOW_EVERY: Final = 0.05
"""Seconds between looks at what is new in the store."""
_IDLE: Final = 0.02  # seconds that the loop waits when nothing came
_TELL_EVERY: Final = 60.0  # seconds between sightings
_COUNT_FOR: Final = 3600.0  # seconds for which an indicator that hits too much is given up
_SUPPRESS_EVERY: Final = 5.0
_END_EVERY: Final = 1.0  # seconds between looks for spans of correlations that have ended
_FORGET: Micros = 90 * 86_400_000_000
LATENESS: Final[Micros] = 600_000_000
"""µs by which a record may come late and still be put together with others under WITHIN."""


class Messages(msgspec.Struct, frozen=True):
    """Whole lines that somebody sent.

    Attributes:
        name: from whom, as hits name it.
        log: their format.
        data: the lines.
        first: number of the first, unique in this run of the program.
        end: the position when they are dealt with, for what can be read again from a place.
        origin: what their places are counted in.
        places: of each line, ascending, where it can be found again; it stands for its number. Lines of one message share theirs.
    """

    name: str
    log: Log
    data: bytes
    first: int
    end: Position | None = None
    origin: str = ""
    places: Sequence[int] = ()

    def place(self, line: int) -> tuple[int, str, int]:
        """Return of a line (from 1) its number for people, what tells it from equal ones in any other message, and which of its message it is."""
        if not self.places:
            return line, f"{self.first + line - 1}", 1
        place = self.places[min(line, len(self.places)) - 1]
        return place, f"{self.origin}.{place}", line - bisect_left(self.places, place)


class Input(Protocol):
    """Where messages come from, beside files."""

    @property
    def dropped(self) -> int:
        """How many messages found no room."""

    def standing(self) -> Sequence[Position]:
        """Return where reading begins, for what can be read again from a place: remembered before anything is read."""

    def take(self) -> Iterable[Messages]:
        """Return what has come since it was asked last; at most a bounded amount."""

    def close(self) -> None:
        """Take nothing more."""


class Watched(msgspec.Struct):
    """How watching goes.

    Attributes:
        lines, bytes: looked at.
        hits: raised and kept; `flagged` are not among them, nor those `beyond` the most that are kept of one indicator.
        alerts: opened.
        notes: files of which something is not read, with the reason.
        dropped: messages that came faster than they could be taken, over UDP.
    """

    lines: int = 0
    bytes: int = 0
    hits: int = 0
    flagged: int = 0
    beyond: int = 0
    alerts: int = 0
    notes: dict[str, str] = {}
    dropped: int = 0


class Setup(msgspec.Struct, frozen=True):
    """What is watched, and how.

    Attributes:
        paths: files and folders.
        inputs: what else sends lines.
        from_start: read also what stands in files that were never watched.
        zone: of times that name none.
        any_time, least: as in `node.hits.Options`.
        tell: write sightings.
        sigma: judge records by the Sigma rules among the indicators, too.
        decode: look into what is encoded, too.
    """

    paths: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    from_start: bool = False
    zone: tzinfo | None = None
    any_time: bool = False
    least: int = 0
    tell: bool = True
    sigma: bool = False
    decode: bool = False


class _Batch(msgspec.Struct):
    pieces: list[Piece]
    ends: dict[tuple[int, int, bytes], Position]
    hits: list[Hit]
    beyond: dict[tuple[str, Source], int]
    remembered: Position | None = None
    forgotten: list[tuple[int, int, bytes]] = []
    kept: list[Position] = []

    @property
    def is_empty(self) -> bool:
        return not any(msgspec.structs.astuple(self))


class Watch:
    """Watches until it is stopped."""

    def __init__(
        self,
        store: Store,
        clearances: Clearances,
        setup: Setup,
        *,
        on_hits: Callable[[Released[Sequence[Hit]]], None],
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read what is known and open what there is.

        Args:
            store: the node's.
            clearances: the node's.
            setup: what to watch.
            on_hits: given the hits of a commit, raised and flagged ones, after it.
            ticks: seconds of a clock that only goes forwards.
        """
        self.report = Watched()
        self._store, self._clearances, self._setup = store, clearances, setup
        self._on_hits, self._ticks = on_hits, ticks
        self._stopping = threading.Event()
        scanner.prepare()
        scanner.load()
        self._following = Following(store, clearances)
        self._known: Released[Catalogue] = self._following.catalogue
        self._hunt = Hunt(
            self._known.value,
            now=store.clock(),
            options=Options(
                any_time=setup.any_time,
                least=setup.least,
                threads=1,
                lateness=LATENESS,
                suppresses=self._is_suppressed,
                sigma=setup.sigma,
                decode=setup.decode,
            ),
        )
        with store.connection() as connection:
            watched.forget_old(connection, before=store.clock() - _FORGET)
            known = watched.everything(connection)
        self._memory = Memory((*setup.paths, *(type(each).__name__ for each in setup.inputs)), known)
        self._ruling: Standing | None = None
        self._resumed: Standing | None = None
        self._rule()
        self._continue()
        self._beyond: Counter[int] = Counter()
        now = ticks()
        self._counting_since = self._told_at = self._ended_at = now
        self._suppresses, self._suppressions_at = self._read_suppressions(), now
        self._untold: dict[tuple[str, str, str], Hit] = {}
        self._told_dropped = 0
        self._pending: _Batch | None = None
        self._tails = Tails(setup.paths, known, from_start=setup.from_start, note=self._note, now=now)
        self._anchor()

    def run(self) -> None:
        """Watch until `stop`; then commit what was taken and end."""
        follower = threading.Thread(target=self._follow, name="follow", daemon=True)
        follower.start()
        try:
            while not self._stopping.is_set():
                if not self.step():
                    self._stopping.wait(_IDLE)
        finally:
            self._stopping.set()
            follower.join(10)
            self.close()

    def stop(self) -> None:
        """End after the commit that is under way."""
        self._stopping.set()

    def close(self) -> None:
        """Close what is open, and tell what was found last."""
        for each in self._setup.inputs:
            each.close()
        self._tails.close()
        self._tell()

    def step(self) -> bool:
        """Look at what has come; return whether anything had. Where the database is away, what was taken is kept for the next step."""
        if self._pending is None:
            self._pending = self._take()
        batch = self._pending
        if batch.is_empty:
            self._pending = None
            self._tell_now_and_then()
            return False
        try:
            self._commit(batch)
        except StoreError as error:
            _log.error("nothing is taken while the database is away: %s", error)
            self._stopping.wait(1)
            return True
        self._pending = None
        self._tell_now_and_then()
        return True

    def _take(self) -> _Batch:
        now = self._ticks()
        self._renew(now)
        batch = _Batch([], {}, [], {})
        for piece in self._tails.pieces(now=now):
            batch.pieces.append(piece)
            batch.hits += self._scan_piece(piece)
        batch.kept = self._tails.to_keep()
        for each in self._setup.inputs:
            for messages in each.take():
                batch.hits += self._scan_messages(messages)
                if messages.end is not None:
                    batch.ends[messages.end.key] = messages.end
        self.report.dropped = sum(each.dropped for each in self._setup.inputs)
        self._remember(batch, now)
        for tag, count in self._hunt.report.counts.items():
            if count.beyond > self._beyond[tag]:
                more = count.beyond - self._beyond[tag]
                self._beyond[tag] = count.beyond
                self.report.beyond += more
                batch.beyond |= {
                    (count.indicator.id, each): more for each in self._hunt.catalogue.sources[tag]
                }
        return batch

    def _remember(self, batch: _Batch, now: float) -> None:
        """Keep what correlations may yet ask for, and find those whose span has ended."""
        ruling = self._resumed
        if ruling is None or not ruling.correlations:
            return
        batch.remembered = self._memory.add(ruling.taken())
        if now - self._ended_at < _END_EVERY:
            return
        self._ended_at = now
        # such a hit is no line's: the record that was the last of its span stands for it
        batch.hits += [
            msgspec.structs.replace(hit, digest=f"{hit.digest}@{hit.file}.{hit.offset}", nth=1)
            for hit in self._hunt.ended()
        ]
        lost = self._memory.forgotten
        if ruling.oldest is not None:
            batch.forgotten = self._memory.forget(ruling.oldest)
        if self._memory.forgotten > lost:
            self._note(
                "Sigma correlations",
                "more hits came than are remembered: what needs the oldest of them may be missed",
            )
            ruling.resume(self._memory)
        elif batch.forgotten:
            ruling.forget(self._memory)

    def _continue(self, *, anew: bool = False) -> None:
        """Go on with what is known now."""
        ruling = self._ruling
        if ruling is not None and ruling is not self._resumed:
            ruling.resume(self._memory)
            self._resumed = ruling
        self._hunt = self._hunt.continued(self._known.value, anew=anew, ruling=ruling)

    def _renew(self, now: float) -> None:
        """Take up what has changed since the last step."""
        self._hunt.now = self._store.clock()
        known = self._known
        anew = now - self._counting_since >= _COUNT_FOR
        if anew or known.value is not self._hunt.catalogue:
            self._continue(anew=anew)
        if self._resumed is not None:
            self._resumed.now = self._hunt.now
        if anew:
            self._counting_since = now
            self._beyond.clear()
        if now - self._suppressions_at >= _SUPPRESS_EVERY:
            self._suppressions_at = now
            try:
                self._suppresses = self._read_suppressions()
            except StoreError as error:
                _log.warning("suppressions stay as they were: %s", error)

    def _scan_piece(self, piece: Piece) -> list[Hit]:
        head_lines = piece.head.count(b"\n")
        log = OpenLog(
            piece.tail.name, piece.log, iter((piece.head + piece.data,)), self._reference(),
            line=piece.line - 1 - head_lines, offset=piece.place - len(piece.head),
        )  # fmt: skip
        where = f"{piece.end.device}.{piece.end.inode}"
        # a line of a file is a hit of its own, though another file should hold the same
        return [
            msgspec.structs.replace(hit, digest=f"{hit.digest}@{where}.{hit.offset}", nth=1)
            for hit in self._scan(log)
        ]

    def _scan_messages(self, messages: Messages) -> list[Hit]:
        log = OpenLog(messages.name, messages.log, iter((messages.data,)), self._reference())
        found = []
        for hit in self._scan(log):
            line, place, nth = messages.place(hit.line)
            found.append(msgspec.structs.replace(hit, digest=f"{hit.digest}@{place}", line=line, nth=nth))
        return found

    def _scan(self, log: OpenLog) -> list[Hit]:
        report = self._hunt.report
        lines, size = report.lines, report.bytes
        found = list(self._hunt.scan(log))
        self.report.lines += report.lines - lines
        self.report.bytes += report.bytes - size
        return found

    def _reference(self) -> Reference:
        now = self._hunt.now
        return Reference(now) if self._setup.zone is None else Reference(now, self._setup.zone)

    def _commit(self, batch: _Batch) -> None:
        now = self._store.clock()
        raised = [hit for hit in batch.hits if hit.raised]
        # a dozen statements, but few waits, should the database be far away
        with self._store.transaction(pipelined=True) as connection:
            # both come together or not at all; if the machine falls, what was not written yet is read again
            connection.execute("SET LOCAL synchronous_commit = off")
            _, opened = keep_in(connection, raised, now=now, beyond=batch.beyond)
            replaced = [key for piece in batch.pieces for key in piece.tail.replaces]
            watched.drop(connection, [*replaced, *batch.forgotten])
            remembered = [] if batch.remembered is None else [batch.remembered]
            read = [piece.end for piece in batch.pieces]
            positions = [*batch.kept, *read, *batch.ends.values(), *remembered]
            watched.put(connection, positions, now=now)
        for piece in batch.pieces:
            piece.tail.done(piece)
        self.report.hits += len(raised)
        self.report.flagged += len(batch.hits) - len(raised)
        self.report.alerts += len(opened)
        for hit in raised:
            for source in hit.sources:
                day = day_of(now if hit.at is None else hit.at)
                self._untold[hit.indicator.id, source.owner, day] = hit
        if batch.hits:
            self._on_hits(self._known.derive(batch.hits))

    def _anchor(self) -> None:
        """Remember which paths are watched, and where files stand that nothing was read of yet: after a restart nothing is passed over."""
        roots = [Position(0, 0, root_of(path), 0, path, 0, 0) for path in self._tails.fresh_roots]
        standing = [tail.position for tail in self._tails.open.values() if tail.position.length]
        with self._store.transaction() as connection:
            begun = [each for one in self._setup.inputs for each in one.standing()]
            watched.put(connection, [*roots, *standing, *begun], now=self._store.clock())

    def _follow(self) -> None:
        while not self._stopping.wait(FOLLOW_EVERY):
            try:
                self.follow()
            except TocsinError as error:
                _log.error("what is new in the store is not looked for yet: %s", error)
                self._stopping.wait(1)

    def follow(self) -> None:
        """Take up what is new in the store now."""
        if self._following.follow():
            known = self._following.catalogue
            self._rule(known.value)
            self._known = known

    def _rule(self, known: Catalogue | None = None) -> None:
        """Make Sigma rules ready where there are others now: that takes long, so lines are not waiting for it."""
        rules = (known or self._known.value).rules
        if not self._setup.sigma or (self._ruling is not None and self._ruling.indicators is rules):
            return
        self._ruling = made = Standing(rules, now=self._store.clock(), late=LATENESS)
        _log.info("%d Sigma rules and %d correlations judge what comes", len(made), made.correlations)
        if made.refused:
            _log.warning(
                "%d Sigma rules cannot be evaluated, such as %s: %s", len(made.refused), *made.refused[0]
            )

    def _read_suppressions(self) -> Suppresses:
        with self._store.connection() as connection:
            return suppressing(connection, now=self._store.clock())

    def _is_suppressed(self, hit: Hit) -> str:
        return self._suppresses(hit)

    def _note(self, name: str, reason: str) -> None:
        if self.report.notes.get(name) != reason:
            self.report.notes[name] = reason
            _log.warning("%s: %s", name, reason)

    def _tell_now_and_then(self) -> None:
        now = self._ticks()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            self._tell()
            if self.report.dropped > self._told_dropped:
                _log.warning(
                    "%d messages came too fast and were dropped", self.report.dropped - self._told_dropped
                )
                self._told_dropped = self.report.dropped

    def _tell(self) -> None:
        if not self._untold or not self._setup.tell:
            return
        try:
            sightings.tell(self._store, self._clearances, [*self._untold.values()], now=self._store.clock())
        except TocsinError as error:
            _log.error("sightings are not written yet: %s", error)
        else:
            self._untold.clear()
