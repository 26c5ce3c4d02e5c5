"""Make lists for other tools: block lists, rules, lookups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell, write, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tocsin.formats.outputs import Output
    from tocsin.node.outputs import Lists, Made, Wanted
    from tocsin.node.outputs.explaining import Standing
    from tocsin.store import Store


def _holding(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what a list is to hold."""
    for option in (
        click.option(
            "--community",
            default="",
            metavar="NAME",
            help="Only what stands in collections of this community.",
        ),
        click.option(
            "--collection",
            "collections",
            default="",
            metavar="NAMES",
            help="Only what stands in these collections, separated by commas.",
        ),
        click.option(
            "--tlp",
            default="",
            metavar="LEVEL",
            help="Highest level: clear, green, amber, amber+strict or red.",
        ),
        click.option(
            "--min-confidence", type=click.IntRange(0, 100), default=0, help="Least confidence, decayed."
        ),
        click.option(
            "--limit",
            type=click.IntRange(1, 1_000_000),
            help="Most items, the best first. [default: what the format's device holds]",
        ),
        click.option(
            "--type",
            "types",
            default="",
            metavar="TYPES",
            help="Types of values, separated by commas. [default: all that the format holds]",
        ),
    ):
        command = option(command)
    return command


@click.group()
def COMMAND() -> None:
    """Make lists for other tools: block lists, rules, lookups.

    A list holds what the node's own organisation may use so: block, or look for. What is revoked, over, decayed, on a warninglist or too wide is left out.
    """


@COMMAND.command(name="list")
@json_option
def list_(*, as_json: bool) -> None:
    """List the formats: what they are for, which types of values they hold, and how many."""
    from tocsin.formats import outputs

    every = outputs.every().values()
    lines = [
        f"{each.name:18}{each.action:7}{each.capacity:>9,}  {each.summary}\n{'':36}{', '.join((*each.types, *(['rules'] if each.rules else [])))}"
        for each in every
    ]
    facts = [
        {
            "name": e.name,
            "summary": e.summary,
            "action": e.action,
            "types": e.types,
            "rules": e.rules,
            "single": e.single,
            "capacity": e.capacity,
        }
        for e in every
    ]
    tell("\n".join(lines), facts, as_json=as_json)


@COMMAND.command()
@click.argument("output_format", metavar="FORMAT")
@click.option(
    "--to",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write this file, whole or not at all, if the list has changed. [default: standard output]",
)
@_holding
@json_option
def make(*, output_format: str, to: Path | None, as_json: bool, **holding: Any) -> None:
    """Make a list in FORMAT (see `tocsin output list`), best values first."""
    from tocsin.formats import outputs
    from tocsin.node.outputs import files

    output = outputs.named(output_format)
    with open_store() as store:
        lists, own, readable, wanted = _asked(store, output, holding)
        released = lists.make(output, wanted, own, readable)
        assert released is not None  # it waits
        made = released.value
        head = b"" if output.head is None else output.head(store.clock()).encode()
    if to is not None:
        changed = files.put(to, released.derive(head), released.derive(made.body))
        facts = {
            "format": output.name,
            "file": str(to),
            "changed": changed,
            "items": made.items,
            "left_out": made.left_out,
        }
        state = "written" if changed else "unchanged"
        tell(f"{to}: {state}, {_counts(made)}", facts, as_json=as_json)
    elif as_json:
        facts = {
            "format": output.name,
            "items": made.items,
            "left_out": made.left_out,
            "content": _text(output, head + made.body),
        }
        write(released.derive(json.dumps(facts, ensure_ascii=False)))
    else:
        write_bytes(released.derive(head + made.body))
        click.echo(_counts(made), err=True)


@COMMAND.command()
@click.argument("output_format", metavar="FORMAT")
@click.argument("value")
@_holding
@json_option
def explain(*, output_format: str, value: str, as_json: bool, **holding: Any) -> None:
    """Explain why VALUE stands where it does in a list in FORMAT, or why it is not in it."""
    from tocsin.formats import outputs

    output = outputs.named(output_format)
    with open_store() as store:
        lists, own, readable, wanted = _asked(store, output, holding)
        released = lists.look(output, wanted, own, readable, value=value)
    assert released is not None  # it waits
    found = released.value.standing
    assert found is not None  # it was asked for
    text = json.dumps(msgspec.to_builtins(found), ensure_ascii=False) if as_json else _explained(found)
    write(released.derive(text))


def _asked(store: Store, output: Output, holding: dict[str, Any]) -> tuple[Lists, str, list[UUID], Wanted]:
    from tocsin.node.clearances import Clearances
    from tocsin.node.outputs import Lists
    from tocsin.node.outputs.asking import collections_of, wanted
    from tocsin.store import collections, organisations

    clearances = Clearances(store)
    with store.connection() as connection:
        every = collections.everything(connection)
        communities = {each.id: each.alias for each in organisations.communities(connection)}
    asked = wanted(
        output,
        types=holding["types"],
        limit=holding["limit"],
        min_confidence=holding["min_confidence"],
        tlp=holding["tlp"],
        collections=collections_of(every, holding["collections"], holding["community"], communities),
    )
    return Lists(store, clearances), clearances.snapshot.own.id, [each.id for each in every], asked


def _text(output: Output, body: bytes) -> str:
    from tocsin.errors import InputError

    if output.pack is not None:
        raise InputError(f"{output.name} is no text", hint="write it to a file: --to FILE")
    return body.decode()


def _counts(made: Made) -> str:
    from tocsin.node.outputs.explaining import REASONS

    said = "".join(
        f"\n  left out: {count:,} {reason} ({REASONS.get(reason, 'no single value to list')})"
        for reason, count in made.left_out.items()
        if count
    )
    return f"{made.items:,} items{said}"


def _explained(found: Standing) -> str:
    from tocsin.node.outputs.explaining import REASONS

    if found.place is None:
        lines = [
            f"{found.value} is not among the {found.of:,} of the list: {REASONS.get(found.reason, found.reason)}"
        ]
    else:
        lines = [f"{found.value} is number {found.place:,} of {found.of:,}"]
    item = found.item
    if item is not None:
        name = "".join(sign if sign.isprintable() else " " for sign in item.name)
        lines += [
            f"  confidence  {item.confidence}, decayed to this hour",
            f"  sources     {item.sources}",
            f"  sightings   {item.sightings:,}",
            f"  best        {item.indicator}  {name}".rstrip(),
        ]
    return "\n".join(lines)
