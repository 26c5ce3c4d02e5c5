"""Whom the node knows: organisations, communities, agreements, peers.

An organisation is told of itself and of whose node this is; the node's own organisation of all. Who else is in a community is not told
to its members: whom a node knows is nobody's business but its operator's.
"""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.server.api import asking, records
from tocsin.server.api.objects import Nothing
from tocsin.server.context import Call
from tocsin.sharing import agreements as holding
from tocsin.sharing.audience import Organisation
from tocsin.sharing.release import Released
from tocsin.store import agreements, organisations, peers


class OrganisationEntry(msgspec.Struct, frozen=True):
    """An organisation as this node knows it."""

    id: str
    name: str
    country: str
    sector: str
    roles: tuple[str, ...]
    communities: tuple[str, ...]
    own: bool
    suspended: bool


class OrganisationList(msgspec.Struct, frozen=True):
    """Organisations by name."""

    items: tuple[OrganisationEntry, ...]


class CommunityEntry(msgspec.Struct, frozen=True):
    """A community: id, alias and title."""

    id: str
    alias: str
    title: str


class CommunityList(msgspec.Struct, frozen=True):
    """Communities by alias."""

    items: tuple[CommunityEntry, ...]


class AgreementEntry(msgspec.Struct, frozen=True):
    """A dated sharing agreement; moments are RFC 3339."""

    id: str
    alias: str
    title: str
    purpose: str
    legal_basis: str
    starts: str
    ends: str | None
    withdrawn: str | None
    parties: tuple[str, ...]


class AgreementList(msgspec.Struct, frozen=True):
    """Agreements by alias."""

    items: tuple[AgreementEntry, ...]


class PeerEntry(msgspec.Struct, frozen=True):
    """A peer, and what its last exchange said; no credentials."""

    name: str
    url: str
    organisation: str
    suspended: bool
    result: dict[str, Any] | None


class PeerList(msgspec.Struct, frozen=True):
    """Peers by name."""

    items: tuple[PeerEntry, ...]


def organisation_list(call: Call) -> Response:
    """List organisations."""
    asking.parameters(call, Nothing)
    return records.answer(call, known_organisations(call))


def known_organisations(call: Call) -> Released[OrganisationList]:
    """Return the organisations that the caller may know of."""
    asking_one = call.organisation
    items = [
        OrganisationEntry(
            *(each.id, each.name, each.country, each.sector, each.roles),
            tuple(sorted(each.communities)) if asking_one.own or each == asking_one else (),
            each.own, each.suspended and asking_one.own,
        )
        for each in call.facts.snapshot.organisations.values()
        if _known(asking_one, each)
    ]  # fmt: skip
    return records.told(call, OrganisationList(tuple(sorted(items, key=lambda each: each.name))))


def community_list(call: Call) -> Response:
    """List communities."""
    asking.parameters(call, Nothing)
    return records.answer(call, known_communities(call))


def known_communities(call: Call) -> Released[CommunityList]:
    """Return the communities that the caller is in, or all for the node's own organisation."""
    one = call.organisation
    with call.parts.store.connection() as connection:
        found = organisations.communities(connection)
    items = [
        CommunityEntry(str(each.id), each.alias, each.title)
        for each in found
        if one.own or str(each.id) in one.communities
    ]
    return records.told(call, CommunityList(tuple(sorted(items, key=lambda each: each.alias))))


def agreement_list(call: Call) -> Response:
    """List agreements."""
    asking.parameters(call, Nothing)
    return records.answer(call, known_agreements(call)[0])


def known_agreements(call: Call) -> tuple[Released[AgreementList], list[holding.Agreement]]:
    """Return the agreements that the caller takes part in, or all for the node's own organisation, and their records in the same order."""
    one = call.organisation
    with call.parts.store.connection() as connection:
        found = agreements.everything(connection)
    kept = sorted(
        (each for each in found if one.own or one.id in _parties(each)), key=lambda each: each.alias
    )
    return records.told(call, AgreementList(tuple(_agreement(each, one, call) for each in kept))), kept


def peer_list(call: Call) -> Response:
    """List peers, for the node's own organisation."""
    records.require_own(call)
    asking.parameters(call, Nothing)
    return records.answer(call, known_peers(call))


def known_peers(call: Call) -> Released[PeerList]:
    """Return the peers, to the node's own organisation.

    Raises:
        ForbiddenError: another one asks.
    """
    records.require_own(call)
    with call.parts.store.connection() as connection:
        found = peers.everything(connection)
    return records.told(
        call, PeerList(tuple(PeerEntry(p.name, p.url, p.organisation, p.suspended, p.result) for p in found))
    )


def names(call: Call) -> dict[str, str]:
    """Return the names of the organisations that the caller may know of, by id."""
    one = call.organisation
    return {each.id: each.name for each in call.facts.snapshot.organisations.values() if _known(one, each)}


def _known(one: Organisation, other: Organisation) -> bool:
    return one.own or other.own or other.id == one.id


def _parties(agreement: holding.Agreement) -> set[str]:
    return {party.organisation for party in agreement.parties if party.gone is None}


def _agreement(found: holding.Agreement, one: Organisation, call: Call) -> AgreementEntry:
    known = {o.id for o in call.facts.snapshot.organisations.values() if _known(one, o)}
    return AgreementEntry(
        *(str(found.id), found.alias, found.title, found.purpose, found.legal_basis),
        asking.moment_text(found.starts),
        None if found.ends is None else asking.moment_text(found.ends),
        None if found.withdrawn is None else asking.moment_text(found.withdrawn),
        tuple(sorted(_parties(found) & known)),
    )
