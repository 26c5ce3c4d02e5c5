"""A file of what one organisation may have."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from factories import FRIEND, IMPORT, OWN, indicator, place, settle
from tocsin.errors import ConflictError, NotFoundError, StoreUnavailableError
from tocsin.node import export as exporting
from tocsin.node.export import export
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, collections, journal, labels, objects, receipts

MARKING = "marking-definition--00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def filled(store: Store) -> Store:
    main = settle(store)
    with store.connection() as connection:
        labels.define(connection, MARKING, OWN.id, 'handling:{"encrypted":true}')
        mirror = collections.add(connection, collections.new("mirror", private=True))
    clear = [place(indicator(n, tlp=TLP.CLEAR)) for n in range(7)]
    others = [
        place(indicator(20, tlp=TLP.RED)),
        place(indicator(21, object_marking_refs=[id_of(TLP.CLEAR), MARKING])),
    ]
    objects.put(store, main.id, [*clear, *others], origin=IMPORT)
    objects.put(store, mirror.id, [place(indicator(30, tlp=TLP.CLEAR))], origin=IMPORT)
    return store


def numbers(path: Path) -> set[str]:
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    bundle = json.loads(raw)
    assert bundle["type"] == "bundle"
    return {each["id"] for each in bundle["objects"]}


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
@pytest.mark.parametrize("size", [3, 5000])
def test_it_is_what_the_organisation_may_have_page_by_page(
    filled: Store, tmp_path: Path, name: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not RED, not what asks for encryption in transit, not what lies in a collection that it may not know of."""
    monkeypatch.setattr(exporting, "_PAGE", size)
    done = export(filled, "Friend", tmp_path / name, by="console")
    assert numbers(tmp_path / name) == {indicator(n)["id"] for n in range(7)}
    assert (done.organisation, done.objects) == (FRIEND.id, 7)
    assert done.size == (tmp_path / name).stat().st_size
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    own = export(filled, OWN.id, tmp_path / f"own-{name}", by="console")
    assert own.objects == 10
    with filled.connection() as connection:
        newest, older = journal.recent(connection, limit=2)
        handed = receipts.of_object(connection, indicator(3)["id"])
        assert receipts.of_object(connection, indicator(20)["id"]) == []
    assert (newest.action, newest.target, newest.outcome) == ("export", "Own", "10 objects")
    assert [(each.recipient, each.account, each.action) for each in handed] == [
        (FRIEND.id, "console", "export")
    ]
    assert (older.principal, older.target, older.detail["organisation"]) == ("console", "Friend", FRIEND.id)
    assert older.detail["ground"]


def test_some_collections_only_and_none_that_it_may_not_know_of(filled: Store, tmp_path: Path) -> None:
    with filled.connection() as connection:
        collections.add(connection, collections.new("empty"))
    done = export(filled, "Friend", tmp_path / "a", by="console", only=["empty"])
    assert (done.objects, done.collections, done.ground) == (0, 1, "")
    assert numbers(tmp_path / "a") == set()
    for name in ("mirror", "nothing"):
        with pytest.raises(NotFoundError, match=f"Friend may read no collection '{name}'"):
            export(filled, "Friend", tmp_path / "b", by="console", only=["empty", name])
    with pytest.raises(NotFoundError):
        export(filled, "Nobody", tmp_path / "b", by="console")
    assert export(filled, "Own", tmp_path / "c", by="console", only=["mirror"]).objects == 1


def test_a_file_is_never_overwritten_and_a_broken_one_never_left(
    filled: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_text("mine")
    with pytest.raises(ConflictError, match="a exists"):
        export(filled, "Friend", tmp_path / "a", by="console")
    with pytest.raises(StoreUnavailableError, match="b: No such file"):
        export(filled, "Friend", tmp_path / "no" / "b", by="console")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exporting.os, "fsync", full)
    with pytest.raises(StoreUnavailableError, match="No space left"):
        export(filled, "Friend", tmp_path / "c", by="console")
    assert [each.name for each in tmp_path.iterdir()] == ["a"]
