"""Everything that one organisation may have, in one file: the backup of an organisation that uses this node, under its own clearance.

It is read as TAXII would hand it out: the collections that the organisation may read, all versions, forms where only those may go. A file is
no encrypted channel. A page that was decided under older facts is asked again; what is freed while the file is written may be missing.
"""

from __future__ import annotations

import gzip
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO
from uuid import UUID, uuid4

import msgspec

from tocsin.errors import ConflictError, NotFoundError, StoreUnavailableError
from tocsin.node.clearances import Clearances
from tocsin.node.searching import may_read
from tocsin.sharing.release import Released
from tocsin.store import Store, collections, journal, organisations, pages, receipts
from tocsin.store.receipts import Receipt
from tocsin.store.values import Page, PageQuery

_PAGE = 5000


class Exported(msgspec.Struct, frozen=True):
    """What a file holds: for whom, objects, collections they came from, bytes, and the ground of transfer, in words."""

    organisation: str
    objects: int
    collections: int
    size: int
    ground: str


def export(store: Store, name: str, path: Path, *, by: str, only: Sequence[str] = ()) -> Exported:
    """Write a STIX bundle to `path`, which appears only when it is complete; a path that ends in `.gz` is packed.

    Args:
        store: of the node.
        name: the organisation, by id or name.
        path: the file, made with mode 0600.
        by: who asked for it, for the journal.
        only: collections by alias or id; none: all that the organisation may read.

    Raises:
        NotFoundError: no such organisation or collection, or none that the organisation may know of.
        ConflictError: `path` exists.
        PolicyError: the decision cannot be made.
        StoreUnavailableError: the database is away, or the disk is full.
    """
    if path.exists():
        raise ConflictError(f"{path} exists", hint="an export never overwrites another file")
    clearances = Clearances(store)
    with store.connection() as connection:
        found = organisations.get(connection, name, store.clock())
        readable = [each for each in collections.everything(connection) if may_read(each, found)]
    chosen = [each for each in readable if not only or {each.alias, str(each.id)} & set(only)]
    for unknown in set(only) - {each.alias for each in chosen} - {str(each.id) for each in chosen}:
        raise NotFoundError(f"{found.name} may read no collection {unknown!r}")
    released = (page for each in chosen for page in _pages(store, clearances, found.id, each.id))
    handed: list[int] = []
    try:
        objects, ground = _keep(path, _noted(released, handed))
    except OSError as error:
        raise StoreUnavailableError(
            f"{path}: {error.strerror}", hint="is there room, and may this user write there?"
        ) from error
    with store.connection() as connection:
        detail = {"organisation": found.id} | ({"ground": ground} if ground else {})
        entry = journal.Entry(store.clock(), by, "export", found.name, f"{objects} objects", detail)
        journal.append(connection, [entry])
        version = clearances.snapshot.policies.version
        receipt = Receipt(store.clock(), found.id, by, "export", found.name, ground, version, tuple(handed))
        if not found.own:
            receipts.append(connection, [receipt])
    return Exported(found.id, objects, len(chosen), path.stat().st_size, ground)


def _pages(
    store: Store, clearances: Clearances, organisation: str, collection: UUID
) -> Iterator[Released[Page]]:
    after = -1
    while True:
        query = PageQuery(collection, after=after, limit=_PAGE, versions=("all",))
        released = clearances.ask(organisation, partial(pages.page, store, query), encrypted=False)
        yield released
        if not released.value.more:
            return
        after = released.value.last


def _noted(released: Iterator[Released[Page]], handed: list[int]) -> Iterator[Released[Page]]:
    """Pass pages on, and note what is in them by date added."""
    for page in released:
        handed += page.value.cursors
        yield page


def _keep(path: Path, released: Iterator[Released[Page]]) -> tuple[int, str]:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as unfinished:
        try:
            if path.suffix == ".gz":
                with gzip.GzipFile(fileobj=unfinished, mode="wb", filename="", mtime=0) as packed:
                    written = _write(packed, released)
            else:
                written = _write(unfinished, released)
            unfinished.flush()
            os.fsync(unfinished.fileno())
            Path(unfinished.name).rename(path)
        except BaseException:
            with suppress(OSError):
                Path(unfinished.name).unlink()
            raise
    return written


def _write(out: IO[bytes] | gzip.GzipFile, released: Iterator[Released[Page]]) -> tuple[int, str]:
    """Write the pages as one bundle; return how many objects, and the ground on which personal data in them go."""
    objects, ground = 0, ""
    out.write(b'{"type":"bundle","id":"bundle--%s","objects":[' % str(uuid4()).encode())
    for page in released:
        if page.value.count:
            out.write(b"," * bool(objects) + page.value.body)
            objects += page.value.count
            ground = page.ground
    out.write(b"]}\n")
    return objects, ground
