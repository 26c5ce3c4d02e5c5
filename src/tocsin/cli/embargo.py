"""Embargoes on countries: nothing goes to their organisations."""

from __future__ import annotations

import click

from tocsin.cli._time import TIME
from tocsin.cli.context import json_option, open_store, tell


@click.group()
def COMMAND() -> None:
    """Embargoes: countries to whose organisations nothing goes."""


@COMMAND.command()
@click.argument("country")
@click.option("--reason", required=True, help="Law or decision; who asks why something stayed here reads it.")
@click.option("--from", "starts", type=TIME, help="When it begins. [default: now]")
@click.option("--until", "ends", type=TIME, help="When it ends. [default: when it is lifted]")
@json_option
def add(country: str, reason: str, starts: int | None, ends: int | None, as_json: bool) -> None:
    """Lay an embargo on COUNTRY (ISO 3166-1 alpha-2), in place of any that lies on it."""
    import msgspec

    from tocsin.store import embargoes
    from tocsin.store.embargoes import Embargo

    with open_store() as store, store.transaction() as connection:
        made = Embargo(country.upper(), reason, store.clock() if starts is None else starts, ends)
        embargoes.put(connection, made)
    tell(f"nothing goes to {made.country}: {reason}", msgspec.to_builtins(made), as_json=as_json)


@COMMAND.command()
@click.argument("country")
@json_option
def lift(country: str, as_json: bool) -> None:
    """Take the embargo on COUNTRY back."""
    from tocsin.store import embargoes

    with open_store() as store, store.transaction() as connection:
        embargoes.lift(connection, country.upper())
    tell(f"no embargo on {country.upper()} any more", {"country": country.upper()}, as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List embargoes, those that are over as well."""
    import msgspec

    from tocsin.clock import to_text
    from tocsin.store import embargoes

    with open_store() as store, store.connection() as connection:
        found, now = embargoes.everything(connection), store.clock()
    lines = [
        f"{e.country}  {'in force' if e.holds(now) else 'not in force'}  from {to_text(e.starts)} "
        f"until {'it is lifted' if e.ends is None else to_text(e.ends)}  {e.reason}"
        for e in found
    ]
    tell("\n".join(lines) or "no embargoes", {"embargoes": msgspec.to_builtins(found)}, as_json=as_json)
