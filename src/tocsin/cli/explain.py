"""Why an organisation may or may not have an object, and what would change it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli.context import json_option, open_store, tell, write
from tocsin.sharing.actions import ACTIONS

if TYPE_CHECKING:
    from tocsin.node.clearances import Clearances
    from tocsin.sharing.audience import Organisation
    from tocsin.sharing.release import Clearance, Released
    from tocsin.store import Store
    from tocsin.store.placed import Standing
    from tocsin.store.values import Stale


@click.command()
@click.argument("object_id", metavar="OBJECT")
@click.argument("recipient", metavar="PEER", required=False)
@click.option(
    "--action",
    type=click.Choice(list(ACTIONS)),
    default="receive",
    show_default=True,
    help="What PEER would do: " + "; ".join(f"{name}, {words}" for name, words in ACTIONS.items()) + ".",
)
@json_option
def COMMAND(object_id: str, recipient: str | None, action: str, as_json: bool) -> None:
    """Explain for OBJECT (a STIX id) and PEER (a peer or an organisation, by name or id) which policy decides.

    Without PEER, explain an error by its code, such as `not-found`: the last part of `type` in an answer of the node.

    An object that several organisations asserted, or that stands in several collections, has one decision for each. Shown
    are its id and its markings, nothing else of it. What would change a decision was tried against the policies.
    """
    from tocsin.errors import NotFoundError
    from tocsin.node.clearances import Clearances
    from tocsin.store import placed

    if recipient is None:
        _explain_code(object_id, as_json=as_json)
        return

    def ask(clearance: Clearance) -> Released[list[Standing]] | Stale:
        return placed.standings(store, object_id, clearance)

    with open_store() as store:
        clearances = Clearances(store)
        found = clearances.ask(clearances.snapshot.own.id, ask)
        if not found.value:
            raise NotFoundError(
                f"this node holds no object {object_id}", hint="the id stands in the object's `id`"
            )
        asked = _organisation(store, recipient)
        decisions = _decisions(store, clearances, found.value, asked, action)
    answer = {"object": object_id, "recipient": asked.id, "name": asked.name, "action": action}
    if as_json:
        text = json.dumps(answer | {"decisions": decisions}, ensure_ascii=False)
    else:
        text = "\n\n".join(_text(d, asked.name, action) for d in decisions)
    write(found.derive(text))


def _explain_code(text: str, *, as_json: bool) -> None:
    """Say what the code of an error means; it tells nothing of the node."""
    from tocsin.errors import NotFoundError, by_code

    code = text.removeprefix("urn:tocsin:problem:")
    found = by_code().get(code)
    if found is None:
        hint = f"codes are {', '.join(sorted(by_code()))}; of an object, name the PEER, too"
        raise NotFoundError(f"no error has the code {text!r}", hint=hint)
    meaning = " ".join((found.__doc__ or "").split())
    facts = {"code": code, "meaning": meaning, "exit_code": found.exit_code}
    tell(
        f"{code}: {meaning}\n  commands that end with it have the exit status {found.exit_code}",
        facts,
        as_json=as_json,
    )


def _organisation(store: Store, name: str) -> Organisation:
    """Return the organisation meant by its own id or name, or by the name of its node as a peer."""
    from tocsin.errors import NotFoundError
    from tocsin.store import organisations, peers

    with store.connection() as connection:
        by_peer = {peer.name: peer.organisation for peer in peers.everything(connection)}
        try:
            return organisations.get(connection, by_peer.get(name, name))
        except NotFoundError as error:
            raise NotFoundError(
                f"no peer or organisation {name!r}",
                hint="`tocsin peer list` and `tocsin organisation list` name them",
            ) from error


def _decisions(
    store: Store, clearances: Clearances, standings: list[Standing], asked: Organisation, action: str
) -> list[dict[str, Any]]:
    from tocsin.store import organisations

    state = clearances.snapshot
    with store.connection() as connection:
        names = {str(c.id): c.title for c in organisations.communities(connection)}
    names |= {o.id: o.name for o in state.organisations.values()}
    decisions = []
    for standing in standings:
        label = state.labels[standing.label]
        why = clearances.decider.explain(
            asked, action, label, state.definitions, names=names, labels=state.labels
        )
        decisions.append(
            {"collection": standing.alias, "owner": label.owner, "markings": list(label.markings)}
            | msgspec.to_builtins(why, enc_hook=str)
        )
    return decisions


def _text(decision: dict[str, Any], name: str, action: str) -> str:
    verb = "may" if decision["allowed"] else "may not"
    lines = [
        f"In collection {decision['collection']}: {name} {verb} {action} it.",
        f"  why     {decision['why']}",
    ]
    if decision["form"]:
        lines.append(f"  form    it may {ACTIONS[decision['form']]}")
    lines += [f"  rule    {r['effect']} {r['id']} ({r['source']})" for r in decision["rules"]]
    lines += [f"  fact    {fact}" for fact in decision["facts"]]
    for change in decision["changes"]:
        steps = ", and ".join(f"{step['words']} (by {step['who']})" for step in change["steps"])
        then = f"  → {', '.join(change['rules'])}" if change["rules"] else ""
        lines.append(f"  would change it: {steps}{then}")
    if not decision["changes"]:
        lines.append("  would change it: nothing within reach")
    return "\n".join(lines)
