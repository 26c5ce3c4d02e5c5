"""`tocsin keep` and `tocsin retro` on a node, as their user sees them."""

from __future__ import annotations

import json

import pytest

from hunting import AMBER, CSIRT, GREEN, indicator, prepare, take
from tocsin.cli import main
from tocsin.node import kept_folder
from tocsin.store import Store

FIRST = indicator("domain", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN])
SECOND = indicator("address", "[ipv4-addr:value = '192.0.2.66']", object_marking_refs=[AMBER])


@pytest.fixture
def node(store: Store, dsn, tmp_path, monkeypatch) -> Store:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TOCSIN_TELEMETRY_DAYS", "36500")
    return prepare(store)


@pytest.fixture
def run(capsys):
    """Call `tocsin ARGS... --json`; return the exit status and the answer."""

    def call(*args):
        capsys.readouterr()
        status = main([*map(str, args), "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out.splitlines()[-1]) if out.strip() else {}

    return call


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "dns.json").write_text(
        "".join(
            json.dumps({"timestamp": f"2026-11-20T08:00:0{n}Z", "event_type": "dns", "dns": {"rrname": name}})
            + "\n"
            for n, name in enumerate(("www.evil.example", "good.example", "evil.example"))
        )
    )
    (folder / "app.log").write_text("2026-11-21T08:00:00Z to 192.0.2.66\n")
    return folder


def test_new_intelligence_finds_old_telemetry_once(node, logs, run):
    status, kept = run("keep", logs)
    assert (status, kept["records"], kept["logs"], kept["files"]) == (0, 4, {"kept": 2}, 2)
    for each in logs.iterdir():
        each.unlink()  # nothing but telemetry is left
    take(node, FIRST, owner=CSIRT)
    status, facts = run("retro")
    assert (status, facts["hits"]) == (0, 2)
    assert facts["sightings"] == {"new": 1, "updated": 0, "same": 0, "to": ["CSIRT"]}
    assert (facts["telemetry"]["groups"], facts["telemetry"]["groups_read"]) == (2, 1)
    assert [(each["value"], each["line"], each["field"], each["tlp"]) for each in facts["matches"]] == [
        ("www.evil.example", 1, "dns.rrname", "TLP:GREEN"),
        ("evil.example", 3, "dns.rrname", "TLP:GREEN"),
    ]
    assert run("retro")[1]["telemetry"]["groups_read"] == 0
    take(node, SECOND, owner=CSIRT)
    facts = run("retro", "--fail-on-hit")
    assert (facts[0], facts[1]["hits"], facts[1]["telemetry"]["indicators"]) == (10, 1, 1)
    facts = run("retro", "--all")[1]
    assert facts["hits"] == 3
    assert facts["sightings"] == {"new": 0, "updated": 0, "same": 2, "to": ["CSIRT"]}


def test_hits_and_sightings_are_those_of_a_hunt(node, logs, run):
    take(node, FIRST, SECOND, owner=CSIRT)
    hunted = run("hunt", logs)[1]
    run("keep", logs)
    found = run("retro")[1]
    assert hunted["hits"] == found["hits"] == 3
    key = lambda hit: (hit["file"], hit["line"])  # noqa: E731
    assert sorted(hunted["matches"], key=key) == sorted(found["matches"], key=key)
    assert found["sightings"] == {"new": 0, "updated": 0, "same": 2, "to": ["CSIRT"]}


def test_alerts_patterns_and_what_is_held_back_are_those_of_a_hunt(node, logs, run, monkeypatch):
    """The same node twice: what a hunt in the logs writes is what a hunt in telemetry writes."""
    from functools import partial

    from tocsin.node import hits

    monkeypatch.setattr(hits, "Options", partial(hits.Options, most=1))
    pattern = "[domain-name:value = 'www.evil.example'] FOLLOWEDBY [domain-name:value = 'evil.example']"
    take(node, FIRST, SECOND, indicator("both", pattern, object_marking_refs=[GREEN]), owner=CSIRT)
    run("keep", logs)
    run("alert", "suppress", "--value", "192.0.2.66", "--reason", "a drill")
    said = []
    for command in (("hunt", logs), ("retro",)):
        facts = run(*command)[1]
        alerts = [
            (each["indicator"], each["hits"], each["beyond"], each["first"], each["last"])
            for each in run("alert", "list")[1]["alerts"]
        ]
        names = (
            "hits",
            "flagged",
            "flags",
            "held_back",
            "indicators",
            "values",
            "patterns",
            "sightings",
            "alerts",
        )
        said.append(({name: facts[name] for name in names}, sorted(alerts)))
        with node.transaction() as connection:
            connection.execute("TRUNCATE hit, alert CASCADE")
            connection.execute("DELETE FROM object WHERE type = 'sighting'")
    assert said[0] == said[1]
    facts, alerts = said[0]
    assert (facts["hits"], facts["flags"], facts["held_back"], facts["patterns"]) == (
        3,
        {"suppressed": 1},
        1,
        1,
    )
    assert [(hits, beyond) for _, hits, beyond, *_ in alerts] in ([(1, 0), (1, 1)], [(1, 1), (1, 0)])


def test_a_pattern_is_looked_for_by_its_id(node, logs, run):
    both = indicator(
        "both", "[domain-name:value = 'www.evil.example'] AND [domain-name:value = 'good.example']"
    )
    take(node, both)
    run("keep", logs)
    facts = run("retro", "--indicator", both["id"], "--no-sightings")[1]
    (match,) = facts["matches"]
    assert [part["line"] for part in match["parts"]] == [1, 2]
    assert facts["telemetry"]["anything"] is False


def test_only_looking_leaves_what_is_new_new(node, logs, run):
    take(node, FIRST, owner=CSIRT)
    run("keep", logs)
    for _ in range(2):
        assert run("retro", "--no-sightings")[1]["hits"] == 2
        assert run("retro", "--since", "2026-11-20T08:00:01Z", "--no-sightings")[1]["hits"] == 1
        assert run("retro", "--indicator", FIRST["id"], "--no-sightings")[1]["hits"] == 2


def test_an_indicator_that_is_not_there(node, logs, run, capsys):
    run("keep", logs)
    assert main(["retro", "--indicator", FIRST["id"]]) == 6
    assert "no indicator" in capsys.readouterr().err
    assert main(["retro", "--since", "yesterday"]) == 4


def test_text_for_people(node, logs, run, capsys):
    take(node, FIRST, owner=CSIRT)
    assert main(["keep", str(logs)]) == 0
    assert "4 records kept" in capsys.readouterr().out
    assert main(["retro", "--limit", "1"]) == 0
    out = capsys.readouterr().out
    assert out.count("TLP:GREEN  www.evil.example") == 1
    assert "read: 0.0 MB in 1 of 2 groups of records" in out
    assert "sightings: 1 new" in out


def test_telemetry_is_kept_as_long_as_the_settings_say(node, logs, run, monkeypatch, tmp_path):
    monkeypatch.setenv("TOCSIN_TELEMETRY_FOLDER", str(tmp_path / "disk"))
    (logs / "old.log").write_text("2001-01-01T00:00:00Z long ago\n")
    assert run("keep", logs)[1]["files"] == 3
    assert (tmp_path / "disk" / "day=2001-01-01").is_dir()
    monkeypatch.setenv("TOCSIN_TELEMETRY_DAYS", "1")
    assert run("keep", logs)[1]["removed"] > 0
    assert not list((tmp_path / "disk").glob("day=2001-01-01/*"))


def test_what_cannot_be_kept_is_said(node, logs, run, capsys):
    assert main(["keep", "-"]) == 4
    assert main(["keep", str(logs / "nothing")]) == 4
    (logs / "cut.log.gz").write_bytes(b"\x1f\x8b\x08\x00")
    assert main(["keep", str(logs)]) == 4
    assert "not read to its end" in capsys.readouterr().err


def test_telemetry_that_is_held_is_left_alone(node, logs, run, capsys):
    run("keep", logs)
    from tocsin.config import load

    with kept_folder.locked(load().telemetry):
        assert main(["keep", str(logs)]) == 4
        assert main(["retro"]) == 4
    assert "try again" in capsys.readouterr().err


def test_an_index_for_other_machines(node, run, capsys, tmp_path):
    from tocsin.node import index_release

    take(node, FIRST, SECOND, owner=CSIRT)
    status, facts = run("index", "export", tmp_path / "tocsin.index")
    assert (status, facts["values"], facts["indicators"]) == (0, 2, 2)
    found = index_release.load(tmp_path / "tocsin.index")
    assert [entry.value for entry in found.index.entries] == ["evil.example", "192.0.2.66"]
    assert main(["index", "export", str(tmp_path / "nothing" / "x")]) == 4
    assert "cannot be written" in capsys.readouterr().err
