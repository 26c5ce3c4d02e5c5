"""Which collections a principal may know of, read and write.

A collection is seen by members of its community and by organisations that may write to it; one without a community by everybody who has an account,
unless it is private: then by the node's own organisation alone.
What is in it is decided object by object all the same.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from tocsin.errors import ForbiddenError, NotFoundError
from tocsin.node.searching import may_read, may_write
from tocsin.server.context import Call
from tocsin.sharing.audience import Organisation
from tocsin.store.collections import Collection


class Access(msgspec.Struct, frozen=True):
    """A collection, and what the principal may do there."""

    collection: Collection
    can_read: bool
    can_write: bool


def listed(call: Call) -> list[Access]:
    """Return the collections that the principal may know of, by alias.

    Raises:
        ForbiddenError: its organisation is not known.
    """
    asking = call.organisation
    found = (_access(one, asking, call.principal.scopes) for one in call.facts.collections)
    return [access for access in found if access.can_read or access.can_write]


def one(call: Call, *, read: bool = False, write: bool = False) -> Access:
    """Return the collection named in the path, by id or alias.

    Raises:
        NotFoundError: there is none, or none that the principal may know of.
        ForbiddenError: it may know of it, but not do this (TAXII 2.1 section 5.7 has the table).
    """
    name = call.request.path_params["collection"]
    identifier = _uuid(name)
    for access in listed(call):
        if access.collection.alias == name or access.collection.id == identifier:
            if read and not access.can_read:
                raise ForbiddenError("this collection cannot be read by you")
            if write and not access.can_write:
                raise ForbiddenError("this collection cannot be written by you")
            return access
    raise NotFoundError("no such collection")


def _uuid(name: str) -> UUID | None:
    try:
        return UUID(name)
    except ValueError:
        return None


def _access(collection: Collection, asking: Organisation, scopes: tuple[str, ...]) -> Access:
    return Access(
        collection,
        can_read=may_read(collection, asking) and "taxii:read" in scopes,
        can_write=may_write(collection, asking) and "taxii:write" in scopes,
    )
