"""Makes lists on behalf of organisations, and remembers them as long as they are right.

A list is a release: its rows come under the clearance of who asks to receive them, narrowed to what this node's organisation may use so (`block`, `match`):
permissible actions bind wherever the list goes. What was made is kept with the state of the store it was made of, so that asking again costs one
small query; when something came, only what came is read. When a decision changed or something went, the pool is made anew.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from tocsin.clock import Micros
from tocsin.errors import StoreError
from tocsin.formats.outputs import Action, Output
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.node.outputs import pool as pools
from tocsin.node.outputs.choosing import choose
from tocsin.node.outputs.explaining import Looked, look
from tocsin.node.outputs.fitness import unfit
from tocsin.node.outputs.kept import Kept, Made
from tocsin.node.outputs.pool import Pool
from tocsin.node.outputs.ranking import Wanted, rank
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


_Key = tuple[str, Action, bool, str, tuple[UUID, ...]]


class Lists:
    """Lists of a node. Safe to share between threads."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Bind."""
        self._store = store
        self._clearances = clearances
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Kept] = OrderedDict()
        self._warninglists: tuple[str, Warninglists] | None = None

    def make(
        self,
        output: Output,
        wanted: Wanted,
        organisation: str,
        readable: Sequence[UUID],
        *,
        encrypted: bool = True,
        ceiling: str = "",
        wait: bool = True,
    ) -> Released[Made] | None:
        """Return a list as it is now; None if another thread is at the same pool and `wait` is not set.

        Args:
            output: the format.
            wanted: what it is to hold.
            organisation: whom it is for.
            readable: ids of the collections that the organisation may read.
            encrypted: whether it goes over an encrypted channel.
            ceiling: of the token that asks, as `Clearances.get` takes it.
            wait: for another thread.

        Raises:
            ForbiddenError: the organisation is not known.
            PolicyError: the decision cannot be made.
            StoreError: what decisions rest on keeps changing.
        """
        with self._held(output, organisation, readable, encrypted, ceiling, wait=wait) as held:
            return None if held is None else held[1].derive(self._made(held[0], output, wanted))

    def look(
        self,
        output: Output,
        wanted: Wanted,
        organisation: str,
        readable: Sequence[UUID],
        *,
        value: str = "",
        first: int = 0,
        encrypted: bool = True,
        ceiling: str = "",
        wait: bool = True,
    ) -> Released[Looked] | None:
        """Return what is in a list, and where a value stands in it; arguments and errors are those of `make`, and of `explaining.look`."""
        with self._held(output, organisation, readable, encrypted, ceiling, wait=wait) as held:
            if held is None:
                return None
            pool, now = held[0].pool, self._store.clock()
            assert pool is not None  # it was just made
            ranked = rank(pool, wanted, self._levels(pool), now)
            return held[1].derive(look(ranked, pool, output, wanted, value=value, first=first, now=now))

    @contextmanager
    def _held(
        self,
        output: Output,
        organisation: str,
        readable: Sequence[UUID],
        encrypted: bool,
        ceiling: str,
        *,
        wait: bool,
    ) -> Iterator[tuple[Kept, Released[Mark]] | None]:
        """Hold a pool that is up to date, with how far that is; None if another thread has it."""
        kept = self._of((organisation, output.action, encrypted, ceiling, tuple(sorted(readable))))
        if not kept.lock.acquire(blocking=wait):
            yield None
            return
        try:
            yield (
                kept,
                self._refresh(
                    kept, organisation, output.action, readable, encrypted=encrypted, ceiling=ceiling
                ),
            )
        finally:
            kept.lock.release()

    def _of(self, key: _Key) -> Kept:
        with self._lock:
            kept = self._kept.setdefault(key, Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and (len(self._kept) > _POOLS or self._rows() > _ROWS):
                self._kept.popitem(last=False)
            return kept

    def _rows(self) -> int:
        return sum(len(each.pool.row_value) for each in self._kept.values() if each.pool is not None)

    def _refresh(
        self,
        kept: Kept,
        organisation: str,
        action: Action,
        readable: Sequence[UUID],
        *,
        encrypted: bool,
        ceiling: str = "",
    ) -> Released[Mark]:
        """Bring a pool up to date; return how far that is, released to the organisation."""
        for _ in range(_TRIES):
            clearance = self._clearance(kept, organisation, action, encrypted=encrypted, ceiling=ceiling)
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
                self._begin(kept, clearance, organisation, action, lists)
            assert kept.pool is not None  # it follows, or has just begun
            found = self._follow(kept, kept.pool, clearance, readable)
            if not isinstance(found, Stale):
                return found
            self._clearances.refresh(found.generation)
        raise StoreError("what decisions rest on keeps changing", hint="try again")

    def _follow(
        self, kept: Kept, pool: Pool, clearance: Clearance, readable: Sequence[UUID]
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

    def _clearance(
        self, kept: Kept, organisation: str, action: Action, *, encrypted: bool, ceiling: str
    ) -> Clearance:
        """Return what `organisation` may receive of what this node's organisation may use so."""
        for _ in range(_TRIES):
            receive = self._clearances.get(organisation, "receive", encrypted=encrypted, ceiling=ceiling)
            use = self._clearances.get(self._clearances.snapshot.own.id, action)
            if kept.clearances is not None and kept.clearances[0] is receive and kept.clearances[1] is use:
                assert kept.narrowed is not None
                return kept.narrowed
            if receive.generation == use.generation:
                kept.clearances = receive, use
                kept.narrowed = receive.narrow(frozenset(use.labels).__contains__)
                return kept.narrowed
        raise StoreError("what decisions rest on keeps changing", hint="try again")

    def _begin(
        self, kept: Kept, clearance: Clearance, organisation: str, action: Action, lists: Warninglists
    ) -> None:
        labels = self._clearances.snapshot.labels
        kept.pool = Pool(
            lambda label: labels[label].owner,
            lambda kind, value: unfit(kind, value, action, lists),
            organisation,
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

    def _made(self, kept: Kept, output: Output, wanted: Wanted) -> Made:
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
