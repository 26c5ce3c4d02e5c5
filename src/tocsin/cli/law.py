"""The law that this node knows: on what ground data may cross a border, and whether a legal basis is in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli._time import TIME
from tocsin.cli.context import json_option, tell
from tocsin.sharing.agreements import INSTRUMENTS
from tocsin.sharing.audience import ROLES

if TYPE_CHECKING:
    from tocsin.law.model import Basis, Regime

_at_option = click.option("--at", type=TIME, help="[default: now]")


class _Country(click.ParamType[str]):
    name = "CC"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read an ISO 3166-1 alpha-2 code, or one of an invented country."""
        from tocsin.law.countries import INVENTED, OFFICIAL

        if value not in OFFICIAL | INVENTED:
            self.fail(f"{value!r} is no country code of ISO 3166-1 such as DE or GB", param, ctx)
        return str(value)


@click.group()
def COMMAND() -> None:
    """Law as dated data (docs/reference/law.md). It is no legal advice; what is not known is no permission."""


@COMMAND.command("list")
@_at_option
@json_option
def list_(at: int | None, as_json: bool) -> None:
    """List regimes of transfer and legal bases: how sure they are, and how they stand."""
    from tocsin.law import bases
    from tocsin.law.load import load

    now = _now(at)
    lines, regimes, found = ["regimes of transfer"], [], []
    for regime in load().regimes.values():
        state = _state_of_regime(regime, now)
        lines.append(f"  {regime.id:22} {regime.confidence:7} {state}  ({regime.name}: {regime.citation})")
        regimes.append({"id": regime.id, "confidence": regime.confidence, "state": state})
    lines.append("legal bases")
    for basis in bases.known():
        why = bases.why_not(basis.id, now)
        lines.append(
            f"  {basis.id:22} {basis.confidence:7} {why or f'in force  ({basis.name}: {basis.citation})'}"
        )
        found.append(
            {"id": basis.id, "confidence": basis.confidence, "in_force": not why, "why_not": why or None}
        )
    tell("\n".join(lines), {"regimes": regimes, "bases": found}, as_json=as_json)


def _now(at: int | None) -> int:
    from tocsin.clock import system_clock

    return system_clock() if at is None else at


def _state_of_regime(regime: Regime, now: int) -> str:
    from tocsin.law.model import day

    roles = f", senders with the role {' or '.join(regime.sender_roles)}" if regime.sender_roles else ""
    begins = f", from {day(regime.since)}" if now < regime.since else ""
    return f"{regime.default} in {_countries(regime.applies_in)}{roles}{begins}"


def _countries(codes: tuple[str, ...]) -> str:
    from tocsin.law.countries import GROUPS

    left, said = set(codes), []
    for name, group in sorted(GROUPS.items(), key=lambda g: -len(g[1])):
        if left >= set(group):
            said.append(name)
            left -= set(group)
    return " ".join([*said, *sorted(left)])


@COMMAND.command()
@click.argument("id_", metavar="ID")
@_at_option
@json_option
def show(id_: str, at: int | None, as_json: bool) -> None:
    """Show a regime or a legal basis in full: dates, decisions, sources, and what to look up again."""
    import msgspec

    from tocsin.errors import NotFoundError
    from tocsin.law.load import load

    law, now = load(), _now(at)
    found: Regime | Basis
    if id_ in law.regimes:
        found = law.regimes[id_]
        body = _regime(found, now)
    elif id_ in law.bases:
        found = law.bases[id_]
        body = _basis(found, now)
    else:
        raise NotFoundError(f"no law {id_!r} is known here", hint="tocsin law list")
    lines = [f"{found.id}: {found.name}", f"  citation    {found.citation}", *(f"  {line}" for line in body)]
    lines.append(f"  confidence  {found.confidence}")
    lines += [f"  note        {found.note}"] if found.note else []
    lines += [f"  source      {source}" for source in found.sources]
    lines += [f"  recheck     {found.recheck}"] if found.recheck else []
    tell("\n".join(lines), msgspec.to_builtins(found), as_json=as_json)


def _regime(regime: Regime, now: int) -> Iterator[str]:
    from tocsin.law.model import day

    yield f"{'state':11} {_state_of_regime(regime, now)}; since {day(regime.since)}"
    if regime.area:
        yield f"{'area':11} {_countries(regime.area)}"
    for accepted in regime.accepts:
        yield f"{'accepts':11} {accepted.kind}: {accepted.citation}{_note(accepted.note)}"
    for grant in regime.grants:
        asked = "".join(
            f", needs {need!r}" for need in (*((grant.needs,) if grant.needs else ()), *grant.roles)
        )
        yield (
            f"{grant.kind:11} {_countries(grant.to)}{asked}: {_dates(grant.since, grant.until)}, {grant.citation}, "
            f"confidence {grant.confidence}{_note(grant.note)}"
        )
    for block in regime.blocks:
        yield (
            f"{'block':11} {_countries(block.to)}: {_dates(block.since, block.until)}, {block.citation}, "
            f"confidence {block.confidence}{_note(block.note)}"
        )


def _basis(basis: Basis, now: int) -> Iterator[str]:
    from tocsin.law import bases

    yield f"{'state':11} {bases.why_not(basis.id, now) or 'in force'}"
    for each in basis.intervals:
        yield f"{'in force':11} {_dates(each.since, each.until)}{_note(each.citation)}"


def _dates(since: int, until: int | None) -> str:
    from tocsin.law.model import day

    return f"from {day(since)}" + ("" if until is None else f" until {day(until)}")


def _note(text: str) -> str:
    return f" ({text})" if text else ""


@COMMAND.command()
@click.argument("sender", metavar="FROM", type=_Country())
@click.argument("recipient", metavar="TO", type=_Country())
@click.option("--role", "roles", type=click.Choice(ROLES), multiple=True, help="Of the sender; repeatable.")
@click.option(
    "--to-role", "to_roles", type=click.Choice(ROLES), multiple=True, help="Of the recipient; repeatable."
)
@click.option(
    "--assurance",
    "assurances",
    multiple=True,
    help="The recipient is recorded with, such as dpf; repeatable.",
)
@click.option(
    "--agreed",
    type=click.Choice(INSTRUMENTS),
    multiple=True,
    help="An agreement between the two contains it; repeatable.",
)
@_at_option
@json_option
def transfer(sender: str, recipient: str, at: int | None, as_json: bool, **said: tuple[str, ...]) -> None:
    """Say on what ground personal data may go from country FROM to country TO, or why on none."""
    from tocsin.clock import to_text
    from tocsin.law.transfer import Side, ground, turn

    now = _now(at)
    one, two = Side(sender, said["roles"]), Side(recipient, said["to_roles"], said["assurances"])
    found = ground(one, two, [(kind, "as you say") for kind in said["agreed"]], now)
    change = turn(one, two, now)
    lines = [f"{found.kind}: {found.words}"]
    lines += [f"  law      {found.law}, {found.cite}"] if found.law else []
    lines += [f"  changes  {to_text(change)[:10]}"] if change is not None else []
    facts = {"kind": found.kind, "law": found.law or None, "cite": found.cite or None, "words": found.words}
    tell("\n".join(lines), facts | {"at": now, "changes": change}, as_json=as_json)
