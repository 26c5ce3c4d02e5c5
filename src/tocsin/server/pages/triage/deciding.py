"""Decisions about what waits: one or several at once, each only if it still is what whoever decides has seen, and taken back whole.

An item is `alert:ID:CHANGED` or `proposal:ID`; CHANGED is `store.alerts.Alert.changed` as the page showed it, and a decision that somebody else made
since is never overwritten unseen. A way back is made of such items, too, and of `suppression:ID`, which is lifted.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

from tocsin.errors import ForbiddenError, InputError, NotFoundError, TocsinError
from tocsin.node.alerting import Told
from tocsin.server.api import alerts, asking, proposals
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.triage import inbox
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.sharing.release import Released

DEEDS = ("acknowledge", "true-positive", "false-positive", "suppress", "reopen", "accept", "reject")
_STATUS = {
    "acknowledge": "acknowledged",
    "reopen": "new",
    "true-positive": "closed",
    "false-positive": "closed",
}
_WEEK = 7 * 86_400_000_000


class Decided(msgspec.Struct, frozen=True):
    """What became of items: alerts that still wait, as they are now; the way back; what could not be decided, and why."""

    alerts: tuple[Told, ...]
    undo: tuple[str, ...]
    failed: tuple[str, ...]


class _Outcome(NamedTuple):
    """What became of one item: the alert as it is now, and the way back."""

    told: Released[Told] | None = None
    undo: tuple[str, ...] = ()


def decide(view: View, form: Form) -> Response:
    """Decide about one or several items at once; what cannot be decided is said, and costs no other.

    A script gets the rows that still wait instead of the whole page.

    Raises:
        InputError: nothing was chosen, or there is nothing of this kind to do.
    """
    items, deed = form.many("item"), form.one("do")
    if deed not in DEEDS:
        raise InputError("there is nothing of this kind to do")
    if not 0 < len(items) <= inbox.AT_ONCE:
        raise InputError(f"choose 1 to {inbox.AT_ONCE} items")
    done = []
    failed: dict[str, str] = {}
    for item in items:
        try:
            done.append(_decide(view, item, deed, form))
        except TocsinError as error:
            failed[item] = f"{item.split(':')[1] if ':' in item else item}: {error}"
    undo = tuple(back for each in done for back in each.undo)
    if view.fragment:
        return _rows(view, done, undo, failed)
    if failed:
        return inbox.answer(view, undo, tuple(failed.values()), status=422)
    place = _next(view) if form.one("then") == "next" and undo else "/triage"
    return redirect(view, f"{place}?{urlencode({'undo': ','.join(undo)}, safe=':,')}" if undo else place)


def _next(view: View) -> str:
    """Return where the next alert is that nobody has looked at, or the inbox where there is none."""
    found = alerts.alerting(view.call).listed(statuses=("new",), limit=1).value
    return f"/alerts/{found[0].id}" if found else "/triage"


def _decide(view: View, item: str, deed: str, form: Form) -> _Outcome:
    """Decide about one item."""
    kind, _, named = item.partition(":")
    identifier, _, changed = named.partition(":")
    call = view.call
    if kind == "proposal":
        if deed not in ("accept", "reject"):
            raise InputError("a proposal is accepted or rejected")
        desk = proposals.desk(call)
        if deed == "accept":
            desk.accept(call.principal, identifier, form.one("answer"), encrypted=asking.encrypted(call))
        else:
            desk.reject(call.principal, identifier, form.one("answer"))
        return _Outcome()
    alerts.admit(call)
    if kind == "suppression" and deed == "reopen":
        alerts.lift(call, identifier)
        return _Outcome()
    if kind != "alert" or deed in ("accept", "reject"):
        raise InputError("an alert is acknowledged, closed, suppressed or opened again")
    return _of_alert(view, identifier, _moment(changed), deed, form.one("note")[:2000])


def _moment(text: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) < 20):
        raise InputError("this is no item of ours")
    return int(text) if text else None


def _of_alert(view: View, identifier: str, seen: int | None, deed: str, note: str) -> _Outcome:
    alerting, by = alerts.alerting(view.call), view.call.principal.account
    if deed != "suppress":
        verdict = deed if _STATUS[deed] == "closed" else ""
        found = alerting.change(identifier, _STATUS[deed], verdict=verdict, note=note, by=by, seen=seen)
        return _Outcome(found, () if deed == "reopen" else (_item(found.value),))
    reason, expires = note or "triage", view.parts.store.clock() + _WEEK
    indicator = alerting.one(identifier, samples=1).value.indicator
    made = alerts.impose(view.call, "indicator", indicator, reason, expires=expires)
    try:
        found = alerting.change(identifier, "closed", verdict="false-positive", note=reason, by=by, seen=seen)
    except TocsinError:
        alerts.lift(view.call, str(made.id))
        raise
    return _Outcome(found, (_item(found.value), f"suppression:{made.id}"))


def _item(told: Told) -> str:
    return f"alert:{told.id}:{told.changed}"


def _rows(view: View, done: list[_Outcome], undo: tuple[str, ...], failed: dict[str, str]) -> Response:
    """Answer with those of the alerts that still wait, as rows of the inbox."""
    released: Released[None] = said(None, recipient=view.call.principal.organisation)
    told = [each.told for each in done if each.told is not None]
    for item in failed:
        kind, _, named = item.partition(":")
        try:
            alerts.require_own(view.call)
            if kind == "alert":
                told.append(alerts.alerting(view.call).one(named.partition(":")[0], samples=1))
        except (ForbiddenError, NotFoundError):
            pass  # it is nothing to the reader, and `failed` says so
    for each in told:
        view.call.rested_on(each)
        released = each.derive(None)
    waiting = tuple(each.value for each in told if each.value.status != "closed")
    answer = released.derive(Decided(waiting, undo, tuple(failed.values())))
    return render(view, "triage/decided.html", answer, status=422 if failed else 200)
