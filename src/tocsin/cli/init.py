"""Make a node: its home, database, organisation and first collection."""

from __future__ import annotations

from uuid import uuid4

import click

from tocsin.cli.context import json_option, settings, tell
from tocsin.sharing.audience import ROLES


@click.command()
@click.option(
    "--name",
    default="My organisation",
    show_default=True,
    help="Name of the organisation that runs the node.",
)
@click.option("--id", "identifier", help="Its STIX identity, when it has one. [default: a new one]")
@click.option("--country", default="", help="ISO 3166-1 alpha-2 code, such as DE.")
@click.option("--sector", default="", help="STIX industry sector, such as energy.")
@click.option(
    "--role", "roles", multiple=True, type=click.Choice(ROLES), help="What it is; several are possible."
)
@json_option
def COMMAND(
    name: str, identifier: str | None, country: str, sector: str, roles: tuple[str, ...], as_json: bool
) -> None:
    """Make a node in the home folder. Where one is already, nothing is changed."""
    from tocsin.errors import NotFoundError
    from tocsin.sharing.audience import Organisation
    from tocsin.store import Store, collections, migrate, organisations

    found = settings()
    with Store.open(found, check=False) as store:
        with store.connection() as connection:
            migrate.migrate(connection)
        with store.transaction() as connection:
            try:
                own, made = organisations.own(connection), False
            except NotFoundError:
                own = Organisation(
                    id=identifier or f"identity--{uuid4()}",
                    name=name,
                    country=country.upper(),
                    sector=sector,
                    roles=roles,
                    own=True,
                )
                organisations.put(connection, own)
                collections.add(connection, collections.new("intel", title="Intelligence"))
                made = True
    text = (
        f"{'Made' if made else 'There is'} the node of {own.name} in {found.home}\n"
        "Next:\n"
        "  tocsin import FILE --assume-tlp green   take in intelligence\n"
        "  tocsin hunt LOG                         look for it\n"
        "  tocsin serve                            serve it to others\n"
        "  tocsin doctor                           check everything"
    )
    tell(
        text,
        {"home": str(found.home), "organisation": own.id, "name": own.name, "made": made},
        as_json=as_json,
    )
