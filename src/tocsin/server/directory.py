"""Organisations and collections as handlers see them: of the generation that the database is at, never of an older one."""

from __future__ import annotations

import msgspec

from tocsin.errors import ForbiddenError
from tocsin.node.clearances import Clearances, Snapshot
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections
from tocsin.store.collections import Collection


class Facts(msgspec.Struct, frozen=True):
    """What is so at one generation."""

    snapshot: Snapshot
    collections: tuple[Collection, ...]

    def organisation(self, identifier: str) -> Organisation:
        """Return an organisation by id.

        Raises:
            ForbiddenError: this node does not know it (any more).
        """
        found = self.snapshot.organisations.get(identifier)
        if found is None:
            raise ForbiddenError("the organisation is not known")
        return found


class Directory:
    """Keeps the facts of the latest generation that was seen. Safe to share between threads."""

    def __init__(self, store: Store, clearances: Clearances) -> None:
        """Bind."""
        self._store = store
        self._clearances = clearances
        self._kept: tuple[int, Facts] | None = None

    def at(self, generation: int) -> Facts:
        """Return the facts of `generation` or a later one.

        Whatever changes an organisation, a community or a collection raises the generation in the same transaction.
        """
        kept = self._kept
        if kept is not None and kept[0] >= generation:
            return kept[1]
        snapshot = self._clearances.refresh(generation)
        with self._store.connection() as connection:
            # read after the snapshot: never older than it
            facts = Facts(snapshot, tuple(collections.everything(connection)))
        self._kept = (snapshot.generation, facts)
        return facts
