from __future__ import annotations

import msgspec
import pytest

from factories import FRIEND, OWN, STRANGER, settle
from tocsin.errors import ConflictError, NotFoundError
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, labels, organisations

OTHER = Organisation("identity--00000000-0000-4000-8000-000000000009", "Other", "DE", "energy", ("csirt",))


def test_facts_come_back_with_communities(store: Store) -> None:
    collection = settle(store)
    with store.connection() as connection:
        organisations.put(connection, OTHER)
        found = organisations.get(connection, "Other")
        assert found == organisations.get(connection, OTHER.id)
        assert msgspec.structs.replace(found, transfer="unknown", ground="") == OTHER
        assert found.transfer == "none"  # XA finds DE not adequate
        friend = organisations.get(connection, "Friend")
        assert friend.communities == (str(collection.community),)
        assert organisations.own(connection).id == OWN.id
        assert [o.name for o in organisations.everything(connection)] == [
            "Friend",
            "Other",
            "Own",
            "Stranger",
        ]


def test_new_facts_replace_old_ones_but_not_memberships(store: Store) -> None:
    settle(store)
    with store.connection() as connection:
        before = organisations.get(connection, FRIEND.id)
        organisations.put(connection, msgspec.structs.replace(before, suspended=True, communities=()))
        assert organisations.get(connection, FRIEND.id) == msgspec.structs.replace(before, suspended=True)


@pytest.mark.parametrize(
    "clash",
    [
        msgspec.structs.replace(OTHER, name="Friend"),
        msgspec.structs.replace(OTHER, own=True),
        msgspec.structs.replace(OTHER, country="de"),
        msgspec.structs.replace(OTHER, country="DEU"),
        msgspec.structs.replace(OTHER, id="organisation--1"),
    ],
)
def test_what_contradicts_is_refused_and_changes_nothing(store: Store, clash: Organisation) -> None:
    settle(store)
    with store.connection() as connection:
        before = organisations.everything(connection), labels.generation(connection)
    with pytest.raises(ConflictError), store.connection() as connection:
        organisations.put(connection, clash)
    with store.connection() as connection:
        assert (organisations.everything(connection), labels.generation(connection)) == before


def test_joining_and_leaving_raise_the_generation(store: Store) -> None:
    settle(store)
    with store.connection() as connection:
        circle = organisations.community(connection, "circle")
        assert organisations.community(connection, str(circle.id)) == circle
        assert circle.members == (OWN.id, FRIEND.id)
        start = labels.generation(connection)
        organisations.join(connection, circle, STRANGER)
        organisations.join(connection, circle, STRANGER)
        assert organisations.community(connection, "circle").members == (OWN.id, FRIEND.id, STRANGER.id)
        organisations.leave(connection, circle, FRIEND)
        assert organisations.get(connection, FRIEND.id).communities == ()
        assert labels.generation(connection) > start
        with pytest.raises(ConflictError, match="circle"):
            organisations.add_community(connection, "circle", "Again")


def test_what_is_not_there_says_so(store: Store) -> None:
    with store.connection() as connection:
        with pytest.raises(NotFoundError, match="nobody"):
            organisations.get(connection, "nobody")
        with pytest.raises(NotFoundError, match="no community"):
            organisations.community(connection, "nobody")
        with pytest.raises(NotFoundError) as caught:
            organisations.own(connection)
    assert "tocsin init" in caught.value.hint()
