from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tocsin.cli import main
from tocsin.stix import parse

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "telemetry"
AUTH = VECTORS / "syslog_rfc3164" / "auth.log"


@pytest.fixture
def run(capsys):
    """Call `tocsin observe ARGS...`; return status, lines of standard output, and standard error."""

    def call(*args):
        status = main(["observe", *map(str, args)])
        out, err = capsys.readouterr()
        return status, out.splitlines(), err

    return call


def test_records_as_text_and_json(run):
    status, lines, err = run(VECTORS / "dns_dnsmasq" / "dnsmasq.log", "--limit", "1")
    assert (status, len(lines)) == (0, 1)
    assert (
        "gw  dns  host.name=gw  dns.question.type=A  dns.question.name=www.evil.example  source.ip=10.0.0.5"
        in lines[0]
    )
    assert "dnsmasq log, 6 records, 1 malformed" in err
    status, lines, _ = run(VECTORS / "dns_dnsmasq" / "dnsmasq.log", "--json", "--category", "dns")
    rows = [json.loads(line) for line in lines]
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert {"name": "source.ip", "value": "10.0.0.5", "field": "client"} in rows[0]["facts"]
    assert run(VECTORS / "dns_dnsmasq" / "dnsmasq.log", "--category", "file")[1] == []


def test_stix_objects_are_valid(run):
    status, lines, _ = run(VECTORS / "windows_json" / "sysmon.json", "--stix")
    made = [parse(line.encode()) for line in lines]
    ids = {each.id for each in made}
    observed = [each for each in made if each.type == "observed-data"]
    assert status == 0
    assert len(observed) == 20
    assert all(set(each.data["object_refs"]) <= ids for each in observed)


def test_the_year_comes_from_the_file_and_the_zone_from_the_user(run, tmp_path):
    file = tmp_path / "auth.log"
    file.write_text("Dec 31 23:30:00 gw su: x\n")
    os.utime(file, (1_741_000_000, 1_741_000_000))  # March 2025
    for zone, at in (
        ("UTC", "2024-12-31T23:30:00"),
        ("+01:00", "2024-12-31T22:30:00"),
        ("America/New_York", "2025-01-01T04:30:00"),
    ):
        assert run(file, "--timezone", zone)[1][0].startswith(at)


def test_what_is_malformed_is_kept(run, tmp_path):
    kept = tmp_path / "kept.ndjson"
    assert run(AUTH, "--quarantine", kept)[0] == 0
    (row,) = map(json.loads, kept.read_text("utf-8").splitlines())
    assert (row["line"], row["raw"]) == (7, "this line has no header: evil.example")
    status, _, err = run(AUTH, "--quarantine", kept)
    assert status == 4
    assert "exists already" in err


def test_a_format_can_be_named(run):
    status, lines, err = run(AUTH, "--format", "text")
    assert (status, len(lines)) == (0, 7)
    status, _, err = run(AUTH, "--format", "elf")
    assert status == 4
    assert "there is no log format 'elf'" in err
    assert "zeek_tsv" in err
    status, lines, _ = run("--formats", "--json")
    assert {"name": "cef", "title": "ArcSight CEF"} in json.loads(lines[0])


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "+25:00", ""])
def test_a_zone_that_is_none(run, zone):
    status, _, err = run(AUTH, "--timezone", zone)
    assert status == 4
    assert "is no time zone" in err


def test_a_log_that_cannot_be_read_on_is_said(run):
    status, lines, err = run(VECTORS / "arrow" / "cut.arrow")
    assert (status, lines) == (4, [])
    assert "no Arrow file" in err


def test_a_log_cannot_steer_a_terminal(run, tmp_path):
    file = tmp_path / "auth.log"
    file.write_bytes(b"Nov 20 08:00:00 gw cef: CEF:0|a|b|c|1|\x1b[2J\x07name|5|msg=\x1b]0;x\n")
    status, lines, _ = run(file)
    assert status == 0
    assert "rule.name=\\x1b[2J\\x07name" in lines[0]
    assert "\x1b" not in lines[0]


def test_nothing_to_read_is_a_mistake(run):
    assert run()[0] == 2
    assert run("/no/such/file")[0] == 4
