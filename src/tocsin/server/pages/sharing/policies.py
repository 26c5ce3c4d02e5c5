"""Policies: what is in force, what a change would do, and the second person who has to agree where it widens anything."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.errors import ForbiddenError, InputError, TocsinError
from tocsin.node import policy_changes
from tocsin.node.impact_words import impact_in_words
from tocsin.server.api import deciding
from tocsin.server.pages.forms import Form, in_words
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View, require_proof
from tocsin.sharing.release import Released
from tocsin.store import policies
from tocsin.store.policies import PolicyChange

_NAME_LENGTH = 80


class InForce(msgspec.Struct, frozen=True):
    """The policies in force, the changes there were, newest first, and which of them the reader may approve."""

    version: str
    items: tuple[deciding.PolicyEntry, ...]
    own: dict[str, str]
    changes: tuple[PolicyChange, ...]
    may_approve: frozenset[int]


class Draft(msgspec.Struct, frozen=True):
    """Policy files as somebody wants them, and what that would do; or what is wrong with them."""

    texts: dict[str, str]
    lines: tuple[str, ...] = ()
    widens: bool = False
    wrong: str = ""


def show_policies(view: View) -> Response:
    """Show the policies in force and their history.

    Raises:
        ForbiddenError: another organisation asks.
    """
    told = deciding.policies_in_force(view.call)
    with view.parts.store.connection() as connection:
        changes = tuple(policies.everything(connection))
    who = view.call.principal.account
    may = frozenset(
        each.id for each in changes if view.administers and each.state == "proposed" and each.proposer != who
    )
    made = InForce(told.value.version, told.value.items, told.value.own, changes, may)
    return render(view, "sharing/policies.html", told.derive(made))


def show_change(view: View) -> Response:
    """Show the organisation's own policy files for changing.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    _require_administrator(view)
    told = deciding.policies_in_force(view.call)
    return render(view, "sharing/change.html", told.derive(Draft(told.value.own)))


def preview(view: View, form: Form) -> Response:
    """Say what a change would do, to every case and to what is held; nothing is changed.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    _require_administrator(view)
    told = deciding.policies_in_force(view.call)
    return _answer(view, told, _texts(form))


def propose(view: View, form: Form) -> Response:
    """Put a change in force if it only narrows; else it waits for another administrator.

    Raises:
        ForbiddenError: the reader is no administrator of this node, or has not shown lately who they are.
    """
    _require_administrator(view)
    require_proof(view, "/sharing/policies")
    texts = _texts(form)
    try:
        policy_changes.propose(view.parts.store, texts, view.call.principal)
    except TocsinError:
        return _answer(view, deciding.policies_in_force(view.call), texts)
    return redirect(view, "/sharing/policies")


def approve(view: View, form: Form) -> Response:
    """Put a change in force that somebody else proposed.

    Raises:
        ForbiddenError: the reader proposed it, is no administrator of this node, or has not shown lately who they are.
        ConflictError: the policies in force have changed since.
        NotFoundError: there is no such change.
    """
    _require_administrator(view)
    require_proof(view, "/sharing/policies")
    number = form.one("change")
    if not number.isdecimal() or len(number) > 9:
        raise InputError("that is no number of a change")
    policy_changes.approve(view.parts.store, int(number), view.call.principal)
    return redirect(view, "/sharing/policies")


def _answer(view: View, told: Released[Any], texts: dict[str, str]) -> Response:
    """Show a draft with what it would do, or what is wrong with it."""
    try:
        found = policy_changes.impact(view.parts.store, texts)
    except TocsinError as error:
        wrong = in_words(error, view.look.language)
        return render(view, "sharing/change.html", told.derive(Draft(texts, wrong=wrong)), status=422)
    made = Draft(texts, tuple(impact_in_words(found)), found.widens)
    return render(view, "sharing/change.html", told.derive(made))


def _texts(form: Form) -> dict[str, str]:
    """Return policy files by name; those without a text are left out.

    Raises:
        InputError: two have one name, or one has none that can be a file's.
    """
    texts: dict[str, str] = {}
    for given, text in zip(form.many("name"), form.many("text"), strict=False):
        if not text.strip():
            continue
        name = given.strip() or "own.cedar"
        good = (
            name.endswith(".cedar") and len(name) <= _NAME_LENGTH and "/" not in name and name.isprintable()
        )
        if not good or name in texts:
            raise InputError(
                f"{name[:_NAME_LENGTH]!r} cannot be the name of a policy file, or stands twice",
                hint="such as own.cedar",
            )
        texts[name] = text
    return texts


def _require_administrator(view: View) -> None:
    principal = view.call.principal
    # what a change would do is told in figures about all that is held, whatever its marking
    if not view.administers or "admin" not in principal.scopes or principal.ceiling:
        raise ForbiddenError("policies are changed by administrators of this node's organisation")
