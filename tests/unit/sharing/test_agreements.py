from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sharing.actions import ACTIONS
from tocsin.sharing.agreements import USES, Agreement, Party, Terms, lapse, turn

DAY = 86_400_000_000
START, BASIS, END = (n * DAY for n in (100, 200, 300))
ONE, TWO, STRANGER = "identity--1", "identity--2", "identity--3"
MADE = Agreement(
    UUID(int=1), "a", "A", "protect", "Act 7", BASIS, START, END,
    parties=(Party(ONE, START), Party(TWO, 120 * DAY, gone=150 * DAY)),
)  # fmt: skip


@pytest.mark.parametrize(
    ("organisation", "day", "said"),
    [
        (ONE, 99, "the agreement 'A' begins on 1970-04-11"),
        (ONE, 100, ""),
        (ONE, 199, ""),
        (ONE, 200, "the legal basis of the agreement 'A', Act 7, lapsed on 1970-07-20"),
        (ONE, 300, "the agreement 'A' ended on 1970-10-28"),
        (TWO, 119, "it is no party to the agreement 'A'"),
        (TWO, 120, ""),
        (TWO, 149, ""),
        (TWO, 150, "it left the agreement 'A' on 1970-05-31"),
        (STRANGER, 120, "it is no party to the agreement 'A'"),
    ],
)
def test_lapse(organisation: str, day: int, said: str) -> None:
    assert lapse(MADE, organisation, day * DAY) == said
    if not said:
        assert lapse(MADE, organisation, (day + 1) * DAY - 1) == ""


def test_withdrawn() -> None:
    ended = msgspec.structs.replace(MADE, withdrawn=160 * DAY + 1)
    assert lapse(ended, ONE, 160 * DAY) == ""
    assert lapse(ended, ONE, 160 * DAY + 1) == "the agreement 'A' was withdrawn on 1970-06-10T00:00:00Z"


dates = st.none() | st.integers(0, 20)
made = st.builds(
    Agreement,
    st.just(UUID(int=1)), st.just("a"), st.just("A"), st.just("p"), st.just("b"),
    dates, st.integers(0, 20), dates, dates, st.booleans(),
    st.lists(st.builds(Party, st.sampled_from((ONE, TWO)), st.integers(0, 20), dates), max_size=2, unique_by=lambda p: p.organisation).map(tuple),
)  # fmt: skip


@given(made, st.integers(-1, 21))
def test_nothing_changes_between_turns(agreement: Agreement, now: int) -> None:
    """Whoever decides again at each turn, and only then, is never wrong."""
    until = turn(agreement, now)
    for moment in range(now, 22 if until is None else until):
        for organisation in (ONE, TWO, STRANGER):
            assert lapse(agreement, organisation, moment) == lapse(agreement, organisation, now)


@given(made, st.integers(-1, 21))
def test_no_stranger_is_ever_in_it(agreement: Agreement, now: int) -> None:
    assert lapse(agreement, STRANGER, now)


# --- on a dated law ---

US = msgspec.structs.replace(
    MADE,
    law="us-cisa-2015",
    starts=0,
    basis_until=None,
    ends=None,
    parties=(Party(ONE, 0), Party(TWO, 0, gone=2 * DAY)),
)


def on(text: str) -> int:
    return int(datetime.fromisoformat(f"{text}T00:00:00+00:00").timestamp()) * 1_000_000


def test_a_law_that_lapsed_last_night_stops_it_this_morning_and_says_so() -> None:
    assert lapse(US, ONE, on("2025-10-01") - 1) == ""
    assert lapse(US, ONE, on("2025-10-01")) == (
        "the agreement 'A' rests on a law that is not in force: US CISA 2015 (6 USC 1501-1510) lapsed on 2025-10-01 "
        "and is in force again from 2025-11-12"
    )
    assert lapse(US, ONE, on("2025-11-12")) == ""
    assert lapse(msgspec.structs.replace(US, law=""), ONE, on("2025-10-01")) == ""


def test_the_dates_of_the_law_are_turns() -> None:
    assert turn(US, on("2025-01-01")) == on("2025-10-01")
    assert turn(US, on("2025-10-01")) == on("2025-11-12")
    assert turn(msgspec.structs.replace(US, ends=on("2025-09-01")), on("2025-01-01")) == on("2025-09-01")
    assert turn(msgspec.structs.replace(US, law=""), on("2025-01-01")) is None


def test_turns_are_of_parties_too_and_later_than_now() -> None:
    assert turn(MADE, 120 * DAY - 1) == 120 * DAY
    assert turn(MADE, 120 * DAY) == 150 * DAY
    assert turn(MADE, END) is None


def test_what_an_agreement_does_not_permit() -> None:
    assert MADE.terms == Terms("A")
    assert MADE.terms.barred == frozenset()
    said = msgspec.structs.replace(MADE, permitted=("match", "redistribute"))
    assert said.terms == Terms("A", ("match", "redistribute"))
    assert said.terms.barred == set(USES) - {"match", "redistribute"}
    closed = msgspec.structs.replace(said, closed=True)
    assert closed.terms.barred == set(USES) - {"match"}
    assert msgspec.structs.replace(MADE, closed=True).terms.barred == {"redistribute"}
    assert msgspec.structs.replace(MADE, permitted=()).terms.barred == set(USES)


def test_every_use_is_an_action_that_policies_know() -> None:
    assert set(USES) < set(ACTIONS)
