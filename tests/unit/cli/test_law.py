from __future__ import annotations

import pytest


def test_list_tells_how_each_law_stands(run, answer) -> None:
    assert run("law", "list", "--at", "2026-10-01", "--json") == 0
    facts = answer()
    stands = {b["id"]: b["why_not"] for b in facts["bases"]}
    assert stands["us-cisa-2015"] == (
        "US CISA 2015 (6 USC 1501-1510) lapsed on 2026-10-01; nothing later is known here"
    )
    assert stands["eu-nis2-29"] is None
    states = {r["id"]: r["state"] for r in facts["regimes"]}
    assert states["eu-gdpr"] == "restricted in EEA"
    assert states["eu-led"] == "restricted in EEA, senders with the role law-enforcement"
    assert states["us-federal"] == "open in US"


def test_list_for_people(run, capsys) -> None:
    assert run("law", "list", "--at", "2017-01-01") == 0
    text = capsys.readouterr().out
    assert "  eu-gdpr                high    restricted in EEA, from 2018-05-25  (GDPR: " in text
    assert "in force  (Turkish legitimate interest: " in text


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("us-cisa-2015", ["in force    from 2026-02-03 until 2026-10-01 (Consolidated Appropriations Act 2026)"]),
        ("us-federal", ["block       CN CU HK IR KP MO RU VE: from 2025-04-08, 28 CFR 202"]),
        ("eu-led", ["area        EEA CH", "accepts     instrument: article 37(1)(a)", "needs 'law-enforcement'"]),
        ("eu-gdpr", ["adequacy    US, needs 'dpf': from 2023-07-10, ", "recheck     US: appeal", "source      https://"]),
    ],
)  # fmt: skip
def test_show(run, capsys, name: str, lines: list[str]) -> None:
    assert run("law", "show", name, "--at", "2026-02-04") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{name}: ")
    for line in lines:
        assert line in text


def test_show_as_json_and_of_nothing(run, answer, capsys) -> None:
    assert run("law", "show", "eu-dora-45", "--json") == 0
    assert answer()["interval"] == [{"from": 1737072000000000, "until": None, "citation": ""}]
    assert run("law", "show", "eu-dora") == 6
    assert capsys.readouterr().err == "error: no law 'eu-dora' is known here\nhint: tocsin law list\n"


@pytest.mark.parametrize(
    ("asked", "kind", "changes"),
    [
        (["DE", "US"], "none", None),
        (["DE", "US", "--assurance", "dpf"], "adequacy", None),
        (["DE", "UA", "--agreed", "clauses"], "clauses", None),
        (["FR", "GB", "--role", "law-enforcement"], "none", "2031-12-27"),
        (["FR", "GB", "--role", "law-enforcement", "--to-role", "law-enforcement"], "adequacy", "2031-12-27"),
        (["NZ", "DE"], "unknown", None),
    ],
)
def test_transfer(run, capsys, asked: list[str], kind: str, changes: str | None) -> None:
    assert run("law", "transfer", *asked, "--at", "2026-02-04") == 0
    text = capsys.readouterr().out
    assert text.startswith(f"{kind}: ")
    assert ("  changes  " in text) is (changes is not None)
    assert changes is None or f"  changes  {changes}\n" in text
    assert ("  law      " in text) is (kind != "unknown")


def test_transfer_as_json(run, answer) -> None:
    assert run("law", "transfer", "XA", "XB", "--at", "2023-12-31", "--json") == 0
    facts = answer()
    assert (facts["kind"], facts["law"], facts["changes"]) == ("none", "xa-data-act", 1704067200000000)


@pytest.mark.parametrize(
    "asked", [["DE", "UK"], ["de", "FR"], ["DE", "FR", "--role", "bank"], ["DE", "FR", "--at", "soon"]]
)
def test_a_slip_of_the_pen_is_no_answer(run, capsys, asked: list[str]) -> None:
    assert run("law", "transfer", *asked) == 2
    assert capsys.readouterr().out == ""
