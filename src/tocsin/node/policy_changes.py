"""Changing the organisation's own policies: what a change does, and who has to agree to it.

What only narrows takes effect at once. What widens anything, in any case that policies can tell apart, waits until a second
administrator has approved it. What it does to the objects that are held is counted for those who decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from tocsin.errors import ConflictError, ForbiddenError
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.sharing import lattice, oracle, policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import facts_of
from tocsin.sharing.lattice import Difference
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.residual import compile_policies
from tocsin.store import Store, collections, holdings, journal, labels, organisations, policies
from tocsin.store.accounts import Principal

CONSOLE = "console"


class Reach(msgspec.Struct, frozen=True):
    """How many of the objects held would reach an organisation that did not, and the reverse."""

    organisation: str
    gained: int
    lost: int


class Impact(msgspec.Struct, frozen=True):
    """What a change of policies does: to every case, and to what is held, by organisation.

    `base` are the organisation's own policies that it was compared with.
    """

    base: dict[str, str]
    cases: list[Difference]
    held: list[Reach]

    @property
    def widens(self) -> bool:
        """Whether anything may be done in any case that could not be done before."""
        return any(each.widened for each in self.cases)


def impact(store: Store, texts: Mapping[str, str]) -> Impact:
    """Return what it would do to have `texts` (by file name) as the organisation's own policies.

    Raises:
        PolicyError: they are no policies, or permit something.
        LimitError: they tell too many cases apart.
    """
    after = policy.load(own=texts)
    with store.connection() as connection:
        base = policies.active(connection)
    before = policy.load(own=base)
    state = Clearances(store, before).snapshot
    Decider(after, state.own, store.clock)  # refuses what cannot be compiled or evaluated
    return Impact(base, lattice.compare(before, after), _held(store, state, after))


def _held(store: Store, state: Snapshot, after: PolicySet) -> list[Reach]:
    now = store.clock()
    counts: Counter[int] = Counter()
    with store.connection() as connection:
        every = [collection.id for collection in collections.everything(connection)]
    for collection in every:
        counts.update(holdings.count_by_label(store, collection))
    rows = [
        (number, facts_of(label, state.definitions, own=state.own.id, now=now))
        for number, label in state.labels.items()
        if number in counts
    ]

    def allowed(policies: PolicySet, recipient: Organisation) -> set[int]:
        principal, context = oracle.recipient_facts(recipient), oracle.context_facts(recipient)
        return set(compile_policies(policies.policies.values(), "receive", principal, context).select(rows))

    found = []
    for recipient in state.organisations.values():
        old, new = (allowed(each, recipient) for each in (state.policies, after))
        gained, lost = (sum(counts[n] for n in some) for some in (new - old, old - new))
        if gained or lost:
            found.append(Reach(recipient.name, gained, lost))
    return sorted(found, key=lambda each: (-each.gained, -each.lost, each.organisation))


def propose(store: Store, texts: Mapping[str, str], proposer: Principal | None) -> tuple[int, Impact]:
    """Put a change in force if it only narrows, else keep it until it is approved; return its number and what it does.

    Args:
        store: of the node.
        texts: policy files by name: all that are to be in force afterwards.
        proposer: an administrator; needed for what widens, None is whoever sits at the console.

    Raises:
        ForbiddenError: it widens and nobody has signed for it, or nobody who may.
        ConflictError: the policies in force have changed meanwhile.
        PolicyError, LimitError: as `impact`.
    """
    found = impact(store, texts)
    if found.widens:
        _require_administrator(store, proposer)
    who = proposer.account if proposer is not None else CONSOLE
    now = store.clock()
    with store.transaction() as connection, labels.changing(connection):
        if policies.active(connection) != found.base:
            raise ConflictError("the policies in force have just changed", hint="try again")
        number = policies.propose(connection, texts, by=who, at=now)
        if not found.widens:
            policies.activate(connection, number, by=who, at=now)
        state = "waiting" if found.widens else "active"
        journal.append(connection, [journal.Entry(now, who, "policy.propose", str(number), state)])
    return number, found


def approve(store: Store, number: int, approver: Principal) -> None:
    """Put a proposed change in force, by another administrator than who proposed it.

    Raises:
        ForbiddenError: the approver is the proposer, or no administrator.
        ConflictError: the policies in force have changed since: it was another change that was proposed.
        NotFoundError: there is no such change.
    """
    _require_administrator(store, approver)
    now = store.clock()
    with store.transaction() as connection, labels.changing(connection):
        change = policies.get(connection, number)
        if change.proposer == approver.account:
            raise ForbiddenError(
                "who proposed a change cannot approve it", hint="another administrator has to"
            )
        newer = [
            c for c in policies.everything(connection) if (c.decided or 0) > change.at and c.state == "active"
        ]
        if newer:
            raise ConflictError(
                f"policies have changed since {number} was proposed",
                hint="`tocsin policy diff` shows what it would do now; propose it again",
            )
        policies.activate(connection, number, by=approver.account, at=now)
        journal.append(
            connection, [journal.Entry(now, approver.account, "policy.approve", str(number), "active")]
        )


def withdraw(store: Store, number: int) -> None:
    """Give up a change that waits; whoever sits at the console may.

    Raises:
        NotFoundError: there is no such change.
        ConflictError: it does not wait.
    """
    now = store.clock()
    with store.transaction() as connection:
        policies.withdraw(connection, number, by=CONSOLE, at=now)
        journal.append(connection, [journal.Entry(now, CONSOLE, "policy.withdraw", str(number), "withdrawn")])


def _require_administrator(store: Store, principal: Principal | None) -> None:
    if principal is None:
        raise ForbiddenError(
            "this change widens what may leave: an administrator has to sign for it",
            hint="give an administrator's token with --token-stdin",
        )
    with store.connection() as connection:
        own = organisations.own(connection).id
    if not principal.administrator or "admin" not in principal.scopes or principal.organisation != own:
        raise ForbiddenError(f"{principal.account} is no administrator of this node's organisation")
