"""Pages for recipients who may have some objects only redacted or minimised (`tocsin.sharing.redaction`).

Objects that go as they are and those of which a form goes are two streams, merged by date added; "latest" is the latest within each, since
a form is an object of its own, with an id of its own. Which form of what a recipient has had is kept: it may ask for it by that id, and
by no other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from psycopg import sql

from tocsin.sharing.redaction import Redactor
from tocsin.sharing.release import Clearance, Released
from tocsin.store import collections, secrets
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.selecting import LABELLED, LABELLED_COLUMNS, PAGE_BYTES, local_id, statement
from tocsin.store.values import Page, PageQuery, Record, Records, Stale

_MAPPED = "SELECT stix_id FROM form WHERE recipient = %s AND form_id = ANY(%s)"
_KEEP = "INSERT INTO form SELECT %s, * FROM unnest(%s::text[], %s::text[]) ON CONFLICT DO NOTHING"
_KNOWN = "SELECT DISTINCT stix_id FROM {part} WHERE stix_id = ANY(%s) AND label_id = ANY(%s)"


class _Row(msgspec.Struct, frozen=True, gc=False):
    cursor: int
    body: bytes
    label: int
    version: int


class _Item(msgspec.Struct, frozen=True, gc=False):
    """What goes: date added, bytes and version; for a form also its id and that of the object it is of."""

    cursor: int
    body: bytes
    version: int
    ids: tuple[str, str] | None = None


class _Chunk(msgspec.Struct, frozen=True):
    """The next rows of both streams in their order; `until` is the cursor up to which there are no others, None for the end."""

    rows: list[_Row]
    until: int | None


class _Named(msgspec.Struct):
    id: str


_named = msgspec.json.Decoder(_Named).decode


def page(store: Store, query: PageQuery, clearance: Clearance) -> Released[Page] | Stale:
    """Return the next objects of a selection, each in the form that the clearance allows.

    Raises:
        NotFoundError: no such collection.
    """
    found = _items(store, query, clearance)
    if isinstance(found, Stale):
        return found
    items, more = found
    if not items:
        return clearance.seal(Page(b"", 0, 0, 0, more=False))
    body = b",".join(item.body for item in items)
    cursors = tuple(item.cursor for item in items)
    return clearance.seal(Page(body, len(items), cursors[0], cursors[-1], more=more, cursors=cursors))


def records(store: Store, query: PageQuery, clearance: Clearance) -> Released[Records] | Stale:
    """Return the manifest records of the same selection as `page`, in its order.

    Raises:
        NotFoundError: no such collection.
    """
    found = _items(store, query, clearance)
    if isinstance(found, Stale):
        return found
    items, more = found
    return clearance.seal(Records(tuple(map(_record, items)), more))


def _record(item: _Item) -> Record:
    return Record(id=_named(item.body).id, added=item.cursor, version=item.version)


def _items(store: Store, query: PageQuery, clearance: Clearance) -> tuple[list[_Item], bool] | Stale:
    """Return up to `query.limit` items, and whether there are more."""
    items: list[_Item] = []
    size = 0
    with store.connection() as connection:
        reader = _Reader(store, connection, query, clearance)
        for item in reader.items():
            if isinstance(item, Stale):
                return item
            size += len(item.body)
            if items and (len(items) == query.limit or size > PAGE_BYTES):
                reader.keep(items)
                return items, True
            items.append(item)
        reader.keep(items)
    return items, False


class _Reader:
    """Reads both streams of one selection."""

    def __init__(self, store: Store, connection: Connection, query: PageQuery, clearance: Clearance) -> None:
        self._connection = connection
        self._query = query
        self._clearance = clearance
        self._local = local_id(store, connection, query.collection)
        self._minimised = set(clearance.minimised)
        self._formed = self._minimised.union(clearance.redacted)
        own = connection.execute("SELECT id FROM organisation WHERE own").fetchone()
        assert own is not None  # without it nothing is cleared for anyone
        self._redactor = Redactor(secrets.forms_key(connection), own=own[0], recipient=clearance.recipient)

    def items(self) -> Iterator[_Item | Stale]:
        """Yield what goes, in the order of dates added."""
        query = self._query
        others = query
        if query.ids:  # they name forms, if they name anything
            mapped = self._connection.execute(
                _MAPPED, (self._clearance.recipient, list(query.ids))
            ).fetchall()
            others = msgspec.structs.replace(query, ids=tuple(row[0] for row in mapped))
        labels = tuple(sorted(self._formed)) if others.ids or not query.ids else ()
        until: int | None = query.after
        while until is not None:
            query, others = (msgspec.structs.replace(each, after=until) for each in (query, others))
            chunk = _merged(
                [
                    self._stream(query, self._clearance.labels, "version"),
                    self._stream(others, labels, "cursor"),
                ]
            )
            if isinstance(chunk, Stale):
                yield chunk
                return
            yield from self._in_form(chunk.rows)
            until = chunk.until

    def _stream(self, query: PageQuery, labels: tuple[int, ...], exact: str) -> _Chunk | Stale:
        if not labels:
            return _Chunk([], None)
        text, values = statement(LABELLED, LABELLED_COLUMNS, self._local, query, labels, exact=exact)
        found = self._connection.execute(text, values, binary=True).fetchall()
        if found[0][0] != self._clearance.generation:
            return Stale(found[0][0])
        rows = [_Row(row[1], row[2], row[3], row[4]) for row in found if row[2] is not None]
        whole = len(rows) <= query.limit and len(rows) == sum(row[1] is not None for row in found)
        return _Chunk(rows, None if whole else rows[-1].cursor)

    def _in_form(self, rows: Sequence[_Row]) -> Iterator[_Item]:
        known = self._known(rows)
        for row in rows:
            if row.label not in self._formed:
                yield _Item(row.cursor, row.body, row.version)
                continue
            made = self._redactor.redact(
                row.body, added=row.cursor, minimise=row.label in self._minimised, keep=known
            )
            if made is not None:
                yield _Item(row.cursor, made, row.cursor, (_named(made).id, _named(row.body).id))

    def keep(self, items: Sequence[_Item]) -> None:
        """Remember which forms the recipient is about to have."""
        ids = [item.ids for item in items if item.ids is not None]
        if ids:
            forms, origins = zip(*ids, strict=True)
            self._connection.execute(_KEEP, (self._clearance.recipient, list(forms), list(origins)))

    def _known(self, rows: Sequence[_Row]) -> frozenset[str]:
        """Return which of the objects that forms refer to the recipient may have as they are."""
        wanted = {each for row in rows if row.label in self._formed for each in self._redactor.refs(row.body)}
        if not wanted or not self._clearance.labels:
            return frozenset()
        query = sql.SQL(_KNOWN).format(part=collections.partition(self._local))
        found = self._connection.execute(query, (list(wanted), list(self._clearance.labels))).fetchall()
        return frozenset(row[0] for row in found)


def _merged(streams: Sequence[_Chunk | Stale]) -> _Chunk | Stale:
    """Return the rows of several streams in their order, as far as each of them is known."""
    chunks = []
    for stream in streams:
        if isinstance(stream, Stale):
            return stream
        chunks.append(stream)
    until = min((each.until for each in chunks if each.until is not None), default=None)
    rows = [row for each in chunks for row in each.rows if until is None or row.cursor <= until]
    return _Chunk(sorted(rows, key=lambda row: row.cursor), until)
