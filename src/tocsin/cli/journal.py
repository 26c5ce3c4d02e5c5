"""Who asked for what, when, with which outcome."""

from __future__ import annotations

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


@click.command()
@click.option("--account", help="Only of this account.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many, newest first."
)
@click.option("--object", "about", metavar="ID", help="Who received this object, instead of the journal.")
@json_option
def COMMAND(account: str | None, limit: int, about: str | None, as_json: bool) -> None:
    """Show the newest entries of the access journal, or which other organisations received an object."""
    from tocsin.clock import to_text
    from tocsin.store import journal

    if about is not None:
        _show_receipts(about, account, limit, as_json=as_json)
        return
    with open_store() as store, store.connection() as connection:
        found = journal.recent(connection, limit=limit, principal=account)
    lines = [f"{to_text(e.at)}  {e.principal:20} {e.action:18} {e.outcome:8} {e.target}" for e in found]
    tell(
        "\n".join(lines) or "nobody has asked yet",
        {"entries": [msgspec.to_builtins(e) for e in found]},
        as_json=as_json,
    )


def _show_receipts(about: str, account: str | None, limit: int, *, as_json: bool) -> None:
    from tocsin.clock import to_text
    from tocsin.store import receipts

    with open_store() as store, store.connection() as connection:
        found = [each for each in receipts.of_object(connection, about) if account in (None, each.account)]
    found = found[:limit]
    lines = [
        f"{to_text(e.at)}  {e.recipient}  {e.account:20} {e.action:18} {e.target}{f'  ({e.ground})' if e.ground else ''}"
        for e in found
    ]
    tell(
        "\n".join(lines) or "no other organisation has received it",
        {"receipts": [msgspec.to_builtins(e) for e in found]},
        as_json=as_json,
    )
