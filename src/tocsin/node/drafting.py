"""From what somebody wants to propose to the object that would be written, checked like a write: where it would go, and who decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec

from tocsin.errors import ConflictError, InputError, LimitError, NotFoundError
from tocsin.node.clearances import Clearances
from tocsin.node.intake import examine
from tocsin.node.remarks import remark
from tocsin.node.searching import Searcher, may_read, may_write
from tocsin.sharing.audience import Organisation
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Label
from tocsin.store import Store, accounts, collections
from tocsin.store.accounts import Principal
from tocsin.store.collections import Collection
from tocsin.store.search.versions import Version

SIZE_AT_MOST = 256 * 1024
"""Bytes of a proposed object."""
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


class Prepared(msgspec.Struct, frozen=True):
    """The object that would be written; the fields are those of `tocsin.store.proposals.Proposal`."""

    about: str
    into: UUID
    decider: str
    tlp: str
    base: str
    body: bytes


class Drafting:
    """Prepares proposals."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Bind."""
        self._store = store
        self._clearances = clearances

    def prepare(self, who: Principal, asking: Organisation, draft: Draft, *, encrypted: bool) -> Prepared:
        """Return what a draft would write.

        Raises:
            NotFoundError: there is no such object or collection that the proposer may know of.
            ConflictError: there is an object of this id already.
            InputError: the object breaks a rule, or is not newer.
            LimitError: it is too large.
        """
        held = self._held(who, draft, encrypted=encrypted)
        into = self._target(asking, draft.collection, held)
        decider, base = self._decider(asking, into), ""
        if draft.kind == "version":
            assert held is not None
            decider, base = self._asserter(who, held), named(held.body).modified
        body = draft.body or self._remark(who, draft, decider, held, encrypted=encrypted)
        if len(body) > SIZE_AT_MOST:
            raise LimitError(f"a proposed object has at most {SIZE_AT_MOST:,} bytes, this one {len(body):,}")
        found = examine(self._clearances.snapshot.own.id, body, into, poster=decider)
        if found.object.type == "marking-definition":
            raise InputError("/type: what a marking means is not proposed", hint="its definer writes it")
        return Prepared(
            *(draft.about or found.object.id, into.id, decider, self._tlp(found.label), base),
            found.object.body,
        )

    def seen(self, who: Principal, identifier: str, *, encrypted: bool) -> Version | None:
        """Return the newest version that an account may have."""
        if "\0" in identifier or "taxii:read" not in who.scopes:
            return None
        asking = self._clearances.snapshot.organisations[who.organisation]
        with self._store.connection() as connection:
            readable = [each.id for each in collections.everything(connection) if may_read(each, asking)]
        searcher = Searcher(self._store, self._clearances, ceiling=who.ceiling)
        found = searcher.versions(identifier, who.organisation, readable, encrypted=encrypted)
        return found.value[0] if found.value else None

    def standing(self, held: Version) -> Collection:
        """Return the collection that an object stands in."""
        with self._store.connection() as connection:
            return collections.get(connection, collections.aliases(connection)[held.collection])

    def _held(self, who: Principal, draft: Draft, *, encrypted: bool) -> Version | None:
        """Return the object that a draft changes or says something about, as the proposer sees it."""
        if draft.kind in _REMARKS:
            held = self.seen(who, draft.about, encrypted=encrypted)
            if held is None:
                raise NotFoundError("no such object")
            return held
        given = named(draft.body)
        held = self.seen(who, given.id, encrypted=encrypted)
        if draft.kind == "object":
            if held is not None:
                raise ConflictError("there is an object of this id", hint="propose a version of it")
            return None
        if held is None:
            raise NotFoundError("no such object")
        # RFC 3339 in UTC with fractions of any length: compared without the Z, a longer fraction is later
        if given.modified.removesuffix("Z") <= named(held.body).modified.removesuffix("Z"):
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
            target = self.seen(who, str(said.get("target_ref", "")), encrypted=encrypted)
            if target is None:
                raise NotFoundError("no such object to relate to")
            under.append(target.body)
        if draft.kind == "sighting":
            said["where_sighted_refs"] = [who.organisation]
        return msgspec.json.encode(remark(said, draft.about, by=by, under=under, now=self._store.clock()))

    def _target(self, asking: Organisation, name: str, held: Version | None) -> Collection:
        if not name and held is not None:
            return self.standing(held)
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


class Named(msgspec.Struct):
    """What is read of an object without checking it; "" where there is none."""

    id: str = ""
    modified: str = ""


def named(body: bytes) -> Named:
    """Return id and `modified` of an object.

    Raises:
        InputError: it cannot be read.
    """
    try:
        return msgspec.json.decode(body, type=Named)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"the object cannot be read: {error}"[:300]) from None
