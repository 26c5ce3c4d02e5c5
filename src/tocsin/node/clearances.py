"""Clearances for recipients, kept as long as what they rest on has not changed.

Facts (organisations, label sets, definitions of markings) are read in one snapshot together with the generation they
belong to. A page that was read under a newer generation is thrown away and asked again under a new clearance.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ForbiddenError, StoreError
from tocsin.sharing import policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import TLP_WORDS
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.release import Clearance, Released
from tocsin.store import Store, labels, organisations, policies
from tocsin.store.values import Stale

T = TypeVar("T")
_LEVELS = {word: level for level, word in TLP_WORDS.items()}
_TRIES = 20  # a writer that makes a new label set every few milliseconds must not starve readers for ever


class Snapshot(msgspec.Struct, frozen=True):
    """What decisions rest on, at one generation; from `until` on (µs, None: never) organisations stand otherwise."""

    generation: int
    organisations: Mapping[str, Organisation]
    labels: Mapping[int, Label]
    definitions: Definitions
    policies: PolicySet
    until: Micros | None = None

    @property
    def own(self) -> Organisation:
        """The organisation that runs the node."""
        return next(o for o in self.organisations.values() if o.own)


class Clearances:
    """Decides for recipients and remembers. Safe to share between threads."""

    def __init__(self, store: Store, given: PolicySet | None = None) -> None:
        """Bind to a store, under the policies that come with Tocsin and the organisation's own, or under those given alone."""
        self._store = store
        self._given = given
        self._texts: dict[str, str] | None = None  # own policies that `_policies` is made of
        self._policies = given
        self._lock = threading.Lock()
        self._snapshot = self._read()
        self._decider = Decider(self._snapshot.policies, self._snapshot.own, store.clock)
        self._made: dict[tuple[str, str, bool, str], Clearance] = {}
        self._until: Micros | None = None  # a date is reached then that something in `_made` rests on

    @property
    def snapshot(self) -> Snapshot:
        """What decisions rested on last."""
        return self._snapshot

    @property
    def decider(self) -> Decider:
        """The decider, for explanations."""
        return self._decider

    def get(
        self, organisation: str, action: str = "receive", *, encrypted: bool = True, ceiling: str = ""
    ) -> Clearance:
        """Return what `organisation` may have, as far as this process knows; over an encrypted channel, or another one.

        `ceiling` ("clear" to "red") keeps back what is marked stricter, and what is not marked; "" keeps nothing back.

        Raises:
            ForbiddenError: the organisation is not known.
            PolicyError: the decision cannot be made: nothing may go.
        """
        with self._lock:
            now = self._store.clock()
            if self._snapshot.until is not None and now >= self._snapshot.until:
                self._renew()
            if self._until is not None and now >= self._until:
                self._made = {}
            found = self._made.get((organisation, action, encrypted, ceiling))
            if found is None:
                recipient = self._snapshot.organisations.get(organisation)
                if recipient is None:
                    raise ForbiddenError("the organisation is not known")
                state = self._snapshot
                found = self._decider.clearance(
                    msgspec.structs.replace(recipient, encrypted=encrypted),
                    action,
                    state.labels,
                    state.definitions,
                    state.generation,
                    ceiling=_LEVELS[ceiling] if ceiling else None,
                )
                self._made[organisation, action, encrypted, ceiling] = found
                self._until = self._decider.until
            return found

    def ask(
        self,
        organisation: str,
        question: Callable[[Clearance], Released[T] | Stale],
        action: str = "receive",
        *,
        encrypted: bool = True,
        ceiling: str = "",
    ) -> Released[T]:
        """Ask the store under the organisation's clearance, as often as it takes until the two fit.

        Raises:
            ForbiddenError: the organisation is not known.
            StoreError: facts change faster than they can be read.
        """
        for _ in range(_TRIES):
            answer = question(self.get(organisation, action, encrypted=encrypted, ceiling=ceiling))
            if isinstance(answer, Released):
                return answer
            self.refresh(answer.generation)
        raise StoreError("what decisions rest on keeps changing", hint="try again")

    def refresh(self, at_least: int = 0) -> Snapshot:
        """Read the facts again unless they are of generation `at_least` already; return them."""
        with self._lock:
            if self._snapshot.generation < at_least or at_least == 0:
                self._renew()
            return self._snapshot

    def _renew(self) -> None:
        self._snapshot = self._read()
        if self._snapshot.own != self._decider.own or self._snapshot.policies is not self._decider.policies:
            self._decider = Decider(self._snapshot.policies, self._snapshot.own, self._store.clock)
        self._made = {}

    def _policies_of(self, texts: dict[str, str]) -> PolicySet:
        """Return the policies that come with Tocsin and the organisation's own, parsed when they have changed."""
        if self._policies is None or (self._given is None and texts != self._texts):
            self._policies, self._texts = policy.load(own=texts), texts
        return self._policies

    def _read(self) -> Snapshot:
        with self._store.transaction() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            now = self._store.clock()
            organisations.own(connection)  # says what to do where there is none
            return Snapshot(
                labels.generation(connection),
                {o.id: o for o in organisations.everything(connection, now)},
                labels.everything(connection),
                labels.definitions(connection),
                self._policies_of(policies.active(connection)),
                organisations.until(connection, now),
            )
