"""The comparison of two sets of policies over all cases."""

from __future__ import annotations

import pytest

from tocsin.errors import LimitError
from tocsin.sharing import lattice, oracle, policy
from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.lattice import Difference
from tocsin.sharing.policy import PolicySet

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


def test_too_many_cases_are_refused() -> None:
    countries = ", ".join(f'"{a}{b}"' for a in "ABCDEFGHIJKLMNOP" for b in "ABCDEFGH")
    with pytest.raises(LimitError, match="most"):
        lattice.compare(
            BASE,
            with_own(
                f"forbid (principal, action, resource) when {{ [{countries}].contains(principal.country) && "
                f"resource.countries.containsAny([{countries}]) && "
                'resource.pap == Pap::"red" && principal.transfer == Transfer::"none" }'
            ),
        )


def test_own_policies_only_forbid() -> None:
    from tocsin.errors import PolicyError

    with pytest.raises(PolicyError, match=r"mine\.cedar: policy mine permits"):
        with_own("permit (principal, action, resource)")
    with pytest.raises(PolicyError, match="two policies have the @id suspended"):
        policy.load(own={"x.cedar": f'@id("suspended") {NOTES} forbid (principal, action, resource);'})
    assert with_own("forbid (principal, action, resource)").version != BASE.version
