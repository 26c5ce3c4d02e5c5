from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from hunting import CSIRT, GREEN, indicator, prepare, take
from tocsin.errors import StoreUnavailableError
from tocsin.node import remembering, watching
from tocsin.node.alerting import Alerting
from tocsin.node.clearances import Clearances
from tocsin.node.watching import Messages, Setup, Watch
from tocsin.store import Store, suppressions, watched
from tocsin.telemetry.plugin import named

EVIL = indicator("evil", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN])


@pytest.fixture
def node(store: Store) -> Store:
    prepare(store)
    take(store, EVIL, owner=CSIRT)
    return store


class Told:
    """A watch whose clock is moved by hand, and the hits that it told."""

    def __init__(self, store: Store, *paths: Path, **setup: Any) -> None:
        self.hits: list[Any] = []
        self.now = 50.0
        self.watch = Watch(
            store,
            Clearances(store),
            Setup(paths=tuple(map(str, paths)), **setup),
            on_hits=lambda found: self.hits.extend(found.value),
            ticks=lambda: self.now,
        )

    def step(self, seconds: float = 2.0) -> list[tuple[str, int]]:
        """Do what there is to do; return file and line of new hits."""
        before = len(self.hits)
        self.now += seconds
        while self.watch.step():
            pass
        return [(Path(hit.file).name, hit.line) for hit in self.hits[before:]]


def _count(store: Store) -> int:
    return sum(told.hits + told.beyond for told in Alerting(store, Clearances(store)).listed().value)


def _add(file: Path, *lines: str) -> None:
    with file.open("a") as opened:
        opened.writelines(f"{line}\n" for line in lines)


def test_each_line_is_one_hit_across_restarts(node: Store, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    _add(logs / "a.log", "old evil.example")
    told = Told(node, logs)
    assert told.step() == []
    _add(logs / "a.log", "quiet", "to evil.example", "to evil.example")
    _add(logs / "b.log", "to evil.example")
    assert sorted(told.step()) == [("a.log", 3), ("a.log", 4), ("b.log", 1)]
    (logs / "a.log").rename(logs / "a.log.1")
    _add(logs / "a.log", "x evil.example")
    again = Told(node, logs)  # the other was killed
    assert again.step() == [("a.log", 1)]
    assert _count(node) == 4
    assert again.watch.report.alerts == 0


def test_what_was_scanned_and_not_committed_is_found_again(
    node: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "a.log"
    told = Told(node, file)
    _add(file, "evil.example", "evil.example")
    told.now += 5
    assert len(told.watch._take().hits) == 2  # and then it was killed
    again = Told(node, file)
    assert len(again.step()) == 2
    assert _count(node) == 2


def test_while_the_database_is_away_nothing_is_lost_or_counted_twice(
    node: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "a.log"
    told = Told(node, file)
    _add(file, "evil.example")
    told.now += 5
    real = watching.keep_in

    def away(*_: Any, **__: Any) -> None:
        raise StoreUnavailableError("away")

    monkeypatch.setattr(watching, "keep_in", away)
    monkeypatch.setattr(told.watch._stopping, "wait", lambda _: False)
    assert told.watch.step()
    assert told.watch.step()
    _add(file, "evil.example too")
    monkeypatch.setattr(watching, "keep_in", real)
    assert len(told.step()) == 2
    assert (_count(node), told.watch.report.hits) == (2, 2)


def test_new_and_recalled_indicators_are_followed(node: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    told = Told(node, file)
    new = indicator("new", "[ipv4-addr:value = '192.0.2.7']")
    take(node, new)
    told.watch.follow()
    _add(file, "192.0.2.7")
    assert told.step() == [("a.log", 1)]
    take(node, new | {"modified": "2026-11-09T00:00:00.000Z", "revoked": True})
    told.watch.follow()
    _add(file, "192.0.2.7", "evil.example")
    assert told.step() == [("a.log", 3)]


def test_patterns_remember_across_pieces_and_catalogues(node: Store, tmp_path: Path) -> None:
    pattern = (
        "([domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']) WITHIN 60 SECONDS"
    )
    take(node, indicator("both", pattern))
    file = tmp_path / "dns.log"
    told = Told(node, file)

    def query(second: int, name: str) -> None:
        record = {"ts": 1_795_161_600 + second, "uid": "C", "id.orig_h": "10.0.0.1", "id.resp_h": "10.0.0.2"}
        _add(file, json.dumps({**record, "id.orig_p": 5, "id.resp_p": 53, "proto": "udp", "query": name}))

    query(0, "a.example")
    assert told.step() == []
    take(node, indicator("more", "[domain-name:value = 'more.example']"))
    told.watch.follow()
    query(1, "b.example")
    assert told.step() == [("dns.log", 2)]
    assert [part.line for part in told.hits[-1].parts] == [1, 2]


def test_a_flood_is_one_alert_and_is_looked_for_again_after_an_hour(
    node: Store, tmp_path: Path, monkeypatch: Any
) -> None:
    file = tmp_path / "a.log"
    told = Told(node, file)
    told.watch._hunt._options = type(told.watch._hunt._options)(most=3, breaker=8, threads=1)
    for _ in range(2):
        _add(file, *["evil.example"] * 5)
        told.step()
    assert (_count(node), told.watch.report.hits, told.watch.report.beyond) == (8, 3, 5)
    _add(file, "evil.example")
    assert told.step() == []
    _add(file, "evil.example")
    assert len(told.step(seconds=3601)) == 1
    assert _count(node) == 9


def test_what_is_suppressed_meanwhile_is_not_raised(node: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    told = Told(node, file)
    with node.connection() as connection:
        suppressions.add(
            connection,
            "value",
            "evil.example",
            "a drill",
            expires=node.clock() + 60_000_000,
            by="x",
            now=node.clock(),
        )
    _add(file, "evil.example")
    told.step(seconds=10)
    (flag,) = told.hits[0].flags
    assert (flag[:27], _count(node)) == ("suppressed:a drill, until 2", 0)


def test_names_of_files_may_be_any_bytes(node: Store, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    file = logs / b"a\xff\xfe.log".decode("utf-8", "surrogateescape")
    told = Told(node, logs)
    _add(file, "evil.example")
    assert len(told.step()) == 1
    _add(file, "evil.example")
    assert len(Told(node, logs).step()) == 1
    assert _count(node) == 2


class Sender:
    """Messages of somebody."""

    dropped = 2

    def __init__(self, *batches: Messages) -> None:
        self.batches = list(batches)

    def standing(self) -> list[Any]:
        return []

    def take(self) -> Iterable[Messages]:
        return [self.batches.pop(0)] if self.batches else []

    def close(self) -> None:
        """Nothing is open."""


def test_messages_are_hits_each_of_its_own(node: Store) -> None:
    log = named("syslog_rfc5424")
    lines = b"<34>1 2026-11-20T08:00:00Z web01 app - - - evil.example\n" * 2
    sender = Sender(Messages("udp://192.0.2.1", log, lines, 7), Messages("udp://192.0.2.1", log, lines, 9))
    told = Told(node, inputs=(sender,))
    assert len(told.step()) == 4
    assert (told.hits[0].host, told.hits[0].file) == ("web01", "udp://192.0.2.1")
    assert (_count(node), told.watch.report.dropped) == (4, 2)


def test_it_runs_until_it_is_stopped_and_then_tells_what_it_saw(node: Store, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    told = Told(node, file)
    told.watch._ticks = __import__("time").monotonic
    thread = threading.Thread(target=told.watch.run)
    thread.start()
    _add(file, "2026-11-20T08:00:00Z evil.example")
    for _ in range(500):
        if told.hits:
            break
        threading.Event().wait(0.02)
    told.watch.stop()
    thread.join(20)
    assert not thread.is_alive()
    with node.connection() as connection:
        row = connection.execute("SELECT count(*) FROM object WHERE type = 'sighting'").fetchone()
    assert row == (1,)


def test_lines_of_a_message_are_told_apart_by_its_place(node: Store) -> None:
    lines = b"evil.example\n" * 4
    sender = Sender(
        Messages("k", named("text"), lines, 0, None, "one", [7, 7, 8, 9]),
        Messages("k", named("text"), lines, 0, None, "two", [7, 8, 9, 10]),
    )
    told = Told(node, inputs=(sender,))
    assert [line for _, line in told.step()] == [7, 7, 8, 9, 7, 8, 9, 10]
    assert _count(node) == 8


SIGMA = """title: Whoami
id: 00000000-0000-4000-8000-000000000001
level: high
tags: [attack.t1033]
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\whoami.exe'}
  condition: selection
"""
MANY = """title: Many
correlation:
  type: event_count
  rules: [00000000-0000-4000-8000-000000000001]
  timespan: 10m
  condition: {gte: 2}
"""


def test_sigma_rules_judge_what_comes_also_those_that_come_later(
    node: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def rule(name: str, text: str) -> None:
        facts = {
            "pattern_type": "sigma",
            "object_marking_refs": [GREEN],
            "external_references": [{"source_name": "mitre-attack", "external_id": "T1033"}],
        }
        take(node, indicator(name, text, **facts), owner=CSIRT)

    def event(image: str) -> str:
        return json.dumps(
            {
                "EventID": 1,
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "EventTime": "2026-11-20 08:00:00",
                "Image": image,
            }
        )

    rule("whoami", SIGMA)
    rule("many", MANY)
    file = tmp_path / "a.json"
    with caplog.at_level("INFO", "tocsin.watch"):
        told = Told(node, file, sigma=True)
    assert "1 Sigma rules and 1 correlations judge" in caplog.text
    _add(file, event("C:\\whoami.exe"), event("C:\\other.exe"), event("C:\\evil.example"))
    assert told.step() == [("a.json", 3)]  # `whoami` serves its correlation alone
    rule("other", SIGMA.replace("whoami.exe", "other.exe").replace("0001", "0002"))
    told.watch.follow()
    _add(file, event("C:\\other.exe"))
    assert told.step() == [("a.json", 4)]
    alerts = {each.name: each for each in Alerting(node, Clearances(node)).listed().value}
    assert [each.id for each in alerts["other"].techniques] == ["T1033"]
    assert (alerts["other"].hits, alerts["other"].origins[0].tlp, alerts["other"].origins[0].by) == (
        1,
        "TLP:GREEN",
        "CSIRT",
    )


def _event(image: str, minute: int) -> str:
    return json.dumps(
        {
            "EventID": 1,
            "Channel": "Microsoft-Windows-Sysmon/Operational",
            "EventTime": f"2026-11-20 08:{minute:02}:00",
            "Image": f"C:\\{image}",
        }
    )


def _rule(node: Store, name: str, text: str) -> None:
    take(node, indicator(name, text, pattern_type="sigma", object_marking_refs=[GREEN]), owner=CSIRT)


def test_sigma_correlations_are_found_across_restarts_and_once(node: Store, tmp_path: Path) -> None:
    _rule(node, "whoami", SIGMA)
    _rule(node, "many", MANY)
    file = tmp_path / "a.json"
    told = Told(node, file, sigma=True)
    _add(file, _event("whoami.exe", 0), _event("other.exe", 1))
    assert told.step() == []
    again = Told(node, file, sigma=True)  # the other was killed
    _add(file, _event("whoami.exe", 5))
    again.now += 5
    assert [hit.wanted for hit in again.watch._take().hits] == ["Many"]  # and then it was killed, too
    last = Told(node, file, sigma=True)
    assert last.step() == [("a.json", 3)]
    assert [part.line for part in last.hits[0].parts] == [1, 3]
    _add(file, _event("whoami.exe", 6))
    assert last.step() == [], "it holds still"
    after = Told(node, file, sigma=True)
    _add(file, _event("whoami.exe", 7))
    assert after.step() == []
    _add(file, _event("whoami.exe", 40), _event("whoami.exe", 41))
    assert after.step() == [("a.json", 7)]
    assert _count(node) == 2


def test_a_correlation_that_comes_later_counts_what_was_before_it(node: Store, tmp_path: Path) -> None:
    _rule(node, "whoami", SIGMA)
    _rule(node, "three", MANY.replace("gte: 2", "gte: 3"))
    file = tmp_path / "a.json"
    told = Told(node, file, sigma=True)
    _add(file, _event("whoami.exe", 0))
    assert told.step() == []
    _rule(node, "two", MANY.replace("Many", "Two"))
    told.watch.follow()
    _add(file, _event("whoami.exe", 1))
    assert told.step() == [("a.json", 2)]
    assert [hit.wanted for hit in told.hits] == ["Two"]


def test_what_correlations_remember_is_bounded_and_goes(
    node: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> int:
        return sum(each.device == watched.REMEMBERED for each in _positions(node))

    monkeypatch.setattr(remembering, "MOST", 4)
    _rule(node, "whoami", SIGMA)
    _rule(node, "many", MANY.replace("gte: 2", "gte: 6"))
    file = tmp_path / "a.json"
    told = Told(node, file, sigma=True)
    for minute in range(5):
        _add(file, _event("whoami.exe", minute))
        assert told.step() == []
    assert kept() == 4
    assert "more hits came" in told.watch.report.notes["Sigma correlations"]
    _add(file, _event("whoami.exe", 5))
    assert told.step() == [], "the first was forgotten"
    _add(file, _event("other.exe", 59), _event("whoami.exe", 59))
    told.step()
    assert kept() == 1, "what is older than its span, and than anything that comes late, is not kept"


def test_a_span_with_an_upper_bound_is_told_when_it_has_ended(node: Store, tmp_path: Path) -> None:
    _rule(node, "whoami", SIGMA)
    _rule(node, "few", MANY.replace("gte: 2", "lte: 2").replace("Many", "Few"))
    file = tmp_path / "a.json"
    told = Told(node, file, sigma=True)
    _add(file, _event("whoami.exe", 0), _event("whoami.exe", 1))
    assert told.step() == []
    moment = node.clock() + 1_300_000_000
    node.clock = lambda: moment
    assert told.step() == [("a.json", 2)]
    assert told.step() == []
    assert _count(node) == 1


def _positions(store: Store) -> list[Any]:
    with store.connection() as connection:
        return watched.everything(connection)
