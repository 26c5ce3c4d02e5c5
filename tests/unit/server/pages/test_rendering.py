"""Values that others wrote are shown, whatever they are: no page may fail for them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tocsin.sentence import sentence
from tocsin.server.pages import rendering
from tocsin.server.pages.look import Look


def _written(template: str, zone: str, value: Any) -> str:
    view = SimpleNamespace(look=Look(times="mine", zone=zone))
    made = rendering._environment("en").from_string(template)
    return made.render(view=view, value=value)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize(
    "moment",
    [
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        10**18,
        "<b>",
    ],
)
def test_every_moment_is_shown(moment: str | int, zone: str) -> None:
    shown = _written("{{ value | when }}", zone, moment)
    assert shown
    assert "<b>" not in shown


def test_moments_are_shown_in_the_zone_of_the_reader() -> None:
    assert "2026-01-01 09:00" in _written("{{ value | when }}", "Asia/Tokyo", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("number", [0, -5, 1e308, 10**400, 12.5])
def test_every_number_is_shown(number: float) -> None:
    assert _written("{{ value | number }}", "UTC", number)


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "<bdi>A &lt;b&gt; %</bdi> is suspended"),
        ("de", "<bdi>A &lt;b&gt; %</bdi> ist ausgesetzt"),
        ("ar", "<bdi>A &lt;b&gt; %</bdi> معلّقة"),
    ],
)
def test_sentences_are_said_in_the_language_of_the_reader_and_what_others_wrote_stands_apart(
    language: str, shown: str
) -> None:
    said = sentence("%(name)s is suspended", name="A <b> %")
    made = rendering._environment(language).from_string("{{ value | told }}")
    assert made.render(view=None, value=said) == shown
    assert made.render(view=None, value="plain <i>") == "plain &lt;i&gt;"
