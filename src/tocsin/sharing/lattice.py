"""Every case that policies can tell apart: what a change of policies widens or narrows, with the first case of each.

The vocabulary of policies is finite: enumerations, flags, and the strings that the policies themselves write. What the policies
that differ ask about, and all that permits, takes every value; for strings every value that is written somewhere, none, and one that is
written nowhere. All else stands still, where no `forbid` of both sets applies: elsewhere that could only take the same from
both. If one does apply, what it asks about takes every value as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

import msgspec

from tocsin.errors import LimitError
from tocsin.law.transfer import GROUNDS
from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.agreements import USES
from tocsin.sharing.audience import ROLES, TRUST, Organisation
from tocsin.sharing.columns import Bits, Columns
from tocsin.sharing.compiled import Asker, Compiler, Condition, asker, covers
from tocsin.sharing.facts import CURRENT, EMBARGOED, EXPIRED, NO_PAP, NO_TLP, PAP_WORDS, TLP_WORDS, Facts
from tocsin.sharing.policy import Policy, PolicySet
from tocsin.stix.sensitive import PERSONAL, SENSITIVE

OWN, RECIPIENT, SOMEBODY = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in "abc")
_COMMUNITY = "00000000-0000-4000-8000-00000000000d"
_ELSEWHERE = "ZZ"  # a country code that nobody has
_MOST = 20_000_000
# flags that have a set beside them
_PAIRS = {
    "limited": "countries",
    "circled": "circles",
    "reserved": "reserved_for",
    "professional": "professions",
}
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
    sets = (before, after)
    compiled = tuple(Compiler(policies.policies.values()) for policies in sets)
    return [_compare([_by_tree(each, action) for each in sets], compiled, action) for action in actions]


def _compare(trees: Sequence[Mapping[str, Policy]], compiled: Sequence[Compiler], action: str) -> Difference:
    old, new = trees
    both = [policy for key, policy in old.items() if key in new]
    changed = [
        policy
        for some, others in ((old, new), (new, old))
        for key, policy in some.items()
        if key not in others
    ]
    if not changed:
        return Difference(action, 0, 0, 0, None, None)
    asking = [*changed, *(policy for policy in both if policy.effect == "permit")]
    inert = [policy for policy in both if policy.effect == "forbid"]
    while True:
        cases = _Cases.of(asking)
        firing = [policy for policy in inert if cases.meet(compiled[0].alone(policy.id))]
        if not firing:
            return cases.compare(action, *(each.condition(action) for each in compiled))
        asking += firing
        inert = [policy for policy in inert if policy not in firing]


def _by_tree(policies: PolicySet, action: str) -> dict[str, Policy]:
    """Return the policies with a say in an action, by what they are."""
    some = (policy for policy in policies.policies.values() if covers(policy, action))
    return {json.dumps([policy.effect, policy.tree["conditions"]], sort_keys=True): policy for policy in some}


class _Cases(msgspec.Struct, frozen=True):
    """All cases that some policies tell apart."""

    recipients: list[tuple[Organisation, Asker]]
    rows: Columns

    @classmethod
    def of(cls, policies: Iterable[Policy]) -> _Cases:
        names, words = _vocabulary([policy.tree for policy in policies])
        recipients = _recipients(names, words)
        rows = list(enumerate(_facts(names, words, [r.id for r in recipients])))
        if len(rows) * len(recipients) > _MOST:
            raise LimitError(f"{len(rows) * len(recipients):,} cases to compare, {_MOST:,} are the most")
        return cls([(each, asker(each)) for each in recipients], Columns(rows))

    def meet(self, condition: Condition) -> bool:
        """Whether a condition holds in any of the cases."""
        return any(condition(self.rows, who) for _, who in self.recipients)

    def compare(self, action: str, old: Condition, new: Condition) -> Difference:
        cases = len(self.rows.rows) * len(self.recipients)
        found = Difference(action, cases, 0, 0, None, None)
        for recipient, who in self.recipients:
            was, is_now = old(self.rows, who), new(self.rows, who)
            more, fewer = is_now & ~was, was & ~is_now
            found = Difference(
                action,
                cases,
                found.widened + more.bit_count(),
                found.narrowed + fewer.bit_count(),
                found.first_widened or self._first(recipient, more),
                found.first_narrowed or self._first(recipient, fewer),
            )
        return found

    def _first(self, recipient: Organisation, changed: Bits) -> Case | None:
        return Case(recipient, self.rows.first(changed)) if changed else None


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
        "trust": list(reversed(TRUST)),
        "assurances": [(), *((each,) for each in plain)],
        "embargoed": ["", "embargo"],
        "transfer": list(GROUNDS),
        "encrypted": [True, False],
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
        "circled": [
            (False, frozenset()),
            *((True, frozenset(some)) for some in ((), (_COMMUNITY,), *((c,) for c in others))),
        ],
        "reserved": [(False, frozenset()), (True, frozenset()), (True, frozenset(recipients))],
        "professional": [
            (False, frozenset()),
            *((True, frozenset(some)) for some in ((), *((role,) for role in ROLES if role in words), ROLES)),
        ],
        "encrypted": [False, True],
        "holds": [frozenset(), *(frozenset((kind,)) for kind in SENSITIVE), frozenset(SENSITIVE)],
        "barred": [frozenset(), *(frozenset((use,)) for use in USES), frozenset(USES)],
        "consented": [False, True],
    }
    same = {"tlp": {"tlp", "levels"}, "owner": {"owner", "ours"}, "holds": {"holds", "personal"}}
    same |= {name: {name, _PAIRS[name]} for name in _PAIRS}
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
        for name, beside in _PAIRS.items():
            each[name], each[beside] = each[name]
        yield Facts(**each, ours=each["owner"] == OWN, personal=not PERSONAL.isdisjoint(each["holds"]))
