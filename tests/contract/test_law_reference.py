"""docs/reference/law.md tells every ground, every assurance and everything that is to be looked up again."""

from __future__ import annotations

import re
from pathlib import Path

from tocsin.law.load import load
from tocsin.law.transfer import GROUNDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "law.md").read_text(encoding="utf-8")


def _table(heading: str) -> list[list[str]]:
    section = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def _codes(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_grounds() -> None:
    rows = _table("Grounds")
    assert [row[0] for row in rows] == [f"`{kind}`" for kind in GROUNDS]
    assert [row[2] for row in rows] == ["no" if kind in {"none", "unknown"} else "yes" for kind in GROUNDS]


def test_assurances_and_who_asks_for_them() -> None:
    asked: dict[str, set[str]] = {}
    for regime in load().regimes.values():
        for grant in regime.grants:
            if grant.needs:
                asked.setdefault(grant.needs, set()).add(regime.id)
    assert {_codes(row[0]).pop(): _codes(row[2]) for row in _table("Assurances")} == asked


def test_what_is_to_be_looked_up_again() -> None:
    law = load()
    to_do = {each.id for each in (*law.regimes.values(), *law.bases.values()) if each.recheck}
    assert {code for row in _table("Look up again") for code in _codes(row[0])} == to_do
