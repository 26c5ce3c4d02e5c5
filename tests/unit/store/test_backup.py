"""A restored node is the same node; a damaged backup is refused whole."""

from __future__ import annotations

import pytest
from factories import FRIEND, IMPORT, OWN, observable, place, settle, version

from tocsin.errors import ConflictError, FormatError
from tocsin.store import Store, accounts, backup, labels, objects, organisations, peers
from tocsin.store.accounts import Account
from tocsin.store.values import Origin


def fill(store: Store):
    collection = settle(store)
    objects.put(store, collection.id, [place(version(n % 7, 1 + n)) for n in range(20)], origin=IMPORT)
    objects.put(
        store,
        collection.id,
        [place(observable("é.example"), owner=FRIEND.id)],
        origin=Origin(FRIEND.id, "f", "taxii-poll"),
    )
    with store.transaction() as connection:
        accounts.add(connection, Account("bob", FRIEND.id))
        accounts.issue(connection, "bob", ("taxii:read",), now=store.clock())
        peers.add(connection, peers.Peer("f", "https://f.example/taxii2/", FRIEND.id, secret="s3cret"))  # noqa: S106
    return collection


def dump(store: Store) -> dict[str, list]:
    with store.connection() as connection:
        return {
            table: sorted(map(repr, connection.execute(f"SELECT t::text FROM {table} t").fetchall()))
            for table in backup._TABLES
        }


def test_a_restored_node_is_identical_and_goes_on(make_store, tmp_path) -> None:
    one, other = make_store(), make_store()
    collection = fill(one)
    done = backup.backup(one, tmp_path / "b.tar.zst")
    assert done.rows["object"] == 21
    backup.restore(other, tmp_path / "b.tar.zst")
    assert dump(other) == dump(one)
    # both go on alike: identities of rows do not collide with restored ones
    for store in (one, other):
        outcome = objects.put(store, collection.id, [place(version(99, 1))], origin=IMPORT)
        assert outcome[0].kind == "new"
        with store.transaction() as connection:
            labels.intern(connection, [place(version(1, 1), recipients=(FRIEND.id,)).label])
            organisations.add_community(connection, "later", "Later")
    with pytest.raises(ConflictError, match="not empty"):
        backup.restore(other, tmp_path / "b.tar.zst")


def test_a_backup_never_overwrites(store: Store, tmp_path) -> None:
    settle(store)
    (tmp_path / "b").write_text("precious")
    with pytest.raises(ConflictError):
        backup.backup(store, tmp_path / "b")
    assert (tmp_path / "b").read_text() == "precious"


@pytest.mark.parametrize("damage", ["cut", "flip", "text", "empty"])
def test_a_damaged_backup_is_refused_and_changes_nothing(make_store, tmp_path, damage) -> None:
    one, other = make_store(), make_store()
    fill(one)
    path = tmp_path / "b.tar.zst"
    backup.backup(one, path)
    whole = path.read_bytes()
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "flip": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
            "text": b"not a backup",
            "empty": b"",
        }[damage]
    )
    before = dump(other)
    with pytest.raises(FormatError, match="b.tar.zst"):
        backup.restore(other, path)
    assert dump(other) == before


def test_only_the_owner_reads_a_backup(store: Store, tmp_path) -> None:
    settle(store)
    backup.backup(store, tmp_path / "b")
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
    assert OWN.id.encode() not in (tmp_path / "b").read_bytes()[:4]  # packed, not plain
    assert [p.name for p in tmp_path.iterdir()] == ["b"]
