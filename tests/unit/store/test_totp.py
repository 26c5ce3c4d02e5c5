"""Codes hold in their time and once; guessing takes longer each time."""

from __future__ import annotations

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from factories import FRIEND, settle
from tocsin.errors import ConflictError, NotFoundError
from tocsin.store import Connection, Store, accounts, totp
from tocsin.store.accounts import Account

SECOND = 1_000_000
NOW = 1_790_000_010 * SECOND  # a third into a step
STEP = 30 * SECOND


@pytest.fixture
def opened(store: Store) -> Store:
    settle(store)
    with store.connection() as connection:
        accounts.add(connection, Account("ann", FRIEND.id))
    return store


def code(secret: str, now: int) -> str:
    return pyotp.TOTP(secret).generate_otp(now // STEP)


def enrolled(connection: Connection) -> tuple[str, list[str]]:
    secret = totp.new_secret()
    codes = totp.enrol(connection, "ann", secret, code(secret, NOW), now=NOW)
    assert codes is not None
    return secret, codes


def test_vectors_of_rfc_6238() -> None:
    """Appendix B, SHA-1: the last six of the eight digits given there."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for at, digits in (
        (59, "287082"),
        (1111111109, "081804"),
        (1234567890, "005924"),
        (20000000000, "353130"),
    ):
        assert totp._step_of(secret, digits, at * SECOND, after=-1) == at // 30
        assert totp._step_of(secret, digits, (at + 90) * SECOND, after=-1) is None


def test_a_code_holds_beside_its_time_and_once(opened: Store) -> None:
    with opened.connection() as connection:
        secret, _ = enrolled(connection)
        later = NOW + 10 * STEP
        for now, good in ((later - 2 * STEP, False), (later + 2 * STEP, False), (later + STEP, True)):
            assert bool(totp.check(connection, "ann", code(secret, later), now=now).method) is good
        for old in (later, later - STEP):  # used, and older than one that was used
            assert totp.check(connection, "ann", code(secret, old), now=later).method == ""


def test_waits_double_up_to_a_day_and_end_with_a_code_that_holds(opened: Store) -> None:
    with opened.connection() as connection:
        secret, _ = enrolled(connection)
        now, waits = NOW + 10 * STEP, []
        for _ in range(20):
            waits.append(totp.check(connection, "ann", "wrong", now=now).wait)
            assert totp.check(connection, "ann", code(secret, now), now=now).method == "" or waits[-1] == 0
            now += (waits[-1] + 60) * SECOND if waits[-1] else 0
            if waits[-1] == 0:  # the good code above began anew
                now += 2 * STEP
                connection.execute("UPDATE totp SET wrong = %s, wrong_at = 0", (len(waits),))
        assert waits[:4] == [0] * 4
        assert waits[4:9] == [30, 60, 120, 240, 480]
        assert waits[-1] == 86_400


def test_recovery_codes_are_kept_as_digests_and_used_up(opened: Store) -> None:
    with opened.connection() as connection:
        _, codes = enrolled(connection)
        kept = str(connection.execute("SELECT * FROM recovery").fetchall())
        assert not any(each in kept or each.replace("-", "") in kept for each in codes)
        assert totp.recovery_left(connection, "ann") == len(set(codes)) == 10
        assert totp.check(connection, "ann", f" {codes[3].upper()} ", now=NOW).method == "recovery"
        assert totp.check(connection, "ann", codes[3], now=NOW).method == ""
        assert totp.recovery_left(connection, "ann") == 9
        newer = totp.renew_recovery(connection, "ann")
        assert totp.check(connection, "ann", codes[4], now=NOW).method == ""
        assert totp.check(connection, "ann", newer[0], now=NOW).method == "recovery"


def test_one_app_an_account_set_up_with_its_code(opened: Store) -> None:
    with opened.connection() as connection:
        secret = totp.new_secret()
        assert totp.enrol(connection, "ann", secret, "000000x", now=NOW) is None
        assert not totp.enrolled(connection, "ann")
        assert totp.check(connection, "ann", code(secret, NOW), now=NOW) == totp.Outcome("")
        enrolled(connection)
        with pytest.raises(ConflictError):
            totp.enrol(connection, "ann", secret, code(secret, NOW), now=NOW)
        totp.remove(connection, "ann")
        assert totp.recovery_left(connection, "ann") == 0
        with pytest.raises(NotFoundError):
            totp.remove(connection, "ann")


@given(st.text(max_size=40))
def test_no_text_is_a_code_by_accident(text: str) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    near = {code(secret, NOW + n * STEP) for n in (-1, 0, 1)}
    assert (totp._step_of(secret, text, NOW, after=-1) is not None) == (text in near)
