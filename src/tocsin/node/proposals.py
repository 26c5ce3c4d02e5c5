"""Proposals: what somebody suggests is checked like what is written, and kept apart until a person of who decides accepts it.

Who could have written it, had the proposer the right, decides: of a new version the organisation that asserts the object; of anything else
the proposer's own organisation where that may write to the collection, and the node's own where not. A proposal is seen by the accounts
of these two organisations, and for everybody else it does not exist.
"""

from __future__ import annotations

import uuid

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, ForbiddenError, InputError, LimitError, NotFoundError
from tocsin.node.alone import alone, version_of
from tocsin.node.clearances import Clearances
from tocsin.node.drafting import Draft, Drafting, named
from tocsin.node.intake import Single, keep
from tocsin.node.searching import may_read, may_write
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import NO_TLP
from tocsin.sharing.release import Released, entrusted
from tocsin.store import Connection, Store, collections, journal, proposals
from tocsin.store.accounts import CEILINGS, Principal
from tocsin.store.collections import Collection
from tocsin.store.proposals import LIFE, Proposal

WORDS_AT_MOST = 2000
"""Characters of a reason, and of an answer."""
CONSOLE = "console"


class Shown(msgspec.Struct, frozen=True):
    """A proposal as its reader may see it: without who proposed it where the reader may not know of them, nor where it goes."""

    proposal: Proposal
    proposer: str | None
    account: str | None
    decider: str | None
    decided_by: str | None
    collection: str


class Desk:
    """Takes proposals in, shows them, and carries out what was decided."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Bind."""
        self._store = store
        self._clearances = clearances
        self._drafting = Drafting(store, clearances)

    def propose(self, who: Principal, draft: Draft, *, channel: str, encrypted: bool = True) -> Proposal:
        """Check a proposal as if it were written, and keep it.

        Raises:
            ForbiddenError: the token lacks the scope `propose`, or the organisation is suspended.
            NotFoundError: there is no such object or collection that the proposer may know of.
            ConflictError: there is an object of this id already.
            InputError: the object breaks a rule, or is not newer.
            LimitError: it is too large.
            TooManyError: the token has too many.
        """
        asking = self._organisation(who, "propose")
        reason = _words(draft.reason, "reason")
        if not reason:
            raise InputError("/reason: say why")
        ready = self._drafting.prepare(who, asking, draft, encrypted=encrypted)
        now = self._store.clock()
        made = Proposal(
            *(uuid.uuid4(), now, now + LIFE, who.account, asking.id, who.token, channel, draft.kind),
            *(ready.about, reason, ready.into, ready.decider, ready.tlp, ready.base),
            ready.body,
        )  # fmt: skip
        with self._store.transaction() as connection:
            proposals.add(connection, made)
            _note(connection, who, made, "open", now=now)
        return made

    def page(
        self, who: Principal, *, status: str, limit: int, before: tuple[Micros, uuid.UUID] | None = None
    ) -> Released[tuple[Shown, ...]]:
        """Return proposals, newest first.

        Raises:
            ForbiddenError: the token does not permit to read, or the organisation is suspended.
        """
        asking = self._organisation(who, "taxii:read")
        with self._store.connection() as connection:
            found = proposals.page(
                connection, asking.id, _levels(who), now=self._store.clock(), limit=limit, status=status, before=before,
            )  # fmt: skip
            places = {each.id: each for each in collections.everything(connection)}
        shown = tuple(self._shown(each, asking, places[each.collection]) for each in found)
        return entrusted(shown, recipient=asking.id)

    def one(self, who: Principal, name: str) -> Released[Shown]:
        """Return one proposal.

        Raises:
            ForbiddenError: the token does not permit to read, or the organisation is suspended.
            NotFoundError: there is none that the reader may know of.
        """
        asking = self._organisation(who, "taxii:read")
        found = self._found(who, name)
        shown = self._shown(found, asking, self._collection(found.collection))
        return entrusted(shown, recipient=asking.id)

    def accept(self, who: Principal, name: str, answer: str = "", *, encrypted: bool = True) -> Single:
        """Write what was proposed, as who accepts it.

        Raises:
            NotFoundError: there is no such proposal that the reader may know of.
            ForbiddenError: somebody else decides; or it is the proposer's own.
            ConflictError: it is not open any more, or the object has changed since.
            InputError: what it would write breaks a rule by now.
        """
        asking, found = self._deciding(who, name)
        words = _words(answer, "answer")
        with alone(self._store, f"proposal {found.id}"), alone(self._store, version_of(found.about)):
            found = self._deciding(who, name)[1]
            _require_open(found)
            into = self._fitting(who, asking, found, encrypted=encrypted)
            own = self._clearances.snapshot.own.id
            kept = keep(self._store, own, found.body, into, poster=asking.id, channel="proposal")
            self._finish(who, found, "accepted", words)
        return kept

    def reject(self, who: Principal, name: str, answer: str = "") -> None:
        """Turn a proposal down.

        Raises:
            NotFoundError, ForbiddenError: as `accept`.
            ConflictError: it is not open any more.
        """
        _, found = self._deciding(who, name)
        with alone(self._store, f"proposal {found.id}"):  # not while somebody accepts it
            self._finish(who, found, "rejected", _words(answer, "answer"))

    def withdraw(self, who: Principal, name: str) -> None:
        """Take a proposal back, as the account that made it.

        Raises:
            NotFoundError: there is no such proposal that the reader may know of.
            ForbiddenError: somebody else made it.
            ConflictError: it is not open any more.
        """
        self._organisation(who, "taxii:read")
        found = self._found(who, name)
        if (found.account, found.organisation) != (who.account, who.organisation):
            raise ForbiddenError("somebody else made this proposal", hint="who decides can reject it")
        with alone(self._store, f"proposal {found.id}"):
            self._finish(who, found, "withdrawn", "")

    def _organisation(self, who: Principal, scope: str) -> Organisation:
        found = self._clearances.snapshot.organisations.get(who.organisation)
        if found is None or found.suspended or scope not in who.scopes:
            raise ForbiddenError(f"the token lacks the scope {scope}")
        return found

    def _found(self, who: Principal, name: str) -> Proposal:
        try:
            identifier = uuid.UUID(name)
        except ValueError:
            raise NotFoundError("no such proposal") from None
        with self._store.connection() as connection:
            found = proposals.get(
                connection, identifier, who.organisation, _levels(who), now=self._store.clock()
            )
        if found is None:
            raise NotFoundError("no such proposal")
        return found

    def _deciding(self, who: Principal, name: str) -> tuple[Organisation, Proposal]:
        """Return who decides, and about what, if that is for this account to decide."""
        asking = self._organisation(who, "taxii:read")
        found = self._found(who, name)
        self._organisation(who, "taxii:write")
        if found.decider != who.organisation:
            raise ForbiddenError("another organisation decides about this proposal")
        if found.account == who.account:
            raise ForbiddenError(
                "who proposed does not decide", hint="another account has to, or withdraw it"
            )
        return asking, found

    def _finish(self, who: Principal, found: Proposal, status: str, answer: str) -> None:
        now = self._store.clock()
        with self._store.transaction() as connection:
            proposals.finish(connection, found.id, status, account=who.account, answer=answer, now=now)
            _note(connection, who, found, status, now=now)

    def _fitting(
        self, who: Principal, asking: Organisation, found: Proposal, *, encrypted: bool
    ) -> Collection:
        """Return where an accepted proposal goes, if what it was made from is still so."""
        into = self._collection(found.collection)
        held = self._drafting.seen(who, found.about, encrypted=encrypted)
        if held is not None and held.body == found.body:
            return into  # written before, by an acceptance that did not come to its end
        if found.kind == "object" and held is not None:
            raise ConflictError("there is an object of this id by now", hint="reject it")
        if found.kind == "version":
            if held is None or self._clearances.snapshot.labels[held.label].owner != asking.id:
                raise ConflictError(
                    "your organisation does not assert this object any more", hint="reject it"
                )
            if named(held.body).modified != found.base:
                hint = "reject it; who proposed it can propose it again from the newest version"
                raise ConflictError("there is a newer version than the one this was made from", hint=hint)
            into = self._drafting.standing(held)
        if not may_write(into, asking):
            raise ForbiddenError("your organisation may not write to the collection it would go to")
        return into

    def _collection(self, identifier: uuid.UUID) -> Collection:
        with self._store.connection() as connection:
            return collections.get(connection, identifier)

    def _shown(self, found: Proposal, reader: Organisation, into: Collection) -> Shown:
        """Leave out what the reader may not know: who is on this node beside it and the node's own organisation."""
        own = self._clearances.snapshot.own.id

        def known(organisation: str) -> bool:
            return reader.own or organisation in (reader.id, own)

        def people(organisation: str) -> bool:
            return reader.own or organisation == reader.id

        seen = may_read(into, reader) or may_write(into, reader)
        return Shown(
            found,
            found.organisation if known(found.organisation) else None,
            found.account if people(found.organisation) else None,
            found.decider if known(found.decider) else None,
            found.decided_by if people(found.decider) and found.decided_by else None,
            into.alias if seen else "",
        )


_VERBS = {"open": "make", "accepted": "accept", "rejected": "reject", "withdrawn": "withdraw"}


def _words(text: str, name: str) -> str:
    if len(text) > WORDS_AT_MOST:
        raise LimitError(f"/{name}: at most {WORDS_AT_MOST:,} characters, this has {len(text):,}")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").strip()


def _levels(who: Principal) -> tuple[str, ...]:
    """Return the levels that an account's token shows."""
    if not who.ceiling:
        return (*CEILINGS, NO_TLP)
    return CEILINGS[: CEILINGS.index(who.ceiling) + 1]


def _require_open(found: Proposal) -> None:
    if found.status != "open":
        raise ConflictError(f"the proposal is {found.status}", hint="read it again")


def _note(connection: Connection, who: Principal, about: Proposal, outcome: str, *, now: Micros) -> None:
    detail = {"organisation": who.organisation, "token": who.token, "kind": about.kind, "object": about.about}
    action = f"proposal.{_VERBS[outcome]}"
    journal.append(connection, [journal.Entry(now, who.account, action, str(about.id), outcome, detail)])
