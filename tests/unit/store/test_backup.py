"""A restored node is the same node; a damaged backup is refused whole."""

from __future__ import annotations

import pytest
import zstandard

from factories import FRIEND, IMPORT, OWN, observable, place, settle, version
from tocsin.errors import ConflictError, FormatError
from tocsin.sharing.release import clear
from tocsin.store import Store, accounts, backup, labels, objects, organisations, pages, peers
from tocsin.store.accounts import Account
from tocsin.store.values import Origin, Page, PageQuery


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
        peers.add(connection, peers.Peer("f", "https://f.example/taxii2/", FRIEND.id, secret="s3cret"))
    return collection


def everything(store: Store, collection) -> list[Page]:
    with store.connection() as connection:
        known, generation = tuple(labels.everything(connection)), labels.generation(connection)
    found, after = [], -1
    while True:
        query = PageQuery(collection.id, after=after, limit=4, versions=("all",))
        found.append(pages.page(store, query, clear(OWN.id, "receive", known, generation)).value)
        if not found[-1].more:
            return found
        after = found[-1].last


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
    assert everything(other, collection) == everything(one, collection)
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
    with pytest.raises(FormatError, match=r"b\.tar\.zst"):
        backup.restore(other, path)
    assert dump(other) == before


def test_only_the_owner_reads_a_backup(store: Store, tmp_path) -> None:
    settle(store)
    backup.backup(store, tmp_path / "b")
    assert (tmp_path / "b").stat().st_mode & 0o077 == 0
    assert OWN.id.encode() not in (tmp_path / "b").read_bytes()[:4]  # packed, not plain
    assert [p.name for p in tmp_path.iterdir()] == ["b"]


def test_a_table_of_many_parts_comes_back_whole(make_store, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(backup, "_PART", 1000)
    one, other = make_store(), make_store()
    fill(one)
    backup.backup(one, tmp_path / "b")
    with backup._open(tmp_path / "b") as archive:
        assert sum(name.startswith("object.") for name in archive.getnames()) > 3
    backup.restore(other, tmp_path / "b")
    assert dump(other) == dump(one)


def test_a_backup_without_one_of_its_tables_is_refused(make_store, tmp_path, monkeypatch) -> None:
    one, other = make_store(), make_store()
    fill(one)
    with monkeypatch.context() as patched:
        patched.setattr(backup, "_TABLES", tuple(t for t in backup._TABLES if t != "head"))
        backup.backup(one, tmp_path / "b")
    with pytest.raises(FormatError, match="tables are missing"):
        backup.restore(other, tmp_path / "b")


def test_rows_that_were_altered_are_refused(make_store, tmp_path) -> None:
    """The packing has a checksum of its own; this is about what is packed."""
    one, other = make_store(), make_store()
    fill(one)
    path = tmp_path / "b"
    backup.backup(one, path)
    plain = zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())
    assert plain.count(b"Stranger") == 1
    path.write_bytes(zstandard.ZstdCompressor().compress(plain.replace(b"Stranger", b"Accepted")))
    before = dump(other)
    with pytest.raises(FormatError, match="organisation"):
        backup.restore(other, path)
    assert dump(other) == before


def test_every_table_is_in_a_backup(store: Store) -> None:
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
            "AND relnamespace = 'public'::regnamespace"
        ).fetchall()
    made_anew = {"search", "search_again", "search_name", "search_mark"}
    of_a_day = {"idempotency", "session", "ceremony"}
    assert {r[0] for r in rows} == {*backup._TABLES, "migration"} | made_anew | of_a_day


def test_what_is_written_meanwhile_is_not_half_in_it(make_store, tmp_path) -> None:
    import threading

    one, other = make_store(), make_store()
    collection = fill(one)
    stop = threading.Event()

    def write() -> None:
        number = 1000
        while not stop.is_set():
            objects.put(
                one, collection.id, [place(version(number, 1)), place(version(number, 2))], origin=IMPORT
            )
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    for n in range(3):
        backup.backup(one, tmp_path / f"b{n}")
    stop.set()
    writer.join()
    backup.restore(other, tmp_path / "b2")
    with other.connection() as connection:
        odd = connection.execute(
            "SELECT stix_id FROM object GROUP BY 1 HAVING count(*) = 1 AND left(stix_id, 3) = 'ind' AND min(standing) <> 0"
        ).fetchall()
        last = connection.execute("SELECT (SELECT last FROM head) >= max(cursor) FROM object").fetchone()
    assert (odd, last) == ([], (True,))
