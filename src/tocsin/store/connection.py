"""What the modules of the store hand each other: a psycopg connection that answers with tuples."""

from __future__ import annotations

from typing import Any, TypeAlias

import psycopg

Connection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
