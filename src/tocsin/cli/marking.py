"""Markings: what this node knows of them, and markings of its own."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.context import json_option, open_store, tell
from tocsin.cli.import_ import TLP_WORDS, choose_collection
from tocsin.sharing.audience import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tocsin.stix.handling import Handling
    from tocsin.store import Connection


@click.group()
def COMMAND() -> None:
    """Markings beside TLP: what may be done with something, when, where and by whom."""


@COMMAND.command()
@click.argument("name")
@click.option(
    "--pap",
    type=click.Choice(["clear", "green", "amber", "red", "nothing"]),
    help="Permissible actions; nothing: ask the source first.",
)
@click.option("--not-before", metavar="TIME", help="Embargo: until then it stays with its owner.")
@click.option("--not-after", metavar="TIME", help="From then on nobody may use it any more.")
@click.option(
    "--releasable-to", "countries", metavar="CC", multiple=True, help="ISO 3166-1 alpha-2 code; repeatable."
)
@click.option(
    "--community", "communities", metavar="ALIAS", multiple=True, help="Only to its members; repeatable."
)
@click.option(
    "--organisation", "organisations", metavar="NAME", multiple=True, help="Only to it; repeatable."
)
@click.option(
    "--role", "roles", type=click.Choice(ROLES), multiple=True, help="Only to such organisations; repeatable."
)
@click.option("--no-regulatory-use", is_flag=True, help="Regulators do not get it.")
@click.option("--no-law-enforcement-use", is_flag=True, help="Law enforcement does not get it.")
@click.option("--hide-source", is_flag=True, help="Who it comes from must not be told (Chatham House Rule).")
@click.option("--not-public", is_flag=True, help="It goes no further than TLP:GREEN lets it.")
@click.option("--encrypt-in-transit", is_flag=True, help="It is sent over encrypted channels only.")
@click.option(
    "--tlp",
    type=click.Choice(TLP_WORDS),
    default="clear",
    show_default=True,
    help="Of the definition itself: who gets marked things must be able to read it.",
)
@click.option("--collection", metavar="ALIAS", help="Collection to put it in. [default: the only one]")
@json_option
def make(name: str, tlp: str, collection: str | None, as_json: bool, **asks: Any) -> None:
    """Make a marking of your own called NAME and keep its definition; objects refer to it by the id that is printed.

    TIME is as in 2026-12-01T08:00:00Z. Whoever runs Tocsin obeys it; others see a marking that they do not know.
    """
    from tocsin.formats import RawItem
    from tocsin.node.intake import Intake
    from tocsin.stix.marking_readers import read
    from tocsin.store import organisations
    from tocsin.store.values import Origin

    with open_store() as store:
        with store.connection() as connection:
            wish = _wish(asks, connection)
            own = organisations.own(connection).id
            found = choose_collection(connection, collection)
        data = _definition(name, own, wish, tlp, store.clock())
        if read(data) != wish:
            raise click.UsageError(f"{name!r} names another marking, so nobody would know what it asks for")
        report = Intake(store, own, store.clock).take(
            [RawItem(name, json.dumps(data).encode())],
            collection=found.id,
            origin=Origin(own, None, "marking"),
        )
    if report.refused:
        (_, reason), *_ = report.examples.values()
        raise click.UsageError(f"it cannot be kept: {reason}")
    tell(
        f"{name} is {data['id']}",
        {"id": data["id"], "name": name, "collection": found.alias},
        as_json=as_json,
    )


def _wish(asks: dict[str, Any], connection: Connection) -> Handling:
    from tocsin.errors import ParseError
    from tocsin.stix.handling import PAP, Handling
    from tocsin.stix.timestamps import to_micros
    from tocsin.store import organisations

    try:
        dates = {n: to_micros(asks[n]) for n in ("not_before", "not_after") if asks[n] is not None}
    except ParseError as error:
        raise click.UsageError(str(error)) from error
    for country in asks["countries"]:
        if not re.fullmatch("[A-Z]{2}", country):
            raise click.UsageError(f"{country!r} is no country code such as DE")
    if len(dates) == 2 and dates["not_before"] >= dates["not_after"]:
        raise click.UsageError("it would end before it begins: --not-after must be later than --not-before")
    wish = Handling(
        pap=None if asks["pap"] is None else PAP[asks["pap"].upper()],
        countries=_only(asks["countries"]),
        communities=_only(str(organisations.community(connection, each).id) for each in asks["communities"]),
        organisations=_only(organisations.get(connection, each).id for each in asks["organisations"]),
        roles=_only(asks["roles"]),
        no_regulators=asks["no_regulatory_use"],
        no_law_enforcement=asks["no_law_enforcement_use"],
        hide_source=asks["hide_source"],
        not_public=asks["not_public"],
        encrypted=asks["encrypt_in_transit"],
        not_before=dates.get("not_before"),
        not_after=dates.get("not_after"),
    )
    if wish == Handling():
        raise click.UsageError(
            "it asks for nothing: say at least one of --pap, --not-before, --not-after ..."
        )
    return wish


def _only(names: Iterable[str]) -> tuple[str, ...] | None:
    return tuple(sorted(set(names))) or None


def _definition(name: str, own: str, wish: Handling, tlp: str, now: int) -> dict[str, Any]:
    import uuid

    from tocsin.clock import to_text
    from tocsin.sharing.facts import TLP_WORDS as WORDS
    from tocsin.stix.handling import HANDLING_EXTENSION
    from tocsin.stix.markings import id_of

    level = next(level for level, word in WORDS.items() if word == tlp)
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{uuid.uuid4()}",
        "created": to_text(now),
        "created_by_ref": own,
        "name": name,
        "object_marking_refs": [id_of(level)],
        "extensions": {HANDLING_EXTENSION: wish.to_extension()},
    }


@COMMAND.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List markings beside TLP that this node has met, by whom they were defined, and what they ask for."""
    from tocsin.sharing.wording import asked_in_words
    from tocsin.stix.handling import from_kind
    from tocsin.store import labels, organisations

    with open_store() as store, store.connection() as connection:
        found = labels.definitions(connection).everything()
        names = {o.id: o.name for o in organisations.everything(connection)}
    facts: list[dict[str, Any]] = []
    for marking, definer, kind in found:
        asked = from_kind(kind)
        words = list(asked_in_words(asked)) if asked is not None else []
        if kind == "tlp":
            continue
        facts.append(
            {
                "id": marking,
                "by": names.get(definer, definer),
                "kind": "handling" if asked is not None else kind,
                "asks": words,
            }
        )
    lines = [f"{f['id']}  {f['by']}: {'; '.join(f['asks']) or _BARE[f['kind']]}" for f in facts]
    tell("\n".join(lines) or "no markings beside TLP yet", {"markings": facts}, as_json=as_json)


_BARE = {
    "handling": "asks for nothing",
    "statement": "a statement, which restricts nothing",
    "unknown": "not understood here: what carries it stays",
}
