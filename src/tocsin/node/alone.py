"""One writer of an object at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.errors import ConflictError
from tocsin.store import Store, idempotency


@contextmanager
def alone(store: Store, what: str) -> Iterator[None]:
    """Let nobody else do the same meanwhile, such as writing a version of one object: of two who hold the same base, one finds another.

    A row, not a lock that holds a connection: the intake needs connections of its own. No account has an empty name.

    Raises:
        ConflictError: somebody is at it.
    """
    with store.connection() as connection:
        try:
            idempotency.begin(connection, "", what, b"", now=store.clock())
        except ConflictError:
            raise ConflictError("somebody else is writing this just now", hint="read it again") from None
    try:
        yield
    finally:
        with store.connection() as connection:
            idempotency.forget(connection, "", what)


def version_of(identifier: str) -> str:
    """Return what those who write a version of an object are alone at."""
    return f"version of {identifier}"
