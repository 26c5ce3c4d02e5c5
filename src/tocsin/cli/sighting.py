"""Sightings: who saw which indicator, when and how often."""

from __future__ import annotations

import json

import click

from tocsin.cli.context import json_option, open_store, write


@click.group()
def COMMAND() -> None:
    """Sightings: who saw which indicator, when and how often."""


@COMMAND.command("list")
@click.option("--indicator", metavar="ID", help="Only those of this indicator.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Most sightings shown.")
@json_option
def list_(indicator: str | None, limit: int, as_json: bool) -> None:
    """List the sightings that the node's own organisation may have, newest first."""
    import msgspec

    from tocsin.cli._hits import shown
    from tocsin.node import sightings
    from tocsin.node.clearances import Clearances

    with open_store() as store:
        found = sightings.listed(store, Clearances(store), indicator)
    rows = found.value[:limit]
    if as_json:
        facts = {"sightings": msgspec.to_builtins(rows), "total": len(found.value)}
        write(found.derive(json.dumps(facts)))
        return
    lines = [
        f"{row.count:9,}  {row.tlp}  {row.indicator}  by {shown(row.by)}"
        + (f", seen at {', '.join(map(shown, row.where))}" if row.where not in ((), (row.by,)) else "")
        + (f"  {row.first_seen} to {row.last_seen}" if row.first_seen else "")
        for row in rows
    ]
    more = len(found.value) - len(rows)
    lines += [f"and {more:,} more (--limit)"] if more else []
    write(found.derive("\n".join(lines) if lines else "no sightings"))
