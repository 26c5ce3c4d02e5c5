from __future__ import annotations

import time

import pytest

from factories import IMPORT, indicator, place, settle
from tocsin.errors import StoreUnavailableError
from tocsin.server.indexer import Indexer
from tocsin.store import Store, objects
from tocsin.store.search import index


def _wait(store: Store) -> bool:
    for _ in range(200):
        with store.connection() as connection:
            if index.progress(connection).done:
                return True
        time.sleep(0.02)
    return False


def test_it_follows_and_goes_on_after_a_failure(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    intel = settle(store)
    objects.put(store, intel.id, [place(indicator(n)) for n in range(3)], origin=IMPORT)
    advance, failed = index.advance, []

    def once_away(given: Store) -> bool:
        if not failed:
            failed.append(True)
            raise StoreUnavailableError("the database is away")
        return advance(given)

    monkeypatch.setattr(index, "advance", once_away)
    made = Indexer(store, every=0.01)
    made.start()
    try:
        assert _wait(store)
    finally:
        made.stop()
    assert "does not follow" in caplog.text
    with store.connection() as connection:
        assert connection.execute("SELECT count(*) FROM search").fetchone() == (3,)
