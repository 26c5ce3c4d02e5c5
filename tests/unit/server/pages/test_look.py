"""How pages look: what a browser asks for is checked against what there is."""

from __future__ import annotations

import zoneinfo

import pytest

from tocsin.server.pages import look


def test_zones_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    assert look.chosen({"zone": "Europe/Paris"}).zone == "Europe/Paris"

    def refuse() -> set[str]:
        raise AssertionError("the zones were looked for again")

    monkeypatch.setattr(zoneinfo, "available_timezones", refuse)
    assert look.chosen({"zone": "Asia/Tokyo"}).zone == "Asia/Tokyo"
    assert look.chosen({"zone": "../../etc/passwd"}).zone == "UTC"
