"""Policies: the tables beside them, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deciding import DEFINITIONS, IDS, MARKINGS, OWN, recipient_of
from tocsin.errors import PolicyError
from tocsin.sharing import policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.labels import label_for
from tocsin.sharing.policy import PolicySet

FOLDER = Path(policy.__file__).parent / "policies"
SCHEMA = (FOLDER / "schema.cedarschema").read_text(encoding="utf-8")
NOTES = '@title("t") @cite("c")'
TABLES = {
    file.stem: json.loads(file.with_suffix(".table.json").read_text("utf-8"))
    for file in FOLDER.glob("*.cedar")
}
CASES = [(name, case) for name, table in sorted(TABLES.items()) for case in table["cases"]]
SHIPPED = policy.load()


@pytest.mark.parametrize(("name", "case"), CASES, ids=[f"{n}: {c['case']}" for n, c in CASES])
def test_table(name: str, case: dict) -> None:
    recipient = recipient_of(**case.get("facts", {}))
    if case.get("recipient") == "own":
        recipient = Organisation(OWN.id, OWN.name, own=True, **case.get("facts", {}))
    label = label_for(
        [MARKINGS[m] for m in case["markings"]],
        owner=IDS[case["owner"]],
        communities=case.get("communities", ()),
        recipients=[IDS[each] for each in case.get("to", ())],
        assumed=case.get("assumed"),
        holds=case.get("holds", ()),
    )
    found = Decider(SHIPPED, OWN).decide(recipient, case.get("action", "receive"), label, DEFINITIONS)
    assert found.allowed == case["allowed"]
    assert [p.id for p in found.reasons] == case["by"]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_policy_has_a_case_in_its_table_and_some_where_it_does_not_hold(name: str) -> None:
    text = (FOLDER / f"{name}.cedar").read_text("utf-8")
    ids = {p.id for p in PolicySet({name: text}, SCHEMA).policies.values()}
    deciding = [set(case["by"]) & ids for case in TABLES[name]["cases"]]
    assert set().union(*deciding) == ids
    assert {case["allowed"] for case in TABLES[name]["cases"]} == {True, False}


def test_every_table_stands_beside_its_policies() -> None:
    assert {f.name.removesuffix(".table.json") for f in FOLDER.glob("*.table.json")} == set(TABLES)


def test_policies_say_what_they_are_in_words() -> None:
    for each in SHIPPED.policies.values():
        assert each.id
        assert " " in each.title
        assert each.cite
        assert each.effect in {"permit", "forbid"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("permit (principal, action, resource", "a.cedar does not parse"),
        (f'@id("x") {NOTES} permit (principal, action, resource) when {{ resource.tpl == Tlp::"red" }};', "policy x: .*tpl"),
        (f'@id("x") {NOTES} permit (principal, action, resource) when {{ resource.tlp == Tlp::"rad" }};', "policy x: .*rad"),
        (f'@id("x") {NOTES} permit (principal, action, resource) when {{ resource.tlp == "red" }};', "policy x: "),
        (f'@id("x") {NOTES} permit (principal, action == Action::"recieve", resource);', "recieve"),
        (f'@id("x") {NOTES} permit (principal, action, resource) when {{ principal.client == "yes" }};', "policy x: "),
        (f'@id("x") {NOTES} permit (principal == LabelSet::"l", action, resource);', "policy x: "),
        (f"{NOTES} permit (principal, action, resource);", "policy policy0 has no @id"),
        ('@id("x") @cite("c") permit (principal, action, resource);', "policy x has no @title"),
        ('@id("x") @title("t") permit (principal, action, resource);', "policy x has no @cite"),
        ('@id("x") @title("") @cite("c") permit (principal, action, resource);', "policy x has no @title"),
        (f'@id("x") {NOTES} permit (principal, action, resource);' * 2, "two policies have the @id x"),
        (f'@id("x") {NOTES} permit (principal == ?principal, action, resource);', "templates"),
    ],
)  # fmt: skip
def test_a_broken_policy_is_refused_by_name(text: str, said: str) -> None:
    with pytest.raises(PolicyError, match=said):
        PolicySet({"a.cedar": text}, SCHEMA)


def test_many_policies_are_named_rightly() -> None:
    good = "".join(f'@id("p{n}") {NOTES} permit (principal, action, resource);\n' for n in range(11))
    bad = f'@id("bad") {NOTES} permit (principal, action, resource) when {{ resource.no }};'
    with pytest.raises(PolicyError, match="policy bad: ") as caught:
        PolicySet({"a.cedar": good + bad}, SCHEMA)
    assert "p1" not in str(caught.value)


def test_a_broken_schema_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"schema\.cedarschema does not parse"):
        PolicySet({"a.cedar": f'@id("x") {NOTES} permit (principal, action, resource);'}, "entity {")


def test_folders(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        policy.load(tmp_path / "none")
    (tmp_path / "schema.cedarschema").write_text(SCHEMA)
    with pytest.raises(PolicyError, match="no policies in"):
        policy.load(tmp_path)
    (tmp_path / "a.cedar").write_bytes(b"\xff")
    with pytest.raises(PolicyError, match="cannot be read"):
        policy.load(tmp_path)
    for file in FOLDER.glob("*.cedar"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "a.cedar").unlink()
    assert policy.load(tmp_path).version == SHIPPED.version


def test_the_version_is_that_of_every_byte() -> None:
    text = f'@id("x") {NOTES} permit (principal, action, resource);'
    versions = {
        PolicySet({"a.cedar": text}, SCHEMA).version,
        PolicySet({"b.cedar": text}, SCHEMA).version,
        PolicySet({"a.cedar": text + " "}, SCHEMA).version,
        PolicySet({"a.cedar": text}, SCHEMA + " ").version,
        PolicySet({"a.cedar": text, "b.cedar": ""}, SCHEMA).version,
    }
    assert len(versions) == 5
    assert all(len(v) == 64 for v in versions)


def test_policies_of_ones_own_are_named_also_without_an_id() -> None:
    for text, named in (
        (f"{NOTES} permit (principal, action, resource);", "policy0"),
        ("permit (principal, action, resource);", "policy0"),
    ):
        with pytest.raises(PolicyError, match=rf"mine\.cedar: policy {named} permits") as caught:
            policy.load(own={"mine.cedar": text})
        assert caught.value.hint() == "policies of your own can only forbid: they narrow what TLP allows"


def test_a_policy_without_notes_is_named_by_its_number() -> None:
    with pytest.raises(PolicyError, match="policy policy0 has no @id"):
        PolicySet({"a.cedar": "permit (principal, action, resource);"}, SCHEMA)
    wrong = "permit (principal, action, resource) when { resource.no };"
    with pytest.raises(PolicyError, match=r"policy policy0: .*no"):
        PolicySet({"a.cedar": wrong}, SCHEMA)
    with pytest.raises(PolicyError) as caught:
        PolicySet({"a.cedar": f'@id("x") {NOTES} {wrong} @id("y") {NOTES} {wrong}'}, SCHEMA)
    assert str(caught.value).startswith("the policies break their schema: policy ")
    assert "policy x: " in str(caught.value)
    assert "; policy y: " in str(caught.value)


def test_what_cedar_says_without_a_number_is_told_as_it_is() -> None:
    assert policy._named("something else", {"policy0": "x"}) == "something else"
    assert policy._named("[policy7] is wrong", {}) == "policy policy7: is wrong"
    assert policy._named("[policy7] is wrong:\nlook", {"policy7": "x"}) == "policy x: is wrong:\nlook"


def test_the_files_together_are_named_as_such() -> None:
    """A comment that is not closed can only be found in the whole."""
    with pytest.raises(PolicyError, match=r"a\.cedar does not parse"):
        PolicySet({"a.cedar": "permit"}, SCHEMA)


def test_own_policies_have_a_place_of_their_own() -> None:
    own = f'@id("x") {NOTES} forbid (principal, action, resource) when {{ principal.suspended }};'
    one, other = policy.load(own={"base.cedar": own}), policy.load(own={"x.cedar": own})
    assert one.version != other.version
    assert set(one.policies) == set(other.policies)
    assert len(one.policies) == len(SHIPPED.policies) + 1, "a file of the same name takes nothing away"
    first = min(file.name for file in FOLDER.glob("*.cedar"))
    assert len(policy.load(own={first: own}).policies) == len(one.policies)
