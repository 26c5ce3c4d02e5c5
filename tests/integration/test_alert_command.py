"""`tocsin alert` on a node, as its user sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hunting import CSIRT, GREEN, indicator, prepare, take
from tocsin.cli import main
from tocsin.store import Store

Asked = Callable[..., Any]


@pytest.fixture
def asked(store: Store, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Asked:
    """Make a node with hits; return what calls commands with --json: exit status and answer."""
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    prepare(store)
    take(
        store,
        indicator("bad", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )
    log = tmp_path / "a.log"
    log.write_text("2026-11-20T08:00:00Z evil.example \x1b[31m\n")

    def ask(*args: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main([*args, "--json"])
        out = capsys.readouterr().out
        return status, json.loads(out) if out else None

    assert ask("hunt", str(log))[1]["alerts"] == 1
    return ask


def test_an_alert_from_hit_to_verdict(asked: Asked, capsys: Any) -> None:
    (alert,) = asked("alert", "list")[1]["alerts"]
    assert (alert["name"], alert["status"], alert["hits"]) == ("bad", "new", 1)
    assert alert["origins"] == [{"owner": CSIRT, "by": "CSIRT", "tlp": "TLP:GREEN"}]
    shown = asked("alert", "show", alert["id"])[1]
    assert (shown["samples"][0]["value"], shown["samples"][0]["at"]) == (
        "evil.example",
        "2026-11-20T08:00:00Z",
    )
    assert asked("alert", "acknowledge", alert["id"], "--note", "at it")[1]["status"] == "acknowledged"
    assert asked("alert", "close", alert["id"])[0] != 0
    assert (
        asked("alert", "close", alert["id"], "--true-positive", "--note", "a drill")[1]["verdict"]
        == "true-positive"
    )
    assert asked("alert", "list")[1]["alerts"] == []
    assert asked("alert", "reopen", alert["id"])[1]["status"] == "new"
    assert main(["alert", "show", alert["id"]]) == 0
    text = capsys.readouterr().out
    assert "TLP:GREEN" in text
    assert "from CSIRT" in text
    assert "\x1b" not in text
    assert asked("alert", "show", "nothing")[0] != 0


def test_suppressing(asked: Asked) -> None:
    assert asked("alert", "suppress", "--reason", "x")[0] != 0
    assert asked("alert", "suppress", "--value", "a", "--host", "b", "--reason", "x")[0] != 0
    made = asked("alert", "suppress", "--value", "evil.example", "--reason", "a drill", "--for", "2d")[1]
    assert (made["kind"], made["value"], made["created_by"]) == ("value", "evil.example", "local")
    assert [each["id"] for each in asked("alert", "suppressions")[1]["suppressions"]] == [made["id"]]
    assert asked("alert", "unsuppress", made["id"])[0] == 0
    assert asked("alert", "suppressions")[1] == {"suppressions": []}
