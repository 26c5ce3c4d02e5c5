from __future__ import annotations

import base64
import json
import stat

import pytest

from tocsin.errors import FormatError
from tocsin.telemetry import MalformedLine
from tocsin.telemetry.quarantine import Quarantine

LINE = MalformedLine(7, 99, b'{"a": "evil.example"', "json", "not JSON: cut")


def test_lines_are_kept_with_place_and_reason(tmp_path):
    file = tmp_path / "kept"
    with Quarantine(file) as kept:
        kept.keep("a.log", LINE)
        kept.keep("b\udcff.log", MalformedLine(1, 0, b"\xff\xfe\n", "json", "not UTF-8"))
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert rows[0] == {
        "file": "a.log",
        "line": 7,
        "offset": 99,
        "rule": "json",
        "reason": "not JSON: cut",
        "raw": '{"a": "evil.example"',
    }
    assert base64.b64decode(rows[1]["raw_base64"]) == b"\xff\xfe\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (kept.kept, kept.dropped) == (2, 0)


def test_nothing_malformed_leaves_no_file(tmp_path):
    with Quarantine(tmp_path / "kept"):
        pass
    assert not (tmp_path / "kept").exists()


def test_nothing_is_overwritten(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(FormatError, match="exists already"):
        Quarantine(tmp_path / "mine")
    with pytest.raises(FormatError, match="cannot be written"):
        Quarantine(tmp_path / "no" / "folder")
    assert (tmp_path / "mine").read_text() == "x"


def test_a_full_quarantine_counts_on(tmp_path):
    with Quarantine(tmp_path / "kept", largest=200) as kept:
        for _ in range(5):
            kept.keep("a.log", LINE)
    assert (kept.kept, kept.dropped) == (1, 4)
    assert len((tmp_path / "kept").read_bytes()) <= 200
