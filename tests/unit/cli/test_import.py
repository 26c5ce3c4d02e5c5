from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from factories import indicator
from tocsin.cli.import_ import printable
from tocsin.store import Store, collections, labels

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "stix"
OWN = "identity--00000000-0000-4000-8000-000000000001"
OTHER = "identity--00000000-0000-4000-8000-000000000002"


def test_all_good_is_0_and_again_is_same(node: Store, run, answer) -> None:
    assert run("import", VECTORS / "bundle.json", "--json") == 0
    assert answer() | {"seconds": 0} == {
        "new": 3, "updated": 0, "same": 0, "refused": 0, "reasons": [], "seconds": 0, "collection": "main", "files_skipped": 0, "unsought": [],
    }  # fmt: skip
    assert run("import", VECTORS / "envelope.json", VECTORS / "lines.jsonl", "--json") == 0
    assert answer()["same"] == 6


def test_some_refused_is_4_with_reasons_and_the_good_ones_kept(node: Store, capsys, run, answer) -> None:
    assert run("import", VECTORS / "bad-json-trailing-comma.json", "--json") == 4
    facts = answer()
    assert (facts["new"], facts["refused"]) == (2, 1)
    assert facts["reasons"][0]["where"].endswith("bad-json-trailing-comma.json#/objects/1")
    assert run("import", VECTORS) == 4
    text = capsys.readouterr().out
    assert "refused 5 (json), such as" in text
    assert "files of other kinds were passed over" in text


def test_what_nobody_will_look_for_is_told(
    node: Store, capsys: pytest.CaptureFixture[str], run, answer, tmp_path: Path
) -> None:
    patterns = (
        "[ipv4-addr:value = '0.0.0.0/0']",
        "[domain-name:value = 'com']",
        "[domain-name:value = 'd.example']",
    )
    made = [indicator(number, pattern=each) for number, each in enumerate(patterns, 1)]
    file = tmp_path / "wide.ndjson"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in made))
    assert run("import", file) == 0
    text = capsys.readouterr().out
    assert (
        f"kept, and not looked for 1 (wide-range), such as {made[0]['id']}: 0.0.0.0/0 is wider than /8"
        in text
    )
    assert "(single-label)" in text
    assert run("import", file, "--json") == 0
    assert answer()["unsought"] == []


def test_standard_input(node: Store, monkeypatch: pytest.MonkeyPatch, run, answer) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((VECTORS / "lines.jsonl").read_bytes())))
    assert run("import", "-", "--json") == 0
    assert answer()["new"] == 3


def test_source_recipients_and_assumed_tlp_make_the_label(node: Store, run) -> None:
    assert (
        run(
            "import",
            VECTORS / "object.json",
            "--source",
            "other",
            "--to",
            "own",
            "--to",
            OTHER,
            "--assume-tlp",
            "amber+strict",
        )
        == 0
    )
    with node.connection() as connection:
        (label,) = labels.everything(connection).values()
    assert (label.owner, label.recipients, label.assumed) == (OTHER, (OWN, OTHER), "amber+strict")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nothing.json"], "no such file"),
        ([VECTORS / "object.json", "nothing.json"], "no such file"),
        ([VECTORS / "object.json", "--source", "nobody"], "nobody"),
        ([VECTORS / "object.json", "--to", "nobody"], "nobody"),
        ([VECTORS / "object.json", "--collection", "nowhere"], "nowhere"),
    ],
)
@pytest.mark.usefixtures("node")
def test_mistakes_are_said_before_anything_is_taken(args, says, capsys, run, answer) -> None:
    assert run("import", *args) in {4, 6}
    assert says in capsys.readouterr().err
    assert run("import", VECTORS / "object.json", "--json") == 0
    assert answer()["new"] == 1


def test_collection_must_be_named_where_there_are_several(node: Store, capsys, run) -> None:
    with node.connection() as connection:
        collections.add(connection, collections.new("knowledge"))
    assert run("import", VECTORS / "object.json") == 0
    with node.connection() as connection:
        collections.add(connection, collections.new("second"))
    assert run("import", VECTORS / "object.json") == 6
    assert "main, second" in capsys.readouterr().err
    assert run("import", VECTORS / "object.json", "--collection", "second") == 0


def test_progress_is_shown_on_a_terminal(node: Store, monkeypatch: pytest.MonkeyPatch, run, answer) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run("import", VECTORS / "bundle.json", "--json") == 0
    assert answer()["new"] == 3


def test_text_from_outside_commands_no_terminal() -> None:
    assert printable("a\x1b[2Jb\u202ec\r\n\td") == "a\ufffd[2Jb\ufffdc\ufffd\n\td"
