from __future__ import annotations

from tocsin.server.pages.home.front import rules_of
from tocsin.sharing import policy

OWN = '@id("no-police-of-xc") @title("Nothing to Secret Partner") @cite("us") forbid (principal, action, resource) when { principal.country == "XC" };'


def test_every_rule_in_force_is_told_once_or_more() -> None:
    policies = policy.load()
    found = rules_of(policies)
    told = {each.title for _, rules in found.levels for each in rules}
    told |= {each.title for each in (*found.always, *found.stays, *found.uses)}
    assert told == {each.title for each in policies.policies.values()}
    assert not found.narrowed


def test_each_level_has_its_rules() -> None:
    found = rules_of(policy.load())
    levels = dict(found.levels)
    assert list(levels) == ["clear", "green", "amber", "amber+strict", "red", "none"]
    assert [each.title for each in levels["clear"]] == ["TLP:CLEAR may go to everyone"]
    assert all("TLP:RED" in each.title for each in levels["red"])
    assert "stays here" in levels["none"][0].title
    assert {"Nothing goes to a suspended organisation"} <= {each.title for each in found.stays}
    assert "TLP:CLEAR may be passed on by anyone" in {each.title for each in found.uses}


def test_rules_of_the_organisation_are_told_of_and_not_told() -> None:
    found = rules_of(policy.load(own={"own.cedar": OWN}))
    assert found.narrowed
    assert "Secret Partner" not in repr(found)
