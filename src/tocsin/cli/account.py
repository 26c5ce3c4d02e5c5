"""Accounts: who may sign in, on behalf of which organisation."""

from __future__ import annotations

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


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
@json_option
def disable(name: str, as_json: bool) -> None:
    """Shut an account out; all its tokens stop at once."""
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
