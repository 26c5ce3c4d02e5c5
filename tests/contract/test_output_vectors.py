"""Every output against its vectors: `items.json` become `expected.*` byte for byte, and nothing of `refused.json` (named by the fault) is written.

What tools think of the files is asked of the tools themselves where they are installed.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tocsin.formats import outputs
from tocsin.formats.outputs import Item

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "outputs"
NAMES = sorted(outputs.every())
NOW = 1_795_608_000_000_000


def items(name: str) -> list[Item]:
    return [Item(**each) for each in json.loads((VECTORS / name / "items.json").read_text("utf-8"))]


def refused(name: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((VECTORS / name / "refused.json").read_text("utf-8"))
    return found


def body(name: str) -> bytes:
    return outputs.named(name).body(items(name))


def text(name: str) -> str:
    """The file as a tool gets it."""
    output = outputs.named(name)
    return (output.head(NOW) if output.head else "") + body(name).decode()


@pytest.mark.parametrize("name", NAMES)
def test_items_are_written_as_expected(name: str) -> None:
    output = outputs.named(name)
    found = items(name)
    assert {item.kind for item in found} == output.kinds, "each kind has a vector"
    assert all(map(output.fits, found))
    expected = next((VECTORS / name).glob("expected.*")).read_text("utf-8")
    assert "".join(output.write(found)) == expected


@pytest.mark.parametrize(("name", "fault"), [(name, fault) for name in NAMES for fault in refused(name)])
def test_what_would_break_out_is_left_out(name: str, fault: str) -> None:
    assert not outputs.named(name).fits(Item(confidence=50, **refused(name)[fault]))


@pytest.mark.parametrize("name", ["csv", "splunk"])
def test_cells_are_what_they_were_and_no_formulas(name: str) -> None:
    read = list(csv.DictReader(io.StringIO(text(name))))
    assert [row["value"] for row in read] == [item.value for item in items(name)]
    assert not any(cell[:1] in "=+-@" for row in read for cell in row.values() if cell)


@pytest.mark.parametrize("name", ["elastic", "sentinel"])
def test_lines_are_documents(name: str) -> None:
    found = [json.loads(line) for line in text(name).splitlines()]
    assert len(found) == (len(items(name)) if name == "elastic" else 1)


def test_sentinel_gets_valid_indicators() -> None:
    from stix2validator import ValidationOptions, validate_instance

    for each in json.loads(text("sentinel"))["stixobjects"]:
        result = validate_instance(each, ValidationOptions(version="2.1", enforce_refs=False))
        assert result.is_valid, [str(error) for error in result.errors]


def test_yara_compiles() -> None:
    yara_x = pytest.importorskip("yara_x", reason="the extra `yara` is not installed")
    rules = yara_x.compile(text("yara"))
    assert [rule.identifier for rule in rules] == ["Evil", "Other_1"]


def test_sigma_is_one_file_a_rule_and_the_same_bytes_again() -> None:
    with zipfile.ZipFile(io.BytesIO(body("sigma"))) as archive:
        assert archive.testzip() is None
        read = [archive.read(name).decode() for name in archive.namelist()]
    assert [each.strip() for each in read] == [item.value.strip() for item in items("sigma")]
    assert body("sigma") == body("sigma")


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def test_bind_loads_the_zone(tmp_path: Path) -> None:
    tool = _tool("named-checkzone")
    zone = tmp_path / "zone"
    zone.write_text(text("rpz"))
    done = subprocess.run([tool, "rpz.example", zone], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert f"loaded serial {NOW // 1_000_000 % (1 << 32)}" in done.stdout


def test_suricata_loads_rules_dataset_and_reputation(tmp_path: Path) -> None:
    tool = _tool("suricata")
    rules = tmp_path / "x.rules"
    (tmp_path / "x.lst").write_text("ZXZpbC5leGFtcGxl\n")
    rules.write_text(
        text("suricata")
        + f'alert dns any any -> any any (msg:"x"; dns.query; dataset:isset,x,type string,load {tmp_path}/x.lst; sid:1;)\n'
    )
    done = subprocess.run(
        [tool, "-T", "-S", rules, "-l", tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_snort_loads_rules(tmp_path: Path) -> None:
    tool = _tool("snort")
    rules = tmp_path / "x.rules"
    rules.write_text("var HOME_NET any\n" + text("snort"))
    done = subprocess.run([tool, "-T", "-c", rules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
