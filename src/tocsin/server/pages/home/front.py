"""What everybody may see: what this node is, its rules in words, and whom to write to.

The rules are told as they stand in the policies in force. Those that come with Tocsin are told in full; of those that the organisation has
added only that there are some: their words may name whom they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from starlette.responses import Response

from tocsin.server import well_known
from tocsin.server.pages.rendering import show
from tocsin.server.pages.view import View
from tocsin.sharing import policy
from tocsin.sharing.actions import FORMS
from tocsin.sharing.policy import Policy, PolicySet
from tocsin.store import labels

_LEVELS = ("clear", "green", "amber", "amber+strict", "red", "none")


class Rule(msgspec.Struct, frozen=True):
    """A rule in words, and where it comes from."""

    title: str
    source: str


class Rules(msgspec.Struct, frozen=True):
    """The rules in force.

    Attributes:
        levels: what each TLP level means here: the rules that let it go somewhere, or keep it.
        always: what lets something go or be used whatever its level.
        stays: what keeps something here, whatever else would let it go.
        uses: what may be done with what somebody has.
        narrowed: the organisation has added rules of its own.
    """

    levels: tuple[tuple[str, tuple[Rule, ...]], ...]
    always: tuple[Rule, ...]
    stays: tuple[Rule, ...]
    uses: tuple[Rule, ...]
    narrowed: bool


def show_front(view: View) -> Response:
    """Show what this node is."""
    settings = view.parts.settings
    with view.parts.store.connection() as connection:
        generation = labels.generation(connection)
    snapshot = view.parts.directory.at(generation).snapshot
    return show(
        view,
        "home/front.html",
        name=snapshot.own.name,
        country=snapshot.own.country,
        about=[each.strip() for each in settings.about.split("\n\n") if each.strip()],
        contacts=well_known.addresses(settings.contact),
        reports=bool(well_known.contacts(settings)),
        rules=rules_of(snapshot.policies),
    )


def rules_of(policies: PolicySet) -> Rules:
    """Return policies sorted for reading, in the order of their files."""
    by_level: dict[str, list[Rule]] = {each: [] for each in _LEVELS}
    sorted_: dict[str, list[Rule]] = {"always": [], "stays": [], "uses": []}
    narrowed = False
    for each in policies.policies.values():
        if each.id not in _base():
            narrowed = True
            continue
        rule = Rule(each.title, each.cite)
        named = _levels_of(each)
        if each.effect == "forbid" and "none" in named:
            by_level["none"].append(rule)
        elif not _about_receiving(each):
            sorted_["uses"].append(rule)
        elif each.effect == "forbid":
            sorted_["stays"].append(rule)
        elif named:
            for level in named:
                by_level[level].append(rule)
        else:
            sorted_["always"].append(rule)
    told = tuple((level, tuple(rules)) for level, rules in by_level.items() if rules)
    return Rules(
        told, tuple(sorted_["always"]), tuple(sorted_["stays"]), tuple(sorted_["uses"]), narrowed=narrowed
    )


@cache
def _base() -> frozenset[str]:
    return frozenset(each.id for each in policy.load().policies.values())


def _about_receiving(policy_: Policy) -> bool:
    """Return whether a policy decides about any form in which something goes somewhere."""
    action = policy_.tree["action"]
    if action["op"] == "All":
        return True
    named = action.get("entities") or [action["entity"]]
    return any(each["id"] in FORMS for each in named)


def _levels_of(policy_: Policy) -> list[str]:
    """Return the TLP levels that a policy asks for by name."""
    found = {
        level
        for each in policy_.tree["conditions"]
        if each["kind"] == "when"
        for level in _compared(each["body"])
    }
    return [each for each in _LEVELS if each in found]


def _compared(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for each in tree:
            yield from _compared(each)
    elif isinstance(tree, dict):
        if "==" in tree:
            entity = tree["=="]["right"].get("Value")
            named = entity.get("__entity") if isinstance(entity, dict) else None
            if named and named["type"] == "Tlp":
                yield named["id"]
        for each in tree.values():
            yield from _compared(each)
