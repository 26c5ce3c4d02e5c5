"""Search what the node's organisation may have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli.context import json_option, open_store, write

if TYPE_CHECKING:
    from tocsin.node.searching import Counts, Searcher
    from tocsin.store.search.finding import Found

_SHOWN = 20
_LINE = 80


@click.command()
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=_SHOWN, show_default=True, help="Most objects shown."
)
@click.option(
    "--counts", is_flag=True, help="Count what is found by type, level, source and collection, too."
)
@json_option
def COMMAND(query: tuple[str, ...], limit: int, counts: bool, as_json: bool) -> None:
    """Search for QUERY: values, words, names, ids, techniques, and fields such as type:indicator.

    An address finds the ranges that contain it, a range what is in it, a domain what is below it and the names above it that are
    said, hexadecimal digits the digests that begin with them; anything else is a word, `word*` the beginning of one, -word what has it not. Fields: type, tlp, source,
    collection, after, before, confidence (confidence:>=50), revoked, name, value, id, refers, technique. Shown is the latest
    version of each object that the node's own organisation may have, what was added last first.
    """
    from tocsin.node.clearances import Clearances
    from tocsin.node.searching import Searcher
    from tocsin.store import collections
    from tocsin.store.search import index, parse

    asked = parse(" ".join(query))
    with open_store() as store:
        index.catch_up(store)
        clearances = Clearances(store)
        own = clearances.snapshot.own.id
        searcher = Searcher(store, clearances)
        with store.connection() as connection:
            readable = [each.id for each in collections.everything(connection)]
        found = searcher.find(asked, own, readable, limit=limit)
        counted = searcher.facets(asked, own, readable).value if counts else None
        names = {each.id: each.name for each in clearances.snapshot.organisations.values()}
        facts = _facts(found.value, counted, searcher, own)
    text = json.dumps(facts, ensure_ascii=False) if as_json else _text(facts, names)
    write(found.derive(text))


def _facts(found: Found, counted: Counts | None, searcher: Searcher, own: str) -> dict[str, Any]:
    from tocsin.clock import to_text

    aliases = searcher.aliases()
    items = [
        {
            "id": each.id,
            "type": each.type,
            "name": each.name,
            "added": to_text(each.added),
            "modified": to_text(each.version),
            "collection": aliases[each.collection],
            "tlp": searcher.tlp_of(each.label),
            "source": searcher.source_of(each.label, own),
            "confidence": each.confidence,
            "revoked": each.revoked,
            "object": json.loads(each.body),
        }
        for each in found.items
    ]
    facts: dict[str, Any] = {"items": items, "more": found.more}
    return facts if counted is None else facts | {"counts": msgspec.to_builtins(counted)}


def _text(facts: dict[str, Any], names: dict[str, str]) -> str:
    lines = []
    for each in facts["items"]:
        name = "".join(sign if sign.isprintable() else " " for sign in each["name"])
        shown = name if len(name) <= _LINE else name[: _LINE - 1] + "…"
        tlp = "unmarked" if each["tlp"] == "none" else f"TLP:{each['tlp'].upper()}"
        who = names.get(each["source"], each["source"])
        revoked = "  revoked" if each["revoked"] else ""
        lines += [
            f"{each['type']}  {shown}",
            f"  {each['id']}  {tlp}  {who}  {each['collection']}  {each['modified'][:10]}{revoked}",
        ]
    if not facts["items"]:
        lines.append("nothing found")
    if facts["more"]:
        lines.append("there is more: --limit shows it")
    if "counts" in facts:
        counts = facts["counts"]
        lines.append(f"{counts['total']:,}{'' if counts['complete'] else ' and more'} found")
        for name in ("types", "tlp", "sources", "collections"):
            said = ", ".join(f"{names.get(key, key)} {count:,}" for key, count in counts[name].items())
            lines.append(f"  {name:12}{said}")
    return "\n".join(lines)
