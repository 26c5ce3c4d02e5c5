"""TAXII 2.1 resources as peers send them, read leniently where servers differ and strictly where it matters.

Sections 4 and 5 of the specification. Unknown properties are ignored; a property of the wrong type makes the answer
unusable (`ValueError`). An envelope is cut into the raw bytes of its objects, which are never written anew.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from tocsin.clock import Micros

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Discovery(msgspec.Struct, frozen=True):
    """Section 4.1: `default` and `api_roots` may be relative to where they were found."""

    title: str | None = None
    description: str | None = None
    contact: str | None = None
    default: str | None = None
    api_roots: list[str] = []


class Root(msgspec.Struct, frozen=True):
    """Section 4.2: an API root. `versions` holds media types, or names such as "taxii-2.1"."""

    title: str | None = None
    description: str | None = None
    versions: list[str] | None = None
    max_content_length: int | None = None
    exact: bool = msgspec.field(default=False, name="x_tocsin_exact_cursor")


class Described(msgspec.Struct, frozen=True):
    """Section 5.2.1: a collection as a server lists it."""

    id: str
    title: str = ""
    description: str | None = None
    alias: str | None = None
    can_read: bool = False
    can_write: bool = False
    media_types: list[str] | None = None


class Listing(msgspec.Struct, frozen=True):
    """Section 5.1.1."""

    collections: list[Described] = []


class _Envelope(msgspec.Struct):
    more: bool | None = None
    next: str | int | None = None
    objects: list[msgspec.Raw] | None = None


class Envelope(msgspec.Struct, frozen=True):
    """Section 3.7: the raw bytes of each object, and how to go on."""

    objects: tuple[bytes, ...]
    more: bool
    next: str


class Entry(msgspec.Struct, frozen=True):
    """Section 5.3.1: a manifest record; times as the server wrote them."""

    id: str
    date_added: str
    version: str
    media_type: str | None = None


class Manifest(msgspec.Struct, frozen=True):
    """Section 5.3.1: a page of the manifest."""

    more: bool | None = None
    next: str | int | None = None
    objects: list[Entry] = []


class Versions(msgspec.Struct, frozen=True):
    """Section 5.8.1."""

    more: bool | None = None
    next: str | int | None = None
    versions: list[str] = []


class StatusDetail(msgspec.Struct, frozen=True):
    """Section 4.3.1.1: what became of one object."""

    id: str = ""
    version: str | None = None
    message: str | None = None


class Status(msgspec.Struct, frozen=True):
    """Section 4.3.1: how far an addition is."""

    id: str
    status: str
    total_count: int = 0
    success_count: int = 0
    failure_count: int = 0
    pending_count: int = 0
    failures: list[StatusDetail] | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is pending any more."""
        return self.status == "complete"


_ENVELOPE = msgspec.json.Decoder(_Envelope)
read_discovery = msgspec.json.Decoder(Discovery).decode
read_root = msgspec.json.Decoder(Root).decode
read_listing = msgspec.json.Decoder(Listing).decode
read_manifest = msgspec.json.Decoder(Manifest).decode
read_versions = msgspec.json.Decoder(Versions).decode
read_status = msgspec.json.Decoder(Status).decode


_LONGEST_TOKEN = 8 * 1024
"""Characters of a `next`; servers refuse longer addresses."""


def read_envelope(raw: bytes) -> Envelope:
    """Cut an envelope into its objects.

    Raises:
        ValueError: it is none (msgspec.DecodeError is one), or its `next` is too long to be asked for.
    """
    found = _ENVELOPE.decode(raw)
    token = "" if found.next is None else str(found.next)
    if len(token) > _LONGEST_TOKEN:
        raise ValueError(f"`next` has {len(token):,} characters")
    return Envelope(tuple(bytes(o) for o in found.objects or ()), bool(found.more), token)


def moment(text: str | None) -> Micros | None:
    """Return the µs of an RFC 3339 timestamp, None when it is absent or none. Digits beyond µs are cut off."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    try:
        at = at.astimezone(UTC)  # an offset may lead out of the years that there are
    except OverflowError:
        return None
    return (at - _EPOCH) // _MICROSECOND
