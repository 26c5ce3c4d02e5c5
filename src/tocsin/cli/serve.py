"""Serve TAXII 2.1 to peers and accounts until stopped."""

from __future__ import annotations

import json
import signal
from contextlib import suppress
from types import FrameType

import click
import msgspec

from tocsin.cli.context import json_option, settings


@click.command()
@click.option("--host", help="Address to listen on. [default: the setting `host`]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one. [default: the setting `port`]"
)
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Server processes. [default: the setting `workers`]"
)
@json_option
def COMMAND(host: str | None, port: int | None, workers: int | None, as_json: bool) -> None:
    """Serve this node: TAXII 2.1, health and metrics. Ctrl-C or SIGTERM stops it in order."""
    from tocsin.server import logs, run
    from tocsin.server import workers as several
    from tocsin.store import Store, accounts

    given = {"host": host, "port": port, "workers": workers}
    found = msgspec.structs.replace(settings(), **{k: v for k, v in given.items() if v is not None})

    with (
        suppress(KeyboardInterrupt),
        _terminated_like_interrupted(),
        logs.writing(found.log_level, as_json=found.log_json),
        Store.open(found) as store,
    ):

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

        if found.workers == 1:
            run.serve(found, store, ready)
        else:
            several.serve(found, found.workers, ready)


class _terminated_like_interrupted:  # noqa: N801 - reads as a clause
    """Let SIGTERM unwind the stack as Ctrl-C does, so that the node's database is stopped whenever it comes."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._interrupt)

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt
