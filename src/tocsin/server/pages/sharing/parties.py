"""Organisations, communities, agreements and peers."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.server.api import deciding, parties
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.sharing import agreements as holding


class Parties(msgspec.Struct, frozen=True):
    """Organisations and communities, as far as the reader may know them."""

    organisations: tuple[parties.OrganisationEntry, ...]
    communities: tuple[parties.CommunityEntry, ...]


class AgreementLine(msgspec.Struct, frozen=True):
    """An agreement, and why it is not in force for the reader's organisation ("": it is)."""

    entry: parties.AgreementEntry
    lapse: str
    parties: tuple[str, ...]


def show_parties(view: View) -> Response:
    """Show with whom this node shares."""
    known = parties.known_organisations(view.call)
    made = Parties(known.value.items, parties.known_communities(view.call).value.items)
    return render(view, "sharing/parties.html", known.derive(made))


def show_agreements(view: View) -> Response:
    """Show the agreements, and which of them hold now."""
    call = view.call
    told, records = parties.known_agreements(call)
    names, now = parties.names(call), view.parts.store.clock()
    lines = tuple(
        AgreementLine(
            entry,
            holding.lapse(record, call.organisation.id, now),
            tuple(names.get(each, each) for each in entry.parties),
        )
        for entry, record in zip(told.value.items, records, strict=True)
    )
    return render(view, "sharing/agreements.html", told.derive(lines))


def show_peers(view: View) -> Response:
    """Show the peers and how their last exchange went.

    Raises:
        ForbiddenError: another organisation asks.
    """
    call = view.call
    titles = {each.id: each.title for each in deciding.policies_in_force(call).value.items}
    return render(
        view, "sharing/peers.html", parties.known_peers(call), names=parties.names(call), titles=titles
    )
