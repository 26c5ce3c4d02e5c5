"""Fill a new, empty node from a backup."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from tocsin.cli.context import json_option, settings, tell


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def COMMAND(path: Path, as_json: bool) -> None:
    """Restore PATH into the home folder, which must hold no node yet; everything or nothing."""
    from tocsin.store import Store, migrate
    from tocsin.store.backup import restore

    found = settings()
    with Store.open(found, check=False) as store:
        with store.connection() as connection:
            migrate.migrate(connection)
        done = restore(store, path)
    text = f"{done.rows['object']:,} objects and {sum(done.rows.values()):,} rows in all, as of {done.made}, are in {found.home}"
    tell(text, {"home": str(found.home), **msgspec.to_builtins(done)}, as_json=as_json)
