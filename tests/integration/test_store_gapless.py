"""Readers that follow the cursor miss nothing and get nothing twice, whatever many writing processes do.

Eight processes write batches of random sizes, dawdle within them and before they commit, roll some back, and three of them are killed in
the middle. What they printed was acknowledged. Readers with pages of different sizes follow all the while.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from factories import IMPORT, OWN, indicator, place, settle
from tocsin.sharing.release import Clearance, clear
from tocsin.store import Connection, Store, labels, objects, pages
from tocsin.store.values import PageQuery

WRITERS = 8
BATCHES = 20
KILLED = 3

WRITER = """
import random, sys, time
from contextlib import contextmanager
from uuid import UUID
from factories import IMPORT, indicator, place
from tocsin.store import Store, objects

dsn, collection, number = sys.argv[1], UUID(sys.argv[2]), int(sys.argv[3])
dice = random.Random(number)

class RolledBack(Exception): pass

with Store(dsn, pool_size=1) as store:
    class Dawdling:
        clock, label_uses, linking = store.clock, store.label_uses, store.linking
        @staticmethod
        @contextmanager
        def transaction():
            with store.transaction() as connection:
                yield connection
                time.sleep(dice.random() ** 4 * 0.05)
                if dice.random() < 0.15:
                    raise RolledBack

    print("ready", flush=True)
    sys.stdin.readline()
    for batch in range(int(sys.argv[4])):
        first = number * 10**6 + batch * 1000
        placements = [place(indicator(first + n)) for n in range(dice.choice((1, 2, 10, 100, 400)))]
        try:
            objects.put(Dawdling, collection, placements, origin=IMPORT)
        except RolledBack:
            continue
        print(first, len(placements), flush=True)
"""


class Follower(threading.Thread):
    """Follows the cursor with pages of one size until told that nothing comes any more."""

    def __init__(
        self, store: Store, query: PageQuery, clearance: Clearance, finished: threading.Event
    ) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.cursors: list[int] = []
        self.failure: Exception | None = None
        self._store, self._query, self._clearance, self._finished = store, query, clearance, finished

    def run(self) -> None:
        try:
            self._follow()
        except Exception as error:  # noqa: BLE001 - said below
            self.failure = error

    def _follow(self) -> None:
        query = self._query
        while True:
            was_finished = self._finished.is_set()
            page = pages.page(self._store, query, self._clearance).value
            if page.count:
                rows = msgspec.json.decode(b"[" + page.body + b"]")
                self.ids += [row["id"] for row in rows]
                self.cursors += [page.first, page.last]
                query = msgspec.structs.replace(query, after=page.last)
            elif was_finished:
                return


def test_readers_miss_nothing_and_get_nothing_twice(dsn: str) -> None:
    with Store(dsn, pool_size=6) as store:
        collection = settle(store)
        objects.put(store, collection.id, [place(indicator(1))], origin=IMPORT)  # makes the label set
        with store.connection() as connection:
            known, generation = tuple(labels.everything(connection)), labels.generation(connection)
            dawdle(connection)
        clearance, finished = clear(OWN.id, "receive", known, generation), threading.Event()
        followers = [
            Follower(store, PageQuery(collection.id, limit=limit, versions=versions), clearance, finished)
            for limit, versions in ((7, ("all",)), (100, ("last",)), (1000, ("all",)))
        ]
        writers = [start(dsn, str(collection.id), number) for number in range(1, WRITERS + 1)]
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for follower in followers:
            follower.start()
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        time.sleep(0.4 + random.random() * 0.4)
        for victim in writers[:KILLED]:
            victim.kill()
        acknowledged = [
            line.split() for writer in writers for line in writer.communicate(timeout=60)[0].splitlines()
        ]
        finished.set()
        for follower in followers:
            follower.join(timeout=60)
        with store.connection() as connection:
            held = {row[0] for row in connection.execute("SELECT stix_id FROM object")}
    assert [w.returncode for w in writers[KILLED:]] == [0] * (WRITERS - KILLED)
    said = {indicator(int(first) + n)["id"] for first, count in acknowledged for n in range(int(count))}
    assert len(said) > 1000, "too little was written to prove anything"
    for follower in followers:
        assert follower.failure is None
        assert len(follower.ids) == len(set(follower.ids)), "something came twice"
        assert follower.cursors == sorted(follower.cursors)
        assert said <= set(follower.ids), "something acknowledged was missed"
        assert set(follower.ids) == held


def dawdle(connection: Connection) -> None:
    """Have each insert take its time between the moment it knows its dates added and the moment it says how far they go."""
    connection.execute(
        "CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(random() ^ 4 * 0.05); RETURN NULL; END $$"
    )
    for (part,) in connection.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'"
    ).fetchall():
        connection.execute(
            f"CREATE TRIGGER dawdle AFTER INSERT ON {part} FOR EACH STATEMENT EXECUTE FUNCTION dawdle()"
        )


def start(dsn: str, collection: str, number: int) -> subprocess.Popen[str]:
    paths = os.pathsep.join((str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")))
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, dsn, collection, str(number), str(BATCHES)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )
