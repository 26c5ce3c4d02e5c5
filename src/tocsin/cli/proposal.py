"""Proposals: see what others suggest, accept it or reject it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.context import json_option, open_store, tell, write

if TYPE_CHECKING:
    from tocsin.node.proposals import Desk, Shown
    from tocsin.store import Store
    from tocsin.store.accounts import Principal

_SECRET_BYTES = 4096
_LINE = 80
_TOKEN = click.option(
    "--token-stdin", is_flag=True, help="Read your token from standard input: who decides has a name."
)
_ANSWER = click.option("--answer", default="", help="What you say to it; who proposed it reads it.")


@click.group()
def COMMAND() -> None:
    """Proposals: see what others suggest, accept it or reject it."""


@COMMAND.command("list")
@click.option(
    "--status",
    type=click.Choice(["open", "accepted", "rejected", "withdrawn", "expired"]),
    help="Only those that stand so. [default: all]",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Most shown.")
@json_option
def list_(status: str | None, limit: int, as_json: bool) -> None:
    """List the proposals that the node's own organisation made or decides about, newest first."""
    with open_store() as store:
        desk, who = _desk(store)
        found = desk.page(who, status=status or "", limit=limit)
    facts = [_facts(each) for each in found.value]
    lines = [
        f"{f['id']}  {f['status']:9} {f['kind']:9} {f['tlp']:12} {f['account'] or '?':16} {_line(f['reason'])}"
        for f in facts
    ]
    text = json.dumps({"proposals": facts}, ensure_ascii=False) if as_json else "\n".join(lines)
    write(found.derive(text or "no proposals"))


@COMMAND.command()
@click.argument("proposal")
@json_option
def show(proposal: str, as_json: bool) -> None:
    """Show PROPOSAL, by its id, with the object as it would be written."""
    with open_store() as store:
        desk, who = _desk(store)
        found = desk.one(who, proposal)
    facts = _facts(found.value)
    held = json.loads(found.value.proposal.body)
    if as_json:
        text = json.dumps(facts | {"object": held}, ensure_ascii=False)
    else:
        lines = [f"{name + ':':<13} {_line(str(value))}" for name, value in facts.items() if value]
        # ASCII: what others wrote must not command the terminal, nor look like something else
        text = "\n".join([*lines, "", json.dumps(held, indent=2, ensure_ascii=True)])
    write(found.derive(text))


@COMMAND.command()
@click.argument("proposal")
@_ANSWER
@_TOKEN
@json_option
def accept(proposal: str, answer: str, token_stdin: bool, as_json: bool) -> None:
    """Write what PROPOSAL suggests, as another account than who proposed it."""
    with open_store() as store:
        desk, who = _desk(store, _principal(store, given=token_stdin))
        kept = desk.accept(who, proposal, answer)
    facts = {
        "proposal": proposal,
        "status": "accepted",
        "object": kept.id,
        "collection": kept.collection,
        "outcome": kept.outcome,
    }
    tell(f"proposal {proposal} is accepted: {kept.id} is in {kept.collection}", facts, as_json=as_json)


@COMMAND.command()
@click.argument("proposal")
@_ANSWER
@_TOKEN
@json_option
def reject(proposal: str, answer: str, token_stdin: bool, as_json: bool) -> None:
    """Turn PROPOSAL down, as another account than who proposed it."""
    with open_store() as store:
        desk, who = _desk(store, _principal(store, given=token_stdin))
        desk.reject(who, proposal, answer)
    tell(f"proposal {proposal} is rejected", {"proposal": proposal, "status": "rejected"}, as_json=as_json)


def _desk(store: Store, who: Principal | None = None) -> tuple[Desk, Principal]:
    """Return the desk, and who asks: whoever sits at the console reads for the node's own organisation."""
    from tocsin.node.clearances import Clearances
    from tocsin.node.proposals import CONSOLE, Desk
    from tocsin.store.accounts import Principal

    clearances = Clearances(store)
    own = clearances.snapshot.own.id
    console = Principal(CONSOLE, own, ("taxii:read",), administrator=False, token="", expires=0)
    return Desk(store, clearances), who or console


def _principal(store: Store, *, given: bool) -> Principal:
    from tocsin.store import accounts

    if not given:
        raise click.UsageError("who are you? Give your token with --token-stdin")
    with store.connection() as connection:
        return accounts.authenticate(connection, sys.stdin.read(_SECRET_BYTES).strip(), now=store.clock())


def _facts(shown: Shown) -> dict[str, Any]:
    from tocsin.clock import to_text

    found = shown.proposal
    return {
        "id": str(found.id),
        "status": found.status,
        "kind": found.kind,
        "about": found.about,
        "reason": found.reason,
        "tlp": found.tlp,
        "collection": shown.collection,
        "base": found.base,
        "organisation": shown.proposer,
        "account": shown.account,
        "channel": found.channel,
        "made": to_text(found.made),
        "expires": to_text(found.expires),
        "decided": None if found.decided is None else to_text(found.decided),
        "decided_by": shown.decided_by,
        "answer": found.answer,
    }


def _line(text: str) -> str:
    """Return text from outside as one line that commands no terminal."""
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown if len(shown) <= _LINE else f"{shown[: _LINE - 1]}…"
