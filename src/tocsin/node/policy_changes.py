"""Changing the organisation's own policies: what a change does, and who has to agree to it.

What only narrows takes effect at once. What widens anything, in any case that policies can tell apart, waits until a second
administrator has approved it. What it does to the objects that are held is counted for those who decide.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from tocsin.errors import ConflictError, ForbiddenError
from tocsin.node import reach
from tocsin.node.reach import Reach
from tocsin.sharing import lattice, policy
from tocsin.sharing.lattice import Difference
from tocsin.store import Store, journal, labels, organisations, policies
from tocsin.store.accounts import Principal

CONSOLE = "console"


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
    with store.connection() as connection:
        state = reach.read(connection, before, store.clock())
    held = reach.difference(store, state, msgspec.structs.replace(state, policies=after))
    return Impact(base, lattice.compare(before, after), held)


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
