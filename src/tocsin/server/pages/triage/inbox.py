"""What waits for a person: alerts for the node's own organisation, proposals to the reader's, changes of policies for administrators."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.errors import ForbiddenError
from tocsin.node.alerting import Told
from tocsin.node.proposals import Shown
from tocsin.server.api import alerts, asking, parties, proposals
from tocsin.server.api.proposals import ProposalEntry
from tocsin.server.context import Call
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import title_of
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.sharing.release import Released
from tocsin.store import policies
from tocsin.store.policies import PolicyChange

_MOST = 100
AT_ONCE = 200
"""Most items of one decision."""


class Inbox(msgspec.Struct, frozen=True):
    """What waits.

    `titles`: what the objects of the proposals are called, by the id of the proposal. `more`: there is more than is shown. `since`: the place behind the newest that is shown. `undo`: items to take back what was decided last;
    `failed`: what could not be.
    """

    alerts: tuple[Told, ...]
    proposals: tuple[ProposalEntry, ...]
    policies: tuple[PolicyChange, ...]
    titles: dict[str, str]
    names: dict[str, str]
    more: bool
    since: str
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
    theirs = [each for each in open_.value if _decides(call, each)]
    newest = [each.opened for each in waiting] + [each.proposal.made for each in theirs]
    since = asking.next_token(max(newest, default=1))
    entries = tuple(proposals.entry(each) for each in theirs)
    titles = {str(each.proposal.id): title_of(msgspec.json.decode(each.proposal.body)) for each in theirs}
    made = Inbox(waiting, entries, _changes(view), titles, parties.names(call), more, since, undo, failed)
    return render(view, "triage/inbox.html", released.derive(made), status=status)


def arrived(view: View, beyond: Micros, most: int) -> Released[tuple[int, bool]]:
    """Return how many alerts and proposals that wait came after a moment (µs), counted no further than `most`, and whether there are more."""
    call = view.call
    count = 0
    try:
        alerts.require_own(call)
    except ForbiddenError:
        released = said(None, recipient=call.principal.organisation)
    else:
        opened = alerts.alerting(call).counted(statuses=("new",), most=most, since=beyond)
        count, released = opened.value, opened.derive(None)
    open_ = proposals.desk(call).page(call.principal, status="open", limit=most, before=None)
    count += sum(each.proposal.made > beyond and _decides(call, each) for each in open_.value)
    return released.derive((min(count, most), count >= most))


def _decides(call: Call, found: Shown) -> bool:
    return (
        found.proposal.decider == call.principal.organisation
        and found.proposal.account != call.principal.account
    )


def _changes(view: View) -> tuple[PolicyChange, ...]:
    """Return the changes of policies that wait, to administrators of the node."""
    if not view.administers:
        return ()
    with view.parts.store.connection() as connection:
        return tuple(each for each in policies.everything(connection) if each.state == "proposed")
