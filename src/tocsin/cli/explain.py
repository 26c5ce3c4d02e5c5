"""Why an organisation may or may not have an object, and what would change it."""

from __future__ import annotations

from typing import Any

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell


@click.command()
@click.argument("object_id", metavar="OBJECT")
@click.argument("recipient", metavar="PEER")
@click.option("--action", type=click.Choice(["receive", "match"]), default="receive", show_default=True)
@json_option
def COMMAND(object_id: str, recipient: str, action: str, as_json: bool) -> None:
    """Explain for OBJECT (a STIX id) and PEER (a peer or an organisation, by name or id) which policy decides.

    An object that several organisations asserted, or that stands in several collections, has one decision for each.
    """
    from tocsin.errors import NotFoundError
    from tocsin.node.clearances import Clearances
    from tocsin.sharing.explain import explain
    from tocsin.store import labels, organisations, peers

    with open_store() as store:
        clearances = Clearances(store)
        state = clearances.snapshot
        with store.connection() as connection:
            by_peer = {p.name: p.organisation for p in peers.everything(connection)}
            asked = organisations.get(connection, by_peer.get(recipient, recipient))
            found = labels.of_object(connection, object_id)
        if not found:
            raise NotFoundError(f"this node holds no object {object_id}")
        decisions = []
        for collection, label_id in found:
            explanation = explain(
                clearances.decider, asked, action, state.labels[label_id], state.definitions
            )
            decisions.append({"collection": collection, **msgspec.to_builtins(explanation)})
    facts = {
        "object": object_id,
        "recipient": asked.id,
        "name": asked.name,
        "action": action,
        "decisions": decisions,
    }
    tell("\n\n".join(_text(d, asked.name, action) for d in decisions), facts, as_json=as_json)


def _text(decision: dict[str, Any], name: str, action: str) -> str:
    verb = "may" if decision["allowed"] else "may not"
    lines = [
        f"In collection {decision['collection']}: {name} {verb} {action} it.",
        f"  why    {decision['why']}",
    ]
    lines += [f"  rule   {r['id']} ({r['source']})" for r in decision["rules"]]
    lines += [f"  fact   {fact}" for fact in decision["facts"]]
    lines += [f"  would change it: {change}" for change in decision["changes"]]
    return "\n".join(lines)
