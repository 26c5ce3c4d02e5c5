"""Serve an assistant over the Model Context Protocol: read-only, under a token."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tocsin.cli.context import json_option, settings

_SECRET_BYTES = 4096


@click.command()
@click.option(
    "--token-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File whose first line is the token. [default: the environment variable TOCSIN_TOKEN]",
)
@click.option(
    "--allow-proposals",
    is_flag=True,
    help="Offer tools that propose changes; the token needs the scope propose, and a person decides.",
)
@click.option(
    "--http", "over_http", is_flag=True, help="Speak HTTP on 127.0.0.1 instead of standard input and output."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8768,
    show_default=True,
    help="Port for --http; 0 takes a free one.",
)
@json_option
def COMMAND(
    token_file: Path | None, allow_proposals: bool, over_http: bool, port: int, as_json: bool
) -> None:
    """Serve an assistant that speaks the Model Context Protocol, on behalf of the holder of a token.

    It is shown what the token's organisation may have up to the token's ceiling, TLP:GREEN where it has none. Texts of others are wrapped
    as untrusted data. Nothing is written. Needs the extra `mcp`: pip install 'tocsin[mcp]'. Over HTTP each request brings the token as
    Bearer. Where it listens is said on standard error, with --json as JSON.
    """
    import asyncio
    import json
    from contextlib import suppress
    from importlib.util import find_spec

    from tocsin.errors import ConfigError
    from tocsin.server import logs
    from tocsin.store import Store, accounts

    if find_spec("mcp") is None:
        raise ConfigError("the package `mcp` is not installed", hint="pip install 'tocsin[mcp]'")
    token = _token(token_file)
    found = settings()

    def ready(url: str) -> None:
        click.echo(json.dumps({"url": url}) if as_json else f"Tocsin serves assistants at {url}", err=True)

    with (
        suppress(KeyboardInterrupt),
        logs.writing(found.log_level, as_json=found.log_json),
        Store.open(found) as store,
    ):
        with store.connection() as connection:
            who = accounts.authenticate(connection, token, now=store.clock())
        proposing = allow_proposals and "propose" in who.scopes
        if allow_proposals and not proposing:
            click.echo(
                "warning: the token lacks the scope propose: there are no tools to propose with", err=True
            )
        # only now: the application and the protocol take seconds to load
        from tocsin.server.mcp import protocol
        from tocsin.server.mcp.inside import Inside

        inside = Inside(found, store, token)
        if over_http:
            asyncio.run(protocol.over_http(inside, token, port, proposing=proposing, ready=ready))
        else:
            asyncio.run(protocol.over_stdio(inside, proposing=proposing))


def _token(file: Path | None) -> str:
    """Return the token; never from the command line, where every user of the machine can read it.

    Raises:
        ConfigError: there is none, or the file cannot be read.
    """
    from tocsin.errors import ConfigError

    if file is not None:
        try:
            with file.open(encoding="ascii") as text:
                found = text.readline(_SECRET_BYTES).strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} cannot be read: {error}") from error
    else:
        found = os.environ.get("TOCSIN_TOKEN", "").strip()
    if not found or not found.isascii() or not found.isprintable():
        raise ConfigError(
            "there is no token",
            hint="set TOCSIN_TOKEN, or name a file with --token-file; `tocsin token create` makes one",
        )
    return found
