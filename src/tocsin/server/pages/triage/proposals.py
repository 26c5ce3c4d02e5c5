"""Proposals: what others suggest to change, and what became of one's own."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.errors import InputError, NotFoundError
from tocsin.server.api import asking, objects, parties, proposals
from tocsin.server.api.differences import Change, differences
from tocsin.server.api.proposals import ProposalEntry
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.titles import title_of
from tocsin.server.pages.view import View

_MOST = 100


class Listed(msgspec.Struct, frozen=True):
    """The newest proposals that the reader may see."""

    items: tuple[ProposalEntry, ...]
    titles: dict[str, str]
    names: dict[str, str]


class Detail(msgspec.Struct, frozen=True):
    """A proposal, what it would change of what the reader knows, and whether it is theirs to decide or to take back."""

    entry: ProposalEntry
    names: dict[str, str]
    changes: tuple[Change, ...]
    text: str
    decides: bool
    withdraws: bool


def show_proposals(view: View) -> Response:
    """Show proposals, newest first."""
    found = proposals.desk(view.call).page(view.call.principal, status="", limit=_MOST, before=None)
    titles = {
        str(each.proposal.id): title_of(msgspec.json.decode(each.proposal.body)) for each in found.value
    }
    made = Listed(tuple(proposals.entry(each) for each in found.value), titles, parties.names(view.call))
    return render(view, "triage/proposals.html", found.derive(made))


def show_proposal(view: View) -> Response:
    """Show one proposal.

    Raises:
        NotFoundError: there is none that the reader may know of.
    """
    call = view.call
    found = proposals.desk(call).one(call.principal, _name(view))
    proposal = found.value.proposal
    changes: tuple[Change, ...] = ()
    if proposal.kind == "version":
        try:
            held = objects.latest(call, proposal.about)
            changes = differences(bytes(held.value.object), proposal.body)
        except NotFoundError:
            pass  # the reader knows the proposal, not what it is about: it is shown whole
    body: dict[str, Any] = msgspec.json.decode(proposal.body)
    made = Detail(
        proposals.entry(found.value),
        parties.names(call),
        changes,
        json.dumps(body, indent=2, ensure_ascii=False),
        decides=proposal.status == "open"
        and proposal.decider == call.principal.organisation
        and proposal.account != call.principal.account,
        withdraws=proposal.status == "open" and proposal.account == call.principal.account,
    )
    return render(view, "triage/proposal.html", found.derive(made))


def decide(view: View, form: Form) -> Response:
    """Accept, reject or take back a proposal.

    Raises:
        NotFoundError: there is none that the reader may know of.
        ForbiddenError: it is not theirs to decide.
        ConflictError: it was decided, or what it changes has changed.
        InputError: there is nothing of this kind to do.
    """
    call, name, deed = view.call, _name(view), form.one("do")
    desk = proposals.desk(call)
    if deed == "accept":
        desk.accept(call.principal, name, form.one("answer"), encrypted=asking.encrypted(call))
    elif deed == "reject":
        desk.reject(call.principal, name, form.one("answer"))
    elif deed == "withdraw":
        desk.withdraw(call.principal, name)
    else:
        raise InputError("there is nothing of this kind to do")
    return redirect(view, f"/proposals/{name}")


def _name(view: View) -> str:
    name: str = view.request.path_params["proposal"]
    return name.replace("\0", "")[:80]
