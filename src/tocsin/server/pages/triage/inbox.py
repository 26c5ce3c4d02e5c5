"""What waits for a person: alerts for the node's own organisation, proposals to the reader's, changes of policies for administrators."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.errors import ForbiddenError
from tocsin.node.alerting import Told
from tocsin.server.api import alerts, node, proposals
from tocsin.server.api.proposals import ProposalEntry
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store import policies
from tocsin.store.policies import PolicyChange

_MOST = 100
AT_ONCE = 200
"""Most items of one decision."""


class Inbox(msgspec.Struct, frozen=True):
    """What waits; `more`: there is more than is shown. `undo`: items to take back what was decided last; `failed`: what could not be."""

    alerts: tuple[Told, ...]
    proposals: tuple[ProposalEntry, ...]
    policies: tuple[PolicyChange, ...]
    names: dict[str, str]
    more: bool
    undo: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def show_inbox(view: View) -> Response:
    """Show what waits."""
    return answer(view, undone(view), ())


def undone(view: View) -> tuple[str, ...]:
    """Return the items that take back what was decided last, which the address names."""
    given = view.request.query_params.get("undo", "")
    return tuple(each for each in given.split(",") if each)[: 2 * AT_ONCE]


def answer(view: View, undo: tuple[str, ...], failed: tuple[str, ...], *, status: int = 200) -> Response:
    """Show what waits, after a decision; `undo` and `failed` as of `Inbox`."""
    call = view.call
    waiting: tuple[Told, ...] = ()
    more = False
    try:
        alerts.require_own(call)
    except ForbiddenError:
        released = said(None, recipient=call.principal.organisation)
    else:
        told = alerts.alerting(call).listed(statuses=("new", "acknowledged"), limit=_MOST + 1, brief=True)
        waiting, more = tuple(told.value[:_MOST]), len(told.value) > _MOST
        released = told.derive(None)
    open_ = proposals.desk(call).page(call.principal, status="open", limit=_MOST, before=None)
    mine = call.principal.organisation
    entries = tuple(
        proposals.entry(each)
        for each in open_.value
        if each.proposal.decider == mine and each.proposal.account != call.principal.account
    )
    made = Inbox(waiting, entries, _changes(view), node.names(call), more, undo, failed)
    return render(view, "triage/inbox.html", released.derive(made), status=status)


def _changes(view: View) -> tuple[PolicyChange, ...]:
    """Return the changes of policies that wait, to administrators of the node."""
    if not view.administers:
        return ()
    with view.parts.store.connection() as connection:
        return tuple(each for each in policies.everything(connection) if each.state == "proposed")
