"""Write everything the node holds into one file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def COMMAND(path: Path, as_json: bool) -> None:
    """Write a consistent snapshot to PATH (.tar.zst), while the node may be running. It holds all that the node holds."""
    from tocsin.store import journal
    from tocsin.store.backup import backup

    with open_store() as store:
        done = backup(store, path)
        detail = {"bytes": done.size, "rows": sum(done.rows.values())}
        with store.connection() as connection:  # so that the pages can say when the last one was made
            entry = journal.Entry(store.clock(), "local", "backup", path.name, "done", detail)
            journal.append(connection, [entry])
    text = f"{path}: {done.rows['object']:,} objects and {sum(done.rows.values()):,} rows in all, {done.size:,} bytes"
    tell(text, {"path": str(path), **msgspec.to_builtins(done)}, as_json=as_json)
