"""Organisations: what policies know of them. A change counts at once, in every process."""

from __future__ import annotations

import re
import uuid

import msgspec
from starlette.responses import Response

from tocsin.errors import ConflictError, InputError
from tocsin.server.api import parties
from tocsin.server.pages.admin.gate import require_administrator, require_to_act
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View
from tocsin.sharing.audience import ROLES, TRUST, Organisation
from tocsin.store import Connection, journal, organisations

_HERE = "/admin/organisations"
_NAME = 200
_COUNTRY = re.compile(r"[A-Z]{2}")


def show_organisations(view: View) -> Response:
    """Show the organisations.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    known = tuple(sorted(view.call.facts.snapshot.organisations.values(), key=lambda each: each.name))
    communities = parties.known_communities(view.call)
    told = communities.derive((known, communities.value.items))
    return render(view, "admin/organisations.html", told, roles=ROLES, trust=TRUST)


def add(view: View, form: Form) -> Response:
    """Make an organisation.

    Raises:
        ForbiddenError: the reader is no administrator of this node, or has not shown lately who they are.
        InputError: a fact is none.
        ConflictError: there is one of this name.
    """
    require_to_act(view, _HERE)
    name, country = form.one("name"), form.one("country").upper()
    roles = tuple(each for each in form.many("roles") if each)
    if (
        not 0 < len(name) <= _NAME
        or (country and not _COUNTRY.fullmatch(country))
        or not set(roles) <= set(ROLES)
    ):
        raise InputError(
            "an organisation needs a name, a country of two letters (ISO 3166) if any, and roles of the list"
        )
    if any(each.name == name for each in view.call.facts.snapshot.organisations.values()):
        raise ConflictError(f"there is an organisation {name!r} already")
    made = Organisation(
        f"identity--{uuid.uuid4()}", name, country=country, sector=form.one("sector")[:_NAME], roles=roles
    )
    with view.parts.store.transaction() as connection:
        organisations.put(connection, made)
        _note(view, connection, "organisation.add", made.id)
    return redirect(view, _HERE)


def act(view: View, form: Form) -> Response:
    """Suspend or resume an organisation, or let it in and out of a community.

    Raises:
        ForbiddenError: the reader is no administrator of this node, or has not shown lately who they are.
        NotFoundError: there is no such organisation or community.
        InputError: there is no such act.
        ConflictError: it is the node's own organisation that would be suspended.
    """
    require_to_act(view, _HERE)
    deed = form.one("do")
    with view.parts.store.transaction() as connection:
        found = organisations.get(connection, form.one("organisation"))
        if deed in ("suspend", "resume"):
            if found.own:
                raise ConflictError("the node's own organisation cannot be suspended")
            organisations.put(connection, msgspec.structs.replace(found, suspended=deed == "suspend"))
        elif deed in ("join", "leave"):
            group = organisations.community(connection, form.one("community"))
            (organisations.join if deed == "join" else organisations.leave)(connection, group, found)
        else:
            raise InputError("there is nothing of this kind to do")
        _note(view, connection, f"organisation.{deed}", found.id)
    return redirect(view, _HERE)


def _note(view: View, connection: Connection, what: str, about: str) -> None:
    who = view.call.principal.account
    journal.append(connection, [journal.Entry(view.parts.store.clock(), who, what, about, "done")])
