"""Sharing agreements: whether one is in force for an organisation at a moment, and if not, why.

NIS2 (Directive (EU) 2022/2555) article 29 wants voluntary exchange to happen through arrangements, article 29(4) wants entities to tell their
authority when they enter or leave one. Laws that such arrangements rest on end, too: the US Cybersecurity Information Sharing Act of
2015 lapsed more than once. So everything here is dated, and what has no date that covers the moment is not in force.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.law import bases
from tocsin.sentence import sentence

INSTRUMENTS = ("clauses", "instrument", "public-interest")
"""What an agreement can contain for transfers: clauses (GDPR article 46(2)(c) and the like), an instrument between public authorities
(46(2)(a)), important reasons of public interest (49(1)(d))."""

USES = ("match", "enrich_externally", "block", "attribute_source", "redistribute", "use_in_proceedings")
"""The actions of which an agreement can say that it permits them. All but the last are open where it says nothing; that one is closed."""


class Terms(msgspec.Struct, frozen=True):
    """What an agreement says of what others share in the communities that rest on it.

    It binds whoever got something there, also after the agreement has ended; who shared it is not bound.

    Attributes:
        title: of the agreement.
        permitted: the actions of `USES` that it permits, and no other; None: it says nothing of actions.
        closed: nothing goes on: members of the community alone may have it, and none of them passes it on.
    """

    title: str
    permitted: tuple[str, ...] | None = None
    closed: bool = False

    @property
    def barred(self) -> frozenset[str]:
        """The actions that it does not permit."""
        barred = frozenset() if self.permitted is None else frozenset(USES).difference(self.permitted)
        return barred | {"redistribute"} if self.closed else barred


class Party(msgspec.Struct, frozen=True):
    """An organisation's part in an agreement: since when, until when, and when it told its authority; µs."""

    organisation: str
    entered: Micros
    gone: Micros | None = None
    notified: Micros | None = None


class Agreement(msgspec.Struct, frozen=True):
    """A dated record that sharing within a community rests on.

    Attributes:
        id, alias, title: as communities have them.
        purpose: what is shared for, in words.
        legal_basis: law, article or contract that permits it.
        basis_until: µs at which the legal basis itself lapses; None: not foreseen.
        starts, ends: µs between which the agreement holds; `ends` None: until someone withdraws it.
        withdrawn: µs at which it was withdrawn.
        notify: parties must tell their authority that they take part.
        transfer: the instrument for transfers of personal data that it contains, of `INSTRUMENTS`; "" for none.
        law: id of the dated legal basis (`tocsin.law.bases`) without which it is not in force; "" for none.
        parties: who takes part.
        permitted, closed: what it says of what is shared under it (`Terms`).
    """

    id: UUID
    alias: str
    title: str
    purpose: str
    legal_basis: str
    basis_until: Micros | None
    starts: Micros
    ends: Micros | None = None
    withdrawn: Micros | None = None
    notify: bool = False
    transfer: str = ""
    law: str = ""
    parties: tuple[Party, ...] = ()
    permitted: tuple[str, ...] | None = None
    closed: bool = False

    @property
    def terms(self) -> Terms:
        """What it says of what is shared under it."""
        return Terms(self.title, self.permitted, self.closed)

    def party(self, organisation: str) -> Party | None:
        """Return an organisation's part, or None."""
        return next((p for p in self.parties if p.organisation == organisation), None)


def lapse(agreement: Agreement, organisation: str, now: Micros) -> str:
    """Return why `agreement` is not in force for an organisation, in words; "" when it is."""
    name = agreement.title
    if now < agreement.starts:
        return sentence("the agreement '%(title)s' begins on %(day)s", title=name, day=_day(agreement.starts))
    if agreement.withdrawn is not None and now >= agreement.withdrawn:
        return sentence(
            "the agreement '%(title)s' was withdrawn on %(day)s", title=name, day=_day(agreement.withdrawn)
        )
    if agreement.ends is not None and now >= agreement.ends:
        return sentence("the agreement '%(title)s' ended on %(day)s", title=name, day=_day(agreement.ends))
    if agreement.basis_until is not None and now >= agreement.basis_until:
        return sentence(
            "the legal basis of the agreement '%(title)s', %(basis)s, lapsed on %(day)s",
            title=name,
            basis=agreement.legal_basis,
            day=_day(agreement.basis_until),
        )
    if agreement.law and (why := bases.why_not(agreement.law, now)):
        return sentence(
            "the agreement '%(title)s' rests on a law that is not in force: %(why)s", title=name, why=why
        )
    party = agreement.party(organisation)
    if party is None or now < party.entered:
        return sentence("it is no party to the agreement '%(title)s'", title=name)
    if party.gone is not None and now >= party.gone:
        return sentence("it left the agreement '%(title)s' on %(day)s", title=name, day=_day(party.gone))
    return ""


def turn(agreement: Agreement, now: Micros) -> Micros | None:
    """Return the next moment after `now` at which the agreement comes into force or lapses for somebody."""
    return min((date for date in _dates(agreement, now) if date is not None and date > now), default=None)


def _dates(agreement: Agreement, now: Micros) -> Iterator[Micros | None]:
    yield from (agreement.starts, agreement.ends, agreement.withdrawn, agreement.basis_until)
    if agreement.law:
        yield bases.turn(agreement.law, now)
    for party in agreement.parties:
        yield from (party.entered, party.gone)


def _day(at: Micros) -> str:
    text = to_text(at)
    return text[:10] if text.endswith("T00:00:00.000000Z") else f"{text[:19]}Z"
