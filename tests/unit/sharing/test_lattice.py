"""The comparison of two sets of policies over all cases."""

from __future__ import annotations

import json
from types import SimpleNamespace

import msgspec
import pytest

from tocsin.errors import LimitError
from tocsin.law.transfer import GROUNDS
from tocsin.sharing import lattice, oracle, policy
from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.agreements import USES
from tocsin.sharing.audience import ROLES
from tocsin.sharing.facts import Facts
from tocsin.sharing.lattice import Difference
from tocsin.sharing.policy import PolicySet
from tocsin.stix.sensitive import PERSONAL, SENSITIVE

SCHEMA = (policy.files("tocsin.sharing") / "policies" / "schema.cedarschema").read_text(encoding="utf-8")
NOTES = '@title("t") @cite("c")'
BASE = policy.load()


def made(*texts: str) -> PolicySet:
    return PolicySet({"a.cedar": "".join(f'@id("p{n}") {NOTES} {t};' for n, t in enumerate(texts))}, SCHEMA)


def with_own(text: str) -> PolicySet:
    return policy.load(own={"mine.cedar": f'@id("mine") {NOTES} {text};'})


def by_action(found: list[Difference]) -> dict[str, tuple[bool, bool]]:
    return {d.action: (d.widened > 0, d.narrowed > 0) for d in found}


def test_a_set_does_not_differ_from_itself() -> None:
    found = lattice.compare(BASE, BASE)
    assert [d.action for d in found] == list(ACTIONS)
    assert not any(d.widened or d.narrowed or d.first_widened or d.first_narrowed for d in found)
    assert not any(d.cases for d in found)


CHANGES = [
    'forbid (principal, action, resource) when { principal.country == "XB" }',
    'forbid (principal, action, resource) when { ["XB", "XC"].contains(principal.country) && resource.timing == Timing::"current" }',
    'forbid (principal, action, resource) when { principal.sector == "energy" && resource.tlp == Tlp::"green" }',
    'forbid (principal, action, resource) when { principal.roles.containsAll(["vendor", "company"]) }',
    'forbid (principal, action, resource) when { principal.communities.contains("11111111-0000-4000-8000-000000000000") }',
    'forbid (principal, action, resource) when { context.recipient == "identity--11111111-0000-4000-8000-000000000000" }',
    'forbid (principal, action, resource) when { resource.owner == "identity--11111111-0000-4000-8000-000000000000" }',
    'forbid (principal, action, resource) when { resource.levels.contains(Tlp::"green") && resource.tlp == Tlp::"amber" }',
    'forbid (principal, action, resource) when { resource.pap == Pap::"red" }',
    "forbid (principal, action, resource) when { resource.limited && resource.countries.isEmpty() }",
    "forbid (principal, action, resource) when { !resource.ours }",
    "forbid (principal, action, resource) when { principal.client }",
]


@pytest.mark.parametrize("text", CHANGES)
def test_every_change_is_seen_whatever_it_hangs_on_and_both_ways(text: str) -> None:
    after = with_own(text)
    (there,), (back,) = (lattice.compare(*pair, ["receive"]) for pair in ((BASE, after), (after, BASE)))
    assert there.widened == 0
    assert there.narrowed > 0
    assert (back.widened, back.narrowed) == (there.narrowed, 0)
    case = there.first_narrowed
    assert case is not None
    assert case == back.first_widened
    assert oracle.decide(BASE, case.recipient, "receive", case.facts).allowed
    assert not oracle.decide(after, case.recipient, "receive", case.facts).allowed


def test_only_the_actions_that_it_covers_differ() -> None:
    found = lattice.compare(BASE, with_own('forbid (principal, action == Action::"block", resource)'))
    assert {action for action, changed in by_action(found).items() if any(changed)} == {"block"}


def test_what_is_forbidden_anyway_makes_no_difference() -> None:
    text = 'forbid (principal, action == Action::"receive", resource) when { principal.suspended }'
    assert not any(any(changed) for changed in by_action(lattice.compare(BASE, with_own(text))).values())


def test_both_at_once() -> None:
    red = 'permit (principal, action == Action::"receive", resource) when { resource.tlp == Tlp::"red" }'
    green = red.replace("red", "green")
    (found, *_) = lattice.compare(made(red), made(green))
    assert found.widened == found.narrowed > 0
    assert found.first_widened is not None
    assert found.first_narrowed is not None
    assert (found.first_widened.facts.tlp, found.first_narrowed.facts.tlp) == ("green", "red")


def test_what_permits_is_asked_about_as_well() -> None:
    """Where it permits is not where all else stands still."""
    ours = 'permit (principal, action == Action::"receive", resource) when { resource.ours }'
    red = 'forbid (principal, action, resource) when { resource.tlp == Tlp::"red" }'
    (found,) = lattice.compare(made(ours), made(ours, red), ["receive"])
    assert (found.widened, found.narrowed > 0) == (0, True)
    assert found.first_narrowed is not None
    assert found.first_narrowed.facts.ours


def test_what_forbids_where_all_else_stands_still_is_asked_about_whatever_it_is_called() -> None:
    anything = "permit (principal, action, resource)"
    still = 'forbid (principal, action, resource) when { resource.timing == Timing::"current" }'
    red = 'forbid (principal, action, resource) when { resource.tlp == Tlp::"red" }'
    less, more = made(anything, still), made(red, anything, still)
    (found,), (back,) = (lattice.compare(*pair, ["receive"]) for pair in ((less, more), (more, less)))
    assert (found.widened, found.narrowed > 0) == (0, True)
    assert (back.widened, back.narrowed) == (found.narrowed, 0)
    assert found.first_narrowed is not None
    assert found.first_narrowed.facts.timing != "current"


def test_too_many_cases_are_refused() -> None:
    countries = ", ".join(f'"{a}{b}"' for a in "ABCDEFGHIJKLMNOP" for b in "ABCDEFGH")
    with pytest.raises(
        LimitError, match=r"^the policies tell too many|cases to compare, 20,000,000 are the most"
    ):
        lattice.compare(
            BASE,
            with_own(
                f"forbid (principal, action, resource) when {{ [{countries}].contains(principal.country) && "
                f"resource.countries.containsAny([{countries}]) && "
                'resource.pap == Pap::"red" && principal.transfer == Transfer::"none" }'
            ),
        )


def test_too_many_facts_are_refused_before_they_are_made() -> None:
    names = {f"resource.{name}" for name in Facts.__struct_fields__}
    with pytest.raises(LimitError, match=r"^the policies tell too many cases apart"):
        lattice._facts(names, set(), [])


def test_own_policies_only_forbid() -> None:
    from tocsin.errors import PolicyError

    with pytest.raises(PolicyError, match=r"mine\.cedar: policy mine permits"):
        with_own("permit (principal, action, resource)")
    with pytest.raises(PolicyError, match="two policies have the @id suspended"):
        policy.load(own={"x.cedar": f'@id("suspended") {NOTES} forbid (principal, action, resource);'})
    assert with_own("forbid (principal, action, resource)").version != BASE.version


ELSEWHERE, COMMUNITY = "ZZ", "00000000-0000-4000-8000-00000000000d"
NAMED = "identity--11111111-0000-4000-8000-000000000000"
WORDS = {"XB", "XC", "company", "vendor", "energy", NAMED}


def sets(*some: tuple[str, ...]) -> list[frozenset[str]]:
    return [frozenset(each) for each in some]


def pairs(*some: tuple[str, ...]) -> list[tuple[bool, frozenset[str]]]:
    return [(False, frozenset()), *((True, each) for each in sets(*some))]


FACTS_ASKED: dict[tuple[str, ...], list[object]] = {
    ("tlp", "levels"): [
        ("none", frozenset()),
        *((each, frozenset((each,))) for each in ("clear", "green", "amber", "amber+strict", "red")),
        ("amber", frozenset(("green", "amber"))),
    ],
    ("understood",): [True, False],
    ("owner", "ours"): [
        (lattice.SOMEBODY, False),
        (lattice.OWN, True),
        (lattice.RECIPIENT, False),
        (NAMED, False),
    ],
    ("communities",): sets((), (COMMUNITY,), ("energy",)),
    ("recipients",): sets((), ("r1", "r2")),
    ("pap",): ["unsaid", "clear", "green", "amber", "red", "nothing"],
    ("timing",): ["current", "embargoed", "expired"],
    ("limited", "countries"): pairs((), (ELSEWHERE,), ("XB",), ("XC",)),
    ("no_regulators",): [False, True],
    ("no_law_enforcement",): [False, True],
    ("hide_source",): [False, True],
    ("circled", "circles"): pairs((), (COMMUNITY,), ("energy",)),
    ("reserved", "reserved_for"): pairs((), ("r1", "r2")),
    ("professional", "professions"): pairs((), ("company",), ("vendor",), ROLES),
    ("encrypted",): [False, True],
    ("holds", "personal"): [
        (frozenset(), False),
        *((frozenset((kind,)), kind in PERSONAL) for kind in SENSITIVE),
        (frozenset(SENSITIVE), True),
    ],
    ("barred",): sets((), *((use,) for use in USES), USES),
    ("consented",): [False, True],
}


@pytest.mark.parametrize("names", FACTS_ASKED, ids=lambda names: names[0])
def test_what_is_asked_of_labels_is_counted_out(names: tuple[str, ...]) -> None:
    """Every value that policies tell apart, whichever of the facts that go together they ask about."""
    standing = lattice._facts(set(), WORDS, ["r1", "r2"])
    assert len(standing) == 1
    for asked in names:
        found = lattice._facts({f"resource.{asked}", "principal.tlp"}, WORDS, ["r1", "r2"])
        values = [tuple(getattr(each, name) for name in names) for each in found]
        assert [each[0] if len(names) == 1 else each for each in values] == FACTS_ASKED[names]
        others = set(Facts.__struct_fields__) - set(names)
        assert {tuple(getattr(each, name) for name in others) for each in found} == {
            tuple(getattr(standing[0], name) for name in others)
        }


def test_what_is_asked_together_is_combined() -> None:
    found = lattice._facts({"resource.consented", "resource.timing"}, WORDS, [])
    assert [(each.timing, each.consented) for each in found] == [
        (timing, consented) for timing in ("current", "embargoed", "expired") for consented in (False, True)
    ]


RECIPIENTS_ASKED: dict[str, list[object]] = {
    "country": ["", ELSEWHERE, "XB", "XC"],
    "sector": ["", "energy"],
    "roles": [(), ("csirt",), ("company",), ("vendor",), ("company", "vendor")],
    "communities": [(), (COMMUNITY,), ("energy",)],
    "client": [False, True],
    "suspended": [False, True],
    "trust": ["trusted", "known", "unverified"],
    "assurances": [(), ("energy",)],
    "embargoed": ["", "embargo"],
    "transfer": list(GROUNDS),
    "encrypted": [True, False],
}


@pytest.mark.parametrize("name", RECIPIENTS_ASKED)
def test_what_is_asked_of_recipients_is_counted_out(name: str) -> None:
    who = [(True, lattice.OWN), (False, lattice.RECIPIENT), (False, NAMED)]
    standing = lattice._recipients({f"resource.{name}"}, WORDS)
    assert [(each.own, each.id) for each in standing] == who
    found = lattice._recipients({f"principal.{name}"}, WORDS)
    assert [(each.own, each.id, getattr(each, name)) for each in found] == [
        (*each, value) for each in who for value in RECIPIENTS_ASKED[name]
    ]
    assert {each.name for each in found} == {"somebody"}


def test_one_role_that_is_asked_about_is_no_two() -> None:
    found = lattice._recipients({"principal.roles"}, {"company"})
    assert [each.roles for each in found if each.own] == [(), ("csirt",), ("company",)]
    every = lattice._recipients({"principal.roles"}, set(ROLES))
    assert [each.roles for each in every if each.own] == [(), *((role,) for role in ROLES), ROLES]


def test_attributes_and_strings_of_policies_are_found() -> None:
    condition = (
        'when { if principal.country == "XB" then ["a", "b"].contains(principal.sector) else resource.ours }'
    )
    trees = [
        each.tree for each in made(f"forbid (principal, action, resource) {condition}").policies.values()
    ]
    names, words = lattice._vocabulary(trees)
    assert names == {"principal.country", "principal.sector", "resource.ours"}
    assert words == {"XB", "a", "b"}


def test_cases_are_limited_at_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """18 cases: three recipients, and three timings with consent or without."""
    after = made(
        'permit (principal, action, resource) when { resource.timing == Timing::"current" && resource.consented '
        f'&& context.recipient == "{NAMED}" }}'
    )
    before = made()
    monkeypatch.setattr(lattice, "_MOST", 18)
    (found,) = lattice.compare(before, after, ["receive"])
    assert (found.cases, found.widened, found.narrowed) == (18, 1, 0)
    monkeypatch.setattr(lattice, "_MOST", 17)
    with pytest.raises(LimitError, match="18 cases to compare, 17 are the most"):
        lattice.compare(before, after, ["receive"])
    monkeypatch.setattr(lattice, "_MOST", 6)
    with pytest.raises(LimitError, match="18 cases"):
        lattice.compare(before, after, ["receive"])
    monkeypatch.setattr(lattice, "_MOST", 5)
    with pytest.raises(LimitError, match="tell too many cases apart"):
        lattice.compare(before, after, ["receive"])


def test_the_same_policy_under_another_name_is_no_change() -> None:
    text = 'permit (principal, action, resource) when { resource.ours && resource.tlp == Tlp::"red" }'
    one, other = made(text), PolicySet({"b.cedar": f'@id("q") {NOTES} {text};'}, SCHEMA)
    assert all(each.cases == 0 for each in lattice.compare(one, other))


def test_what_is_forbidden_in_both_counts_only_where_it_fires() -> None:
    """A forbid of both sets hides a change exactly where it holds, also one that comes into play by what another asks."""
    forbids = [
        'forbid (principal, action, resource) when { resource.tlp == Tlp::"green" && principal.client }',
        'forbid (principal, action, resource) when { principal.client && resource.timing == Timing::"expired" }',
    ]
    red = 'permit (principal, action, resource) when { resource.tlp == Tlp::"red" }'
    green = 'permit (principal, action, resource) when { resource.tlp == Tlp::"green" }'
    (found,) = lattice.compare(made(*forbids, red), made(*forbids, red, green), ["receive"])
    assert found.narrowed == 0
    assert found.first_widened is not None
    # of two recipients, clients and not, for whom it is green, those that are no clients
    assert found.widened * 2 == sum(
        oracle.decide(made(green), recipient, "receive", facts).allowed
        for recipient in lattice._recipients({"principal.client"}, set())
        for facts in lattice._facts({"resource.tlp"}, set(), [])
    )
    assert found.first_widened.recipient.client is False


def test_what_is_forbidden_where_nothing_else_is_asked_hides_no_change_elsewhere() -> None:
    """The forbid of both sets holds for the standing value of what only it asks about: its other values have to be counted out, too."""
    forbids = [
        'forbid (principal, action, resource) when { resource.timing == Timing::"current" }',
        "forbid (principal, action, resource) when { principal.encrypted && resource.consented }",
    ]
    green = 'permit (principal, action, resource) when { resource.tlp == Tlp::"green" }'
    (found,) = lattice.compare(made(*forbids), made(*forbids, green), ["receive"])
    # of two recipients and three timings, green: embargoed or expired
    assert (found.widened, found.narrowed) == (2 * 2, 0)
    assert found.first_widened is not None
    assert found.first_widened.facts.timing == "embargoed"


def test_how_a_policy_is_written_down_does_not_matter() -> None:
    (one,) = made(
        'permit (principal, action, resource) when { resource.tlp == Tlp::"red" }'
    ).policies.values()
    turned = json.loads(json.dumps(one.tree), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert list(turned) != list(one.tree)
    sets = [
        SimpleNamespace(policies={"p": msgspec.structs.replace(one, tree=tree)})
        for tree in (one.tree, turned)
    ]
    first, second = (lattice._by_tree(each, "receive") for each in sets)
    assert first.keys() == second.keys()
