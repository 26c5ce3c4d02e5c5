"""Which collections a principal may know of, read and write.

A collection is seen by members of its community and by organisations that may write to it; one without a community by everybody who has an account.
What is in it is decided object by object all the same.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from tocsin.errors import ForbiddenError, NotFoundError
from tocsin.server.context import Call
from tocsin.sharing.audience import Organisation
from tocsin.store import collections
from tocsin.store.collections import Collection


class Access(msgspec.Struct, frozen=True):
    """A collection, and what the principal may do there."""

    collection: Collection
    can_read: bool
    can_write: bool


def organisation(call: Call) -> Organisation:
    """Return the principal's organisation.

    Raises:
        ForbiddenError: this node does not know it (any more).
    """
    found = call.parts.clearances.snapshot.organisations.get(call.principal.organisation)
    if found is None:
        found = call.parts.clearances.refresh().organisations.get(call.principal.organisation)
    if found is None:
        raise ForbiddenError("the organisation is not known")
    return found


def listed(call: Call) -> list[Access]:
    """Return the collections that the principal may know of, by alias."""
    asking = organisation(call)
    with call.parts.store.connection() as connection:
        everything = collections.everything(connection)
    found = [_access(one, asking, call) for one in everything]
    return [access for access in found if access.can_read or access.can_write]


def one(call: Call, *, read: bool = False, write: bool = False) -> Access:
    """Return the collection named in the path, by id or alias.

    Raises:
        NotFoundError: there is none, or none that the principal may know of.
        ForbiddenError: it may know of it, but not do this.
    """
    name = call.request.path_params["collection"]
    for access in listed(call):
        if name in {str(access.collection.id), access.collection.alias} or _same_uuid(
            name, access.collection.id
        ):
            if read and not access.can_read:
                raise ForbiddenError("this collection cannot be read by you")
            if write and not access.can_write:
                raise ForbiddenError("this collection cannot be written by you")
            return access
    raise NotFoundError("no such collection")


def _same_uuid(name: str, wanted: UUID) -> bool:
    try:
        return UUID(name) == wanted
    except ValueError:
        return False


def _access(collection: Collection, asking: Organisation, call: Call) -> Access:
    writer = asking.own or asking.id in collection.writers
    member = collection.community is None or str(collection.community) in asking.communities
    open_to_it = not asking.suspended
    scopes = call.principal.scopes
    return Access(
        collection,
        can_read=open_to_it and (asking.own or member) and "taxii:read" in scopes,
        can_write=open_to_it and writer and "taxii:write" in scopes,
    )
