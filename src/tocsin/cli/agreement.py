"""Sharing agreements: who shares with whom, why, on what legal basis, and until when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tocsin.cli._time import TIME
from tocsin.cli.context import json_option, open_store, tell
from tocsin.sharing.agreements import INSTRUMENTS, USES

if TYPE_CHECKING:
    from tocsin.sharing.agreements import Agreement


@click.group()
def COMMAND() -> None:
    """Agreements: dated records that communities rest on. What has lapsed stops the flow at that moment."""


@COMMAND.command()
@click.argument("alias")
@click.option("--title", default="", help="What people call it.")
@click.option("--purpose", required=True, help="What is shared for, in a sentence.")
@click.option("--basis", required=True, help="Law and article, or contract, that permits it.")
@click.option("--basis-until", type=TIME, help="When the legal basis itself lapses.")
@click.option("--from", "starts", type=TIME, help="When it begins. [default: now]")
@click.option("--until", "ends", type=TIME, help="When it ends. [default: when someone withdraws it]")
@click.option(
    "--party", "parties", metavar="ORG", multiple=True, help="By name or id; repeatable. Yours is one."
)
@click.option("--notify", is_flag=True, help="Parties must tell their authority (NIS2 article 29(4)).")
@click.option(
    "--community", metavar="ALIAS", multiple=True, help="Community that is to rest on it; repeatable."
)
@click.option(
    "--transfer",
    type=click.Choice(INSTRUMENTS),
    help="Instrument for transfers of personal data that it contains.",
)
@click.option(
    "--law",
    default="",
    metavar="ID",
    help="Dated legal basis without which it is not in force; `tocsin law list` names them.",
)
@click.option(
    "--permit",
    type=click.Choice(USES),
    multiple=True,
    help="Action that it permits with what others shared under it, and no other; repeatable. [default: it says nothing of actions]",
)
@click.option(
    "--closed", is_flag=True, help="What was shared under it goes to members only, and nobody passes it on."
)
@json_option
def add(
    alias: str, parties: tuple[str, ...], community: tuple[str, ...], as_json: bool, **facts: Any
) -> None:
    """Record an agreement. In communities that rest on it only its parties count as members, and only while it is in force."""
    from uuid import uuid4

    from tocsin.law import bases
    from tocsin.sharing.agreements import Agreement, Party
    from tocsin.store import agreements, organisations

    if facts["law"]:
        bases.basis(facts["law"])  # says so where there is none
    with open_store() as store, store.transaction() as connection:
        now = store.clock()
        starts = facts["starts"] if facts["starts"] is not None else now
        if facts["ends"] is not None and facts["ends"] <= starts:
            raise click.UsageError("it would end before it begins: --until must be later than --from")
        members = [organisations.own(connection), *(organisations.get(connection, p) for p in parties)]
        made = Agreement(
            id=uuid4(),
            alias=alias,
            title=facts["title"] or alias,
            purpose=facts["purpose"],
            legal_basis=facts["basis"],
            basis_until=facts["basis_until"],
            starts=starts,
            ends=facts["ends"],
            notify=facts["notify"],
            transfer=facts["transfer"] or "",
            law=facts["law"],
            permitted=facts["permit"] or None,
            closed=facts["closed"],
            parties=tuple(Party(o.id, starts) for o in {o.id: o for o in members}.values()),
        )
        agreements.add(connection, made)
        for name in community:
            agreements.rest(connection, organisations.community(connection, name).id, made.id)
    _tell(f"{alias} is {made.id}", made, as_json=as_json)


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List agreements: whether they are in force, for whom not, what rests on them, and what is to be done."""
    from tocsin.store import agreements, organisations

    with open_store() as store, store.connection() as connection:
        now = store.clock()
        found = agreements.everything(connection)
        names = {o.id: o.name for o in organisations.everything(connection, now)}
        own = organisations.own(connection, now).id
        titles = {str(c.id): c.alias for c in organisations.communities(connection)}
        resting = {titles[c]: a.id for c, a in agreements.by_community(connection).items()}
    lines, facts = [], []
    for each in found:
        states = _states(each, names, now)
        communities = sorted(alias for alias, agreement in resting.items() if agreement == each.id)
        lines.append(f"{each.alias:20} {each.title}  ({each.legal_basis})")
        lines.append(f"  for     {each.purpose}")
        lines.append(f"  rests   {', '.join(communities) or 'no community rests on it'}")
        if each.permitted is not None:
            lines.append(f"  permits {', '.join(each.permitted)}")
        if each.closed:
            lines.append("  closed  what is shared under it goes to members only")
        lines += [f"  party   {name}: {why or 'in force'}{todo}" for name, why, todo in states]
        facts.append(
            _facts(each)
            | {"communities": communities, "in_force": {name: not why for name, why, _ in states}, "own": own}
        )
    tell("\n".join(lines) or "no agreements yet", {"agreements": facts}, as_json=as_json)


def _states(agreement: Agreement, names: dict[str, str], now: int) -> list[tuple[str, str, str]]:
    """Return for each party its name, why the agreement is not in force for it, and what it still has to do."""
    from tocsin.sharing.agreements import lapse

    return [
        (
            names.get(p.organisation, p.organisation),
            lapse(agreement, p.organisation, now),
            "; its authority has not been told" if agreement.notify and p.notified is None else "",
        )
        for p in agreement.parties
    ]


@COMMAND.command()
@click.argument("alias")
@click.argument("organisation")
@click.option("--at", type=TIME, help="[default: now]")
@json_option
def enter(alias: str, organisation: str, at: int | None, as_json: bool) -> None:
    """Make an organisation a party."""
    from tocsin.store import agreements

    _with_party(
        "enters", alias, organisation, at, as_json, lambda c, a, o, t: agreements.enter(c, a.id, o, t)
    )


@COMMAND.command()
@click.argument("alias")
@click.argument("organisation")
@click.option("--at", type=TIME, help="[default: now]")
@json_option
def leave(alias: str, organisation: str, at: int | None, as_json: bool) -> None:
    """End an organisation's part."""
    from tocsin.store import agreements

    _with_party("leaves", alias, organisation, at, as_json, agreements.leave)


@COMMAND.command()
@click.argument("alias")
@click.argument("organisation")
@click.option("--at", type=TIME, help="[default: now]")
@json_option
def notified(alias: str, organisation: str, at: int | None, as_json: bool) -> None:
    """Note that an organisation told its authority that it takes part."""
    from tocsin.store import agreements

    _with_party("has told its authority of", alias, organisation, at, as_json, agreements.notified)


def _with_party(verb: str, alias: str, name: str, at: int | None, as_json: bool, change: Any) -> None:
    from tocsin.store import agreements, organisations

    with open_store() as store, store.transaction() as connection:
        found, organisation = agreements.get(connection, alias), organisations.get(connection, name)
        change(connection, found, organisation.id, store.clock() if at is None else at)
        changed = agreements.get(connection, alias)
    _tell(f"{organisation.name} {verb} {found.alias}", changed, as_json=as_json)


@COMMAND.command()
@click.argument("alias")
@click.option("--at", type=TIME, help="[default: now]")
@json_option
def withdraw(alias: str, at: int | None, as_json: bool) -> None:
    """End an agreement for all its parties."""
    from tocsin.store import agreements

    with open_store() as store, store.transaction() as connection:
        found = agreements.get(connection, alias)
        agreements.withdraw(connection, found, store.clock() if at is None else at)
        changed = agreements.get(connection, alias)
    _tell(f"{alias} is withdrawn", changed, as_json=as_json)


@COMMAND.command()
@click.argument("alias")
@click.option("--until", "ends", type=TIME, help="When it ends. [default: when someone withdraws it]")
@click.option("--basis-until", type=TIME, help="When the legal basis lapses. [default: not foreseen]")
@json_option
def renew(alias: str, ends: int | None, basis_until: int | None, as_json: bool) -> None:
    """Set anew when an agreement ends and when its legal basis lapses; a withdrawal is undone."""
    from tocsin.store import agreements

    with open_store() as store, store.transaction() as connection:
        agreements.renew(connection, agreements.get(connection, alias), ends=ends, basis_until=basis_until)
        changed = agreements.get(connection, alias)
    _tell(f"{alias} is renewed", changed, as_json=as_json)


@COMMAND.command()
@click.argument("community")
@click.argument("alias", required=False)
@json_option
def rest(community: str, alias: str | None, as_json: bool) -> None:
    """Let COMMUNITY rest on the agreement ALIAS; without it, on none."""
    from tocsin.store import agreements, organisations

    with open_store() as store, store.transaction() as connection:
        group = organisations.community(connection, community)
        found = agreements.get(connection, alias) if alias else None
        agreements.rest(connection, group.id, found.id if found else None)
    text = f"{group.alias} rests on {found.alias}" if found else f"{group.alias} rests on no agreement"
    tell(text, {"community": str(group.id), "agreement": str(found.id) if found else None}, as_json=as_json)


def _tell(text: str, agreement: Agreement, *, as_json: bool) -> None:
    tell(text, _facts(agreement), as_json=as_json)


def _facts(agreement: Agreement) -> dict[str, Any]:
    import msgspec

    facts: dict[str, Any] = msgspec.to_builtins(agreement)
    return facts
