"""Makes lists on behalf of organisations, and remembers them as long as they are right.

A list is a release: its rows come under the clearance of who asks to receive them, narrowed to what this node's organisation may use so (`block`, `match`):
permissible actions bind wherever the list goes. What was made is kept with the state of the store it was made of, so that asking again costs one
small query; when something came, only what came is read. When a decision changed or something went, the pool is made anew.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from tocsin.clock import Micros
from tocsin.errors import StoreError
from tocsin.formats.outputs import Action, Output
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.node.outputs import pool as pools
from tocsin.node.outputs.choosing import choose
from tocsin.node.outputs.fitness import unfit
from tocsin.node.outputs.pool import Pool
from tocsin.node.outputs.ranking import Ranked, Wanted, rank
from tocsin.sharing.facts import facts_of
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, placed, warninglists
from tocsin.store.placed import Mark
from tocsin.store.values import Stale

_TRIES = 20
_POOLS = 256
_ROWS = 4_000_000
_KEPT_BYTES = 64 * 1024 * 1024
_KEPT_LISTS = 100


class Made(msgspec.Struct, frozen=True):
    """A list.

    Attributes:
        body: the file, without the head that `Output.head` writes.
        tag: changes when the body does, and only then.
        items: how many it holds.
        left_out: how many values it does not hold, by reason.
        until: from this moment on (µs) it may be another one by itself.
    """

    body: bytes
    tag: str
    items: int
    left_out: dict[str, int]
    until: Micros


class _Kept:
    """A pool and how far it has come; used by one thread at a time."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pool: Pool | None = None
        self.labels: tuple[int, ...] = ()
        self.mark = Mark(-1, -1)
        self.lists: Warninglists | None = None
        self.sealed: Released[Mark] | None = None
        self.clearances: tuple[Clearance, Clearance] | None = None
        self.narrowed: Clearance | None = None
        self.made: dict[tuple[str, Wanted], tuple[int, Made]] = {}
        self.round = 0

    def follows(self, clearance: Clearance, lists: Warninglists) -> bool:
        """Return whether the pool only has to take what is new."""
        return (
            self.pool is not None
            and not self.pool.is_mostly_dead
            and self.labels == clearance.labels
            and self.mark.generation == clearance.generation
            and self.lists is lists
        )


_Key = tuple[str, Action, bool, tuple[UUID, ...]]


class Lists:
    """Lists of a node. Safe to share between threads."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Bind."""
        self._store = store
        self._clearances = clearances
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._warninglists: tuple[str, Warninglists] | None = None

    def make(
        self,
        output: Output,
        wanted: Wanted,
        organisation: str,
        readable: Sequence[UUID],
        *,
        encrypted: bool = True,
        wait: bool = True,
    ) -> Released[Made] | None:
        """Return a list as it is now; None if another thread is at the same pool and `wait` is not set.

        Args:
            output: the format.
            wanted: what it is to hold.
            organisation: whom it is for.
            readable: ids of the collections that the organisation may read.
            encrypted: whether it goes over an encrypted channel.
            wait: for another thread.

        Raises:
            ForbiddenError: the organisation is not known.
            PolicyError: the decision cannot be made.
            StoreError: what decisions rest on keeps changing.
        """
        kept = self._of((organisation, output.action, encrypted, tuple(sorted(readable))))
        if not kept.lock.acquire(blocking=wait):
            return None
        try:
            sealed = self._refresh(kept, organisation, output.action, readable, encrypted=encrypted)
            return sealed.derive(self._made(kept, output, wanted))
        finally:
            kept.lock.release()

    def ranked(
        self, wanted: Wanted, action: Action, organisation: str, readable: Sequence[UUID]
    ) -> tuple[Released[Ranked], Pool]:
        """Return what `make` chooses from, for explanations; nobody else may use the pool meanwhile."""
        kept = self._of((organisation, action, True, tuple(sorted(readable))))
        with kept.lock:
            sealed = self._refresh(kept, organisation, action, readable, encrypted=True)
            assert kept.pool is not None  # it was just made
            ranked = rank(kept.pool, wanted, self._levels(kept.pool), self._store.clock())
            return sealed.derive(ranked), kept.pool

    def _of(self, key: _Key) -> _Kept:
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and (len(self._kept) > _POOLS or self._rows() > _ROWS):
                self._kept.popitem(last=False)
            return kept

    def _rows(self) -> int:
        return sum(len(each.pool.row_value) for each in self._kept.values() if each.pool is not None)

    def _refresh(
        self, kept: _Kept, organisation: str, action: Action, readable: Sequence[UUID], *, encrypted: bool
    ) -> Released[Mark]:
        """Bring a pool up to date; return how far that is, released to the organisation."""
        for _ in range(_TRIES):
            clearance = self._clearance(kept, organisation, action, encrypted=encrypted)
            with self._store.connection() as connection:
                now = placed.mark(connection)
                stamp = warninglists.stamp(connection)
            if now.generation > clearance.generation:
                self._clearances.refresh(now.generation)
                continue
            lists = self._lists(stamp)
            if kept.follows(clearance, lists):
                if kept.mark == now and kept.sealed is not None:
                    return kept.sealed
            else:
                self._begin(kept, clearance, action, lists)
            assert kept.pool is not None  # it follows, or has just begun
            found = self._follow(kept, kept.pool, clearance, readable)
            if not isinstance(found, Stale):
                return found
            self._clearances.refresh(found.generation)
        raise StoreError("what decisions rest on keeps changing", hint="try again")

    def _follow(
        self, kept: _Kept, pool: Pool, clearance: Clearance, readable: Sequence[UUID]
    ) -> Released[Mark] | Stale:
        """Take what has come since."""
        before = pool.changes
        try:
            found = placed.follow(
                self._store, pools.TYPES, clearance, pool.take, collections=readable, after=kept.mark.last
            )
        except BaseException:
            kept.pool = None  # it may have taken some of it
            raise
        if not isinstance(found, Stale):
            kept.sealed, kept.mark = found, found.value
            kept.round += pool.changes != before
        return found

    def _clearance(self, kept: _Kept, organisation: str, action: Action, *, encrypted: bool) -> Clearance:
        """Return what `organisation` may receive of what this node's organisation may use so."""
        for _ in range(_TRIES):
            receive = self._clearances.get(organisation, "receive", encrypted=encrypted)
            use = self._clearances.get(self._clearances.snapshot.own.id, action)
            if kept.clearances is not None and kept.clearances[0] is receive and kept.clearances[1] is use:
                assert kept.narrowed is not None
                return kept.narrowed
            if receive.generation == use.generation:
                kept.clearances = receive, use
                kept.narrowed = receive.narrow(frozenset(use.labels).__contains__)
                return kept.narrowed
        raise StoreError("what decisions rest on keeps changing", hint="try again")

    def _begin(self, kept: _Kept, clearance: Clearance, action: Action, lists: Warninglists) -> None:
        labels = self._clearances.snapshot.labels
        kept.pool = Pool(
            lambda label: labels[label].owner, lambda kind, value: unfit(kind, value, action, lists)
        )
        kept.labels, kept.lists, kept.mark, kept.sealed = (
            clearance.labels,
            lists,
            Mark(clearance.generation, -1),
            None,
        )
        kept.made.clear()
        kept.round += 1

    def _lists(self, stamp: str) -> Warninglists:
        with self._lock:
            known = self._warninglists
            if known is None or known[0] != stamp:
                with self._store.connection() as connection:
                    stamp = warninglists.stamp(connection)
                    listed = warninglists.everything(connection)
                made = Warninglists(
                    Listed(each.name, each.kind, each.attributes, each.values) for each in listed
                )
                known = self._warninglists = (stamp, made)
            return known[1]

    def _made(self, kept: _Kept, output: Output, wanted: Wanted) -> Made:
        now = self._store.clock()
        known = kept.made.get((output.name, wanted))
        if known is not None and known[0] == kept.round and now < known[1].until:
            return known[1]
        assert kept.pool is not None  # it was just made
        ranked = rank(kept.pool, wanted, self._levels(kept.pool), now)
        left_out = Counter(ranked.left_out)
        items = choose(ranked, output, wanted.limit, left_out)
        body = output.body(items)
        tag = hashlib.sha256(body).hexdigest()[:32]
        made = Made(
            body, tag, len(items), {reason: left_out[reason] for reason in sorted(left_out)}, ranked.until
        )
        size = len(body) + sum(len(each.body) for _, each in kept.made.values())
        if size > _KEPT_BYTES or len(kept.made) >= _KEPT_LISTS:
            kept.made.clear()
        kept.made[output.name, wanted] = (kept.round, made)
        return made

    def _levels(self, pool: Pool) -> list[str]:
        """Return the level of each of a pool's places; "" where a marking is not understood."""
        return [
            level_of(self._clearances.snapshot, place.label, self._store.clock()) for place in pool.places
        ]


def level_of(snapshot: Snapshot, label: int, now: Micros) -> str:
    """Return the level of a label set as `Facts.tlp`; "" where a marking is not understood, so that no ceiling lets it pass."""
    facts = facts_of(snapshot.labels[label], snapshot.definitions, own=snapshot.own.id, now=now)
    return facts.tlp if facts.understood else ""
