from __future__ import annotations

import hashlib
import random
import threading

import pytest

from factories import FRIEND, IMPORT
from tocsin.errors import NotFoundError
from tocsin.store import Store, quarantine
from tocsin.store.quarantine import KEEP_AT_MOST, Refused
from tocsin.store.values import Origin

BAD = Refused(b'{"type": 1}', "file.json:1", "/type", "type", "not a string")


def test_a_refusal_is_kept_with_all_that_is_known(store: Store) -> None:
    with store.connection() as connection:
        quarantine.put(connection, [BAD], origin=Origin(FRIEND.id, "friend", "taxii-poll"), now=7)
        (kept,) = quarantine.everything(connection)
        assert quarantine.get(connection, kept.id) == kept
    assert (kept.raw, kept.where, kept.pointer, kept.rule, kept.reason) == (
        BAD.raw,
        BAD.where,
        BAD.pointer,
        BAD.rule,
        BAD.reason,
    )
    assert (kept.at, kept.times, kept.whole, kept.origin) == (
        7,
        1,
        True,
        Origin(FRIEND.id, "friend", "taxii-poll"),
    )


def test_the_same_again_is_counted(store: Store) -> None:
    with store.connection() as connection:
        for now in (1, 2, 3):
            quarantine.put(connection, [BAD, BAD], origin=IMPORT, now=now)
        (kept,) = quarantine.everything(connection)
    assert (kept.times, kept.at) == (6, 3)


def test_of_a_large_one_the_beginning_is_kept(store: Store) -> None:
    raw = b"x" * (KEEP_AT_MOST + 1)
    cut = Refused(
        b"y" * 10, "b", "", "limit", "too large", length=10**9, digest=hashlib.sha256(b"z").digest()
    )
    with store.connection() as connection:
        quarantine.put(connection, [Refused(raw, "a", "", "limit", "too large"), cut], origin=IMPORT, now=1)
        found = {k.where: k for k in quarantine.everything(connection)}
    assert (len(found["a"].raw), found["a"].length, found["a"].whole) == (KEEP_AT_MOST, len(raw), False)
    assert (found["b"].raw, found["b"].length, found["b"].whole) == (b"y" * 10, 10**9, False)


@pytest.mark.parametrize("text", ["a\0b", "\udc80\ud800", "ü" * 5000, "\U0001f514" * 3000, ""])
def test_any_text_can_be_where_and_why(store: Store, text: str) -> None:
    refused = Refused(b"\0\xff", text, text, "rule", text)
    with store.connection() as connection:
        quarantine.put(connection, [refused], origin=IMPORT, now=1)
        quarantine.put(connection, [refused], origin=IMPORT, now=2)
        (kept,) = quarantine.everything(connection)
    assert kept.raw == b"\0\xff"
    assert kept.times == 2


def test_two_that_refuse_the_same_in_other_orders_do_not_wait_for_each_other(store: Store) -> None:
    failures = []
    gate = threading.Barrier(4)

    def work(seed: int) -> None:
        some = [Refused(f"{n}".encode(), "file", "", "rule", "reason") for n in range(200)]
        try:
            for _ in range(5):
                random.Random(seed).shuffle(some)
                gate.wait(timeout=30)
                with store.transaction() as connection:
                    quarantine.put(connection, some, origin=IMPORT, now=1)
        except Exception as error:  # noqa: BLE001 - said below
            failures.append(error)
            gate.abort()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_dropping(store: Store) -> None:
    with store.connection() as connection:
        quarantine.put(connection, [BAD], origin=IMPORT, now=1)
        (kept,) = quarantine.everything(connection)
        quarantine.drop(connection, kept.id)
        assert quarantine.count(connection) == 0
        with pytest.raises(NotFoundError):
            quarantine.drop(connection, kept.id)
        with pytest.raises(NotFoundError):
            quarantine.get(connection, kept.id)
