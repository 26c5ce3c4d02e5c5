from __future__ import annotations

import json
import stat
import zipfile
from pathlib import Path

import pytest

from factories import indicator
from tocsin.clock import system_clock, to_text
from tocsin.stix.markings import TLP
from tocsin.store import Store

DAY = 86_400_000_000


@pytest.fixture
def held(node: Store, tmp_path: Path, run) -> Store:
    file = tmp_path / "bundle.json"
    since = {"valid_from": to_text(system_clock() - DAY), "tlp": TLP.GREEN}
    sigma = "title: x\nlogsource:\n  product: x\ndetection:\n  condition: x\n"
    made = [
        indicator(1, confidence=90, name="Evil\x1b[31m", **since),
        indicator(2, confidence=60, **since),
        indicator(3, pattern="[ipv4-addr:value = '10.1.2.3']", **since),
        indicator(4, pattern=sigma, pattern_type="sigma", **since),
    ]
    file.write_text(
        json.dumps({"type": "bundle", "id": f"bundle--{indicator()['id'][11:]}", "objects": made})
    )
    assert run("import", file, "--collection", "main") == 0
    return node


def test_formats_are_listed(run, answer, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("output", "list") == 0
    assert "DNS response policy zone" in capsys.readouterr().out
    assert run("output", "list", "--json") == 0
    assert {each["name"] for each in answer()} >= {"plain", "zeek", "yara"}


def test_to_standard_output_with_counts_beside(held: Store, run, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run("output", "make", "plain", "--limit", "1") == 0
    said = capsys.readouterr()
    assert said.out == "d1.example.com\n"
    assert "1 items" in said.err
    assert "left out: 1 own-network" in said.err
    assert run("output", "make", "plain", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["content"] == "d1.example.com\nd2.example.com\n"


def test_a_file_is_written_when_it_changes(held: Store, run, answer, tmp_path: Path) -> None:
    file = tmp_path / "block.zone"
    assert run("output", "make", "rpz", "--to", file, "--json") == 0
    assert answer()["changed"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    before = file.read_text()
    file.chmod(0o600)
    assert run("output", "make", "rpz", "--to", file, "--json") == 0
    assert answer()["changed"] is False
    assert file.read_text() == before
    assert run("output", "make", "rpz", "--to", file, "--limit", "1", "--json") == 0
    assert answer()["changed"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.glob(".block*")] == []
    assert run("output", "make", "plain", "--to", tmp_path / "nowhere" / "x") == 4


def test_an_archive_is_no_text(held: Store, run, tmp_path: Path) -> None:
    assert run("output", "make", "sigma", "--json") == 4
    assert run("output", "make", "sigma", "--to", tmp_path / "rules.zip") == 0
    assert len(zipfile.ZipFile(tmp_path / "rules.zip").namelist()) == 1


def test_a_rank_is_explained(held: Store, run, answer, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run("output", "explain", "plain", "D2.example[.]com") == 0
    said = capsys.readouterr().out
    assert "d2.example.com is number 2 of 2" in said
    assert "\x1b" not in said
    for value, reason in (("10.1.2.3", "own-network"), ("d9.example.com", "unknown")):
        assert run("output", "explain", "plain", value, "--json") == 0
        facts = answer()
        assert (facts["place"], facts["reason"]) == (None, reason)
    assert run("output", "explain", "plain", "d2.example.com", "--limit", "1", "--json") == 0
    assert answer()["reason"] == "beyond-limit"
    assert run("output", "explain", "plain", "?") == 4


def test_what_cannot_be_is_told(held: Store, run) -> None:
    assert run("output", "make", "nothing") == 6
    assert run("output", "make", "paloalto") == 4
    assert run("output", "make", "plain", "--collection", "nothing") == 6
    assert run("output", "make", "plain", "--tlp", "purple") == 4
