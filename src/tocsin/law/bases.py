"""Legal bases of sharing: whether law that an agreement names is in force at a moment, and if not, why.

Some such law ends by itself: the US Cybersecurity Information Sharing Act of 2015 (6 USC 1510) has lapsed more than once. After the last
date that the data know, a basis is not in force: a person who knows better changes the data.
"""

from __future__ import annotations

from tocsin.clock import Micros
from tocsin.errors import NotFoundError
from tocsin.law.load import load
from tocsin.law.model import Basis, day
from tocsin.sentence import sentence


def known() -> list[Basis]:
    """Return all bases, in the order of the data."""
    return list(load().bases.values())


def basis(id: str) -> Basis:  # noqa: A002
    """Return a basis.

    Raises:
        NotFoundError: there is none of this id.
    """
    found = load().bases.get(id)
    if found is None:
        raise NotFoundError(f"no legal basis {id!r} is known here", hint="tocsin law list")
    return found


def in_force(id: str, now: Micros) -> bool:  # noqa: A002
    """Return whether a basis is in force at `now` (µs).

    Raises:
        NotFoundError: there is none of this id.
    """
    return any(each.holds(now) for each in basis(id).intervals)


def why_not(id: str, now: Micros) -> str:  # noqa: A002
    """Return why a basis is not in force at `now` (µs), in words; "" when it is.

    Raises:
        NotFoundError: there is none of this id.
    """
    if in_force(id, now):
        return ""
    found = basis(id)
    ended = max((i.until for i in found.intervals if i.until is not None and i.until <= now), default=None)
    coming = min((i.since for i in found.intervals if i.since > now), default=None)
    name = f"{found.name} ({found.citation})"
    if ended is None:
        assert coming is not None, "an interval that neither holds nor has ended is to come"
        return sentence("%(law)s begins on %(day)s", law=name, day=day(coming))
    if coming is None:
        return sentence("%(law)s lapsed on %(day)s; nothing later is known here", law=name, day=day(ended))
    return sentence(
        "%(law)s lapsed on %(day)s and is in force again from %(again)s",
        law=name,
        day=day(ended),
        again=day(coming),
    )


def turn(id: str, now: Micros) -> Micros | None:  # noqa: A002
    """Return the next moment after `now` (µs) at which a basis comes into force or lapses.

    Raises:
        NotFoundError: there is none of this id.
    """
    dates = (at for i in basis(id).intervals for at in (i.since, i.until) if at is not None and at > now)
    return min(dates, default=None)
