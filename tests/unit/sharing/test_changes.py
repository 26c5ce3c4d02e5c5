"""Which changes are worth trying: what each says, who could bring it about, and what exactly would then be otherwise.

That those which are told really turn the decision is tested with explanations; here it is that none is tried in vain,
for every one multiplies the pairs and threes.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from deciding import OWN, OWN_ID, PEER, PEER_ID, THIRD_ID
from tocsin.sharing import policy
from tocsin.sharing.changes import OPERATOR, PARTIES, SOURCE, Change, Step, _kinds, changes_of
from tocsin.sharing.facts import Facts
from tocsin.sharing.labels import Definitions, label_for
from tocsin.sharing.oracle import Decision
from tocsin.sharing.policy import PolicySet
from tocsin.sharing.wording import Case

NAMES = {"c1": "Alliance", "c2": "Constituency", "c3": "Region", THIRD_ID: "Third"}
FACTS = Facts("clear", frozenset(("clear",)), True, THIRD_ID, False, frozenset(), frozenset())
Proposal = tuple[str, str, dict[str, Any]]
ALWAYS: list[Proposal] = [
    ("Peer is suspended", OPERATOR, {"suspended": True}),
    ("Peer becomes a client of Own", OPERATOR, {"client": True}),
    ("Third names Peer as recipient", SOURCE, {"recipients": frozenset((PEER_ID,))}),
]


def proposed(
    facts: dict[str, Any], recipient: dict[str, Any], action: str, *, allowed: bool = False
) -> list[list[Proposal]]:
    """Return the kinds of change: words, who, and the facts that would be otherwise."""
    told = msgspec.structs.replace(FACTS, **facts)
    who = msgspec.structs.replace(PEER, **recipient)
    case = Case(OWN, who, action, label_for((), owner=told.owner), Definitions({}), NAMES, 0)
    found = []
    for kind in _kinds(case, told, allowed=allowed):
        tried = []
        for step, apply in kind:
            then = apply((who, told))
            changed = {
                name: getattr(after, name)
                for before, after in zip((who, told), then, strict=True)
                for name in before.__struct_fields__
                if getattr(before, name) != getattr(after, name)
            }
            tried.append((step.words, step.who, changed))
        found.append(tried)
    return found


def beside(facts: dict[str, Any], recipient: dict[str, Any], action: str = "receive") -> list[Proposal]:
    """Return what is proposed beside what always is."""
    kinds = proposed(facts, recipient, action)
    return [each for kind in kinds for each in kind if each not in ALWAYS]


def test_where_nothing_stands_in_the_way_only_the_ordinary_is_tried() -> None:
    assert proposed({}, {}, "receive") == [*([each] for each in ALWAYS), []]


ASKED: dict[str, tuple[dict[str, Any], dict[str, Any], str, list[Proposal]]] = {
    "not understood": (
        {"understood": False},
        {},
        "receive",
        [
            (
                "the unknown marking is defined by Third or by this node's organisation",
                f"{SOURCE}, or {OPERATOR}",
                {"understood": True},
            )
        ],
    ),
    "embargoed": (
        {"timing": "embargoed"},
        {},
        "receive",
        [("its embargo is over", "time", {"timing": "current"})],
    ),
    "expired": (
        {"timing": "expired"},
        {},
        "receive",
        [("Third gives it a later end", SOURCE, {"timing": "current"})],
    ),
    "other countries": (
        {"limited": True, "countries": frozenset(("XC",))},
        {},
        "receive",
        [("Third releases it to XB", SOURCE, {"countries": frozenset(("XB", "XC"))})],
    ),
    "no country": (
        {"limited": True},
        {"country": ""},
        "receive",
        [("Third releases it to organisations without a country", SOURCE, {"countries": frozenset(("",))})],
    ),
    "its country": ({"limited": True, "countries": frozenset(("XB",))}, {}, "receive", []),
    "countries that limit nothing": ({"countries": frozenset(("XC",))}, {}, "receive", []),
    "no regulators, roles unknown": (
        {"no_regulators": True},
        {},
        "receive",
        [
            ("Peer is known to be a company", OPERATOR, {"roles": ("company",)}),
            ("Third allows regulatory use", SOURCE, {"no_regulators": False}),
        ],
    ),
    "no police, roles unknown": (
        {"no_law_enforcement": True},
        {},
        "receive",
        [
            ("Peer is known to be a company", OPERATOR, {"roles": ("company",)}),
            ("Third allows use by law enforcement", SOURCE, {"no_law_enforcement": False}),
        ],
    ),
    "no regulators, roles known": (
        {"no_regulators": True},
        {"roles": ("regulator",)},
        "receive",
        [("Third allows regulatory use", SOURCE, {"no_regulators": False})],
    ),
    "no names": (
        {"hide_source": True},
        {},
        "attribute_source",
        [("Third allows its name to be told", SOURCE, {"hide_source": False})],
    ),
    "PAP, blocking": (
        {"pap": "red"},
        {},
        "block",
        [("Third marks it PAP:GREEN", SOURCE, {"pap": "green"})],
    ),
    "PAP, asking others": (
        {"pap": "red"},
        {},
        "enrich_externally",
        [("Third marks it PAP:AMBER", SOURCE, {"pap": "amber"})],
    ),
    "PAP, having": ({"pap": "red"}, {}, "receive", []),
    "no PAP, blocking": ({}, {}, "block", []),
    "barred": (
        {"barred": frozenset(("block", "match"))},
        {},
        "block",
        [("what was agreed permits to act against what it names", PARTIES, {"barred": frozenset(("match",))})],
    ),
    "other things barred": ({"barred": frozenset(("block",))}, {}, "match", []),
    "circles": (
        {"circles": frozenset(("c1", "c2", "c3")), "communities": frozenset(("c3",))},
        {"communities": ("c2", "c3")},
        "receive",
        [
            ("Peer leaves the community Region", OPERATOR, {"communities": ("c2",)}),
            (
                "it is kept in a collection of the community Constituency",
                OPERATOR,
                {"communities": frozenset(("c2", "c3"))},
            ),
            ("Peer joins the community Alliance", OPERATOR, {"communities": ("c2", "c3", "c1")}),
        ],
    ),
    "reserved": (
        {"reserved": True, "reserved_for": frozenset((THIRD_ID,))},
        {},
        "receive",
        [
            (
                "Third lets Peer have it in its marking",
                SOURCE,
                {"reserved_for": frozenset((PEER_ID, THIRD_ID))},
            )
        ],
    ),
    "reserved for it": ({"reserved": True, "reserved_for": frozenset((PEER_ID,))}, {}, "receive", []),
    "reserved for nobody asked": ({"reserved_for": frozenset((THIRD_ID,))}, {}, "receive", []),
    "professions": (
        {"professional": True, "professions": frozenset(("government", "csirt"))},
        {},
        "receive",
        [
            ("Peer is known to be a csirt", OPERATOR, {"roles": ("csirt",)}),
            ("Peer is known to be a government", OPERATOR, {"roles": ("government",)}),
        ],
    ),
    "encryption, and none": (
        {"encrypted": True},
        {"encrypted": False},
        "receive",
        [("it goes over TLS", OPERATOR, {"encrypted": True})],
    ),
    "encryption, and it is": ({"encrypted": True}, {}, "receive", []),
    "no encryption asked": ({}, {"encrypted": False}, "receive", []),
    "embargo between states": (
        {},
        {"embargoed": "an embargo"},
        "receive",
        [("the embargo is lifted", OPERATOR, {"embargoed": ""})],
    ),
    "not verified": (
        {},
        {"trust": "unverified"},
        "receive",
        [("Peer is verified", OPERATOR, {"trust": "known"})],
    ),
    "trusted": ({}, {"trust": "trusted"}, "receive", []),
    "personal, no ground": (
        {"personal": True},
        {"transfer": "none"},
        "receive",
        [
            (
                "an agreement with Peer gives a ground for personal data to go to XB",
                PARTIES,
                {"transfer": "clauses"},
            )
        ],
    ),
    "personal, no country": (
        {"personal": True},
        {"transfer": "unknown", "country": ""},
        "receive",
        [
            (
                "the country of Peer is known, and is this node's own",
                OPERATOR,
                {"transfer": "domestic"},
            ),
            (
                "an agreement with Peer gives a ground for personal data to go to its country",
                PARTIES,
                {"transfer": "clauses"},
            ),
        ],
    ),
    "personal, with a ground": ({"personal": True}, {}, "receive", []),
    "nothing personal": ({}, {"transfer": "none"}, "receive", []),
    "offences": (
        {"holds": frozenset(("offence", "name"))},
        {},
        "receive",
        [("Peer is known to be an authority", OPERATOR, {"roles": ("government",)})],
    ),
    "other content": ({"holds": frozenset(("name",))}, {}, "receive", []),
    "communities": (
        {"communities": frozenset(("c1", "c2", "c3"))},
        {"communities": ("c3",), "lapsed": (("c1", "over"), ("c9", "over"))},
        "receive",
        [
            (
                "the agreement that Alliance rests on is in force for Peer and Own",
                PARTIES,
                {"communities": ("c3", "c1")},
            ),
            ("Peer joins the community Constituency", OPERATOR, {"communities": ("c3", "c2")}),
            ("Peer leaves the community Region", OPERATOR, {"communities": ()}),
        ],
    ),
    "proceedings": (
        {"communities": frozenset(("c1",))},
        {"communities": ("c1",)},
        "use_in_proceedings",
        [
            ("Peer leaves the community Alliance", OPERATOR, {"communities": ()}),
            (
                "the agreement that its communities rest on permits use in proceedings",
                PARTIES,
                {"consented": True},
            ),
        ],
    ),
    "proceedings of no community": ({}, {}, "use_in_proceedings", []),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "recipient", "action", "expected"), ASKED.values(), ids=list(ASKED))
def test_what_is_tried(
    facts: dict[str, Any], recipient: dict[str, Any], action: str, expected: list[Proposal]
) -> None:
    assert beside(facts, recipient, action) == expected


@pytest.mark.parametrize("facts", [{"ours": True, "owner": OWN_ID}, {"consented": True}])
def test_what_is_ours_or_consented_to_waits_for_no_agreement(facts: dict[str, Any]) -> None:
    found = beside({"communities": frozenset(("c1",)), **facts}, {}, "use_in_proceedings")
    assert not any("proceedings" in words for words, _, _ in found)


@pytest.mark.parametrize(
    "facts",
    [
        {"professional": True, "professions": frozenset(("csirt",))},
        {"holds": frozenset(("offence",))},
    ],
)
def test_the_own_organisation_is_what_it_is(facts: dict[str, Any]) -> None:
    own = {"id": OWN_ID, "name": "Own", "own": True}
    assert proposed(facts, own, "receive") == [
        [("Own is suspended", OPERATOR, {"suspended": True})],
        [("Third names Own as recipient", SOURCE, {"recipients": frozenset((OWN_ID,))})],
        [],
    ]
    roles = {"no_regulators": True, "no_law_enforcement": True}
    assert not any("company" in str(kind) for kind in proposed(roles, own, "receive"))


def test_what_is_can_be_undone() -> None:
    found = proposed(
        {"recipients": frozenset((PEER_ID, THIRD_ID))}, {"suspended": True, "client": True}, "receive"
    )
    assert found == [
        [("Peer is no longer suspended", OPERATOR, {"suspended": False})],
        [("Peer is no longer a client of Own", OPERATOR, {"client": False})],
        [("Third no longer names Peer", SOURCE, {"recipients": frozenset((THIRD_ID,))})],
        [],
    ]


def _levels(tlp: str, *, allowed: bool) -> list[Proposal]:
    levels = frozenset() if tlp == "none" else frozenset((tlp,))
    return proposed({"tlp": tlp, "levels": levels}, {}, "receive", allowed=allowed)[-1]


def _marked(word: str, more: str = "", who: str = SOURCE) -> Proposal:
    return f"Third marks it TLP:{word.upper()}{more}", who, {"tlp": word, "levels": frozenset((word,))}


def test_other_levels_come_the_nearest_first() -> None:
    assert _levels("amber", allowed=False) == [_marked("green"), _marked("clear")]
    assert _levels("amber", allowed=True) == [_marked("amber+strict"), _marked("red")]
    assert _levels("clear", allowed=False) == []
    assert _levels("red", allowed=True) == []
    vouched = ", or this node vouches for that at import", f"{SOURCE}, or {OPERATOR}"
    assert _levels("none", allowed=False) == [
        _marked(each, *vouched) for each in ("red", "amber+strict", "amber", "green", "clear")
    ]


def test_of_many_communities_five_are_enough() -> None:
    many = frozenset(f"m{n}" for n in range(9))
    joining = beside({"communities": many}, {})
    assert [words for words, _, _ in joining] == [f"Peer joins the community m{n}" for n in range(5)]
    assert len(beside({"circles": many}, {})) == 5
    assert len(beside({}, {"communities": tuple(many)})) == 5
    lapsed = beside({"communities": many}, {"lapsed": tuple((each, "over") for each in sorted(many))})
    assert [who for _, who, _ in lapsed] == [PARTIES] * 5


def test_a_change_is_told_in_its_steps() -> None:
    steps = (Step("one", "us"), Step("other", "them"))
    assert Change(steps, ()).words == "one, and other"


def test_what_is_as_it_should_be_needs_no_step() -> None:
    """No change at all is none: where another world decides otherwise anyway, nothing is told."""
    case = Case(OWN, PEER, "receive", label_for((), owner=THIRD_ID), Definitions({}), NAMES, 0)
    found = list(changes_of(policy.load(), case, FACTS, Decision(allowed=False, reasons=(), errors=())))
    assert all(change.steps for change in found)


def _deciding(condition: str) -> PolicySet:
    schema = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text(encoding="utf-8")
    text = f'@id("p") @title("t") @cite("c") {condition};'
    return PolicySet({"a.cedar": text}, schema)


def test_an_error_is_no_change() -> None:
    """A world in which the policies cannot be evaluated is a no, but nothing to advise."""
    overflow = "9223372036854775807 + (if principal.client then 1 else 0) > 0"
    policies = _deciding(f"permit (principal, action, resource) when {{ {overflow} }}")
    case = Case(OWN, PEER, "receive", label_for((), owner=THIRD_ID), Definitions({}), NAMES, 0)
    assert list(changes_of(policies, case, FACTS, Decision(allowed=True, reasons=(), errors=()))) == []


@pytest.mark.parametrize(("needed", "told"), [(3, 1), (4, 0)])
def test_three_at_once_and_no_more(needed: int, told: int) -> None:
    asked = [
        "principal.client",
        "principal.suspended",
        'resource.timing == Timing::"current"',
        "resource.understood",
    ]
    condition = " && ".join(asked[:needed])
    facts = msgspec.structs.replace(FACTS, timing="embargoed", understood=False)
    case = Case(OWN, PEER, "receive", label_for((), owner=THIRD_ID), Definitions({}), NAMES, 0)
    policies = _deciding(f"permit (principal, action, resource) when {{ {condition} }}")
    found = list(changes_of(policies, case, facts, Decision(allowed=False, reasons=(), errors=())))
    assert [len(change.steps) for change in found] == [3] * told


def test_of_many_changes_twelve_are_told() -> None:
    """Of each of four kinds of community there are five."""
    many = tuple(f"m{n}" for n in range(9))
    facts = msgspec.structs.replace(
        FACTS, communities=frozenset(many), circles=frozenset(("x", "y", "z", "u", "v", "w"))
    )
    who = msgspec.structs.replace(PEER, communities=tuple(f"n{n}" for n in range(9)))
    case = Case(OWN, who, "receive", label_for((), owner=THIRD_ID), Definitions({}), NAMES, 0)
    policies = _deciding(
        "permit (principal, action, resource) when { !principal.suspended && !principal.client "
        f"&& principal.communities == [{', '.join(map(repr, who.communities))}] "
        f"&& resource.communities == [{', '.join(map(repr, many))}] && resource.recipients.isEmpty() }}".replace(
            "'", '"'
        )
    )
    found = list(changes_of(policies, case, facts, Decision(allowed=True, reasons=(), errors=())))
    assert len(found) == 12


def test_whoever_is_named_is_named_beside_others() -> None:
    found = proposed({"recipients": frozenset((THIRD_ID,))}, {}, "receive")
    named = ("Third names Peer as recipient", SOURCE, {"recipients": frozenset((PEER_ID, THIRD_ID))})
    assert [named] in found
