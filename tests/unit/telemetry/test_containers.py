"""Logs that are no text: damage is said and costs what it damages; what is not installed is said with what to install."""

from __future__ import annotations

import builtins
import io
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from evtx_files import event, write
from tocsin.errors import LimitError
from tocsin.telemetry import MalformedLine, Observation, arrow_rows, containers, log_of, pcap
from tocsin.telemetry.containers import UNREAD, spooled

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "telemetry"
_EVENTS = [
    event(1, ("Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational", "ws-1"), f"2026-11-20T08:00:{n:02}Z", {"Image": f"C:\\{n}.exe"})
    for n in range(20)
]  # fmt: skip


def _read(data, **options):
    return list(log_of(data).read([data], "x", **options))


def test_events_in_order():
    found = _read(write(_EVENTS))
    assert [dict(each.fields)["Event.EventData.Image"] for each in found] == [
        f"C:\\{n}.exe" for n in range(20)
    ]
    assert [each.line for each in found] == list(range(1, 21))


def test_a_damaged_event_costs_itself():
    data = bytearray(write(_EVENTS))
    at = data.find("C:\\7.exe".encode("utf-16-le")) - 4
    data[at : at + 4] = b"\xff\xff\xff\xff"
    found = _read(bytes(data))
    good = [dict(each.fields)["Event.EventData.Image"] for each in found if isinstance(each, Observation)]
    assert good == [f"C:\\{n}.exe" for n in range(20) if n != 7]
    assert [(each.line, each.rule) for each in found if isinstance(each, MalformedLine)] == [(8, "json")]


@pytest.mark.parametrize(
    "name", ["windows_evtx/sysmon.evtx", "parquet/ecs.parquet", "arrow/zeek.arrow", "arrow/zeek.arrows"]
)
def test_damage_anywhere_is_no_crash(name):
    original = (VECTORS / name).read_bytes()
    whole = [each for each in _read(original) if isinstance(each, Observation)]
    dice = random.Random(name)
    said = 0
    log = log_of(original)
    used = len(original.rstrip(b"\0"))
    for _ in range(150):
        data = bytearray(original[: dice.choice([len(original), dice.randrange(16, used)])])
        for _ in range(dice.randrange(6)):
            data[dice.randrange(8, min(used, len(data)))] = dice.choice((0, 0xFF, 0x7F, dice.randrange(256)))
        found = list(log.read([bytes(data)], "x"))
        assert len(found) <= 10 * len(whole) + 10
        said += any(isinstance(each, MalformedLine) for each in found)
    assert said > 20


def test_what_is_not_installed_is_said(monkeypatch):
    installed = builtins.__import__

    def without(name, *args, **kwargs):
        if name.partition(".")[0] in {"evtx", "pyarrow"}:
            raise ImportError(name)
        return installed(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    for name, hint in (
        ("windows_evtx/sysmon.evtx", "install tocsin[evtx]"),
        ("parquet/ecs.parquet", "install tocsin[arrow]"),
        ("arrow/zeek.arrow", "install tocsin[arrow]"),
        ("pcap/capture.pcap", "install the package tshark"),
    ):
        (found,) = _read((VECTORS / name).read_bytes())
        assert (found.rule, found.telling) == (UNREAD, False)
        assert hint in found.reason


def test_a_container_that_is_too_large(monkeypatch):
    monkeypatch.setattr(containers, "LARGEST", 10)
    with pytest.raises(LimitError), spooled([b"x" * 6, b"x" * 6]):
        pass
    (found,) = _read(write(_EVENTS))
    assert "larger than 10 bytes" in found.reason


def test_rows_leave_out_what_is_null_and_cut_nanoseconds():
    pa = arrow_rows.pyarrow()
    table = pa.table(
        {
            "t": pa.array([1_795_161_600_000_000_999], pa.timestamp("ns")),
            "z": pa.array([None], pa.string()),
            "b": [b"\xff"],
            "d": pa.array([1.5]).cast(pa.decimal128(5, 2)),
        }
    )
    (row,) = arrow_rows.rows(table.to_batches())
    assert row == b'{"t":"2026-11-20T08:00:00Z","b":"ff","d":"1.50"}'


def test_rows_without_a_known_format_are_json():
    pa = arrow_rows.pyarrow()
    out = io.BytesIO()
    import pyarrow.parquet

    pyarrow.parquet.write_table(pa.table({"time": ["2026-11-20T08:00:00Z"], "what": ["evil.example"]}), out)
    (found,) = _read(out.getvalue())
    assert (found.at, found.fields) == (
        1_795_161_600_000_000,
        (("time", "2026-11-20T08:00:00Z"), ("what", "evil.example")),
    )


def test_tshark_that_fails_or_lacks_fields_is_said(tmp_path, monkeypatch):
    """A stand-in for tshark: it does not know one field, prints one packet, and ends badly."""
    script = tmp_path / "tshark"
    script.write_text(
        "#!/bin/sh\n"
        "case \"$*\" in *tls.handshake.ja4*) printf 'tshark: Some fields aren\\047t valid:\\n\\ttls.handshake.ja4\\n' >&2; exit 1;; esac\n"
        "printf '1795161600.000001000\\t00:00:5e:00:53:02\\n'\n"
        "echo 'tshark: cut short' >&2; exit 2\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(script))
    first, last = _read((VECTORS / "pcap" / "capture.pcap").read_bytes())
    assert (first.at, dict(first.fields)["eth.src"]) == (1_795_161_600_000_001, "00:00:5e:00:53:02")
    assert (last.rule, last.reason) == (UNREAD, "tshark stopped: tshark: cut short")


def test_tshark_does_not_outlive_its_reader(tmp_path, monkeypatch):
    script = tmp_path / "tshark"
    script.write_text(
        '#!/bin/sh\n[ -t 0 ] || [ "$(head -c 1 | wc -c)" = 0 ] && exit 0\necho $$ > '
        + str(tmp_path / "pid")
        + "\n"
        "while :; do printf '1795161600.0\\tx\\n'; done\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda name: str(script))
    records = pcap._records
    with spooled([(VECTORS / "pcap" / "capture.pcap").read_bytes()]) as file:
        packets = records(file)
        assert b"frame.time_epoch" in next(packets)
        packets.close()
    pid = (tmp_path / "pid").read_text().strip()
    assert subprocess.run(["ps", "-p", pid], capture_output=True, check=False).returncode != 0
