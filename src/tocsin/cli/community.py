"""Communities: standing groups of organisations that intelligence is addressed to."""

from __future__ import annotations

from uuid import UUID

import click

from tocsin.cli.context import json_option, open_store, tell


@click.group()
def COMMAND() -> None:
    """Communities: who TLP:GREEN reaches."""


@COMMAND.command()
@click.argument("alias")
@click.option("--title", default="", help="What people call it.")
@click.option(
    "--id", "identifier", type=click.UUID, help="Its id on the node that made it, so that both mean the same."
)
@click.option(
    "--member", "members", multiple=True, help="An organisation, by name or id; several are possible."
)
@json_option
def add(alias: str, title: str, identifier: UUID | None, members: tuple[str, ...], as_json: bool) -> None:
    """Make a community. Your own organisation belongs to it."""
    from tocsin.store import organisations

    with open_store() as store, store.transaction() as connection:
        made = organisations.add_community(connection, alias, title, identifier)
        organisations.join(connection, made, organisations.own(connection))
        for member in members:
            organisations.join(connection, made, organisations.get(connection, member))
    tell(f"{alias} is {made.id}", {"id": str(made.id), "alias": alias, "title": made.title}, as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List communities and, as only you may see them, their members."""
    from tocsin.store import organisations

    with open_store() as store, store.connection() as connection:
        found = organisations.communities(connection)
        names = {o.id: o.name for o in organisations.everything(connection)}
    lines = [f"{c.alias:20} {c.title:36} {c.id}  {', '.join(names[m] for m in c.members)}" for c in found]
    facts = [{"id": str(c.id), "alias": c.alias, "title": c.title, "members": list(c.members)} for c in found]
    tell("\n".join(lines) or "no communities yet", {"communities": facts}, as_json=as_json)


@COMMAND.command()
@click.argument("alias")
@click.argument("organisation")
@json_option
def join(alias: str, organisation: str, as_json: bool) -> None:
    """Make an organisation a member."""
    from tocsin.store import organisations

    with open_store() as store, store.transaction() as connection:
        group, member = (
            organisations.community(connection, alias),
            organisations.get(connection, organisation),
        )
        organisations.join(connection, group, member)
    tell(
        f"{member.name} belongs to {group.alias}",
        {"community": str(group.id), "organisation": member.id},
        as_json=as_json,
    )


@COMMAND.command()
@click.argument("alias")
@click.argument("organisation")
@json_option
def leave(alias: str, organisation: str, as_json: bool) -> None:
    """End a membership."""
    from tocsin.store import organisations

    with open_store() as store, store.transaction() as connection:
        group, member = (
            organisations.community(connection, alias),
            organisations.get(connection, organisation),
        )
        organisations.leave(connection, group, member)
    tell(
        f"{member.name} has left {group.alias}",
        {"community": str(group.id), "organisation": member.id},
        as_json=as_json,
    )
