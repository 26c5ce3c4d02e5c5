"""Fetching from peers: each collection that is tied to one of ours, page by page, into the intake.

Peers are polled side by side, and one that fails never stops another. A page is kept before the position behind it is:
after a crash in between it comes again and is found to be the same, so every object arrives exactly once in effect.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from tocsin.errors import NotFoundError, TocsinError
from tocsin.exchange.taxii.chain import Bounds, Chain, Position, Step
from tocsin.exchange.taxii.client import Client, Collection
from tocsin.exchange.wire import Wire
from tocsin.formats import RawItem
from tocsin.node import echo
from tocsin.node.intake import Intake
from tocsin.node.links import OpenWire, chosen, endpoint_of, mirror_all, missing
from tocsin.store import Store, collections, organisations, peers
from tocsin.store.peers import Peer, Subscription
from tocsin.store.values import Origin

_LOG = logging.getLogger(__name__)
_WORKERS = 4
_NAME = 120  # longer is no STIX id; it is shown to people


class CollectionReport(msgspec.Struct, frozen=True):
    """What one remote collection brought.

    `own` counts objects of this node's own that came back (see `node.echo`), `received` bytes on the wire, `reasons` the rules
    by which objects were refused, `warnings` what was odd about the peer's answers and how often.
    """

    remote: str
    local: str
    pages: int = 0
    new: int = 0
    updated: int = 0
    same: int = 0
    own: int = 0
    refused: int = 0
    received: int = 0
    seconds: float = 0.0
    reasons: dict[str, int] = {}
    warnings: dict[str, int] = {}
    error: str = ""
    hint: str = ""


class PeerReport(msgspec.Struct, frozen=True):
    """What one peer brought: the sums over its collections, and what went wrong."""

    peer: str
    pages: int
    new: int
    updated: int
    same: int
    own: int
    refused: int
    received: int
    seconds: float
    collections: tuple[CollectionReport, ...]
    warnings: tuple[str, ...]
    error: str = ""
    hint: str = ""

    @property
    def ok(self) -> bool:
        """Whether everything was fetched."""
        return not self.error


def poll(
    store: Store,
    names: Sequence[str] = (),
    *,
    again: bool = False,
    bounds: Bounds | None = None,
    open_wire: OpenWire = Wire,
    workers: int = _WORKERS,
) -> list[PeerReport]:
    """Poll peers; return one report each, in the order of their names.

    Args:
        store: where to.
        names: which peers; all that are not suspended by default.
        again: forget how far we have come, and fetch everything anew.
        bounds: what one pass may cost.
        open_wire: makes the connection; for tests.
        workers: peers polled at once.

    Raises:
        NotFoundError: a name is none, or this node has no organisation yet.
        ConflictError: a named peer is suspended.
    """
    found = chosen(store, names)
    with store.connection() as connection:
        own = organisations.own(connection).id
    if not found:
        return []
    polls = [_Poll(store, peer, own, bounds or Bounds(), open_wire, again=again) for peer in found]
    with ThreadPoolExecutor(min(workers, len(polls)), thread_name_prefix="poll") as pool:
        return list(pool.map(_Poll.run, polls))


class _Poll:
    """One peer's turn; runs in a thread of its own."""

    def __init__(
        self, store: Store, peer: Peer, own: str, bounds: Bounds, open_wire: OpenWire, *, again: bool
    ) -> None:
        self._store = store
        self._peer = peer
        self._own = own
        self._bounds = bounds
        self._open_wire = open_wire
        self._again = again
        self._origin = Origin(peer.organisation, peer.name, "taxii-poll")
        self._reports: list[CollectionReport] = []
        self._warnings: list[str] = []

    def run(self) -> PeerReport:
        began = time.perf_counter()
        error: TocsinError | None = None
        try:
            self._run()
        except TocsinError as failure:
            error = failure
        except Exception:  # noqa: BLE001 - a fault of ours in one peer's turn must not end the turns of the others
            _LOG.exception("poll of %s failed", self._peer.name)
            error = TocsinError(f"{self._peer.name}: internal error", hint="the log has it; please report it")
        report = self._sum(time.perf_counter() - began, error)
        self._note(report)
        return report

    def _run(self) -> None:
        with self._open_wire(endpoint_of(self._peer)) as wire:
            client = Client(wire)
            found = client.discover()
            self._warnings += found.troubles
            listed = client.collections(found)
            for subscription in self._subscriptions(listed):
                self._reports.append(self._collection(client, listed, subscription))

    def _subscriptions(self, listed: list[Collection]) -> list[Subscription]:
        with self._store.connection() as connection:
            ties = peers.subscriptions(connection, self._peer.name, "poll")
        if not ties:
            return mirror_all(self._store, self._peer, listed)
        tied = {t.remote for t in ties}
        for c in listed:
            if c.can_read and not any(c.answers_to(name) for name in tied):
                name = self._redact(c.alias or c.title or c.id)
                self._warnings.append(
                    f"{self._peer.name} has a collection {name} that is not fetched: "
                    f"tocsin peer subscribe {self._peer.name} {c.id}=LOCAL"
                )
        return ties

    def _collection(self, client: Client, listed: list[Collection], tie: Subscription) -> CollectionReport:
        with self._store.connection() as connection:
            local = collections.get(connection, tie.collection)
        began = time.perf_counter()
        taking = _Taking(self._store, self._own, self._origin, tie, local.alias)
        chain = None
        error: TocsinError | None = None
        try:
            remote = self._find(client, listed, tie.remote)
            taking.shown = self._redact(remote.alias or remote.title or remote.id)
            start = Position() if self._again else Position.from_text(tie.position)
            chain = Chain(client, remote, start, clock=self._store.clock, bounds=self._bounds)
            for step in chain:
                taking.take(step)
        except TocsinError as failure:
            error = failure
        except Exception:  # noqa: BLE001 - what one collection does to us must not cost the others their turn
            _LOG.exception("poll of %s of %s failed", tie.remote, self._peer.name)
            error = TocsinError(f"{tie.remote}: internal error", hint="the log has it; please report it")
        return taking.report(time.perf_counter() - began, dict(chain.warnings) if chain else {}, error)

    def _find(self, client: Client, listed: list[Collection], name: str) -> Collection:
        try:
            found = client.find(name, listed)
        except NotFoundError as error:
            raise missing(name, self._peer.name) from error
        if not found.can_read:
            raise missing(name, self._peer.name)
        return found

    def _redact(self, text: str) -> str:
        return endpoint_of(self._peer).redact(text)

    def _sum(self, seconds: float, error: TocsinError | None) -> PeerReport:
        total = {
            name: sum(getattr(r, name) for r in self._reports)
            for name in ("pages", "new", "updated", "same", "own", "refused", "received")
        }
        failed = next((r for r in self._reports if r.error), None)
        return PeerReport(
            peer=self._peer.name,
            **total,
            seconds=seconds,
            collections=tuple(self._reports),
            warnings=tuple(self._warnings),
            error=str(error) if error else failed.error if failed else "",
            hint=error.hint() if error else failed.hint if failed else "",
        )

    def _note(self, report: PeerReport) -> None:
        result = {
            "at": self._store.clock(),
            "action": "poll",
            "ok": report.ok,
            "new": report.new,
            "updated": report.updated,
            "refused": report.refused,
            "error": report.error,
        }
        try:
            with self._store.connection() as connection:
                peers.note(connection, self._peer.name, result)
        except TocsinError as error:
            _LOG.warning("the result of polling %s could not be kept: %s", self._peer.name, error)


class _Taking:
    """Takes the steps of one chain and counts."""

    def __init__(self, store: Store, own: str, origin: Origin, tie: Subscription, local: str) -> None:
        self._store = store
        self._own = own
        self._origin = origin
        self._tie = tie
        self._local = local
        self._intake = Intake(store, own, store.clock)
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self.shown = tie.remote

    def take(self, step: Step) -> None:
        """Keep a page, then the position behind it."""
        if step.objects:
            names = [echo.name_of(raw) for raw in step.objects]
            ours = echo.settle(self._store, step.objects, names, own=self._own, origin=self._origin)
            self._counts["own"] += len(ours)
            place = f"{self._tie.peer}/{self.shown}"
            report = self._intake.take(
                (
                    RawItem(
                        f"{place}#{name if name.isprintable() and 0 < len(name) < _NAME else 'object'}", raw
                    )
                    for index, (name, raw) in enumerate(zip(names, step.objects, strict=True))
                    if index not in ours
                ),
                collection=self._tie.collection,
                origin=self._origin,
                owner=self._origin.source,
            )
            self._counts.update(
                new=report.new, updated=report.updated, same=report.same, refused=report.refused
            )
            self._reasons.update(report.reasons)
        self._counts.update(pages=1, received=step.received)
        with self._store.connection() as connection:
            peers.advance(connection, self._tie, step.position.to_text())

    def report(self, seconds: float, warnings: dict[str, int], error: TocsinError | None) -> CollectionReport:
        """Return what came of it."""
        return CollectionReport(
            remote=self.shown,
            local=self._local,
            **self._counts,
            seconds=seconds,
            reasons=dict(self._reasons),
            warnings=warnings,
            error=str(error) if error else "",
            hint=error.hint() if error else "",
        )
