"""Serve TAXII 2.1 to peers and accounts until stopped."""

from __future__ import annotations

import json
from contextlib import suppress

import click
import msgspec

from tocsin.cli.context import json_option, settings


@click.command()
@click.option("--host", help="Address to listen on. [default: the setting `host`]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. [default: the setting `port`]"
)
@json_option
def COMMAND(host: str | None, port: int | None, as_json: bool) -> None:
    """Serve this node: TAXII 2.1, health and metrics. Ctrl-C or SIGTERM stops it in order."""
    from tocsin.server import logs, run
    from tocsin.store import Store, accounts

    found = settings()
    if host is not None:
        found = msgspec.structs.replace(found, host=host)
    if port is not None:
        found = msgspec.structs.replace(found, port=port)
    logs.set_up(found.log_level, as_json=found.log_json)

    with Store.open(found) as store:

        def ready(url: str) -> None:
            with store.connection() as connection:
                code = accounts.offer_claim(connection, now=store.clock())
            if as_json:
                click.echo(json.dumps({"url": url, "taxii": f"{url}/taxii2/", "claim": code}))
                return
            click.echo(f"Tocsin serves {url}/taxii2/   (Ctrl-C stops it)")
            if code:
                click.echo("No administrator yet. This code makes the first one, once, within a day:")
                body = json.dumps({"code": code, "name": "alice"})
                click.echo(f"  curl -H 'Content-Type: application/json' -d '{body}' {url}/claim")

        with suppress(KeyboardInterrupt):  # uvicorn has shut down by the time it passes the signal on
            run.serve(found, store, ready)
