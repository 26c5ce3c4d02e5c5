"""What commands share: the node's settings and store, and the two ways to answer.

A command writes facts about itself (counts, names, states) with `tell`, and intelligence only with
`write`, which takes `Released` and nothing else.
"""

from __future__ import annotations

import json
from typing import Any

import click

from tocsin import config
from tocsin.sharing.release import Released
from tocsin.store import Store

json_option = click.option("--json", "as_json", is_flag=True, help="Answer with JSON instead of text.")


def settings() -> config.Settings:
    """Return the settings of the node the command was called for."""
    context = click.get_current_context().find_root()
    return config.load((context.obj or {}).get("home"))


def open_store() -> Store:
    """Open the node's store; use it as a context manager.

    Raises:
        ConfigError: there is no node in this home folder yet.
        StoreUnavailableError: its database cannot be reached.
    """
    return Store.open(settings())


def tell(text: str, facts: Any, *, as_json: bool) -> None:
    """Print what the command did: `facts` as one line of JSON, or `text` for people."""
    click.echo(json.dumps(facts, ensure_ascii=False, default=str) if as_json else text)


def write(released: Released[str]) -> None:
    """Print intelligence that was released to whoever sits at this console."""
    click.echo(released.value)


def write_bytes(released: Released[bytes]) -> None:
    """Hand a file that was released to whoever sits at this console to standard output."""
    click.echo(released.value, nl=False)
