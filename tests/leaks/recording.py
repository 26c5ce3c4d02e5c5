"""Records what the threads of a server ask the database: at the driver, which is the edge of the machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import psycopg
from psycopg import sql

_SERVING = ("reader", "writer")


def _text(query: Any) -> str:
    if isinstance(query, sql.Composable):
        return query.as_string(None)
    return query.decode() if isinstance(query, bytes) else str(query)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Lend a list that fills with the statements of requests as they are run; those of the journal's own thread do not count."""
    found: list[str] = []
    execute, copy, many = psycopg.Cursor.execute, psycopg.Cursor.copy, psycopg.Cursor.executemany

    def noted(original: Any) -> Any:
        def call(self: Any, query: Any, *arguments: Any, **options: Any) -> Any:
            if threading.current_thread().name.startswith(_SERVING):
                found.append(_text(query))
            return original(self, query, *arguments, **options)

        return call

    with (
        patch.object(psycopg.Cursor, "execute", noted(execute)),
        patch.object(psycopg.Cursor, "copy", noted(copy)),
        patch.object(psycopg.Cursor, "executemany", noted(many)),
    ):
        yield found
