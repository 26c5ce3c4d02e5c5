"""What waits for a person: alerts for the node's own organisation, proposals to the reader's, changes of policies for administrators."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tocsin.errors import ForbiddenError, InputError, TocsinError
from tocsin.node.alerting import Told
from tocsin.server.api import alerts, node, proposals
from tocsin.server.api.proposals import ProposalEntry
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store import journal, policies, suppressions
from tocsin.store.policies import PolicyChange

_MOST = 100
_AT_ONCE = 200
DEEDS = ("acknowledge", "true-positive", "false-positive", "suppress", "reopen", "accept", "reject")
_STATUS = {
    "acknowledge": "acknowledged",
    "reopen": "new",
    "true-positive": "closed",
    "false-positive": "closed",
}


class Inbox(msgspec.Struct, frozen=True):
    """What waits; `more`: there is more than is shown. `undo`: ids of alerts that were decided last; `failed`: what could not be."""

    alerts: tuple[Told, ...]
    proposals: tuple[ProposalEntry, ...]
    policies: tuple[PolicyChange, ...]
    names: dict[str, str]
    more: bool
    undo: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()


def show_inbox(view: View) -> Response:
    """Show what waits."""
    return _answer(view, undone(view), ())


def undone(view: View) -> tuple[str, ...]:
    """Return the ids of alerts that were decided last, which the address names."""
    given = view.request.query_params.get("undo", "")
    return tuple(each for each in given.split(",") if each)[:_AT_ONCE]


def decide(view: View, form: Form) -> Response:
    """Decide about one or several items at once; what cannot be decided is said, and costs no other.

    Raises:
        InputError: nothing was chosen, or there is nothing of this kind to do.
    """
    items, deed = form.many("item"), form.one("do")
    if deed not in DEEDS:
        raise InputError("there is nothing of this kind to do")
    if not 0 < len(items) <= _AT_ONCE:
        raise InputError(f"choose 1 to {_AT_ONCE} items")
    done, failed = [], []
    for item in items:
        kind, _, identifier = item.partition(":")
        try:
            _decide(view, kind, identifier, deed, form)
        except TocsinError as error:
            failed.append(f"{identifier}: {error}")
        else:
            if kind == "alert" and deed != "reopen":
                done.append(identifier)
    if failed:
        return _answer(view, tuple(done), tuple(failed), status=422)
    place = _next(view) if form.one("then") == "next" and done else "/triage"
    return redirect(view, f"{place}?{urlencode({'undo': ','.join(done)})}" if done else place)


def _next(view: View) -> str:
    """Return where the next alert is that nobody has looked at, or the inbox where there is none."""
    found = alerts.alerting(view.call).listed(statuses=("new",), limit=1).value
    return f"/alerts/{found[0].id}" if found else "/triage"


def _decide(view: View, kind: str, identifier: str, deed: str, form: Form) -> None:
    call = view.call
    if kind == "proposal":
        if deed not in ("accept", "reject"):
            raise InputError("a proposal is accepted or rejected")
        desk = proposals.desk(call)
        if deed == "accept":
            desk.accept(
                call.principal, identifier, form.one("answer"), encrypted=call.request.url.scheme == "https"
            )
        else:
            desk.reject(call.principal, identifier, form.one("answer"))
        return
    alerts.admit(call)
    alerting, by = alerts.alerting(call), call.principal.account
    if deed in _STATUS:
        verdict = deed if _STATUS[deed] == "closed" else ""
        alerting.change(identifier, _STATUS[deed], verdict=verdict, note=form.one("note")[:2000], by=by)
    elif deed == "suppress":
        found = alerting.one(identifier, samples=1).value
        now = view.parts.store.clock()
        reason = form.one("note")[:2000] or "triage"
        with view.parts.store.transaction() as connection:
            made = suppressions.add(
                connection, "indicator", found.indicator, reason, expires=now + _WEEK, by=by, now=now
            )
            journal.append(connection, [journal.Entry(now, by, "alert-suppress", str(made.id), "done")])
        alerting.change(identifier, "closed", verdict="false-positive", note=reason, by=by)
    else:
        raise InputError("an alert is acknowledged, closed, suppressed or opened again")


_WEEK = 7 * 86_400_000_000


def _answer(view: View, undo: tuple[str, ...], failed: tuple[str, ...], *, status: int = 200) -> Response:
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
