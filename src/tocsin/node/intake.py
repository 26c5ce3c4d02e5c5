"""The way in: bytes of objects are parsed, checked, labelled and kept; what breaks a rule goes to quarantine.

Two stages run side by side. The caller's thread reads, parses and labels; one worker thread writes
to the database. Between them stand at most `_AHEAD` batches, so memory is flat however long the
input is. A batch is one transaction: after a crash the batches that were committed are there, and
taking the same input again finds them to be the same, adds the rest and repeats nothing.
"""

from __future__ import annotations

import gc
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import UUID

import msgspec

from tocsin.clock import Clock, Micros
from tocsin.errors import InputError, LimitError, ParseError
from tocsin.formats import RawItem, Refusal, refuse
from tocsin.sharing.labels import Label, label_for
from tocsin.stix import Object, parse, sensitive
from tocsin.stix.markings import definition_kind, tlp_of
from tocsin.store import Store, collections, labels, objects, quarantine
from tocsin.store.collections import Collection
from tocsin.store.values import Origin, Outcome, Placement

BATCH = 5000
"""Most objects in one transaction."""

# Parsed, an object takes some ten times its bytes or more: this bounds what waits to be written.
_BATCH_BYTES = 4 * 1024 * 1024
_AHEAD = 2
_LABELS_CACHED = 10_000
# Seconds after which a thread that waits for the interpreter gets it. The writer comes back from the database some ten
# times for each batch; at Python's default of 5 ms it waited longer for the parsing thread than for the disk.
_SWITCH = 0.0005
# Containers made before Python looks for cycles; parsed JSON has none, and at the default of 700 it looks all the time.
_CYCLES = 50_000


class IntakeReport(msgspec.Struct, frozen=True):
    """What became of everything that was handed in.

    Attributes:
        new: objects whose STIX id was not held in the collection.
        updated: further versions, or further label sets, of objects that were.
        same: objects that were held already, byte for byte, under the same label set.
        refused: what was not taken; it is in quarantine.
        reasons: how many were refused by which rule, most frequent first.
        examples: for each rule the place and reason of its first refusal.
        seconds: time it took.
    """

    new: int = 0
    updated: int = 0
    same: int = 0
    refused: int = 0
    reasons: dict[str, int] = {}
    examples: dict[str, tuple[str, str]] = {}
    seconds: float = 0.0

    @property
    def taken(self) -> int:
        """Objects that are now held, whether they were before or not."""
        return self.new + self.updated + self.same


class Committed(msgspec.Struct, frozen=True):
    """One batch after its commit: objects with their outcomes, and refusals."""

    objects: Sequence[Object]
    outcomes: Sequence[Outcome]
    refusals: Sequence[Refusal]


class _Batch:
    __slots__ = ("definitions", "placements", "refusals", "size")

    def __init__(self) -> None:
        self.placements: list[Placement] = []
        self.refusals: list[Refusal] = []
        self.definitions: dict[str, str] = {}
        self.size = 0


class Intake:
    """Takes objects into a store."""

    def __init__(self, store: Store, own: str, clock: Clock) -> None:
        """Bind to a store.

        Args:
            store: where to.
            own: id of the organisation that runs this node, the owner of what nobody else asserted.
            clock: gives the time of refusals.
        """
        self._store = store
        self._own = own
        self._clock = clock

    def take(
        self,
        items: Iterable[RawItem | Refusal],
        *,
        collection: UUID | str,
        origin: Origin,
        owner: str | None = None,
        recipients: Sequence[str] = (),
        assumed: str | None = None,
        on_committed: Callable[[Committed], None] | None = None,
    ) -> IntakeReport:
        """Take everything `items` yields; what is refused goes to quarantine.

        Args:
            items: as `tocsin.formats` yields them. An error that it raises is raised again after what came
                before it was kept.
            collection: id or alias of the collection that it goes to; its community is the audience.
            origin: how it reached this node.
            owner: id of the organisation that asserts it; the own one by default.
            recipients: ids of organisations that the owner names.
            assumed: the TLP that the importer vouches for where an object carries none: "clear", "green", "amber",
                "amber+strict" or "red". Without it such objects are kept and never leave.
            on_committed: told each batch after its commit, in the worker's thread.

        Raises:
            NotFoundError: there is no such collection.
            StoreUnavailableError: the database is away or full. What was committed stays.
        """
        with self._store.connection() as connection:
            found = collections.get(connection, collection)
        audience = (str(found.community),) if found.community else ()
        labeller = _Labeller(owner or self._own, audience, tuple(recipients), assumed)
        writer = _Writer(
            self._store,
            self._clock,
            collection=found.id,
            origin=origin,
            owner=labeller.owner,
            on_committed=on_committed,
        )
        began = time.perf_counter()
        _tune()
        with ThreadPoolExecutor(1, thread_name_prefix="intake") as pool:
            pipeline = _Pipeline(pool, writer)
            batch = _Batch()
            try:
                for item in items:
                    _add(batch, item, labeller)
                    if len(batch.placements) + len(batch.refusals) >= BATCH or batch.size >= _BATCH_BYTES:
                        pipeline.submit(batch)
                        batch = _Batch()
            finally:
                pipeline.submit(batch)
                pipeline.drain()
        return writer.report(time.perf_counter() - began)


class Single(msgspec.Struct, frozen=True):
    """One object that was kept: id, version (or date added) in µs, alias of its collection, and `Outcome.kind`."""

    id: str
    at: Micros
    collection: str
    outcome: str


def keep(store: Store, own: str, body: bytes, into: Collection, *, poster: str, channel: str) -> Single:
    """Keep one object that an organisation wrote itself, in the way everything goes in.

    Raises:
        InputError: it breaks a rule; the message says where and which.
    """
    gathered: list[Committed] = []
    Intake(store, own, store.clock).take(
        [RawItem("body", body)],
        collection=into.id,
        origin=Origin(poster, None, channel),
        owner=poster,
        recipients=(own,),
        on_committed=gathered.append,
    )
    for committed in gathered:
        _require_none(committed.refusals)
        for found, outcome in zip(committed.objects, committed.outcomes, strict=True):
            at = found.version if found.version is not None else outcome.cursor
            return Single(found.id, at, into.alias, outcome.kind)
    raise InputError("there is no object in the body")


def examine(own: str, body: bytes, into: Collection, *, poster: str) -> Placement:
    """Return what `keep` would keep, and keep nothing.

    Raises:
        InputError: as `keep`.
    """
    audience = (str(into.community),) if into.community else ()
    batch = _Batch()
    _add(batch, RawItem("body", body), _Labeller(poster, audience, (own,), None))
    _require_none(batch.refusals)
    return batch.placements[0]


def _require_none(refusals: Sequence[Refusal]) -> None:
    for refusal in refusals:
        raise InputError(f"{refusal.pointer or '/'}: {refusal.rule}: {refusal.reason}"[:1000])


def _tune() -> None:
    """Set this process up for bulk work. It stays so: a node that has taken in once will again."""
    sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH))
    gc.set_threshold(max(gc.get_threshold()[0], _CYCLES), *gc.get_threshold()[1:])


class _Labeller:
    """Returns the label set of an object; equal facts give the identical label."""

    def __init__(
        self, owner: str, communities: tuple[str, ...], recipients: tuple[str, ...], assumed: str | None
    ) -> None:
        self.owner = owner
        self._communities = communities
        self._recipients = recipients
        self._assumed = assumed
        self._made: dict[tuple[tuple[str, ...], tuple[str, ...]], Label] = {}

    def label(self, found: Object) -> Label:
        markings, holds = found.markings, sensitive.kinds(found.data, found.body)
        label = self._made.get((markings, holds))
        if label is None:
            if len(self._made) >= _LABELS_CACHED:
                self._made.clear()
            has_tlp = any(tlp_of(marking) is not None for marking in markings)
            label = self._made[markings, holds] = label_for(
                markings,
                owner=self.owner,
                communities=self._communities,
                recipients=self._recipients,
                assumed=None if has_tlp else self._assumed,
                holds=holds,
            )
        return label


def _add(batch: _Batch, item: RawItem | Refusal, labeller: _Labeller) -> None:
    if isinstance(item, Refusal):
        batch.refusals.append(item)
        batch.size += len(item.raw)
        return
    try:
        found = parse(item.raw)
    except ParseError as error:
        batch.refusals.append(refuse(item.where, item.raw, error.rule, str(error), pointer=error.pointer))
    except LimitError as error:
        batch.refusals.append(refuse(item.where, item.raw, "limit", str(error)))
    else:
        if found.type == "bundle":  # its members would be kept as one, under no marking of theirs
            say = "a bundle inside of another input: its objects have to stand by themselves"
            batch.refusals.append(refuse(item.where, item.raw, "nested-bundle", say))
            batch.size += len(item.raw)
            return
        batch.placements.append(Placement(found, labeller.label(found)))
        if found.type == "marking-definition":
            batch.definitions.setdefault(found.id, definition_kind(found.data))
    batch.size += len(item.raw)


class _Pipeline:
    """Hands batches to the worker, never more than `_AHEAD` at once."""

    def __init__(self, pool: ThreadPoolExecutor, writer: _Writer) -> None:
        self._pool = pool
        self._writer = writer
        self._running: deque[Future[None]] = deque()
        self._failed = False

    def submit(self, batch: _Batch) -> None:
        if self._failed:
            return
        while len(self._running) >= _AHEAD:
            self._wait()
        self._running.append(self._pool.submit(self._writer.write, batch))

    def drain(self) -> None:
        while self._running and not self._failed:
            self._wait()

    def _wait(self) -> None:
        try:
            self._running.popleft().result()
        except BaseException:
            # Batches behind the failed one are not tried: a full disk would fail each of them.
            self._failed = True
            for waiting in self._running:
                waiting.cancel()
            raise


class _Writer:
    """Writes batches and counts what became of them; runs in the worker's thread."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        collection: UUID,
        origin: Origin,
        owner: str,
        on_committed: Callable[[Committed], None] | None,
    ) -> None:
        self._store = store
        self._collection = collection
        self._origin = origin
        self._owner = owner
        self._clock = clock
        self._on_committed = on_committed
        self._kinds: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, tuple[str, str]] = {}

    def write(self, batch: _Batch) -> None:
        if batch.refusals or batch.definitions:
            # Before the objects: a crash in between leaves nothing that the next run would not repeat alike.
            with self._store.transaction() as connection:
                for marking, kind in batch.definitions.items():
                    labels.define(connection, marking, self._owner, kind)
                quarantine.put(
                    connection,
                    [_refused(each) for each in batch.refusals],
                    origin=self._origin,
                    now=self._clock(),
                )
        outcomes = objects.put(self._store, self._collection, batch.placements, origin=self._origin)
        self._kinds.update(outcome.kind for outcome in outcomes)
        for refusal in batch.refusals:
            self._reasons[refusal.rule] += 1
            self._examples.setdefault(refusal.rule, (refusal.where, refusal.reason))
        if self._on_committed is not None and (outcomes or batch.refusals):
            self._on_committed(
                Committed([placement.object for placement in batch.placements], outcomes, batch.refusals)
            )

    def report(self, seconds: float) -> IntakeReport:
        return IntakeReport(
            new=self._kinds["new"],
            updated=self._kinds["updated"],
            same=self._kinds["same"],
            refused=self._reasons.total(),
            reasons=dict(sorted(self._reasons.items(), key=lambda pair: (-pair[1], pair[0]))),
            examples=self._examples,
            seconds=seconds,
        )


def _refused(refusal: Refusal) -> quarantine.Refused:
    return quarantine.Refused(
        raw=refusal.raw,
        where=refusal.where,
        pointer=refusal.pointer,
        rule=refusal.rule,
        reason=refusal.reason,
        length=refusal.length,
        digest=bytes.fromhex(refusal.digest),
    )
