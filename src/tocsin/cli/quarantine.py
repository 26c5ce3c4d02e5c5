"""See what was refused and why; try it again or forget it."""

from __future__ import annotations

from typing import Any

import click

from tocsin import clock
from tocsin.cli.context import json_option, open_store, tell
from tocsin.cli.import_ import TLP_WORDS, choose_collection, printable
from tocsin.errors import ConflictError
from tocsin.formats import RawItem
from tocsin.node.intake import Intake
from tocsin.store import organisations, quarantine
from tocsin.store.quarantine import Kept

_REFUSED = 4
_SHOWN = 2000


@click.group()
def COMMAND() -> None:
    """See what was refused and why; try it again or forget it."""


@COMMAND.command("list")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Most to show.")
@json_option
def _list(limit: int, as_json: bool) -> None:
    """List the newest refusals."""
    with open_store() as store, store.connection() as connection:
        total = quarantine.count(connection)
        found = quarantine.everything(connection, limit=limit)
    lines = [printable(f"{each.id:>6}  {each.rule:<24} {each.where}: {each.reason}") for each in found]
    if total > len(found):
        lines.append(f"and {total - len(found):,} older ones")
    facts = {"total": total, "refusals": [_facts(each) for each in found]}
    tell("\n".join(lines) or "nothing was refused", facts, as_json=as_json)


@COMMAND.command("show")
@click.argument("number", type=int)
@json_option
def _show(number: int, as_json: bool) -> None:
    """Show refusal NUMBER with its bytes."""
    with open_store() as store, store.connection() as connection:
        found = quarantine.get(connection, number)
    text = found.raw.decode("utf-8", "backslashreplace")
    facts = _facts(found) | {"raw": text}
    lines = [f"{name + ':':<10} {value}" for name, value in _facts(found).items() if value not in ("", None)]
    lines += ["", text[:_SHOWN]]
    if len(text) > _SHOWN:
        lines.append("(cut: --json has all that was kept)")
    tell(printable("\n".join(lines)), facts, as_json=as_json)


@COMMAND.command("retry")
@click.argument("numbers", type=int, nargs=-1, required=True)
@click.option("--collection", metavar="ALIAS", help="Collection to put it in. [default: the only one]")
@click.option("--assume-tlp", type=click.Choice(TLP_WORDS), help="TLP you vouch for where it carries none.")
@json_option
def _retry(numbers: tuple[int, ...], collection: str | None, assume_tlp: str | None, as_json: bool) -> int:
    """Take refusals again, for whom they came from, and forget those that are taken now.

    Exit status: 0 all were taken, 4 some were refused again.
    """
    with open_store() as store:
        with store.connection() as connection:
            own = organisations.own(connection).id
            target = choose_collection(connection, collection)
            found = [quarantine.get(connection, number) for number in dict.fromkeys(numbers)]
        for each in found:
            if not each.whole:
                raise ConflictError(
                    f"of refusal {each.id} only the first {len(each.raw):,} of {each.length:,} bytes were kept",
                    hint=f"import it again from where it came: {each.where}",
                )
        taken = []
        for each in found:
            report = Intake(store, own, store.clock).take(
                [RawItem(each.where, each.raw)],
                collection=target.id,
                origin=each.origin,
                owner=each.origin.source,
                assumed=assume_tlp,
            )
            if report.taken:
                taken.append(each.id)
                with store.connection() as connection:
                    quarantine.drop(connection, each.id)
    refused = len(found) - len(taken)
    text = f"{target.alias}: {len(taken)} taken, {refused} refused again"
    tell(text, {"taken": taken, "refused": refused, "collection": target.alias}, as_json=as_json)
    return _REFUSED if refused else 0


@COMMAND.command("drop")
@click.argument("numbers", type=int, nargs=-1, required=True)
@json_option
def _drop(numbers: tuple[int, ...], as_json: bool) -> None:
    """Forget refusals."""
    with open_store() as store, store.transaction() as connection:
        for number in dict.fromkeys(numbers):
            quarantine.drop(connection, number)
    dropped = len(dict.fromkeys(numbers))
    tell(f"{dropped} forgotten", {"dropped": dropped}, as_json=as_json)


def _facts(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "rule": kept.rule,
        "reason": kept.reason,
        "where": kept.where,
        "pointer": kept.pointer,
        "at": clock.to_text(kept.at),
        "times": kept.times,
        "length": kept.length,
        "source": kept.origin.source,
        "peer": kept.origin.peer,
        "channel": kept.origin.channel,
    }
