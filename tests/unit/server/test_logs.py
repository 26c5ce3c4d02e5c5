"""The log: whole lines, no forged ones, and nobody waits for it."""

from __future__ import annotations

import io
import json
import logging
import threading

import pytest

from tocsin.server import logs


def said(monkeypatch: pytest.MonkeyPatch, *, as_json: bool, level: str = "info") -> list[str]:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    before = logging.getLogger().handlers[:]
    with logs.writing(level, as_json=as_json):
        logs.access(
            request="r1",
            method="GET",
            path="/a\nforged \x1b[31m",
            status=200,
            ms=1.25,
            bytes=10,
            account="me",
            address="::1",
        )
        logging.getLogger("tocsin.server").error("bad %s", "thing", extra={"request": "r2"})
        logging.getLogger("tocsin.server").debug("unheard")
        logging.getLogger("uvicorn.error").warning("noise")
        logging.getLogger("tocsin.server").error("fault", exc_info=ValueError("inside"))
    assert logging.getLogger().handlers == before
    return stream.getvalue().splitlines()


def test_text(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = said(monkeypatch, as_json=False)
    assert lines[0].endswith(r'tocsin.access: ::1 me "GET /a\nforged \x1b[31m" 200 10 1.2ms [r1]')
    assert lines[1].endswith("tocsin.server: bad thing [r2]")
    assert lines[-1] == "ValueError: inside"
    assert not any("noise" in line or "unheard" in line for line in lines)


def test_json(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (json.loads(line) for line in said(monkeypatch, as_json=True))
    assert first["status"] == 200
    assert first["path"] == "/a\nforged \x1b[31m"
    assert first["at"].endswith("Z")
    assert (second["request"], second["level"]) == ("r2", "error")
    assert "ValueError: inside" in third["trace"]


def test_access_lines_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(said(monkeypatch, as_json=True, level="error")) == 2


def test_a_reader_that_stops_reading_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    class Stuck(io.StringIO):
        def write(self, text: str) -> int:
            go_on.wait(20)
            return super().write(text)

    monkeypatch.setattr("sys.stderr", Stuck())
    monkeypatch.setattr(logs, "_WAITING_AT_MOST", 10)
    with logs.writing("info", as_json=False):
        for number in range(1000):
            logging.getLogger("tocsin.server").info("line %d", number)
        go_on.set()
