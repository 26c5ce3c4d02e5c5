"""Embargoes: countries to whose organisations nothing goes from this node, from when, until when, and why."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from tocsin.clock import Micros
from tocsin.errors import InputError, NotFoundError
from tocsin.store.connection import Connection
from tocsin.store.labels import changing

_COUNTRY = re.compile(r"[A-Z]{2}")


class Embargo(msgspec.Struct, frozen=True):
    """An embargo on a country (ISO 3166-1 alpha-2): its reason, and µs from which and until which it holds; None: until lifted."""

    country: str
    reason: str
    starts: Micros
    ends: Micros | None = None

    def holds(self, now: Micros) -> bool:
        """Return whether it is in force at `now`."""
        return self.starts <= now and (self.ends is None or now < self.ends)

    def dates(self) -> Iterator[Micros]:
        """Yield when it begins and ends."""
        yield self.starts
        if self.ends is not None:
            yield self.ends


def put(connection: Connection, embargo: Embargo) -> None:
    """Keep an embargo in place of any other on that country.

    Raises:
        InputError: that is no country, there is no reason, or it ends before it begins.
    """
    if not _COUNTRY.fullmatch(embargo.country):
        raise InputError(
            f"{embargo.country!r} is no country", hint="ISO 3166-1 alpha-2, two capital letters such as DE"
        )
    if not embargo.reason.strip():
        raise InputError("an embargo has a reason", hint="people who ask why something stayed here read it")
    if embargo.ends is not None and embargo.ends <= embargo.starts:
        raise InputError("the embargo would end before it begins")
    with changing(connection):
        connection.execute(
            "INSERT INTO embargo VALUES (%s, %s, %s, %s) ON CONFLICT (country) DO UPDATE SET "
            "reason = excluded.reason, starts = excluded.starts, ends = excluded.ends",
            (embargo.country, embargo.reason, embargo.starts, embargo.ends),
        )


def lift(connection: Connection, country: str) -> None:
    """Take an embargo back.

    Raises:
        NotFoundError: there is none on this country.
    """
    with changing(connection):
        if not connection.execute("DELETE FROM embargo WHERE country = %s", (country,)).rowcount:
            raise NotFoundError(f"there is no embargo on {country}", hint="`tocsin embargo list` names them")


def everything(connection: Connection) -> list[Embargo]:
    """Return all embargoes by country."""
    rows = connection.execute("SELECT country, reason, starts, ends FROM embargo ORDER BY country").fetchall()
    return [Embargo(*row) for row in rows]
