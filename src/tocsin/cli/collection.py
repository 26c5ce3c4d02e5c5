"""Collections: the TAXII sets that this node serves."""

from __future__ import annotations

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


@click.group()
def COMMAND() -> None:
    """Collections: TAXII sets, each with the community it is addressed to."""


@COMMAND.command()
@click.argument("alias")
@click.option("--title", default="", help="What people call it.")
@click.option("--description", default="", help="What is in it.")
@click.option("--community", help="The community that is its audience.")
@click.option(
    "--writer", "writers", multiple=True, help="An organisation that may add objects; several are possible."
)
@json_option
def add(
    alias: str, title: str, description: str, community: str | None, writers: tuple[str, ...], as_json: bool
) -> None:
    """Make a collection."""
    from tocsin.store import collections, organisations

    with open_store() as store, store.transaction() as connection:
        audience = organisations.community(connection, community).id if community else None
        allowed = tuple(organisations.get(connection, w).id for w in writers)
        made = collections.add(
            connection,
            collections.new(alias, title=title, description=description, community=audience, writers=allowed),
        )
    tell(f"{alias} is {made.id}", {"id": str(made.id), "alias": alias}, as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the collections."""
    from tocsin.store import collections, organisations

    with open_store() as store, store.connection() as connection:
        found = collections.everything(connection)
        groups = {c.id: c.alias for c in organisations.communities(connection)}
    lines = [
        f"{c.alias:20} {c.title:36} {c.id}  audience {groups[c.community] if c.community else 'by object'}, "
        f"{len(c.writers)} writers"
        for c in found
    ]
    tell("\n".join(lines), {"collections": [msgspec.to_builtins(c) for c in found]}, as_json=as_json)


@COMMAND.command()
@click.argument("alias")
@click.argument("organisation")
@json_option
def allow(alias: str, organisation: str, as_json: bool) -> None:
    """Let an organisation add objects to a collection."""
    from tocsin.store import collections, organisations

    with open_store() as store, store.transaction() as connection:
        found, writer = collections.get(connection, alias), organisations.get(connection, organisation)
        writers = tuple(sorted({*found.writers, writer.id}))
        collections.replace(connection, msgspec.structs.replace(found, writers=writers))
    tell(
        f"{writer.name} may write to {found.alias}",
        {"collection": str(found.id), "writers": list(writers)},
        as_json=as_json,
    )
