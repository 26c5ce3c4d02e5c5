from __future__ import annotations

import uuid

import psycopg
import pytest

from factories import FRIEND, IMPORT, indicator, place, settle
from tocsin.errors import ConflictError, NotFoundError
from tocsin.store import Store, collections, labels, objects


def test_a_collection_is_found_by_id_and_alias(store: Store) -> None:
    with store.connection() as connection:
        made = collections.add(connection, collections.new("alerts", title="Alerts", writers=(FRIEND.id,)))
        assert collections.get(connection, "alerts") == collections.get(connection, made.id) == made
        assert collections.get(connection, str(made.id)) == made
        with pytest.raises(NotFoundError, match="nowhere"):
            collections.get(connection, "nowhere")
        with pytest.raises(NotFoundError):
            collections.local_id(connection, uuid.uuid4())


@pytest.mark.parametrize("alias", ["Alerts", "", "-x", "a b", "é", "x" * 64])
def test_an_alias_is_short_and_plain(store: Store, alias: str) -> None:
    with pytest.raises(ConflictError), store.transaction() as connection:
        collections.add(connection, collections.new(alias))
    with store.connection() as connection:
        assert collections.everything(connection) == []


def test_an_alias_is_taken_once(store: Store) -> None:
    with store.connection() as connection:
        collections.add(connection, collections.new("alerts"))
        with pytest.raises(ConflictError, match="alerts"):
            collections.add(connection, collections.new("alerts"))


def test_new_facts_raise_the_generation(store: Store) -> None:
    import msgspec

    with store.connection() as connection:
        made = collections.add(connection, collections.new("alerts"))
        before = labels.generation(connection)
        changed = msgspec.structs.replace(made, title="Other", writers=(FRIEND.id,))
        collections.replace(connection, changed)
        assert collections.get(connection, made.id) == changed
        assert labels.generation(connection) == before + 1


def test_each_has_a_partition_with_every_index_and_unpacked_bodies(store: Store) -> None:
    with store.connection() as connection:
        collections.add(connection, collections.new("one"))
        collections.add(connection, collections.new("two"))
        parts = connection.execute(
            "SELECT c.oid, (SELECT count(*) FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid), "
            "(SELECT attstorage FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'body') "
            "FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'object'::regclass"
        ).fetchall()
        whole = connection.execute(
            "SELECT count(*) FROM pg_index WHERE indrelid = 'object'::regclass"
        ).fetchone()
    assert [(count, storage) for _, count, storage in parts] == [(whole[0], "e")] * 2


def test_adding_one_waits_for_no_reader_and_holds_up_no_writer(store: Store) -> None:
    """A backup reads `object` for as long as it takes."""
    collection = settle(store)
    objects.put(store, collection.id, [place(indicator(1))], origin=IMPORT)
    with psycopg.connect(store.dsn) as reader:
        reader.execute("SELECT count(*) FROM object").fetchone()
        with store.connection() as connection:
            connection.execute("SET lock_timeout = '2s'")
            collections.add(connection, collections.new("meanwhile"))
            connection.execute("RESET lock_timeout")
        objects.put(store, collection.id, [place(indicator(2))], origin=IMPORT)
        reader.execute("SELECT count(*) FROM object").fetchone()
