from __future__ import annotations

import uuid

import pytest

from factories import FRIEND, STRANGER
from tocsin.errors import NotFoundError
from tocsin.store import Store, postings

WEEK = 7 * 86_400_000_000


def test_only_who_posted_sees_the_status_and_for_a_week(store: Store) -> None:
    first, second = uuid.uuid4(), uuid.uuid4()
    with store.connection() as connection:
        postings.put(connection, first, FRIEND.id, {"status": "complete"}, now=0)
        assert postings.get(connection, first, FRIEND.id) == {"status": "complete"}
        with pytest.raises(NotFoundError):
            postings.get(connection, first, STRANGER.id)
        postings.put(connection, second, FRIEND.id, {}, now=WEEK)
        assert postings.get(connection, first, FRIEND.id)
        postings.put(connection, uuid.uuid4(), FRIEND.id, {}, now=WEEK + 1)
        with pytest.raises(NotFoundError):
            postings.get(connection, first, FRIEND.id)
