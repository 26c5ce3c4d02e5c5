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
from tocsin.sentence import AND, COMMA, OR, Sentence, listed, sentence

GROUNDS: Final = (
    *("domestic", "area", "adequacy", "open", "clauses", "instrument", "public-interest"),
    *("none", "unknown"),
)
"""Kinds of grounds; under the last two nothing may go. docs/reference/law.md says what each means."""

_INSTRUMENT: Final = {
    "clauses": sentence("standard contractual clauses"),
    "instrument": sentence("an instrument between public authorities"),
    "public-interest": sentence("a reason of public interest"),
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
        return Ground("unknown", "", "", _nowhere(sender))
    if sender.country == recipient.country:
        words = sentence("both are in %(country)s: nothing crosses a border", country=sender.country)
        return Ground("domestic", "", "", words)
    regimes = _regimes(sender, now)
    if not regimes:
        return Ground("unknown", "", "", _no_law(sender))
    regime = regimes[0]
    for each in regimes:
        for block in each.blocks:
            if recipient.country in block.to and block.holds(now):
                return Ground("none", each.id, block.citation, _blocked(block, each, recipient))
    if sender.country in regime.area and recipient.country in regime.area:
        words = sentence(
            "%(law)s lets personal data move freely between %(one)s and %(other)s",
            law=regime.name,
            one=sender.country,
            other=recipient.country,
        )
        return Ground("area", regime.id, regime.citation, words)
    for grant in _grants(regime, recipient.country):
        if grant.holds(now) and _meets(recipient, grant):
            return Ground("adequacy", regime.id, grant.citation, _granted(grant, regime, recipient))
    if regime.default == "open":
        words = sentence(
            "%(law)s has no general restriction on sending personal data abroad", law=regime.name
        )
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
            words = sentence(
                "%(why)s, but the agreement '%(title)s' contains %(instrument)s%(note)s",
                why=why,
                title=titles[each.kind],
                instrument=_INSTRUMENT[each.kind],
                note=_aside(each.note),
            )
            return Ground(each.kind, regime.id, each.citation, words)
    words = sentence("%(why)s; %(help)s", why=why, help=_help(accepted))
    return Ground("none", regime.id, regime.citation, words)


def _help(accepted: Sequence[Accepted]) -> Sentence:
    if not accepted:
        return sentence("nothing that an agreement can record here would do")
    ways = (
        sentence("%(instrument)s (%(cite)s)", instrument=_INSTRUMENT[a.kind], cite=a.citation)
        for a in accepted
    )
    return sentence("recorded in an agreement, %(ways)s would do", ways=listed(ways, OR))


def _uncovered(regime: Regime, recipient: Side, now: Micros) -> str:
    """Say why no grant covers a recipient: it does not meet one, one has ended, one has not begun, there is none."""
    grants = _grants(regime, recipient.country)
    held = [g for g in grants if g.holds(now)]
    if held:
        return sentence(
            "%(decision)s under %(law)s covers only organisations %(asked)s",
            decision=_the(held[0], recipient),
            law=regime.name,
            asked=listed(dict.fromkeys(_asked(g) for g in held), OR),
        )
    ended = max((g for g in grants if g.until is not None and g.until <= now), key=_until, default=None)
    coming = min((g for g in grants if g.since > now), key=lambda g: g.since, default=None)
    said = []
    if ended is not None:
        said.append(
            sentence(
                "%(decision)s (%(cite)s) ended on %(day)s",
                decision=_the(ended, recipient),
                cite=ended.citation,
                day=day(_until(ended)),
            )
        )
    if coming is not None:
        said.append(
            sentence(
                "%(decision)s (%(cite)s) begins on %(day)s",
                decision=_the(coming, recipient),
                cite=coming.citation,
                day=day(coming.since),
            )
        )
    return listed(said, COMMA) or sentence(
        "no adequacy decision under %(law)s covers %(country)s", law=regime.name, country=recipient.country
    )


def _asked(grant: Grant) -> str:
    parts = [sentence("recorded with '%(assurance)s'", assurance=grant.needs)] if grant.needs else []
    if grant.roles:
        parts.append(sentence("with the role %(roles)s", roles=listed(grant.roles, OR)))
    return listed(parts, AND)


def _granted(grant: Grant, regime: Regime, recipient: Side) -> Sentence:
    asked = _asked(grant)
    return sentence(
        "%(decision)s under %(law)s covers the recipient since %(day)s%(until)s%(asked)s%(note)s",
        decision=_the(grant, recipient),
        law=regime.name,
        day=day(grant.since),
        until=_end(grant.until),
        asked=sentence(" for organisations %(asked)s", asked=asked) if asked else "",
        note=_aside(grant.note),
    )


def _blocked(block: Block, regime: Regime, recipient: Side) -> Sentence:
    return sentence(
        "%(law)s forbids sending personal data to %(country)s since %(day)s%(until)s, whatever has been agreed%(note)s",
        law=regime.name,
        country=recipient.country,
        day=day(block.since),
        until=_end(block.until),
        note=_aside(block.note),
    )


def _nowhere(sender: Side) -> Sentence:
    if sender.country:
        return sentence("the country of the recipient is not known")
    return sentence("the country of the sender is not known")


def _no_law(sender: Side) -> Sentence:
    later = min((r.since for r in _laws_of(sender.country) if _is_for(r, sender)), default=None)
    if later is None:
        return sentence(
            "the law of %(country)s on sending personal data abroad is not known here, and unknown law is no permission",
            country=sender.country,
        )
    return sentence(
        "the law of %(country)s on sending personal data abroad is known here only from %(day)s on, and unknown law is no permission",
        country=sender.country,
        day=day(later),
    )


def _the(grant: Grant, recipient: Side) -> Sentence:
    if grant.kind == "adequacy":
        return sentence("the adequacy decision for %(country)s", country=recipient.country)
    return sentence("the designation for %(country)s", country=recipient.country)


def _end(until: Micros | None) -> str:
    return "" if until is None else sentence(" until %(day)s", day=day(until))


def _until(grant: Grant) -> Micros:
    assert grant.until is not None
    return grant.until


def _aside(note: str) -> str:
    return f" ({note})" if note else ""
