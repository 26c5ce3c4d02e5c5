"""Warninglists: values known to be harmless or shared by many, so that a hit on them is flagged, not raised."""

from __future__ import annotations

import msgspec

from tocsin.store.connection import Connection


class Warninglist(msgspec.Struct, frozen=True):
    """A list of values. `kind` is cidr, hostname, string, substring or regex; `attributes` are MISP types."""

    name: str
    kind: str
    attributes: tuple[str, ...]
    version: int
    values: tuple[str, ...]


def count(connection: Connection) -> int:
    """Return how many lists are kept."""
    row = connection.execute("SELECT count(*) FROM warninglist").fetchone()
    return 0 if row is None else int(row[0])


def put(connection: Connection, lists: list[Warninglist]) -> None:
    """Keep lists, replacing those of the same names."""
    with connection.transaction():
        for one in lists:
            connection.execute(
                "INSERT INTO warninglist (name, kind, attributes, version, listed) VALUES (%s, %s, %s, %s, %s) "
                "ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, attributes = excluded.attributes, "
                "version = excluded.version, listed = excluded.listed",
                (one.name, one.kind, list(one.attributes), one.version, list(one.values)),
            )


def everything(connection: Connection) -> list[Warninglist]:
    """Return all lists by name."""
    rows = connection.execute(
        "SELECT name, kind, attributes, version, listed FROM warninglist ORDER BY name"
    ).fetchall()
    return [Warninglist(r[0], r[1], tuple(r[2]), r[3], tuple(r[4])) for r in rows]


def stamp(connection: Connection) -> str:
    """Return what changes whenever a list does: the transaction that wrote each (PostgreSQL's `xmin`)."""
    row = connection.execute(
        "SELECT coalesce(string_agg(xmin::text, ',' ORDER BY name), '') FROM warninglist"
    ).fetchone()
    assert row is not None
    return str(row[0])
