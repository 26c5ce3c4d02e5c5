"""Move the database's schema to what this program needs, or back."""

from __future__ import annotations

import click
import msgspec

from tocsin.cli.context import json_option, settings, tell


@click.command()
@click.option("--dry-run", is_flag=True, help="Take the steps, say what they change, and roll them back.")
@click.option(
    "--to", type=click.IntRange(0), help="Schema to go to; lower numbers go back. [default: the newest]"
)
@click.option("--yes", is_flag=True, help="Go back without asking: what newer schemas hold is lost.")
@json_option
def COMMAND(dry_run: bool, to: int | None, yes: bool, as_json: bool) -> None:
    """Migrate the schema, in one transaction: all steps or none. A backup first is wise."""
    from tocsin.store import Store, migrate

    with Store.open(settings(), check=False) as store, store.connection() as connection:
        steps = migrate.plan(connection, to)
        if any(s.direction == "down" for s in steps) and not dry_run and not yes:
            click.confirm("Going back drops what newer schemas hold. Go on?", abort=True, err=True)
        steps = migrate.migrate(connection, to=to, dry_run=dry_run)
    verb = "would take" if dry_run else "took"
    lines = [
        line
        for s in steps
        for line in (f"{verb} {s.direction} {s.number} {s.name}", *(f"  {c}" for c in s.changes))
    ] or ["nothing to do"]
    tell(
        "\n".join(lines),
        {"dry_run": dry_run, "steps": [msgspec.to_builtins(s) for s in steps]},
        as_json=as_json,
    )
