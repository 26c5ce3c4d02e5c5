from __future__ import annotations

import pytest

from tocsin.errors import LawError
from tocsin.law.countries import INVENTED
from tocsin.law.load import load, read
from tocsin.law.model import day
from tocsin.sharing.audience import ROLES

REGIME = """
[[regime]]
id = "one"
name = "One"
citation = "Act 1"
from = 2020-01-01
applies_in = ["AT", "CH"]
area = ["EEA"]
default = "restricted"
confidence = "high"
[[regime.accepts]]
kind = "clauses"
citation = "section 1"
[[regime.grant]]
to = ["JP"]
kind = "adequacy"
from = 2021-01-01
until = 2022-01-01
citation = "Decision 1"
confidence = "low"
[[regime.block]]
to = ["KP"]
from = 2021-01-01
citation = "Order 1"
confidence = "medium"
"""
BASIS = """
[[basis]]
id = "base"
name = "Base"
citation = "Act 2"
confidence = "high"
interval = [{ from = 2020-01-01, until = 2021-01-01 }, { from = 2022-01-01 }]
"""
EXAMPLE = """
[[example]]
on = 2021-01-01
from = "AT"
to = "JP"
expect = "adequacy"
"""
WHOLE = REGIME + BASIS + EXAMPLE


def test_everything_is_read() -> None:
    law = read({"a.toml": REGIME, "b.toml": BASIS + EXAMPLE})
    (regime,), (basis,), (example,) = law.regimes.values(), law.bases.values(), law.examples
    assert (regime.id, regime.applies_in, len(regime.area)) == ("one", ("AT", "CH"), 30)
    assert (day(regime.grants[0].since), regime.blocks[0].until) == ("2021-01-01", None)
    assert [day(i.since) for i in basis.intervals] == ["2020-01-01", "2022-01-01"]
    assert (example.on, example.sender, example.recipient) == (regime.grants[0].since, "AT", "JP")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[[regime]]", "[[regime", "f.toml: "),
        ("[[basis]]", "[[base]]", "f.toml: 'base' is none of [[basis]], [[example]], [[regime]]"),
        ('[[regime]]\nid = "one"', '[regime]\nid = "one"', "f.toml: "),
        (WHOLE, "basis = [1]", "f.toml: 'basis' is none of [[basis]], "),
        (WHOLE, "version = 2", "f.toml: 'version' is none of [[basis]], "),
        ('confidence = "low"', 'confidence = "low"\nroles = [1]', "regime 'one': roles = 1 is no day"),
        ("area =", "aera =", "f.toml, regime 'one': Object contains unknown field `aera`"),
        ("until = 2022", "untill = 2022", "f.toml, regime 'one': Object contains unknown field `untill`"),
        ("expect =", "expects =", "f.toml, example 1: "),
        ('citation = "Act 1"\n', "", "regime 'one': Object missing required field `citation`"),
        ('citation = "Decision 1"\n', "", "regime 'one': Object missing required field `citation`"),
        ('"Order 1"', '""', "regime 'one': Expected `str` of length >= 1 - at `$.block[0].citation`"),
        ('citation = "Act 2"\n', "", "basis 'base': Object missing required field `citation`"),
        ('confidence = "low"\n', "", "missing required field `confidence`"),
        ('confidence = "low"', 'confidence = "sure"', "Invalid enum value 'sure'"),
        ('kind = "adequacy"', 'kind = "adequate"', "Invalid enum value 'adequate'"),
        ('kind = "clauses"', 'kind = "consent"', "Invalid enum value 'consent'"),
        ('default = "restricted"', 'default = "free"', "Invalid enum value 'free'"),
        ('id = "one"', 'id = "One law"', "f.toml, regime 'One law': "),
        ('id = "one"\n', "", "f.toml, regime 1: Object missing required field `id`"),
        ('id = "base"', 'id = "one"', "f.toml, basis 'one': another entry has this id already"),
        ("from = 2020-01-01\napplies", 'from = "2020-01-01"\napplies', "'2020-01-01', which is no country code"),
        ("from = 2020-01-01\napplies", "from = 20200101\napplies", "from = 20200101 is no day such as"),
        ("until = 2022-01-01", "until = 2022-01-01T00:00:00Z", "is no day such as 2026-01-31"),
        ("until = 2022-01-01", "until = 2022-02-30", "f.toml: "),
        ("until = 2022-01-01", "until = 2021-01-01", "begins on 2021-01-01 ends on 2021-01-01, not later"),
        ('["AT", "CH"]', '["AT", "UK"]', "regime 'one': applies_in names 'UK', which is no country code"),
        ('["AT", "CH"]', "[]", "regime 'one': Expected `array` of length >= 1"),
        ('to = ["KP"]', 'to = ["kp"]', "to names 'kp'"),
        ('to = ["KP"]', 'to = "KP"', "regime 'one': Expected `array`"),
        ('to = ["KP"]', "to = [7]", "to names 7"),
        ('to = ["KP"]', 'to = ["XA"]', "invented countries are for fictional regimes"),
        ('id = "one"', 'id = "one"\nfictional = true', "invented countries are for fictional regimes"),
        ('from = "AT"', 'from = "EEA"', "example 1: from names 'EEA'"),
        ("until = 2021-01-01 }", "until = 2022-01-01 }", "the interval from 2022-01-01 does not follow"),
        (", until = 2021-01-01 }", " }", "the interval from 2022-01-01 does not follow"),
        ("interval = [", "interval = [] #", "basis 'base': Expected `array` of length >= 1"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_named(old: str, new: str, said: str) -> None:
    assert WHOLE.count(old) >= 1
    with pytest.raises(LawError) as caught:
        read({"f.toml": WHOLE.replace(old, new, 1)})
    assert str(caught.value).startswith("f.toml")
    assert said in str(caught.value)


def test_ids_are_unique_over_all_files() -> None:
    with pytest.raises(LawError, match=r"b\.toml, basis 'base': another entry has this id already"):
        read({"a.toml": BASIS, "b.toml": BASIS})


def test_an_instrument_is_accepted_once() -> None:
    twice = REGIME.replace(
        "[[regime.grant]]", '[[regime.accepts]]\nkind = "clauses"\ncitation = "x"\n[[regime.grant]]'
    )
    with pytest.raises(LawError, match="the same kind of instrument twice"):
        read({"f.toml": twice})


def test_a_sender_has_one_law_of_each_sort() -> None:
    other = REGIME.replace('"one"', '"two"').replace('["AT", "CH"]', '["CH", "DE"]')
    with pytest.raises(
        LawError, match=r"f\.toml, regime 'two': CH has a regime for such senders already, 'one'"
    ):
        read({"f.toml": REGIME + other})
    special = other.replace("default =", 'sender_roles = ["law-enforcement"]\ndefault =')
    assert list(read({"f.toml": REGIME + special}).regimes) == ["one", "two"]
    with pytest.raises(LawError, match="CH has a regime for such senders already, 'two'"):
        read({"f.toml": REGIME + special + special.replace('"two"', '"three"').replace("law-enf", "o")})


def test_roles_in_the_data_are_roles_of_organisations() -> None:
    law = load()
    named = {
        role
        for r in law.regimes.values()
        for role in (*r.sender_roles, *(x for g in r.grants for x in g.roles))
    }
    named |= {role for e in law.examples for role in (*e.sender_roles, *e.recipient_roles)}
    assert named == {"law-enforcement", "government", "company"}
    assert named <= set(ROLES)


def test_what_is_invented_says_so_wherever_it_is_named() -> None:
    invented = [each for each in (*load().regimes.values(), *load().bases.values()) if each.fictional]
    assert {each.id[:2] for each in invented} == {"xa", "xb"}
    assert all("(fictional)" in each.name and "(fictional)" in each.citation for each in invented)
    assert all(set(r.applies_in) <= INVENTED for r in load().regimes.values() if r.fictional)


def test_what_is_not_sure_says_what_to_look_up() -> None:
    for each in (*load().regimes.values(), *load().bases.values()):
        assert each.confidence != "low" or each.recheck or each.note, each.id
