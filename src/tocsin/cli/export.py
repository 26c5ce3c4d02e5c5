"""Write everything that one organisation may have into one file."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


@click.command()
@click.argument("organisation")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--collection", "only", metavar="ALIAS", multiple=True, help="Of this collection only; repeatable."
)
@json_option
def COMMAND(organisation: str, path: Path, only: tuple[str, ...], as_json: bool) -> None:
    """Write what ORGANISATION may have to PATH, a STIX bundle (.json, or .gz): the backup of one that uses this node.

    It holds what TAXII would hand out to it, all versions, forms where only those may go, and stands in the journal. What asks for
    encryption in transit is not in it: a file is no encrypted channel.
    """
    from tocsin.node.export import export

    with open_store() as store:
        done = export(store, organisation, path, by="console", only=only)
    text = f"{path}: {done.objects:,} objects of {done.collections} collections, {done.size:,} bytes"
    tell(text, {"path": str(path), **msgspec.to_builtins(done)}, as_json=as_json)
