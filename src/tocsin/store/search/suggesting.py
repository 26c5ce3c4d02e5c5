"""What is offered while someone types: names and values that begin so, of what the reader may have."""

from __future__ import annotations

from collections import Counter

import msgspec

from tocsin.sharing.release import Released
from tocsin.store import labels
from tocsin.store.connection import Connection
from tocsin.store.database import Store
from tocsin.store.search.conditions import Scope
from tocsin.store.search.terms import fold
from tocsin.store.values import Stale

_LAST = "\U0010ffff"  # sorts behind every other character, by code point
_OF_EACH = (
    2,
    40,
    400,
)  # entries of each label set that are looked at for one that is wanted: many objects may have one name
# One look into the index for each label set: merging as many streams takes longer to plan than to do.
_STREAMS = """
SELECT seen.label, n.folded, n.shown, n.kind FROM unnest(%(labels)s::integer[]) AS seen (label) CROSS JOIN LATERAL (
  SELECT n.folded, n.shown, n.kind FROM search_name n WHERE n.label_id = seen.label AND n.folded >= %(begin)s AND n.folded < %(end)s
  AND n.collection_id = ANY(%(readable)s) ORDER BY n.folded LIMIT %(most)s
) n ORDER BY n.folded, n.shown, n.kind
"""


class Suggestion(msgspec.Struct, frozen=True):
    """A name, an alias or a value: `kind` says which."""

    text: str
    kind: str


def suggest(store: Store, text: str, scope: Scope, *, limit: int) -> Released[tuple[Suggestion, ...]] | Stale:
    """Return up to `limit` names and values that begin with `text`, in alphabetical order."""
    begin = fold(text)
    found: list[Suggestion] = []
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != scope.clearance.generation:
            return Stale(generation)
        if begin and scope.clearance.labels and scope.readable:
            for of_each in _OF_EACH:
                found, whole = _first(connection, begin, scope, of_each * limit)
                if whole or len(found) >= limit:
                    break
    return scope.clearance.seal(tuple(found[:limit]))


def _first(connection: Connection, begin: str, scope: Scope, most: int) -> tuple[list[Suggestion], bool]:
    """Return what begins so as far as it is known from the first `most` entries of each label set, and whether that is all there is."""
    values = {
        "labels": list(scope.clearance.labels),
        "readable": list(scope.readable),
        "begin": begin,
        "end": begin + _LAST,
        "most": most,
    }
    rows = connection.execute(_STREAMS, values).fetchall()
    lengths = Counter(row[0] for row in rows)
    ends = {row[0]: row[1] for row in rows if lengths[row[0]] == most}  # of those that go on
    known_to = min(ends.values(), default=None)
    found: dict[str, Suggestion] = {}
    for _, folded, shown, kind in rows:
        if known_to is None or folded <= known_to:
            found.setdefault(folded, Suggestion(shown, kind))
    return list(found.values()), known_to is None
