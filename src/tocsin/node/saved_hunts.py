"""Saved hunts: run when somebody asks or when they are due, with counts and faults kept; what they find is in alerts."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from tocsin.clock import Micros
from tocsin.errors import TocsinError
from tocsin.node import following, logs, scanner, sightings
from tocsin.node.clearances import Clearances
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.node.keeping_hits import suppressing
from tocsin.node.logs import Reading
from tocsin.store import Store, journal, saved
from tocsin.store.saved import Saved

_log = logging.getLogger("tocsin.hunts")
_EVERY: Final = 5.0  # seconds between looks at what is due
_MOST_FAULTS: Final = 20
_TELLING: Final[Micros] = 1_000_000


class What(msgspec.Struct, frozen=True):
    """What a saved hunt does.

    Attributes:
        paths: files and folders, in full.
        back: pass over records dated earlier than so many µs before the run; None: none.
        any_time, least, sightings: as `tocsin hunt` has them.
        format: of all logs; None: told by each.
        zone: name of the time zone of times that name none.
        sigma: judge by Sigma rules, too.
        decode: look into what is encoded, too.
    """

    paths: tuple[str, ...]
    back: Micros | None = None
    any_time: bool = False
    least: int = 0
    sightings: bool = True
    format: str | None = None
    zone: str | None = None
    sigma: bool = False
    decode: bool = False


def run(store: Store, clearances: Clearances, hunt: Saved) -> dict[str, Any]:
    """Run a saved hunt now and keep what became of it; return that.

    Raises:
        TocsinError: it could not be run; the run says why, too.
    """
    began = store.clock()
    with store.transaction() as connection:
        number = saved.begin(connection, hunt.name, now=began)
    try:
        report = _run(store, clearances, msgspec.convert(hunt.what, What), began, number)
    except TocsinError as error:
        report = {"failed": str(error)}
        raise
    finally:
        with store.connection() as connection:
            saved.end(connection, number, report, now=store.clock())
    return report


def _run(store: Store, clearances: Clearances, what: What, now: Micros, number: int) -> dict[str, Any]:
    logs.check(what.paths)
    with store.connection() as connection:
        suppresses = suppressing(connection, now=now)
    reading = Reading(what.format, now=now)
    if what.zone is not None:
        reading = Reading(what.format, ZoneInfo(what.zone), now)
    options = Options(
        since=None if what.back is None else now - what.back,
        any_time=what.any_time, least=what.least, reading=reading, suppresses=suppresses, sigma=what.sigma, decode=what.decode,
    )  # fmt: skip
    known = following.load(store, clearances)
    hunt = Hunt(known.value, now=now, options=options)
    found = list(hunt.run(what.paths, on_read=_telling(store, number, hunt, logs.size_of(what.paths))))
    written = sightings.Written()
    if what.sightings:
        written = sightings.write(store, clearances, found, now=store.clock(), counts=hunt.report.counts)
    report = hunt.report
    entry = journal.Entry(
        *(store.clock(), "local", "hunt", "indicators", "released"),
        {"indicators": known.value.indicators, "hits": report.hits, "lines": report.lines},
    )
    with store.connection() as connection:
        journal.append(connection, [entry])
    return {
        "hits": report.hits,
        "new": written.kept,
        "flagged": report.flagged,
        "alerts": written.alerts,
        "lines": report.lines,
        "bytes": report.bytes,
        "logs": sum(report.formats.values()),
        "malformed": report.malformed,
        "faults": [{"file": name, "reason": why} for name, why in report.faults[:_MOST_FAULTS]],
        "seconds": round(report.seconds, 3),
    }


def _telling(store: Store, number: int, hunt: Hunt, size: int | None) -> Callable[[int], None]:
    """Return what notes how far a run is, once a second, whenever something was read."""
    told = store.clock()

    def tell(_read: int) -> None:
        nonlocal told
        now = store.clock()
        if now - told < _TELLING:
            return
        told = now
        report = hunt.report
        so_far = {
            "at": now,
            "read": report.read,
            "size": size,
            "hits": report.hits,
            "lines": report.lines,
            "bytes": report.bytes,
        }
        with store.transaction() as connection:
            saved.note(connection, number, so_far)

    return tell


class Scheduler:
    """A thread that runs hunts when they are due; of several processes on one database one runs each."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Bind; `start` begins."""
        self._store, self._clearances = store, clearances
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="hunts", daemon=True)

    def start(self) -> None:
        """Begin to look for what is due."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no other hunt. One that is under way is left: it is due again after its time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_EVERY)

    def run_due(self) -> int:
        """Run what is due; return how many hunts that were."""
        count = 0
        while not self._stopping.is_set():
            with self._store.transaction() as connection:
                due = saved.take_due(connection, now=self._store.clock())
            if due is None:
                break
            count += 1
            try:
                run(self._store, self._clearances, due)
            except TocsinError as error:
                _log.error("the hunt %s was not run: %s", due.name, error)
        return count

    def _work(self) -> None:
        while not self._stopping.wait(_EVERY):
            if scanner.is_being_prepared():
                continue
            try:
                self.run_due()
            except TocsinError as error:
                _log.error("what is due is not run: %s", error)
