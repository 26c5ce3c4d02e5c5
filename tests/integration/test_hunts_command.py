"""Saved hunts on a node, as its user sees them, and when they are due."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hunting import CSIRT, GREEN, indicator, prepare, take
from tocsin.cli import main
from tocsin.node.clearances import Clearances
from tocsin.node.saved_hunts import Scheduler
from tocsin.store import Store, saved

MINUTE = 60_000_000
Asked = Callable[..., Any]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.log").write_text("2026-11-20T08:00:00Z evil.example\n")
    return folder


@pytest.fixture
def asked(store: Store, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Asked:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    prepare(store)
    take(
        store,
        indicator("bad", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )

    def ask(*args: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main([*args, "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out) if out else None

    return ask


def test_a_hunt_is_saved_run_scheduled_and_removed(asked: Asked, logs: Path) -> None:
    assert asked("hunt", str(logs), "--save", "daily", "--min-confidence", "5", "--any-time")[0] == 0
    assert asked("hunt", str(logs), "--save", "daily")[0] != 0
    (logs / "b.log").write_text("evil.example again\n")
    status, report = asked("hunts", "run", "daily")
    assert (status, report["hits"], report["new"], report["alerts"], report["logs"]) == (0, 2, 1, 0, 2)
    assert asked("hunts", "schedule", "daily", "--every", "6h")[1]["every_seconds"] == 6 * 3600
    (hunt,) = asked("hunts", "list")[1]["hunts"]
    assert (hunt["name"], hunt["last"]["hits"], hunt["what"]["paths"]) == ("daily", 2, [str(logs)])
    assert len(asked("hunts", "runs", "daily")[1]["runs"]) == 1
    assert main(["hunts", "list"]) == 0
    assert asked("hunts", "schedule", "daily", "--never")[1]["every_seconds"] is None
    assert asked("hunts", "remove", "daily")[0] == 0
    assert asked("hunts", "run", "daily")[0] != 0
    assert len(asked("alert", "list")[1]["alerts"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("hunt", "-", "--save", "x"),
        ("hunt", "LOGS", "--save", "x", "--since", "2026-11-20"),
        ("hunt", "LOGS", "--save", "x", "--observables"),
        ("hunt", "LOGS", "--save", "no name"),
        ("hunts", "schedule", "x", "--every", "5s"),
        ("hunts", "schedule", "x"),
        ("hunts", "schedule", "x", "--every", "soon"),
        ("hunts", "schedule", "x", "--every", "5m"),
    ],
)
def test_what_would_mean_nothing_is_refused(asked: Asked, logs: Path, arguments: tuple[str, ...]) -> None:
    assert asked(*(str(logs) if each == "LOGS" else each for each in arguments))[0] != 0
    assert asked("hunts", "list")[1]["hunts"] == []


def test_what_is_due_is_run_once_by_one_of_several(asked: Asked, store: Store, logs: Path) -> None:
    asked("hunt", str(logs), "--save", "often", "--no-sightings")
    asked("hunts", "schedule", "often", "--every", "1m")
    clock, now = store.clock, store.clock()
    schedulers = [Scheduler(store, Clearances(store)) for _ in range(2)]
    store.clock = lambda: now + MINUTE
    assert [each.run_due() for each in schedulers] == [1, 0]
    store.clock = lambda: now + 100 * MINUTE  # nobody was there for a while
    assert [each.run_due() for each in schedulers] == [1, 0]
    logs.rename(logs.with_name("gone"))
    store.clock = lambda: now + 200 * MINUTE
    assert schedulers[0].run_due() == 1
    with store.connection() as connection:
        runs = saved.runs(connection, "often", limit=10)
    assert [("failed" in run.report, run.report.get("hits")) for run in runs] == [
        (True, None),
        (False, 1),
        (False, 1),
    ]
    assert all(run.ended is not None for run in runs)
    store.clock = clock
