"""Every case that policies can tell apart: what a change of policies widens or narrows, with the first case of each.

The vocabulary of policies is finite: enumerations, flags, and the strings that the policies themselves write. An attribute
that neither set mentions for an action cannot make a difference, so it stands still; all others take every value, and for
strings every value that is written somewhere, none, and one that is written nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from math import prod
from typing import Any

import msgspec

from tocsin.errors import LimitError
from tocsin.sharing import oracle
from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.audience import ROLES, Organisation
from tocsin.sharing.facts import CURRENT, EMBARGOED, EXPIRED, NO_PAP, NO_TLP, PAP_WORDS, TLP_WORDS, Facts
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.residual import compile_policies, covers

OWN, RECIPIENT, SOMEBODY = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in "abc")
_COMMUNITY = "00000000-0000-4000-8000-00000000000d"
_ELSEWHERE = "ZZ"  # a country code that nobody has
_MOST = 20_000_000
_COUNTRY = re.compile(r"[A-Z]{2}")


class Case(msgspec.Struct, frozen=True):
    """A recipient and the facts of a label set."""

    recipient: Organisation
    facts: Facts


class Difference(msgspec.Struct, frozen=True):
    """What a change does to one action, over all cases.

    Attributes:
        action: which one.
        cases: how many were compared.
        widened, narrowed: in how many something may be done now that could not, and the reverse.
        first_widened, first_narrowed: a case of each.
    """

    action: str
    cases: int
    widened: int
    narrowed: int
    first_widened: Case | None
    first_narrowed: Case | None


def compare(before: PolicySet, after: PolicySet, actions: Iterable[str] = tuple(ACTIONS)) -> list[Difference]:
    """Compare two sets of policies over every case, for each of `actions`.

    Raises:
        LimitError: the policies write so many different strings that the cases cannot be counted out.
    """
    return [_compare(before, after, action) for action in actions]


def _compare(before: PolicySet, after: PolicySet, action: str) -> Difference:
    trees = [
        policy.tree
        for policies in (before, after)
        for policy in policies.policies.values()
        if covers(policy, action)
    ]
    names, words = _vocabulary(trees)
    recipients = _recipients(names, words)
    facts = _facts(names, words, [r.id for r in recipients])
    rows = list(enumerate(facts))
    if len(rows) * len(recipients) > _MOST:
        raise LimitError(f"{len(rows) * len(recipients):,} cases to compare, {_MOST:,} are the most")
    widened = narrowed = 0
    first: dict[str, Case] = {}
    for recipient in recipients:
        old, new = (set(_select(policies, action, recipient, rows)) for policies in (before, after))
        more, fewer = new - old, old - new
        widened, narrowed = widened + len(more), narrowed + len(fewer)
        for name, changed in (("widened", more), ("narrowed", fewer)):
            if changed and name not in first:
                first[name] = Case(recipient, facts[min(changed)])
    return Difference(
        action, len(rows) * len(recipients), widened, narrowed, first.get("widened"), first.get("narrowed")
    )


def _select(
    policies: PolicySet, action: str, recipient: Organisation, rows: list[tuple[int, Facts]]
) -> list[int]:
    principal, context = oracle.recipient_facts(recipient), oracle.context_facts(recipient)
    return compile_policies(policies.policies.values(), action, principal, context).select(rows)


def _vocabulary(trees: Iterable[Mapping[str, Any]]) -> tuple[set[str], set[str]]:
    """Return the attributes that policies ask about, as `principal.country`, and the strings they write."""
    names: set[str] = set()
    words: set[str] = set()
    waiting: list[Any] = [condition["body"] for tree in trees for condition in tree["conditions"]]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            if "." in node:
                names.add(f"{node['.']['left'].get('Var')}.{node['.']['attr']}")
            elif isinstance(node.get("Value"), str):
                words.add(node["Value"])
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return names, words


def _recipients(names: set[str], words: set[str]) -> list[Organisation]:
    countries = ["", _ELSEWHERE, *sorted(w for w in words if _COUNTRY.fullmatch(w))]
    identities = sorted(w for w in words if w.startswith("identity--"))
    named = [role for role in ROLES if role in words]
    another = [role for role in ROLES if role not in words][:1]
    plain = sorted(words - set(countries) - set(identities) - set(ROLES))
    values: dict[str, list[Any]] = {
        "country": countries,
        "sector": ["", *plain],
        "roles": [(), *((role,) for role in [*another, *named]), *([tuple(named)] if len(named) > 1 else [])],
        "communities": [(), (_COMMUNITY,), *((each,) for each in plain)],
        "client": [False, True],
        "suspended": [False, True],
    }
    asked = {name: v if f"principal.{name}" in names else v[:1] for name, v in values.items()}
    made = []
    for own, identifier in [(True, OWN), *((False, each) for each in [RECIPIENT, *identities])]:
        for combination in product(*asked.values()):
            facts = dict(zip(asked, combination, strict=True))
            made.append(Organisation(identifier, "somebody", own=own, **facts))
    return made


def _facts(names: set[str], words: set[str], recipients: list[str]) -> list[Facts]:
    identities = sorted(w for w in words if w.startswith("identity--"))
    countries = sorted(w for w in words if _COUNTRY.fullmatch(w))
    others = sorted(words - set(identities) - set(countries) - set(ROLES))
    levels = [(word, frozenset((word,))) for word in TLP_WORDS.values()]
    values: dict[str, list[Any]] = {
        "tlp": [(NO_TLP, frozenset()), *levels, ("amber", frozenset(("green", "amber")))],
        "understood": [True, False],
        "owner": [SOMEBODY, OWN, RECIPIENT, *identities],
        "communities": [frozenset(), *(frozenset((each,)) for each in (_COMMUNITY, *others))],
        "recipients": [frozenset(), frozenset(recipients)],
        "pap": [NO_PAP, *PAP_WORDS.values()],
        "timing": [CURRENT, EMBARGOED, EXPIRED],
        "limited": [
            (False, frozenset()),
            *((True, frozenset(some)) for some in ((), (_ELSEWHERE,), *((c,) for c in countries))),
        ],
        "no_regulators": [False, True],
        "no_law_enforcement": [False, True],
        "hide_source": [False, True],
    }
    same = {"tlp": {"tlp", "levels"}, "owner": {"owner", "ours"}, "limited": {"limited", "countries"}}
    asked = {
        name: v if any(f"resource.{n}" in names for n in same.get(name, {name})) else v[:1]
        for name, v in values.items()
    }
    if prod(map(len, asked.values())) > _MOST:
        raise LimitError("the policies tell too many cases apart to compare them all")
    return list(_combined(asked))


def _combined(asked: Mapping[str, list[Any]]) -> Iterator[Facts]:
    for combination in product(*asked.values()):
        each = dict(zip(asked, combination, strict=True))
        each["tlp"], each["levels"] = each["tlp"]
        each["limited"], each["countries"] = each["limited"]
        yield Facts(**each, ours=each["owner"] == OWN)
