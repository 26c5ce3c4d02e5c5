"""Hand what the node may look for to other machines of its organisation."""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.cli import _hunting
from tocsin.cli.context import json_option, open_store, tell


@click.group()
def COMMAND() -> None:
    """Hand what the node may look for to other machines of its organisation."""


@COMMAND.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@json_option
def _export(file: Path, as_json: bool) -> None:
    """Write FILE, an index of all values that the node's own organisation may match: what a hunt in a data lake needs.

    It holds values, validity, confidence and ids of indicators; no names, markings or sources, and no patterns that take more than a value. It is as much intelligence as what it was made
    of: whoever has the file can look for each value. Make it anew for each hunt, so that what was recalled is not looked for.
    """
    from tocsin.errors import InputError
    from tocsin.matching.warninglists import Listed
    from tocsin.node import following, index_release
    from tocsin.node.clearances import Clearances
    from tocsin.store import journal, warninglists

    _hunting.prepared()
    with open_store() as store:
        known = following.load(store, Clearances(store))
        with store.connection() as connection:
            lists = warninglists.everything(connection)
        try:
            values = index_release.save(
                known, [Listed(each.name, each.kind, each.attributes, each.values) for each in lists], file
            )
        except OSError as error:
            raise InputError(f"{file}: cannot be written: {error.strerror}") from error
        detail = {"indicators": known.value.indicators, "values": values}
        entry = journal.Entry(store.clock(), "local", "index export", "indicators", "released", detail)
        with store.connection() as connection:
            journal.append(connection, [entry])
    facts = {**detail, "bytes": file.stat().st_size}
    tell(f"{values:,} values in {facts['bytes'] / 1e6:,.1f} MB: {file}", facts, as_json=as_json)
