"""Organisations that this node knows: add, list, change, suspend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell
from tocsin.sharing.audience import KNOWN, ROLES, TRUST

if TYPE_CHECKING:
    from tocsin.sharing.audience import Organisation


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
@click.option(
    "--trust", type=click.Choice(TRUST), default=KNOWN, show_default=True, help="How far you trust it."
)
@click.option(
    "--assurance",
    "assurances",
    multiple=True,
    metavar="NAME",
    help="Certification that a law asks for, such as dpf; repeatable.",
)
@json_option
def add(name: str, identifier: str | None, country: str, as_json: bool, **facts: Any) -> None:
    """Add an organisation; one with this id is changed."""
    from tocsin.errors import ConflictError, InputError
    from tocsin.sharing.audience import Organisation
    from tocsin.stix.spec.values import IDENTIFIER
    from tocsin.store import organisations

    if identifier is not None and (
        not IDENTIFIER.fullmatch(identifier) or not identifier.startswith("identity--")
    ):
        raise InputError(f"{identifier!r} is not a STIX identity", hint="it looks like identity--<UUID>")
    made = Organisation(identifier or f"identity--{uuid4()}", name, _country(country), **facts)
    with open_store() as store, store.transaction() as connection:
        if identifier is None and any(o.name == name for o in organisations.everything(connection)):
            raise ConflictError(
                f"there is an organisation {name!r} already", hint="give its --id to change it"
            )
        organisations.put(connection, made)
    tell(f"{made.name} is {made.id}", _facts(made), as_json=as_json)


@COMMAND.command()
@click.argument("name")
@click.option("--country", help="ISO 3166-1 alpha-2 code.")
@click.option("--sector", help="STIX industry sector.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="All that it is; several are possible."
)
@click.option("--client/--no-client", default=None, help="It receives security services from yours.")
@click.option("--trust", type=click.Choice(TRUST), help="How far you trust it.")
@click.option(
    "--assurance", "assurances", multiple=True, metavar="NAME", help="All certifications that it has."
)
@json_option
def change(name: str, country: str | None, as_json: bool, **facts: Any) -> None:
    """Change what policies know of an organisation, your own among them. What no option names stays as it is."""
    from tocsin.store import organisations

    given = {key: value for key, value in facts.items() if value not in (None, ())}
    if country is not None:
        given["country"] = _country(country)
    if not given:
        raise click.UsageError("say what is to change")
    with open_store() as store, store.transaction() as connection:
        found = organisations.get(connection, name)
        organisations.put(connection, msgspec.structs.replace(found, **given))
        changed = organisations.get(connection, name)
    tell(f"{changed.name} is changed", _facts(changed), as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the organisations and what policies know of them."""
    from tocsin.store import organisations

    with open_store() as store, store.connection() as connection:
        found = organisations.everything(connection)
    lines = [
        f"{o.name:30} {o.country:2}  {o.sector:24} {','.join(o.roles):16} {_standing(o)}{o.id}" for o in found
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


def _country(given: str) -> str:
    from tocsin.errors import InputError

    country = given.upper()
    if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise InputError(f"{given!r} is not a country code", hint="two letters, such as DE")
    return country


def _standing(organisation: Organisation) -> str:
    words = {
        "own": organisation.own,
        "client": organisation.client,
        "SUSPENDED": organisation.suspended,
        "EMBARGOED": bool(organisation.embargoed),
        organisation.trust: organisation.trust != KNOWN,
        f"personal data: {organisation.transfer}": not organisation.own,
    }
    return "".join(f"{word} " for word, holds in words.items() if holds)


def _facts(organisation: Any) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(organisation, enc_hook=str)
    return facts
