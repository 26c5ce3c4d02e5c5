"""Objects: list, one, its versions with what changed, what refers to it, who asserts it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import NotFoundError
from tocsin.server.api import asking
from tocsin.server.api.differences import Change, differences
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.sharing.release import Released
from tocsin.stix.spec.values import IDENTIFIER
from tocsin.store.search import versions
from tocsin.store.search.finding import Found, Item
from tocsin.store.search.query import Query, parse
from tocsin.store.search.versions import Version

Limit = Annotated[int, Meta(ge=1, le=500, description="Most items of a page.")]
Cursor = Annotated[str, Meta(max_length=40, description="`next` of the page before.")]
MOST_AT_ONCE = 200
NOTHING = Query(collections=("",))
"""What finds nothing without looking: no collection has this alias."""
_List = Annotated[str, Meta(max_length=500, description="One or several, separated by commas.")]


class Selection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which objects; every parameter that is given must hold."""

    type: _List = ""
    tlp: _List = ""
    source: Annotated[
        str, Meta(max_length=500, description="Organisation that asserts it, by id or name.")
    ] = ""
    collection: _List = ""
    modified_after: Annotated[
        str, Meta(max_length=40, description="Date or timestamp; modified then or later.")
    ] = ""
    modified_before: Annotated[
        str, Meta(max_length=40, description="Date or timestamp; modified earlier.")
    ] = ""
    confidence: Annotated[str, Meta(max_length=5, description="Such as `>=50`.")] = ""
    revoked: Annotated[str, Meta(max_length=3, description="`yes` or `no`.")] = ""
    order: Annotated[str, Meta(pattern="^(newest|oldest)$", description="By date added.")] = "newest"
    limit: Limit = 50
    cursor: Cursor = ""


class Paging(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which page."""

    limit: Limit = 50
    cursor: Cursor = ""


class Nothing(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """No parameters."""


class Entry(msgspec.Struct, frozen=True):
    """An object, where it stands, how it is marked, and who asserts it (where the reader may know)."""

    id: str
    type: str
    added: str
    modified: str
    collection: str
    tlp: str
    source: str | None
    object: msgspec.Raw


class Page(msgspec.Struct, frozen=True):
    """Objects, and the cursor of the next page. `pending`: something newer is about to be indexed."""

    items: tuple[Entry, ...]
    next: str | None
    pending: bool


class Revision(msgspec.Struct, frozen=True):
    """One version, and what it changed of the version before it that the reader may have."""

    added: str
    modified: str
    collection: str
    tlp: str
    source: str | None
    revoked: bool
    changes: tuple[Change, ...]
    object: msgspec.Raw


class Revisions(msgspec.Struct, frozen=True):
    """Versions, newest first; `complete` is false where there are more than are read at once."""

    items: tuple[Revision, ...]
    complete: bool


class Arrived(msgspec.Struct, frozen=True):
    """How it came to this node; told to the node's own organisation."""

    source: str
    peer: str | None
    channel: str
    at: str


class Assertion(msgspec.Struct, frozen=True):
    """One organisation's assertion of the object as it stands in one collection."""

    added: str
    modified: str
    collection: str
    tlp: str
    source: str | None
    confidence: int | None
    revoked: bool
    arrivals: tuple[Arrived, ...]


class Assertions(msgspec.Struct, frozen=True):
    """Who says so: the newest of each organisation and marking."""

    items: tuple[Assertion, ...]


def listing(call: Call) -> Response:
    """List objects."""
    given = asking.parameters(call, Selection)
    terms = {
        "type": given.type,
        "tlp": given.tlp,
        "source": given.source,
        "collection": given.collection,
        "after": given.modified_after,
        "before": given.modified_before,
        "confidence": given.confidence,
        "revoked": given.revoked,
    }
    if any('"' in value for value in terms.values()):
        raise RequestError(400, "a filter holds a quotation mark")
    query = parse(" ".join(f'{name}:"{value}"' for name, value in terms.items() if value))
    return page(call, query, given.limit, given.cursor, oldest=given.order == "oldest")


def one(call: Call) -> Response:
    """Return one object in its latest version.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    asking.parameters(call, Nothing)
    found = latest(call, asking.object_id(call))
    return asking.answer(call, found)


def history(call: Call) -> Response:
    """Return the versions of one object.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    asking.parameters(call, Nothing)
    return asking.answer(call, revisions(call, asking.object_id(call)))


def revisions(call: Call, identifier: str) -> Released[Revisions]:
    """Return the versions of one object, newest first, and what each changed.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    found = _versions(call, identifier)
    aliases = asking.searcher(call).aliases()
    older = {this.added: before for this, before in zip(found.value, found.value[1:], strict=False)}
    made = []
    for each in found.value:
        before = older.get(each.added)
        changes = differences(before.body, each.body) if before is not None else ()
        entry = _entry(call, each, aliases)
        made.append(
            Revision(
                *(entry.added, entry.modified, entry.collection, entry.tlp, entry.source),
                each.revoked, changes, entry.object,
            )
        )  # fmt: skip
    return found.derive(Revisions(tuple(made), len(made) < versions.MOST))


def relations(call: Call) -> Response:
    """List what refers to an object: relationships, reports, groupings, notes and all else."""
    given = asking.parameters(call, Paging)
    return page(call, referring(asking.object_id(call)), given.limit, given.cursor)


def sightings(call: Call) -> Response:
    """List the sightings of an object."""
    given = asking.parameters(call, Paging)
    query = referring(asking.object_id(call), "sighting")
    return page(call, query, given.limit, given.cursor)


def assertions(call: Call) -> Response:
    """Return who asserts an object, under which marking.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    asking.parameters(call, Nothing)
    return asking.answer(call, asserted(call, asking.object_id(call)))


def asserted(call: Call, identifier: str) -> Released[Assertions]:
    """Return who asserts an object, under which marking: the newest of each.

    Raises:
        NotFoundError: there is none that the caller may know of.
    """
    found = _versions(call, identifier)
    newest: dict[tuple[int, int], Version] = {}
    for each in found.value:
        newest.setdefault((each.collection, each.label), each)
    came: dict[int, list[Arrived]] = {}
    if call.organisation.own:
        for arrival in versions.arrivals(call.parts.store, identifier, [v.added for v in newest.values()]):
            said = Arrived(arrival.source, arrival.peer, arrival.channel, asking.moment_text(arrival.at))
            came.setdefault(arrival.added, []).append(said)
    aliases = asking.searcher(call).aliases()
    items = []
    for each in newest.values():
        entry = _entry(call, each, aliases)
        confidence = msgspec.json.decode(each.body, type=_Said).confidence
        items.append(
            Assertion(
                *(entry.added, entry.modified, entry.collection, entry.tlp, entry.source),
                confidence if type(confidence) is int else None,
                each.revoked, tuple(came.get(each.added, ())),
            )
        )  # fmt: skip
    return found.derive(Assertions(tuple(items)))


def labelled(call: Call, identifier: str) -> Released[tuple[int, ...]]:
    """Return the ids of the label sets of an object's versions, as far as the caller may have them and read where they stand.

    Raises:
        NotFoundError: there is none.
    """
    found = _versions(call, identifier)
    return found.derive(tuple(dict.fromkeys(each.label for each in found.value)))


def latest(call: Call, identifier: str) -> Released[Entry]:
    """Return the newest version that the caller may have.

    Raises:
        NotFoundError: there is none.
    """
    found = _versions(call, identifier)
    return found.derive(_entry(call, found.value[0], asking.searcher(call).aliases()))


def several(call: Call, identifiers: Collection[str]) -> Released[dict[str, Entry]]:
    """Return the latest versions that the caller may have of several objects at once, by id; at most `MOST_AT_ONCE`."""
    wanted = [each for each in dict.fromkeys(identifiers) if _can_be_sought(each)][:MOST_AT_ONCE]
    found = find(call, Query(ids=tuple(wanted)) if wanted else NOTHING, MOST_AT_ONCE, None)
    return found.derive({entry.id: entry for entry in entries(call, found.value).items})


def page(call: Call, query: Query, limit: int, cursor: str, *, oldest: bool = False) -> Response:
    """Return a page of what a query finds."""
    found = find(call, query, limit, asking.read_token(cursor), oldest=oldest)
    return asking.answer(call, found.derive(entries(call, found.value)))


def find(
    call: Call,
    query: Query,
    limit: int,
    beyond: int | None,
    *,
    oldest: bool = False,
    bodies: bool = True,
) -> Released[Found]:
    """Return what a query finds for the caller, with or without the bytes of the objects."""
    return asking.searcher(call).find(
        query,
        call.principal.organisation,
        asking.readable(call),
        limit=limit,
        beyond=beyond,
        oldest=oldest,
        bodies=bodies,
        encrypted=asking.encrypted(call),
    )


def entries(call: Call, found: Found) -> Page:
    """Return what was found in the form of a page."""
    aliases = asking.searcher(call).aliases()
    known: dict[int, tuple[str, str | None]] = {}  # a page has thousands of objects under a few label sets
    items = tuple(_entry(call, each, aliases, known) for each in found.items)
    following = asking.next_token(found.items[-1].added) if found.more else None
    return Page(items, following, found.pending)


class _Said(msgspec.Struct):
    id: str = ""
    type: str = ""
    confidence: object = None


def _entry(
    call: Call,
    found: Item | Version,
    aliases: dict[int, str],
    known: dict[int, tuple[str, str | None]] | None = None,
) -> Entry:
    call.handed(found.added)
    searcher, label = asking.searcher(call), found.label
    if known is None or label not in known:
        told = searcher.tlp_of(label), searcher.source_of(label, call.principal.organisation)
        known = {label: told} if known is None else known
        known[label] = told
    tlp, source = known[label]
    said = msgspec.json.decode(found.body, type=_Said)
    return Entry(
        id=said.id,
        type=said.type,
        added=asking.moment_text(found.added),
        modified=asking.moment_text(found.version),
        collection=aliases[found.collection],
        tlp=tlp,
        source=source,
        object=msgspec.Raw(found.body),
    )


def referring(identifier: str, *types: str) -> Query:
    """Return the query for what refers to an object.

    Raises:
        NotFoundError: it cannot be an object's id.
    """
    if not _can_be_sought(identifier):
        raise NotFoundError("no such object")
    return msgspec.structs.replace(parse(f"refers:{identifier}"), types=types)


def _can_be_sought(identifier: str) -> bool:
    return IDENTIFIER.fullmatch(identifier) is not None


def placements(call: Call, identifier: str) -> Released[tuple[Version, ...]]:
    """Return every placement of an object that the caller may have, newest version first.

    Raises:
        NotFoundError: there is none.
    """
    return _versions(call, identifier)


def _versions(call: Call, identifier: str) -> Released[tuple[Version, ...]]:
    found = asking.searcher(call).versions(
        identifier, call.principal.organisation, asking.readable(call), encrypted=asking.encrypted(call)
    )
    if not found.value:
        raise NotFoundError("no such object")
    return found
