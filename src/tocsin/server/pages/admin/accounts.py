"""Accounts: who may sign in for which organisation, their invitations, sessions and tokens."""

from __future__ import annotations

import re

import msgspec
from starlette.responses import Response

from tocsin.errors import ConflictError, ForbiddenError, InputError
from tocsin.server.api import parties
from tocsin.server.pages.admin.gate import require_administrator, require_to_act
from tocsin.server.pages.forms import Form
from tocsin.server.pages.rendering import redirect, render
from tocsin.server.pages.view import View
from tocsin.server.respond import said
from tocsin.store import Connection, accounts, ceremonies, journal, organisations, sessions
from tocsin.store.accounts import Account, Token

_HERE = "/admin/accounts"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}", re.ASCII)
_LINK_MINUTES = 60


class Accounts(msgspec.Struct, frozen=True):
    """Accounts and their tokens; `link` signs the account `invited` in, this once."""

    accounts: tuple[Account, ...]
    tokens: tuple[Token, ...]
    names: dict[str, str]
    now: int
    invited: str = ""
    link: str = ""


def show_accounts(view: View) -> Response:
    """Show the accounts.

    Raises:
        ForbiddenError: the reader is no administrator of this node.
    """
    require_administrator(view)
    return _answer(view)


def add(view: View, form: Form) -> Response:
    """Make an account, never an administrator: two administrators who check each other are not made by one of them (the console makes them).

    Raises:
        ForbiddenError: the reader is no administrator of this node, or has not shown lately who they are.
        InputError: the name is none.
        NotFoundError: there is no such organisation.
        ConflictError: the name is taken.
    """
    require_to_act(view, _HERE)
    name = form.one("name")
    if not _NAME.fullmatch(name):
        raise InputError("name: up to 63 letters, digits and any of _ . @ -, a letter or digit first")
    now = view.parts.store.clock()
    with view.parts.store.transaction() as connection:
        whose = organisations.get(connection, form.one("organisation"))
        accounts.add(connection, Account(name, whose.id, created=now))
        _note(view, connection, "account.add", name)
    return redirect(view, _HERE)


def act(view: View, form: Form) -> Response:
    """Invite, disable or enable an account, end its sessions, or revoke a token.

    Raises:
        ForbiddenError: the reader is no administrator of this node, or has not shown lately who they are.
        InputError: there is no such act.
        NotFoundError: there is no such account or token.
        ConflictError: it is the reader's own account that would be shut out.
    """
    require_to_act(view, _HERE)
    name, deed = form.one("account"), form.one("do")
    if deed == "invite":
        return _invite(view, name)
    with view.parts.store.transaction() as connection:
        if deed == "disable":
            if name == view.call.principal.account:
                raise ConflictError("you cannot shut yourself out", hint="another administrator can")
            accounts.disable(connection, name)
        elif deed == "enable":
            accounts.disable(connection, name, disabled=False)
        elif deed == "end-sessions":
            sessions.end_all(connection, accounts.get(connection, name).name)
        elif deed == "revoke":
            accounts.revoke(connection, form.one("token"))
        else:
            raise InputError("there is nothing of this kind to do")
        _note(view, connection, f"account.{deed}", name or form.one("token"))
    return redirect(view, _HERE)


def _invite(view: View, name: str) -> Response:
    store = view.parts.store
    with store.transaction() as connection:
        found = accounts.get(connection, name)
        if found.disabled:
            raise InputError(f"{name} is disabled", hint="enable it first")
        if (
            found.administrator
        ):  # whoever holds the link could approve as this second person what they proposed themselves
            raise ForbiddenError(
                "administrators are invited on the console", hint=f"`tocsin account invite {name}` there"
            )
        ceremonies.drop(connection, name, "link")
        life = _LINK_MINUTES * ceremonies.MINUTE
        code = ceremonies.begin(connection, "link", {}, now=store.clock(), life=life, account=name)
        _note(view, connection, "account.invite", name)
    root = view.parts.settings.public_url.rstrip("/") or str(view.request.base_url).rstrip("/")
    return _answer(view, name, f"{root}/sign-in/link?code={code}")


def _answer(view: View, invited: str = "", link: str = "") -> Response:
    store = view.parts.store
    with store.connection() as connection:
        found = tuple(accounts.everything(connection))
        tokens = tuple(each for each in accounts.tokens(connection) if not each.revoked)
    made = Accounts(found, tokens, parties.names(view.call), store.clock(), invited, link)
    headers = {"Cache-Control": "no-store"} if link else None
    return render(
        view, "admin/accounts.html", said(made, recipient=view.call.principal.organisation), headers=headers
    )


def _note(view: View, connection: Connection, what: str, about: str) -> None:
    who = view.call.principal.account
    journal.append(connection, [journal.Entry(view.parts.store.clock(), who, what, about, "done")])
