from __future__ import annotations

from datetime import date

import pytest

from tocsin.errors import NotFoundError
from tocsin.law import bases
from tocsin.law.load import load

CISA = "US CISA 2015 (6 USC 1501-1510)"
LAPSES = [  # day, what is said
    ("2015-12-17", f"{CISA} begins on 2015-12-18"),
    ("2015-12-18", ""),
    ("2025-09-30", ""),
    ("2025-10-01", f"{CISA} lapsed on 2025-10-01 and is in force again from 2025-11-12"),
    ("2025-11-11", f"{CISA} lapsed on 2025-10-01 and is in force again from 2025-11-12"),
    ("2025-11-12", ""),
    ("2026-01-30", ""),
    ("2026-01-31", f"{CISA} lapsed on 2026-01-31 and is in force again from 2026-02-03"),
    ("2026-02-03", ""),
    ("2026-09-30", ""),
    ("2026-10-01", f"{CISA} lapsed on 2026-10-01; nothing later is known here"),
    ("2030-01-01", f"{CISA} lapsed on 2026-10-01; nothing later is known here"),
]


def micros(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * 86_400_000_000


@pytest.mark.parametrize(("day", "said"), LAPSES)
def test_the_act_that_lapses(day: str, said: str) -> None:
    for moment in (micros(day), micros(day) + 86_400_000_000 - 1):
        assert bases.why_not("us-cisa-2015", moment) == said
        assert bases.in_force("us-cisa-2015", moment) is (said == "")


def test_turns_are_all_the_dates_in_order() -> None:
    seen, moment = [], micros("2015-01-01")
    while (later := bases.turn("us-cisa-2015", moment)) is not None:
        seen.append(later)
        moment = later
    assert seen == [
        micros(d)
        for d in (
            *("2015-12-18", "2025-10-01", "2025-11-12"),
            *("2026-01-31", "2026-02-03", "2026-10-01"),
        )
    ]


@pytest.mark.parametrize("found", bases.known(), ids=lambda b: b.id)
def test_every_turn_is_a_change_and_nothing_changes_between(found: bases.Basis) -> None:
    moment = 0
    while (later := bases.turn(found.id, moment)) is not None:
        assert bases.in_force(found.id, later) is not bases.in_force(found.id, moment)
        assert bases.in_force(found.id, later - 1) is bases.in_force(found.id, moment)
        moment = later


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("eu-nis2-29", "2024-10-18"),
        ("eu-dora-45", "2025-01-17"),
        ("eu-gdpr-6-1-f", "2018-05-25"),
        ("gb-gdpr-6-1-ea", "2026-02-05"),
        ("xa-sharing-act", "2020-01-01"),
    ],
)
def test_since_when(name: str, first: str) -> None:
    assert not bases.in_force(name, micros(first) - 1)
    assert bases.in_force(name, micros(first))
    assert bases.turn(name, micros(first)) is None


def test_all_are_known_and_nothing_else() -> None:
    assert [b.id for b in bases.known()] == list(load().bases)
    for ask in (bases.basis, *(lambda i, f=f: f(i, 0) for f in (bases.in_force, bases.why_not, bases.turn))):
        with pytest.raises(NotFoundError, match="no legal basis 'eu-gdpr' is known here"):
            ask("eu-gdpr")  # a regime, not a basis
