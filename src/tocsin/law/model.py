"""What a file of law data holds: regimes of transfer, legal bases of sharing, and worked examples. All times are µs."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec

from tocsin.clock import Micros, to_text

Text: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]
Id: TypeAlias = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Countries: TypeAlias = Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
Confidence: TypeAlias = Literal["high", "medium", "low"]
Instrument: TypeAlias = Literal["clauses", "instrument", "public-interest"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in the files: what is not known here is an error, not ignored."""


class Dated(Entry, frozen=True, kw_only=True):
    """Something in force from a moment on; `until` is the first moment at which it is not, None: no end is known."""

    since: Micros = msgspec.field(name="from")
    until: Micros | None = None

    def holds(self, now: Micros) -> bool:
        """Return whether it is in force."""
        return self.since <= now and (self.until is None or now < self.until)


class Grant(Dated, frozen=True, kw_only=True):
    """A decision that frees transfer to countries.

    Attributes:
        to: ISO 3166-1 alpha-2.
        kind: "adequacy": the level of protection there was decided on; "designation": the country was named.
        needs: assurance that the recipient must be recorded with; "": none.
        roles: the recipient must have one of these; empty: anybody.
        note: what else limits it, in words; a machine cannot see to it.
    """

    to: Countries
    kind: Literal["adequacy", "designation"]
    citation: Text
    confidence: Confidence
    needs: str = ""
    roles: tuple[str, ...] = ()
    note: str = ""


class Block(Dated, frozen=True, kw_only=True):
    """A prohibition of transfer to countries. It wins over every ground."""

    to: Countries
    citation: Text
    confidence: Confidence
    note: str = ""


class Accepted(Entry, frozen=True, kw_only=True):
    """Something an agreement can contain that a regime takes for a ground."""

    kind: Instrument
    citation: Text
    note: str = ""


class Regime(Entry, frozen=True, kw_only=True):
    """What the law of some countries says about sending personal data abroad.

    Attributes:
        id, name, citation: as people and machines refer to it.
        since: when it began to apply; before that day the law is not known here.
        applies_in: countries of senders.
        sender_roles: it is for senders of one of these roles, and goes before the regime that is for all.
        area: countries among which transfer is free.
        default: "restricted": a ground is needed; "open": there is no general restriction on export.
        accepts: what agreements can contain.
        grants, blocks: dated.
        recheck: what a person has to look up again, and why.
        fictional: for exercises; its countries are invented.
    """

    id: Id
    name: Text
    citation: Text
    since: Micros = msgspec.field(name="from")
    applies_in: Countries
    default: Literal["restricted", "open"]
    confidence: Confidence
    sender_roles: tuple[str, ...] = ()
    area: tuple[str, ...] = ()
    accepts: tuple[Accepted, ...] = ()
    grants: tuple[Grant, ...] = msgspec.field(default=(), name="grant")
    blocks: tuple[Block, ...] = msgspec.field(default=(), name="block")
    note: str = ""
    sources: tuple[Text, ...] = ()
    recheck: str = ""
    fictional: bool = False


class Interval(Dated, frozen=True, kw_only=True):
    """A stretch of time in which a legal basis is in force."""

    citation: str = ""


class Basis(Entry, frozen=True, kw_only=True):
    """Law that sharing can rest on, and when it was or is in force; intervals are in order and do not overlap."""

    id: Id
    name: Text
    citation: Text
    confidence: Confidence
    intervals: Annotated[tuple[Interval, ...], msgspec.Meta(min_length=1)] = msgspec.field(name="interval")
    note: str = ""
    sources: tuple[Text, ...] = ()
    recheck: str = ""
    fictional: bool = False


class Example(Entry, frozen=True, kw_only=True):
    """A worked case: the kind of ground that `tocsin.law.transfer` must find on a day. The tests run them all.

    Attributes:
        on: the beginning of that day, UTC.
        sender, recipient: countries.
        agreed: kinds of instruments in an agreement between the two.
        law: id of the regime that answers; "": not asked.
        says: what the words contain.
    """

    on: Micros
    sender: str = msgspec.field(name="from")
    recipient: str = msgspec.field(name="to")
    expect: Text
    sender_roles: tuple[str, ...] = msgspec.field(default=(), name="from_roles")
    recipient_roles: tuple[str, ...] = msgspec.field(default=(), name="to_roles")
    assurances: tuple[str, ...] = ()
    agreed: tuple[Instrument, ...] = ()
    law: str = ""
    says: str = ""


def day(at: Micros) -> str:
    """Return the day of a date in the data, as the files write it."""
    return to_text(at)[:10]
