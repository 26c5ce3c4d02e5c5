"""Organisations that this node knows: add, list, change, suspend."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell
from tocsin.sharing.audience import ROLES


@click.group()
def COMMAND() -> None:
    """Organisations: who can be decided about."""


@COMMAND.command()
@click.argument("name")
@click.option("--id", "identifier", help="Its STIX identity. [default: a new one]")
@click.option("--country", default="", help="ISO 3166-1 alpha-2 code.")
@click.option("--sector", default="", help="STIX industry sector.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="What it is; several are possible."
)
@click.option(
    "--client", is_flag=True, help="It receives security services from yours: TLP:AMBER may go to it."
)
@json_option
def add(
    name: str,
    identifier: str | None,
    country: str,
    sector: str,
    roles: tuple[str, ...],
    client: bool,
    as_json: bool,
) -> None:
    """Add an organisation; one with this id is changed."""
    from tocsin.errors import ConflictError, InputError
    from tocsin.sharing.audience import Organisation
    from tocsin.stix.spec.values import IDENTIFIER
    from tocsin.store import organisations

    if identifier is not None and (
        not IDENTIFIER.fullmatch(identifier) or not identifier.startswith("identity--")
    ):
        raise InputError(f"{identifier!r} is not a STIX identity", hint="it looks like identity--<UUID>")
    country = country.upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InputError(f"{country!r} is not a country code", hint="two letters, such as DE")
    made = Organisation(identifier or f"identity--{uuid4()}", name, country, sector, roles, client=client)
    with open_store() as store, store.transaction() as connection:
        if identifier is None and any(o.name == name for o in organisations.everything(connection)):
            raise ConflictError(
                f"there is an organisation {name!r} already", hint="give its --id to change it"
            )
        organisations.put(connection, made)
    tell(f"{made.name} is {made.id}", _facts(made), as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the organisations and what policies know of them."""
    from tocsin.store import organisations

    with open_store() as store, store.connection() as connection:
        found = organisations.everything(connection)
    lines = [
        f"{o.name:30} {o.country:2}  {o.sector:24} {','.join(o.roles):16} "
        f"{'own ' if o.own else ''}{'client ' if o.client else ''}{'SUSPENDED ' if o.suspended else ''}{o.id}"
        for o in found
    ]
    tell("\n".join(lines), {"organisations": [_facts(o) for o in found]}, as_json=as_json)


@COMMAND.command()
@click.argument("name")
@json_option
def suspend(name: str, as_json: bool) -> None:
    """Let nothing go to an organisation until it is resumed."""
    _set_suspended(name, suspended=True, as_json=as_json)


@COMMAND.command()
@click.argument("name")
@json_option
def resume(name: str, as_json: bool) -> None:
    """End a suspension."""
    _set_suspended(name, suspended=False, as_json=as_json)


def _set_suspended(name: str, *, suspended: bool, as_json: bool) -> None:
    from tocsin.errors import ConflictError
    from tocsin.store import organisations

    with open_store() as store, store.transaction() as connection:
        found = organisations.get(connection, name)
        if found.own:
            raise ConflictError("a node cannot suspend its own organisation")
        changed = msgspec.structs.replace(found, suspended=suspended)
        organisations.put(connection, changed)
    tell(f"{found.name} is {'suspended' if suspended else 'not suspended'}", _facts(changed), as_json=as_json)


def _facts(organisation: Any) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(organisation)
    return facts
