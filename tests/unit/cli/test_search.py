from __future__ import annotations

import json
from pathlib import Path

import pytest

from factories import indicator, version
from tocsin.stix.markings import TLP
from tocsin.store import Store


@pytest.fixture
def held(node: Store, tmp_path: Path, run) -> Store:
    file = tmp_path / "bundle.json"
    made = [
        version(1, 1, tlp=TLP.GREEN, name="Evil Panda\x1b[31m"),
        version(1, 2, tlp=TLP.GREEN, name="Evil Panda", confidence=80),
        indicator(2, tlp=TLP.RED, name="Quiet bear"),
    ]
    file.write_text(
        json.dumps({"type": "bundle", "id": f"bundle--{indicator()['id'][11:]}", "objects": made})
    )
    assert run("import", file, "--collection", "main") == 0
    return node


def test_the_latest_version_is_found_once(held: Store, run, answer) -> None:
    assert run("search", "evil", "panda", "--json") == 0
    facts = answer()
    assert [each["modified"][:10] for each in facts["items"]] == ["2026-01-02"]
    assert facts["more"] is False
    assert facts["items"][0]["object"]["confidence"] == 80


def test_text_says_marking_source_and_counts(held: Store, run, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run("search", "type:indicator", "--counts") == 0
    said = capsys.readouterr().out
    assert "Quiet bear" in said
    assert "TLP:RED  own  main  2026-01-01" in said
    assert "2 found" in said
    assert "green 1, red 1" in said


def test_limit_and_nothing(held: Store, run, answer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("search", "type:indicator", "--limit", "1", "--json") == 0
    assert answer()["more"] is True
    assert run("search", "nothing.example") == 0
    assert "nothing found" in capsys.readouterr().out
    assert run("search", "tlp:purple") == 4


def test_signs_of_a_terminal_are_not_passed_on(
    node: Store, tmp_path: Path, run, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps(indicator(3, tlp=TLP.GREEN, name="a\x1b[31mb")))
    assert run("import", file, "--collection", "main") == 0
    capsys.readouterr()
    assert run("search", "type:indicator") == 0
    assert "\x1b" not in capsys.readouterr().out
