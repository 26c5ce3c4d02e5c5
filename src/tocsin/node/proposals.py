"""Proposals: what somebody suggests is checked like what is written, and kept apart until a person of who decides accepts it.

Who could have written it, had the proposer the right, decides: of a new version the organisation that asserts the object; of anything else
the proposer's own organisation where that may write to the collection, and the node's own where not. A proposal is seen by the accounts
of these two organisations, and for everybody else it does not exist.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ConflictError, ForbiddenError, InputError, LimitError, NotFoundError
from tocsin.node.alone import alone, version_of
from tocsin.node.clearances import Clearances
from tocsin.node.intake import Single, examine, keep
from tocsin.node.remarks import REFERS, remark
from tocsin.node.searching import Searcher, may_read, may_write
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import NO_TLP, facts_of
from tocsin.sharing.labels import Label
from tocsin.sharing.release import Released, entrusted
from tocsin.store import Connection, Store, accounts, collections, journal, proposals
from tocsin.store.accounts import CEILINGS, Principal
from tocsin.store.collections import Collection
from tocsin.store.proposals import LIFE, Proposal
from tocsin.store.search.versions import Version

SIZE_AT_MOST = 256 * 1024
"""Bytes of a proposed object."""
WORDS_AT_MOST = 2000
"""Characters of a reason, and of an answer."""
CONSOLE = "console"
_REMARKS = {"note": "note", "opinion": "opinion", "sighting": "sighting", "relation": "relationship"}


class Draft(msgspec.Struct, frozen=True):
    """What is to be proposed.

    Attributes:
        kind: of `tocsin.store.proposals.KINDS`.
        reason: why.
        body: bytes of the object, for kinds `object` and `version`.
        about: id of the object that is said something about, for the others.
        said: what is said, as `tocsin.node.remarks.remark` takes it.
        collection: alias or id of where it would go; "": where the object stands, or the only one there is.
    """

    kind: str
    reason: str
    body: bytes = b""
    about: str = ""
    said: Mapping[str, Any] = {}
    collection: str = ""


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
        held = self._held(who, draft, encrypted=encrypted)
        into = self._target(asking, draft.collection, held)
        decider, base = self._decider(asking, into), ""
        if draft.kind == "version":
            assert held is not None
            decider, base = self._asserter(who, held), _named(held.body).modified
        body = draft.body or self._remark(who, draft, decider, held, encrypted=encrypted)
        if len(body) > SIZE_AT_MOST:
            raise LimitError(f"a proposed object has at most {SIZE_AT_MOST:,} bytes, this one {len(body):,}")
        found = examine(self._clearances.snapshot.own.id, body, into, poster=decider)
        if found.object.type == "marking-definition":
            raise InputError("/type: what a marking means is not proposed", hint="its definer writes it")
        now = self._store.clock()
        made = Proposal(
            *(uuid.uuid4(), now, now + LIFE, who.account, asking.id, who.token, channel, draft.kind),
            *(draft.about or found.object.id, reason, into.id, decider, self._tlp(found.label), base),
            found.object.body,
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
        return entrusted(tuple(self._shown(each, asking) for each in found), recipient=asking.id)

    def one(self, who: Principal, name: str) -> Released[Shown]:
        """Return one proposal.

        Raises:
            ForbiddenError: the token does not permit to read, or the organisation is suspended.
            NotFoundError: there is none that the reader may know of.
        """
        asking = self._organisation(who, "taxii:read")
        return entrusted(self._shown(self._found(who, name), asking), recipient=asking.id)

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
        into = self._collection(str(found.collection))
        held = self._seen(who, found.about, encrypted=encrypted)
        if held is not None and held.body == found.body:
            return into  # written before, by an acceptance that did not come to its end
        if found.kind == "object" and held is not None:
            raise ConflictError("there is an object of this id by now", hint="reject it")
        if found.kind == "version":
            if held is None or self._clearances.snapshot.labels[held.label].owner != asking.id:
                raise ConflictError(
                    "your organisation does not assert this object any more", hint="reject it"
                )
            if _named(held.body).modified != found.base:
                hint = "reject it; who proposed it can propose it again from the newest version"
                raise ConflictError("there is a newer version than the one this was made from", hint=hint)
            into = self._standing(held)
        if not may_write(into, asking):
            raise ForbiddenError("your organisation may not write to the collection it would go to")
        return into

    def _held(self, who: Principal, draft: Draft, *, encrypted: bool) -> Version | None:
        """Return the object that a draft changes or says something about, as the proposer sees it."""
        if draft.kind in _REMARKS:
            held = self._seen(who, draft.about, encrypted=encrypted)
            if held is None:
                raise NotFoundError("no such object")
            return held
        given = _named(draft.body)
        held = self._seen(who, given.id, encrypted=encrypted)
        if draft.kind == "object":
            if held is not None:
                raise ConflictError("there is an object of this id", hint="propose a version of it")
            return None
        if held is None:
            raise NotFoundError("no such object")
        # RFC 3339 in UTC with fractions of any length: compared without the Z, a longer fraction is later
        if given.modified.removesuffix("Z") <= _named(held.body).modified.removesuffix("Z"):
            raise InputError(
                "a new version has a later `modified` than the one before (STIX 2.1 section 3.6)"
            )
        return held

    def _remark(
        self, who: Principal, draft: Draft, by: str, held: Version | None, *, encrypted: bool
    ) -> bytes:
        assert held is not None
        said = {**draft.said, "type": _REMARKS[draft.kind]}
        under = [held.body]
        if draft.kind == "relation":
            target = self._seen(who, str(said.get("target_ref", "")), encrypted=encrypted)
            if target is None:
                raise NotFoundError("no such object to relate to")
            under.append(target.body)
        if draft.kind == "sighting":
            said["where_sighted_refs"] = [who.organisation]
        assert said["type"] in REFERS
        return msgspec.json.encode(remark(said, draft.about, by=by, under=under, now=self._store.clock()))

    def _seen(self, who: Principal, identifier: str, *, encrypted: bool) -> Version | None:
        """Return the newest version that an account may have."""
        if "\0" in identifier or "taxii:read" not in who.scopes:
            return None
        asking = self._clearances.snapshot.organisations[who.organisation]
        with self._store.connection() as connection:
            readable = [each.id for each in collections.everything(connection) if may_read(each, asking)]
        searcher = Searcher(self._store, self._clearances, ceiling=who.ceiling)
        found = searcher.versions(identifier, who.organisation, readable, encrypted=encrypted)
        return found.value[0] if found.value else None

    def _target(self, asking: Organisation, name: str, held: Version | None) -> Collection:
        if not name and held is not None:
            return self._standing(held)
        with self._store.connection() as connection:
            known = [
                each
                for each in collections.everything(connection)
                if may_read(each, asking) or may_write(each, asking)
            ]
        if not name and len(known) == 1:
            return known[0]
        if not name:
            raise InputError("/collection: name the collection", hint="by its alias")
        for each in known:
            if name in (each.alias, str(each.id)):
                return each
        raise NotFoundError("no such collection")

    def _collection(self, name: str) -> Collection:
        with self._store.connection() as connection:
            return collections.get(connection, uuid.UUID(name))

    def _standing(self, held: Version) -> Collection:
        with self._store.connection() as connection:
            return collections.get(connection, collections.aliases(connection)[held.collection])

    def _asserter(self, who: Principal, held: Version) -> str:
        """Return who asserts an object; where the proposer may know that nobody of theirs is here to decide, that is said."""
        owner = self._clearances.snapshot.labels[held.label].owner
        searcher = Searcher(self._store, self._clearances)
        if searcher.source_of(held.label, who.organisation) == owner:
            with self._store.connection() as connection:
                people = [
                    a for a in accounts.everything(connection) if a.organisation == owner and not a.disabled
                ]
            if not people:
                hint = "say what you think in a note or an opinion"
                raise InputError("who asserts this object has no account here to decide with", hint=hint)
        return owner

    def _decider(self, asking: Organisation, into: Collection) -> str:
        return asking.id if may_write(into, asking) else self._clearances.snapshot.own.id

    def _tlp(self, label: Label) -> str:
        snapshot = self._clearances.snapshot
        return facts_of(label, snapshot.definitions, own=snapshot.own.id, now=self._store.clock()).tlp

    def _shown(self, found: Proposal, reader: Organisation) -> Shown:
        """Leave out what the reader may not know: who is on this node beside it and the node's own organisation."""
        own = self._clearances.snapshot.own.id
        into = self._collection(str(found.collection))

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


class _Named(msgspec.Struct):
    id: str = ""
    modified: str = ""


def _named(body: bytes) -> _Named:
    try:
        return msgspec.json.decode(body, type=_Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the object cannot be read: {error}"[:300]) from None


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
