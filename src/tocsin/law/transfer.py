"""On what ground personal data may go from one organisation to another across a border, at a moment, or why on none.

Chapter V of the GDPR (Regulation (EU) 2016/679 articles 44-50) is the pattern: freely within an area, else by a decision on the country
(article 45), else by what the two have agreed (articles 46, 49). Other laws are read into the same form by the files in `data`.
A law that is not in them is not known, and unknown law is no permission. Whether something is personal data at all is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

import msgspec

from tocsin.clock import Micros
from tocsin.law.load import load
from tocsin.law.model import Accepted, Block, Grant, Regime, day

GROUNDS: Final = (
    *("domestic", "area", "adequacy", "open", "clauses", "instrument", "public-interest"),
    *("none", "unknown"),
)
"""Kinds of grounds; under the last two nothing may go. docs/reference/law.md says what each means."""

_DECISION: Final = {"adequacy": "adequacy decision", "designation": "designation"}
_INSTRUMENT: Final = {
    "clauses": "standard contractual clauses",
    "instrument": "an instrument between public authorities",
    "public-interest": "a reason of public interest",
}


class Side(msgspec.Struct, frozen=True):
    """One end of a transfer.

    Attributes:
        country: ISO 3166-1 alpha-2, or "" when it is not known.
        roles: what the organisation is; law for law enforcement is other law.
        assurances: what it is recorded with, such as "dpf"; counts for recipients.
    """

    country: str
    roles: tuple[str, ...] = ()
    assurances: tuple[str, ...] = ()


class Ground(msgspec.Struct, frozen=True):
    """What a transfer may rest on.

    Attributes:
        kind: of `GROUNDS`.
        law: id of the regime that answers; "" where none does.
        cite: decision or article.
        words: one sentence that says why.
    """

    kind: str
    law: str
    cite: str
    words: str


def ground(sender: Side, recipient: Side, agreed: Sequence[tuple[str, str]], now: Micros) -> Ground:
    """Return the first ground of `GROUNDS` that holds at `now`.

    A block wins over every ground but "domestic": where nothing crosses a border, nothing is blocked.

    Args:
        sender: who would send.
        recipient: who would get it.
        agreed: kind of instrument and title of the agreement that contains it, for each that is in force between the two;
            kinds that no regime accepts do not count.
        now: µs.
    """
    if not sender.country or not recipient.country:
        who = "recipient" if sender.country else "sender"
        return Ground("unknown", "", "", f"the country of the {who} is not known")
    if sender.country == recipient.country:
        return Ground("domestic", "", "", f"both are in {sender.country}: nothing crosses a border")
    regimes = _regimes(sender, now)
    if not regimes:
        return Ground("unknown", "", "", _no_law(sender))
    regime = regimes[0]
    for each in regimes:
        for block in each.blocks:
            if recipient.country in block.to and block.holds(now):
                return Ground("none", each.id, block.citation, _blocked(block, each, recipient))
    if sender.country in regime.area and recipient.country in regime.area:
        words = (
            f"{regime.name} lets personal data move freely between {sender.country} and {recipient.country}"
        )
        return Ground("area", regime.id, regime.citation, words)
    for grant in _grants(regime, recipient.country):
        if grant.holds(now) and _meets(recipient, grant):
            return Ground("adequacy", regime.id, grant.citation, _granted(grant, regime, recipient))
    if regime.default == "open":
        words = f"{regime.name} has no general restriction on sending personal data abroad"
        return Ground("open", regime.id, regime.citation, words)
    return _agreed(regime, recipient, agreed, now)


def turn(sender: Side, recipient: Side, now: Micros) -> Micros | None:
    """Return the next moment after `now` at which the data give another answer, be it in words; None: never.

    What the two have agreed has dates of its own, which are the caller's.
    """
    current = ground(sender, recipient, (), now)
    later = sorted({at for at in _dates(sender.country, recipient.country) if at > now})
    return next((at for at in later if ground(sender, recipient, (), at) != current), None)


@cache
def _laws_of(country: str) -> tuple[Regime, ...]:
    """All regimes for senders of a country, those for certain roles first."""
    found = (r for r in load().regimes.values() if country in r.applies_in)
    return tuple(sorted(found, key=lambda r: not r.sender_roles))


def _regimes(sender: Side, now: Micros) -> list[Regime]:
    """The regimes that bind a sender; the first says what the grounds are, blocks of all count."""
    return [r for r in _laws_of(sender.country) if r.since <= now and _is_for(r, sender)]


def _is_for(regime: Regime, sender: Side) -> bool:
    return not regime.sender_roles or bool(set(regime.sender_roles) & set(sender.roles))


def _grants(regime: Regime, country: str) -> list[Grant]:
    return [g for g in regime.grants if country in g.to]


def _dates(sender: str, recipient: str) -> Iterator[Micros]:
    for regime in _laws_of(sender):
        yield regime.since
        for term in (*_grants(regime, recipient), *(b for b in regime.blocks if recipient in b.to)):
            yield term.since
            if term.until is not None:
                yield term.until


def _meets(recipient: Side, grant: Grant) -> bool:
    return (not grant.needs or grant.needs in recipient.assurances) and (
        not grant.roles or bool(set(grant.roles) & set(recipient.roles))
    )


def _agreed(regime: Regime, recipient: Side, agreed: Sequence[tuple[str, str]], now: Micros) -> Ground:
    why = _uncovered(regime, recipient, now)
    accepted = sorted(regime.accepts, key=lambda a: GROUNDS.index(a.kind))
    titles = dict(reversed(agreed))  # of two agreements that contain the same, the first is named
    for each in accepted:
        if each.kind in titles:
            contains = f"the agreement {titles[each.kind]!r} contains {_INSTRUMENT[each.kind]}"
            return Ground(each.kind, regime.id, each.citation, f"{why}, but {contains}{_aside(each.note)}")
    return Ground("none", regime.id, regime.citation, f"{why}; {_help(accepted)}")


def _help(accepted: Sequence[Accepted]) -> str:
    if not accepted:
        return "nothing that an agreement can record here would do"
    ways = " or ".join(f"{_INSTRUMENT[a.kind]} ({a.citation})" for a in accepted)
    return f"recorded in an agreement, {ways} would do"


def _uncovered(regime: Regime, recipient: Side, now: Micros) -> str:
    """Say why no grant covers a recipient: it does not meet one, one has ended, one has not begun, there is none."""
    grants = _grants(regime, recipient.country)
    held = [g for g in grants if g.holds(now)]
    if held:
        asked = dict.fromkeys(_asked(g) for g in held)
        return (
            f"{_the(held[0], recipient)} under {regime.name} covers only organisations {' or '.join(asked)}"
        )
    ended = max((g for g in grants if g.until is not None and g.until <= now), key=_until, default=None)
    coming = min((g for g in grants if g.since > now), key=lambda g: g.since, default=None)
    said = []
    if ended is not None:
        said.append(f"{_the(ended, recipient)} ({ended.citation}) ended on {day(_until(ended))}")
    if coming is not None:
        said.append(f"{_the(coming, recipient)} ({coming.citation}) begins on {day(coming.since)}")
    return ", ".join(said) or f"no adequacy decision under {regime.name} covers {recipient.country}"


def _asked(grant: Grant) -> str:
    parts = [f"recorded with {grant.needs!r}"] if grant.needs else []
    if grant.roles:
        parts.append(f"with the role {' or '.join(grant.roles)}")
    return " and ".join(parts)


def _granted(grant: Grant, regime: Regime, recipient: Side) -> str:
    until = "" if grant.until is None else f" until {day(grant.until)}"
    asked = f" for organisations {_asked(grant)}" if _asked(grant) else ""
    return f"{_the(grant, recipient)} under {regime.name} covers the recipient since {day(grant.since)}{until}{asked}{_aside(grant.note)}"


def _blocked(block: Block, regime: Regime, recipient: Side) -> str:
    until = "" if block.until is None else f" until {day(block.until)}"
    return f"{regime.name} forbids sending personal data to {recipient.country} since {day(block.since)}{until}, whatever has been agreed{_aside(block.note)}"


def _no_law(sender: Side) -> str:
    later = min((r.since for r in _laws_of(sender.country) if _is_for(r, sender)), default=None)
    known = "is not known here" if later is None else f"is known here only from {day(later)} on"
    return f"the law of {sender.country} on sending personal data abroad {known}, and unknown law is no permission"


def _the(grant: Grant, recipient: Side) -> str:
    return f"the {_DECISION[grant.kind]} for {recipient.country}"


def _until(grant: Grant) -> Micros:
    assert grant.until is not None
    return grant.until


def _aside(note: str) -> str:
    return f" ({note})" if note else ""
