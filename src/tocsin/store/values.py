"""The values that go into the store and come out of it."""

from __future__ import annotations

from uuid import UUID

import msgspec

from tocsin.sharing.labels import Label
from tocsin.stix import Object


class Origin(msgspec.Struct, frozen=True):
    """By which way something reached this node: from whom, through which peer, over what.

    `channel` is one of import, taxii-post, taxii-poll, api, proposal, local.
    """

    source: str
    peer: str | None
    channel: str


class Placement(msgspec.Struct, frozen=True, gc=False):
    """One object version to be kept in a collection under a label set."""

    object: Object
    label: Label


class Outcome(msgspec.Struct, frozen=True, gc=False):
    """What `put` did with a placement: `new` (first of its id), `updated` (another version or label) or `same`."""

    kind: str
    cursor: int


class PageQuery(msgspec.Struct, frozen=True):
    """A TAXII 2.1 selection (section 3.4) in one collection.

    Attributes:
        collection: the collection's id.
        after: cursor to start behind, in µs; -1 for the start.
        limit: most objects in the page.
        ids, types: `match[id]`, `match[type]`; empty means any.
        versions: `match[version]`: "first", "last", "all" or µs.
        spec_versions: `match[spec_version]`; empty means any. Only "2.1" is ever held.
    """

    collection: UUID
    after: int = -1
    limit: int = 1000
    ids: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    versions: tuple[str | int, ...] = ("last",)
    spec_versions: tuple[str, ...] = ()


class Page(msgspec.Struct, frozen=True):
    """Objects of a page as their stored bytes joined with commas, and where it starts and ends.

    `first` and `last` are dates added in µs; both 0 when the page is empty. `cursors` are those of all its objects.
    """

    body: bytes
    count: int
    first: int
    last: int
    more: bool
    cursors: tuple[int, ...] = ()


class Record(msgspec.Struct, frozen=True, gc=False):
    """A manifest record (TAXII 2.1 section 5.3.1): id, date added and version in µs."""

    id: str
    added: int
    version: int


class Records(msgspec.Struct, frozen=True):
    """Manifest records of a page."""

    records: tuple[Record, ...]
    more: bool


class Stale(msgspec.Struct, frozen=True):
    """The clearance is older than what decisions rest on now: decide again and ask again."""

    generation: int
