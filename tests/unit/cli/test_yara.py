from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from factories import indicator
from tocsin.cli import main
from tocsin.stix.markings import TLP

RULE = 'rule Dropper : loader { meta: author = "x" strings: $a = "evil" nocase $b = { 00 ff } condition: any of them }\n'


@pytest.fixture
def run(capsys):
    """Call `tocsin yara ARGS...`; return status, standard output and error."""

    def call(*args):
        status = main(["yara", *map(str, args)])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "a.bin").write_bytes(b"xx EVIL \x00\xff")
    (folder / "b.bin").write_bytes(b"nothing")
    return folder


def test_hits_with_tags_meta_and_offsets(run, files, tmp_path):
    (tmp_path / "r.yar").write_text(RULE)
    status, out, _ = run("scan", tmp_path / "r.yar", files, "--json", "--fail-on-hit")
    facts = json.loads(out)
    assert (status, facts["rules"], facts["files"]) == (10, 1, 2)
    (hit,) = facts["hits"]
    assert (hit["rule"], hit["tags"], hit["meta"], hit["file"]) == (
        "Dropper",
        ["loader"],
        {"author": "x"},
        str(files / "a.bin"),
    )
    assert hit["places"] == [
        {"pattern": "$a", "offset": 3, "length": 4},
        {"pattern": "$b", "offset": 8, "length": 2},
    ]
    _, out, _ = run("scan", tmp_path / "r.yar", files)
    assert "Dropper  [loader]" in out
    assert "$a at 3, $b at 8" in out


def test_bad_rules_are_told_with_their_line_and_cost_no_other(run, files, tmp_path):
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "bad.yar").write_text("rule x {\n condition:\n  tru\n}\n")
    (rules / "good.yar").write_text(RULE)
    (rules / "include.yar").write_text(f'include "{rules / "good.yar"}"\n')
    (rules / "same-name.yar").write_text(RULE)
    (rules / "bytes.yar").write_bytes(b"\xff")
    status, out, _ = run("check", rules)
    assert status == 4
    assert f"{rules / 'bad.yar'}:3: unknown identifier `tru`" in out
    assert f"{rules / 'include.yar'}:1: include statements not allowed" in out
    assert "bytes.yar: not UTF-8 at byte 0" in out
    assert "2 YARA rules, 3 faults" in out
    assert len(json.loads(run("scan", rules, files, "--json")[1])["hits"]) == 2


def test_large_files_are_cut_and_what_is_no_file_is_told(run, tmp_path):
    (tmp_path / "r.yar").write_text(RULE)
    folder = tmp_path / "large"
    folder.mkdir()
    (folder / "large").write_bytes(b"evil" + b"\x00" * (1 << 20) + b"\xff")
    os.mkfifo(folder / "pipe")
    status, out, _ = run("scan", tmp_path / "r.yar", folder, "--json", "--max-size", "1")
    facts = json.loads(out)
    assert status == 4
    assert facts["faults"] == [{"file": str(folder / "pipe"), "reason": "no regular file"}]
    assert [(hit["cut"], [p["pattern"] for p in hit["places"]]) for hit in facts["hits"]] == [(True, ["$a"])]


def test_a_scan_has_a_time_limit(run, tmp_path):
    (tmp_path / "r.yar").write_text(
        "rule slow { condition: for any i in (0..filesize) : (for any j in (0..filesize) : (uint8(i) + uint8(j) > 600)) }"
    )
    (tmp_path / "zeros").write_bytes(b"\x00" * 200_000)
    status, out, _ = run("scan", tmp_path / "r.yar", tmp_path / "zeros", "--timeout", "1", "--json")
    assert status == 4
    assert "not scanned within 1 s" in json.loads(out)["faults"][0]["reason"]


def test_rules_of_the_node(node, run, files, tmp_path):
    bundle = tmp_path / "rules.json"
    bundle.write_text(json.dumps([indicator(1, tlp=TLP.GREEN, pattern=RULE, pattern_type="yara")]))
    assert main(["import", str(bundle)]) == 0
    _, out, _ = run("scan", "--held", files, "--json")
    (hit,) = json.loads(out.splitlines()[-1])["hits"]
    assert (hit["origin"], hit["source"]) == (indicator(1)["id"], "TLP:GREEN from own")


def test_what_is_asked_wrongly(run, tmp_path):
    assert run("scan", tmp_path)[0] == 2
    assert run("scan", tmp_path / "nothing", tmp_path)[0] == 4
