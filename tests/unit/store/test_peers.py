from __future__ import annotations

import msgspec
import pytest

from factories import FRIEND, settle
from tocsin.errors import ConflictError, NotFoundError
from tocsin.store import Store, peers
from tocsin.store.peers import Peer, Subscription

PEER = Peer(
    "friend",
    "https://friend.example/taxii2/",
    FRIEND.id,
    secret="toc_secret",
    ca="/ca.pem",
    allowed=("https://cdn.example",),
)


def test_a_peer_comes_back_and_never_shows_its_secret(store: Store) -> None:
    settle(store)
    with store.connection() as connection:
        peers.add(connection, PEER)
        assert peers.get(connection, "friend") == PEER
        assert "toc_secret" not in repr(peers.everything(connection))
        with pytest.raises(ConflictError, match="friend"):
            peers.add(connection, PEER)


def test_new_facts_keep_positions_and_result(store: Store) -> None:
    collection = settle(store)
    tie = Subscription("friend", "poll", "r1", collection.id)
    with store.connection() as connection:
        peers.add(connection, PEER)
        peers.subscribe(connection, tie)
        peers.advance(connection, tie, "2026-01-01")
        peers.note(connection, "friend", {"ok": True})
        peers.replace(connection, msgspec.structs.replace(PEER, url="https://other.example/"))
        found = peers.get(connection, "friend")
        assert (found.url, found.result) == ("https://other.example/", {"ok": True})
        peers.subscribe(connection, tie)
        assert [t.position for t in peers.subscriptions(connection, "friend", "poll")] == ["2026-01-01"]
        assert peers.subscriptions(connection, "friend", "push") == []
        peers.suspend(connection, "friend")
        assert peers.get(connection, "friend").suspended


def test_removing_takes_credentials_and_positions_along(store: Store) -> None:
    collection = settle(store)
    tie = Subscription("friend", "push", "r1", collection.id)
    with store.connection() as connection:
        peers.add(connection, PEER)
        peers.subscribe(connection, tie)
        peers.unsubscribe(connection, tie)
        with pytest.raises(NotFoundError):
            peers.unsubscribe(connection, tie)
        peers.subscribe(connection, tie)
        peers.remove(connection, "friend")
        assert connection.execute("SELECT count(*) FROM subscription").fetchone() == (0,)
        for act in (peers.get, peers.remove, peers.suspend):
            with pytest.raises(NotFoundError, match="friend"):
                act(connection, "friend")
        with pytest.raises(NotFoundError):
            peers.replace(connection, PEER)
