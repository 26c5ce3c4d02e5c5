"""`tocsin hunt` and `tocsin sighting` on a node, as their user sees them."""

from __future__ import annotations

import gzip
import io
import json
import sys

import pytest

from hunting import AMBER, CSIRT, GREEN, indicator, prepare, take
from tocsin.cli import main
from tocsin.cli._hits import shown
from tocsin.store import Store


@pytest.fixture
def node(store: Store, dsn, tmp_path, monkeypatch) -> Store:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    prepare(store)
    take(
        store,
        indicator(
            "domain", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN], confidence=80
        ),
        indicator("address", "[ipv4-addr:value = '192.0.2.66']", object_marking_refs=[AMBER]),
        indicator("suffix", "[domain-name:value = 'co.uk']", object_marking_refs=[GREEN]),
        indicator("process", "[process:name = 'x.exe']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )
    return store


@pytest.fixture
def run():
    """Call `tocsin ARGS...`; return the exit status."""
    return lambda *args: main([str(each) for each in args])


@pytest.fixture
def answer(capsys):
    """Return what the last command answered with --json."""
    return lambda: json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "eve.json.gz"
    events = [
        {
            "timestamp": "2026-11-20T08:00:00Z",
            "event_type": "dns",
            "host": "ids",
            "dns": {"rrname": "www.evil.example"},
        },
        {
            "timestamp": "2026-11-20T08:00:01Z",
            "event_type": "flow",
            "dest_ip": "192.0.2.66",
            "evil.example": 1,
        },
        {"timestamp": "2026-11-20T08:00:02Z", "event_type": "dns", "dns": {"rrname": "co.uk"}},
        {"timestamp": "2026-11-20T08:00:03Z", "event_type": "dns", "dns": {"rrname": "evil.example"}},
    ]
    file.write_bytes(gzip.compress("".join(json.dumps(e) + "\n" for e in events).encode()))
    return file


def test_json(node, log, run, answer):
    assert run("hunt", log, "--json") == 0
    facts = answer()
    assert {k: facts[k] for k in ("hits", "flagged", "indicators_hit", "indicators", "lines", "logs", "malformed")} == {
        "hits": 3, "flagged": 1, "indicators_hit": 2, "indicators": 4, "lines": 4, "logs": 1, "malformed": 0,
    }  # fmt: skip
    assert facts["not_hunted"] == {"kind": 1}
    assert facts["formats"] == {"suricata_eve": 1}
    assert facts["sightings"] == {"new": 2, "updated": 0, "same": 0, "to": ["CSIRT"]}
    first = facts["matches"][0]
    assert (first["name"], first["value"], first["tlp"], first["line"], first["field"], first["at"], first["host"]) == (
        "domain", "www.evil.example", "TLP:GREEN", 1, "dns.rrname", "2026-11-20T08:00:00Z", "ids",
    )  # fmt: skip
    assert first["sources"] == [{"by": "CSIRT", "owner": CSIRT, "tlp": "TLP:GREEN"}]
    assert [(m["wanted"], m["raised"], m["flags"]) for m in facts["matches"]] == [
        ("evil.example", True, []),
        ("192.0.2.66", True, []),
        ("co.uk", False, ["public-suffix"]),
        ("evil.example", True, []),
    ]
    assert run("hunt", log, "--json", "--limit", 1) == 0
    facts = answer()
    assert [m["line"] for m in facts["matches"]] == [1, 2, 3]
    assert (facts["hits"], facts["sightings"]["same"]) == (3, 2)


def test_text(node, log, run, capsys):
    assert run("hunt", log) == 0
    text = capsys.readouterr().out
    assert "hit     TLP:GREEN  www.evil.example  domain" in text
    assert f"{log}:1:dns.rrname  2026-11-20T08:00:00Z  ids" in text
    assert "from CSIRT" in text
    assert "flagged TLP:GREEN  co.uk  suffix" in text
    assert "3 hits of 2 indicators in 4 lines of 1 log" in text
    assert "1 flagged, not raised: 1 a public suffix" in text
    assert "not hunted for: 1 that ask for what no log says; such as indicator--" in text
    assert "sightings: 2 new, 0 updated, 0 as before; `tocsin peer push` takes them back to CSIRT" in text


def test_only_looking_writes_nothing(node, log, run, answer):
    assert run("hunt", log, "--no-sightings", "--json") == 0
    assert answer()["sightings"] is None
    assert run("sighting", "list", "--json") == 0
    assert answer() == {"sightings": [], "total": 0}
    with node.connection() as connection:
        assert connection.execute("SELECT count(*) FROM hit").fetchone()[0] == 0


def test_sightings_are_listed(node, log, run, answer, capsys):
    assert run("hunt", log) == 0
    capsys.readouterr()
    assert run("sighting", "list", "--json") == 0
    rows = answer()["sightings"]
    assert sorted((row["count"], row["by"], row["tlp"]) for row in rows) == [
        (1, "own", "TLP:AMBER"),
        (2, "own", "TLP:GREEN"),
    ]
    assert run("sighting", "list", "--indicator", rows[0]["indicator"], "--json") == 0
    assert answer()["sightings"] == rows[:1]
    assert run("sighting", "list", "--limit", 1) == 0
    assert "and 1 more" in capsys.readouterr().out


def test_fail_on_hit(node, log, tmp_path, run):
    (tmp_path / "quiet.log").write_text("nothing, co.uk\n")
    assert run("hunt", log, "--fail-on-hit") == 10
    assert run("hunt", tmp_path / "quiet.log", "--fail-on-hit") == 0


def test_a_log_that_cannot_be_read_to_its_end_is_4(node, log, tmp_path, run, capsys):
    (tmp_path / "cut.gz").write_bytes(log.read_bytes()[:-9])
    assert run("hunt", tmp_path / "cut.gz") == 4
    text = capsys.readouterr().out
    assert "not read to its end" in text
    assert "3 hits" in text


@pytest.mark.parametrize(
    ("args", "status", "says"),
    [
        (["nothing.log"], 4, "no such file"),
        (["--since", "yesterday", "x"], 4, "is no time"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_done(node, log, run, capsys, args, status, says):  # noqa: PLR0917
    assert run("hunt", *[str(log) if arg == "x" else arg for arg in args]) == status
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    ("since", "hits"), [("2026-11-20", 3), ("2026-11-20T08:00:01Z", 2), ("2026-11-21", 0), ("1m", 0)]
)
def test_since(node, log, run, answer, since, hits):  # noqa: PLR0917
    assert run("hunt", log, "--since", since, "--no-sightings", "--json") == 0
    assert answer()["hits"] == hits


def test_standard_input(node, log, run, answer, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(log.read_bytes())))
    assert run("hunt", "-", "--json") == 0
    assert answer()["matches"][0]["file"] == "-"


def test_ctrl_c_shows_what_was_found_and_writes_nothing(node, log, run, capsys, monkeypatch):
    from tocsin.node import hunt as module

    class Interrupted(module.Hunt):
        def run(self, paths, *, on_read=None):
            yield next(super().run(paths, on_read=on_read))
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "Hunt", Interrupted)
    assert run("hunt", log) == 130
    text = capsys.readouterr().out
    assert "www.evil.example" in text
    assert "interrupted: what follows is what was found until then" in text
    with node.connection() as connection:
        assert connection.execute("SELECT count(*) FROM hit").fetchone()[0] == 0


def test_a_log_cannot_write_on_the_terminal(node, tmp_path, run, capsys):
    (tmp_path / "x").write_bytes(b"\x1b]0;owned\x07\x1b[2J evil.example \xff\r\x9b31m\n")
    assert run("hunt", tmp_path / "x") == 0
    text = capsys.readouterr().out
    assert "\x1b" not in text
    assert "\\x1b[2J evil.example" in text
    assert shown("a\u202eb\tc") == "a\\u202eb  c"


def test_the_hunt_is_journalled(node, log, run):
    assert run("hunt", log) == 0
    with node.connection() as connection:
        row = connection.execute("SELECT action, detail FROM journal").fetchone()
    assert row == ("hunt", {"indicators": 4, "hits": 3, "lines": 4})


def test_malformed_lines_are_kept_where_asked(node, run, answer, tmp_path):
    file, kept = tmp_path / "auth.log", tmp_path / "kept"
    file.write_text(
        "Nov 20 08:00:00 gw sshd[1]: from 192.0.2.66\nno header, but www.evil.example\nNov 20 08:00:01 gw su: x\n"
    )
    assert run("hunt", file, "--no-sightings", "--json", "--quarantine", kept, "--timezone", "+01:00") == 0
    found = answer()
    assert {match["wanted"] for match in found["matches"]} == {"192.0.2.66", "evil.example"}
    assert {match["at"] is None for match in found["matches"] if match["wanted"] == "192.0.2.66"} == {False}
    (row,) = map(json.loads, kept.read_text("utf-8").splitlines())
    assert (row["line"], row["raw"]) == (2, "no header, but www.evil.example")
    assert run("hunt", file, "--no-sightings", "--format", "elf") == 4
