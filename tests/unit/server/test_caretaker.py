"""What is over goes, and what is not stays."""

from __future__ import annotations

import time

from factories import FRIEND, settle
from tocsin.server.caretaker import Caretaker
from tocsin.store import Store, accounts, ceremonies, sessions
from tocsin.store.accounts import DAY, Account


def test_it_drops_by_itself_and_ends(store: Store) -> None:
    settle(store)
    now = store.clock()
    with store.connection() as connection:
        accounts.add(connection, Account("ann", FRIEND.id))
        for at in (now - 2 * DAY, now):
            sessions.begin(connection, "ann", "link", "::1", "", now=at)
            ceremonies.begin(connection, "k", {}, now=at)
    caretaker = Caretaker(store, every=0.05)
    caretaker.start()
    left = None
    deadline = time.monotonic() + 10
    while left != (1, 1) and time.monotonic() < deadline:
        with store.connection() as connection:
            left = connection.execute(
                "SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM ceremony)"
            ).fetchone()
    caretaker.stop()
    assert left == (1, 1)
    assert caretaker.drop() == 0
