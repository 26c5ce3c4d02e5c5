"""API tokens: create, list, revoke. A token is shown once."""

from __future__ import annotations

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


@click.group()
def COMMAND() -> None:
    """API tokens, for HTTP Bearer, or as the password of HTTP Basic."""


@COMMAND.command()
@click.argument("account")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("taxii:read",),
    show_default=True,
    type=click.Choice(["taxii:read", "taxii:write", "propose", "metrics", "admin"]),
    help="What it permits; several are possible.",
)
@click.option(
    "--tlp-ceiling",
    "ceiling",
    type=click.Choice(["clear", "green", "amber", "amber+strict", "red"]),
    help="The strictest TLP that it shows. [default: what the organisation may have]",
)
@click.option("--days", type=click.IntRange(1, 365), default=90, show_default=True, help="How long it holds.")
@json_option
def create(account: str, scopes: tuple[str, ...], ceiling: str | None, days: int, as_json: bool) -> None:
    """Make a token for an account and print it, this once."""
    from tocsin.clock import to_text
    from tocsin.store import accounts

    with open_store() as store, store.transaction() as connection:
        secret, token = accounts.issue(
            connection, account, scopes, now=store.clock(), days=days, ceiling=ceiling or ""
        )
    facts = {
        "id": token.id,
        "account": account,
        "scopes": list(token.scopes),
        "ceiling": token.ceiling,
        "expires": to_text(token.expires),
        "token": secret,
    }
    tell(
        f"{secret}\n(token {token.id} of {account}, until {to_text(token.expires)}; it is not shown again)",
        facts,
        as_json=as_json,
    )


@COMMAND.command("list")
@click.argument("account", required=False)
@json_option
def list_(account: str | None, as_json: bool) -> None:
    """List tokens, without their secrets."""
    from tocsin.clock import to_text
    from tocsin.store import accounts

    with open_store() as store, store.connection() as connection:
        found = accounts.tokens(connection, account)
    lines = [
        f"{t.id}  {t.account:24} {','.join(t.scopes):34} until {to_text(t.expires)[:10]}  "
        f"{'used ' + to_text(t.last_used)[:16] if t.last_used else 'never used'}{f'  up to TLP:{t.ceiling.upper()}' if t.ceiling else ''}{'  REVOKED' if t.revoked else ''}"
        for t in found
    ]
    tell(
        "\n".join(lines) or "no tokens yet",
        {"tokens": [msgspec.to_builtins(t) for t in found]},
        as_json=as_json,
    )


@COMMAND.command()
@click.argument("token")
@json_option
def revoke(token: str, as_json: bool) -> None:
    """End a token at once, by its id."""
    from tocsin.store import accounts

    with open_store() as store, store.connection() as connection:
        accounts.revoke(connection, token)
    tell(f"token {token} is revoked", {"token": token, "revoked": True}, as_json=as_json)
