"""What would reach whom if something were otherwise: policies, organisations, agreements, the date.

The change is really made, in a transaction that is taken back: so what is counted is what would happen, whatever the change is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import msgspec

from tocsin.clock import Micros
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.policy import PolicySet
from tocsin.store import Connection, Store, holdings, labels, organisations

_EXAMPLES = 5


class Reach(msgspec.Struct, frozen=True):
    """How many of the objects held would reach an organisation that did not, and the reverse; ids of some of each."""

    organisation: str
    gained: int
    lost: int
    now_there: tuple[str, ...] = ()
    now_gone: tuple[str, ...] = ()


class State(msgspec.Struct, frozen=True):
    """What decisions rest on at a moment (µs)."""

    organisations: Mapping[str, Organisation]
    labels: Mapping[int, Label]
    definitions: Definitions
    policies: PolicySet
    now: Micros

    def whole(self) -> dict[str, frozenset[int]]:
        """Return the label sets that each organisation may have as they are."""
        own = next(o for o in self.organisations.values() if o.own)
        decider = Decider(self.policies, own, lambda: self.now)
        return {
            each.id: frozenset(decider.clearance(each, "receive", self.labels, self.definitions, 0).labels)
            for each in self.organisations.values()
        }


def read(connection: Connection, policies: PolicySet, now: Micros) -> State:
    """Return the state as `connection` sees it."""
    return State(
        {o.id: o for o in organisations.everything(connection, now)},
        labels.everything(connection),
        labels.definitions(connection),
        policies,
        now,
    )


def difference(store: Store, before: State, after: State) -> list[Reach]:
    """Return for each organisation what it would have that it has not, and the reverse, most gained first."""
    old, new = before.whole(), after.whole()
    changed = {
        each: (new.get(each, frozenset()) - had, had - new.get(each, frozenset()))
        for each, had in old.items()
    }
    wanted = frozenset().union(*(some for pair in changed.values() for some in pair))
    counts: Counter[int] = Counter(holdings.count_of_labels(store, wanted)) if wanted else Counter()
    found = []
    for identifier, (gained, lost) in changed.items():
        more, fewer = (sum(counts[number] for number in some) for some in (gained, lost))
        if more or fewer:
            found.append(
                Reach(
                    before.organisations[identifier].name,
                    more,
                    fewer,
                    holdings.some_ids(store, gained, _EXAMPLES),
                    holdings.some_ids(store, lost, _EXAMPLES),
                )
            )
    return sorted(found, key=lambda each: (-each.gained, -each.lost, each.organisation))


class _TakenBack(Exception):  # noqa: N818  (never leaves this module)
    pass


def simulate(
    store: Store,
    policies: PolicySet,
    change: Callable[[Connection], None],
    *,
    other: PolicySet | None = None,
    at: Micros | None = None,
) -> list[Reach]:
    """Return what would reach whom after `change`, which is made and taken back.

    Args:
        store: of the node.
        policies: in force.
        change: what to do to the database.
        other: policies instead of those in force.
        at: the moment to look at instead of now, µs.
    """
    now = store.clock()
    after: State | None = None
    with store.connection() as connection:
        before = read(connection, policies, now)
    try:
        with store.transaction() as connection:
            change(connection)
            after = read(connection, other or policies, now if at is None else at)
            raise _TakenBack  # noqa: TRY301  (this is how a transaction is taken back)
    except _TakenBack:
        assert after is not None  # it was read before it was taken back
    return difference(store, before, after)
