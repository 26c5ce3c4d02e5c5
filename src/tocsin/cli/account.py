"""Accounts: who may sign in, on behalf of which organisation."""

from __future__ import annotations

import click
import msgspec

from tocsin.cli.context import json_option, open_store, settings, tell
from tocsin.clock import Micros
from tocsin.store import Connection


@click.group()
def COMMAND() -> None:
    """Accounts. What one can read is what its organisation is cleared for, whatever its role."""


@COMMAND.command()
@click.argument("name")
@click.option("--org", help="Its organisation, by name or id. [default: your own]")
@click.option("--administrator", is_flag=True, help="It may administrate. That shows it no data.")
@json_option
def add(name: str, org: str | None, administrator: bool, as_json: bool) -> None:
    """Make an account; it needs a token to sign in (`tocsin token create`)."""
    from tocsin.errors import InputError
    from tocsin.store import accounts, organisations

    with open_store() as store, store.transaction() as connection:
        found = organisations.get(connection, org) if org else organisations.own(connection)
        if administrator and not found.own:
            raise InputError("administrators belong to the organisation that runs the node")
        accounts.add(connection, accounts.Account(name, found.id, administrator, created=store.clock()))
    tell(f"{name} signs in for {found.name}", {"account": name, "organisation": found.id}, as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the accounts."""
    from tocsin.store import accounts, organisations

    with open_store() as store, store.connection() as connection:
        found = accounts.everything(connection)
        names = {o.id: o.name for o in organisations.everything(connection)}
    lines = [
        f"{a.name:24} {names[a.organisation]:30} {'administrator ' if a.administrator else ''}{'DISABLED' if a.disabled else ''}"
        for a in found
    ]
    tell(
        "\n".join(lines) or "no accounts yet",
        {"accounts": [msgspec.to_builtins(a) for a in found]},
        as_json=as_json,
    )


@COMMAND.command()
@click.argument("name")
@click.option(
    "--minutes", type=click.IntRange(1, 1440), default=60, show_default=True, help="How long it holds."
)
@json_option
def invite(name: str, minutes: int, as_json: bool) -> None:
    """Print a one-time link with which an account signs in to the pages, this once.

    For who has neither passkey nor provider yet, or has lost them. Hand it over by a way on which you know the person.
    """
    from tocsin.clock import to_text
    from tocsin.errors import InputError
    from tocsin.store import accounts, ceremonies

    node = settings()
    with open_store() as store, store.transaction() as connection:
        if accounts.get(connection, name).disabled:
            raise InputError(f"{name} is disabled", hint=f"`tocsin account enable {name}` first")
        now, life = store.clock(), minutes * ceremonies.MINUTE
        ceremonies.drop(connection, name, "link")
        code = ceremonies.begin(connection, "link", {}, now=now, life=life, account=name)
        _note(connection, now, name, "invite")
    scheme = "https" if node.tls_certificate else "http"
    base = node.public_url.rstrip("/") or f"{scheme}://{node.host}:{node.port}"
    facts = {
        "account": name,
        "code": code,
        "link": f"{base}/sign-in/link?code={code}",
        "expires": to_text(now + life),
    }
    tell(
        f"{facts['link']}\n(for {name}, once, until {facts['expires']}; links before it hold no longer)",
        facts,
        as_json=as_json,
    )


@COMMAND.command()
@click.argument("name")
@click.option("--issuer", help="Issuer of the provider. [default: the setting oidc_issuer]")
@click.option(
    "--subject", required=True, help="The person's subject there: `sub`, never a name or an address."
)
@click.option("--remove", is_flag=True, help="Take the binding back, and end the account's sessions.")
@json_option
def bind(name: str, issuer: str | None, subject: str, remove: bool, as_json: bool) -> None:
    """Bind an account to a person at an OpenID provider, by issuer and subject."""
    from tocsin.errors import InputError
    from tocsin.store import identities, sessions

    found = issuer or settings().oidc_issuer
    if not found:
        raise InputError("no issuer", hint="give --issuer, or set oidc_issuer")
    with open_store() as store, store.transaction() as connection:
        if remove:
            identities.unbind(connection, name, found, subject)
            sessions.end_all(connection, name)
        else:
            identities.bind(connection, name, found, subject, now=store.clock())
        _note(connection, store.clock(), name, "unbind" if remove else "bind", issuer=found)
    verb = "is no longer" if remove else "is"
    facts = {"account": name, "issuer": found, "subject": subject, "bound": not remove}
    tell(f"{name} {verb} {subject} at {found}", facts, as_json=as_json)


@COMMAND.command()
@click.argument("name")
@click.option("--end", "ending", is_flag=True, help="End all of them at once.")
@json_option
def sessions(name: str, ending: bool, as_json: bool) -> None:
    """List where an account is signed in to the pages, or end that."""
    from tocsin.clock import to_text
    from tocsin.store import accounts
    from tocsin.store import sessions as kept

    with open_store() as store, store.transaction() as connection:
        accounts.get(connection, name)
        found = kept.of(connection, name, now=store.clock())
        if ending:
            kept.end_all(connection, name)
            _note(connection, store.clock(), name, "sessions-end")
    lines = [
        f"{s.id}  {s.method:14} since {to_text(s.created)[:16]}  seen {to_text(s.seen)[:16]}  {s.address:15} {s.agent[:40]}"
        f"{'  ENDED' if ending else ''}"
        for s in found
    ]
    tell(
        "\n".join(lines) or f"{name} is signed in nowhere",
        {"sessions": [msgspec.to_builtins(s) for s in found], "ended": ending},
        as_json=as_json,
    )


@COMMAND.command()
@click.argument("name")
@json_option
def reset(name: str, as_json: bool) -> None:
    """Remove all passkeys, the authenticator app and the bindings of an account, and end its sessions; tokens stay.

    For who has lost a device. Follow it with `tocsin account invite`.
    """
    from tocsin.store import accounts, identities, passkeys, totp
    from tocsin.store import sessions as kept

    with open_store() as store, store.transaction() as connection:
        accounts.get(connection, name)
        keys, bound = passkeys.of(connection, name), identities.of(connection, name)
        for key in keys:
            passkeys.remove(connection, name, key.id)
        for each in bound:
            identities.unbind(connection, name, each.issuer, each.subject)
        app = totp.enrolled(connection, name)
        if app:
            totp.remove(connection, name)
        ended = kept.end_all(connection, name)
        _note(connection, store.clock(), name, "reset")
    facts = {"account": name, "passkeys": len(keys), "bindings": len(bound), "app": app, "sessions": ended}
    tell(
        f"removed: {len(keys)} passkeys, {len(bound)} bindings, {'an' if app else 'no'} authenticator app; ended: {ended} sessions",
        facts,
        as_json=as_json,
    )


@COMMAND.command()
@click.argument("name")
@json_option
def disable(name: str, as_json: bool) -> None:
    """Shut an account out; all its tokens and sessions stop at once."""
    _set(name, disabled=True, as_json=as_json)


@COMMAND.command()
@click.argument("name")
@json_option
def enable(name: str, as_json: bool) -> None:
    """Let an account in again."""
    _set(name, disabled=False, as_json=as_json)


def _set(name: str, *, disabled: bool, as_json: bool) -> None:
    from tocsin.store import accounts

    with open_store() as store, store.connection() as connection:
        accounts.disable(connection, name, disabled=disabled)
    tell(
        f"{name} is {'disabled' if disabled else 'enabled'}",
        {"account": name, "disabled": disabled},
        as_json=as_json,
    )


def _note(connection: Connection, at: Micros, name: str, what: str, **detail: str) -> None:
    from tocsin.store import journal

    journal.append(connection, [journal.Entry(at, "console", f"account-{what}", name, "done", detail)])
