"""What is offered while someone types: names and values that begin so, of what the reader may have."""

from __future__ import annotations

import msgspec
from psycopg import sql

from tocsin.sharing.release import Released
from tocsin.store import labels
from tocsin.store.database import Store
from tocsin.store.search.finding import Scope
from tocsin.store.search.terms import fold
from tocsin.store.values import Stale

_MOST_STREAMS = 256
_LAST = "\U0010ffff"  # sorts behind every other character, by code point
_STREAM = """
(SELECT n.folded, n.shown, n.kind FROM search_name n WHERE n.label_id = {label} AND n.folded >= {begin} AND n.folded < {end}
 AND n.collection_id = ANY({readable}) ORDER BY n.folded LIMIT {most})
"""


class Suggestion(msgspec.Struct, frozen=True):
    """A name, an alias or a value: `kind` says which."""

    text: str
    kind: str


def suggest(store: Store, text: str, scope: Scope, *, limit: int) -> Released[tuple[Suggestion, ...]] | Stale:
    """Return up to `limit` names and values that begin with `text`, in alphabetical order."""
    begin = fold(text)
    found: dict[str, Suggestion] = {}
    with store.transaction() as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        generation = labels.generation(connection)
        if generation != scope.clearance.generation:
            return Stale(generation)
        visible = scope.clearance.labels[:_MOST_STREAMS]
        if begin and visible and scope.readable:
            # one name may stand in many objects: some more than are wanted, so that enough are left
            stream = sql.SQL(_STREAM)
            streams = [
                stream.format(
                    label=sql.Literal(label),
                    begin=sql.Literal(begin),
                    end=sql.Literal(begin + _LAST),
                    readable=sql.Literal(list(scope.readable)),
                    most=sql.Literal(limit * 20),
                )
                for label in visible
            ]
            statement = sql.SQL("SELECT * FROM ({}) n ORDER BY folded").format(
                sql.SQL(" UNION ALL ").join(streams)
            )
            for folded, shown, kind in connection.execute(statement, prepare=False).fetchall():
                if len(found) < limit:
                    found.setdefault(folded, Suggestion(shown, kind))
    return scope.clearance.seal(tuple(found.values()))
