"""Policies in words, and what they decide on this node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tocsin.node.reach import State
    from tocsin.sharing.policy import Policy
    from tocsin.store import Store


class Reasons(msgspec.Struct):
    """For how many organisations and label sets a policy is a reason now, for the action `receive`, and for how many objects."""

    organisations: list[str]
    labels: int
    objects: int


def condition(policy: Policy) -> str:
    """Return the conditions of a policy as a sentence, made of its syntax tree."""
    parts = [
        f"{'unless' if each['kind'] == 'unless' else 'when'} {_words(each['body'])}"
        for each in policy.tree["conditions"]
    ]
    return ", ".join(parts) or "always"


def actions(policy: Policy) -> list[str]:
    """Return the actions that a policy has a say in."""
    from tocsin.sharing.actions import ACTIONS
    from tocsin.sharing.compiled import covers

    return [action for action in ACTIONS if covers(policy, action)]


def reasons(store: Store, state: State, policy: Policy) -> Reasons:
    """Return what a policy decides of what is held now: where it is among the reasons of the decision."""
    from tocsin.sharing.columns import Columns
    from tocsin.sharing.compiled import Compiler, asker
    from tocsin.sharing.facts import facts_of
    from tocsin.store import holdings

    if "receive" not in actions(policy):
        return Reasons([], 0, 0)
    own = next(o for o in state.organisations.values() if o.own)
    rows = Columns(
        [
            (n, facts_of(label, state.definitions, own=own.id, now=state.now))
            for n, label in state.labels.items()
        ]
    )
    compiled = Compiler(state.policies.policies.values())
    alone, every = compiled.alone(policy.id), compiled.condition("receive")
    found: dict[str, set[int]] = {}
    for each in state.organisations.values():
        who = asker(each)
        holds = alone(rows, who)
        if policy.effect == "permit":  # a permit is a reason where nothing forbids
            holds &= every(rows, who)
        if holds:
            found[each.name] = set(rows.numbers(holds))
    counts = holdings.count_of_labels(store, set().union(*found.values()))
    held = {n for some in found.values() for n in some if n in counts}
    names = sorted(name for name, some in found.items() if some & held)
    return Reasons(names, len(held), sum(counts[n] for n in held))


_COMPARED = {"==": "is", "!=": "is not"}


def _words(node: dict[str, Any]) -> str:
    (operator, body), *_ = node.items()
    match operator:
        case "Value":
            return body["__entity"]["id"] if isinstance(body, dict) else f"{body!r}"
        case "Var":
            return {"principal": "the recipient", "resource": "the object", "context": "the request"}[body]
        case ".":
            return f"{_words(body['left'])}'s {body['attr'].replace('_', ' ')}"
        case "!":
            return f"not ({_words(body['arg'])})"
        case "&&" | "||":
            joint = " and " if operator == "&&" else " or "
            return joint.join(_bracketed(body[side], operator) for side in ("left", "right"))
        case "==" | "!=":
            return f"{_words(body['left'])} {_COMPARED[operator]} {_words(body['right'])}"
        case "contains":
            return f"{_words(body['right'])} is among {_words(body['left'])}"
        case "containsAny":
            return f"some of {_words(body['right'])} is among {_words(body['left'])}"
        case "containsAll":
            return f"all of {_words(body['right'])} are among {_words(body['left'])}"
        case "isEmpty":
            return f"there is none of {_words(body['arg'])}"
        case "Set":
            return ", ".join(map(_words, body))
        case "if-then-else":
            return f"if {_words(body['if'])} then {_words(body['then'])} else {_words(body['else'])}"
    return operator  # refused when policies are loaded (sharing/compiled.py)


def _bracketed(node: dict[str, Any], around: str) -> str:
    inner = next(iter(node))
    return f"({_words(node)})" if inner in {"&&", "||"} and inner != around else _words(node)
