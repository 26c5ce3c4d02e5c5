"""The conditions of a search as SQL: what a query asks for, and under which label sets, each a piece that `finding` puts together."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from psycopg import sql

from tocsin.sharing.release import Clearance
from tocsin.store.derived import hashed
from tocsin.store.search.query import Clause, Lexeme, Query

# One look into an index for each id, whatever the planner believes of a table that nobody has analysed yet.
_THESE = """
unnest({}::text[]) AS wanted (id) CROSS JOIN LATERAL (SELECT * FROM search x WHERE x.stix_id = wanted.id OFFSET 0) s
"""
_REFERRING = """
(SELECT DISTINCT link.cursor FROM unnest({}::bigint[]) AS wanted (target)
  CROSS JOIN LATERAL (SELECT l.cursor FROM link l WHERE l.target = wanted.target AND {} OFFSET 0) link) near
CROSS JOIN LATERAL (SELECT * FROM search x WHERE x.cursor = near.cursor OFFSET 0) s
"""


class Scope(msgspec.Struct, frozen=True):
    """What a reader may see, and what of that a query asks for.

    Attributes:
        clearance: decides; its label sets are those that may go as they are. What goes only in a form is not found: a search for what the
            form leaves out would tell it.
        narrowed: label sets of the clearance that the query's sources and levels allow.
        readable: local ids of the collections that the reader may read.
        collections: those of them that the query names.
    """

    clearance: Clearance
    narrowed: tuple[int, ...]
    readable: tuple[int, ...]
    collections: tuple[int, ...]


def indexed(query: Query) -> bool:
    """Return whether the inverted index narrows a query: it does not know what has a word not."""
    return any(not clause.negated for clause in query.clauses)


def rare(query: Query) -> sql.Composable | None:
    """Return the condition of a query that an index of its own may narrow: its words, else when objects were modified."""
    if indexed(query):
        return all_of(words(query))
    bounds = modified(query)
    return all_of(bounds) if bounds else None


def filters(query: Query, scope: Scope) -> list[sql.Composable]:
    """Return the conditions of a query, but for the label sets and the words."""
    found: list[sql.Composable] = [sql.SQL("s.collection_id = ANY({})").format(integers(scope.collections))]
    if query.types:
        types = sql.SQL(", ").join(map(sql.Literal, query.types))
        found.append(sql.SQL("s.type IN ({})").format(types))
    if query.ids and query.refers:
        found.append(sql.SQL("s.stix_id = ANY({})").format(sql.Literal(list(query.ids))))
    found += modified(query)
    bounds = (
        ("s.confidence >= {}", query.least),
        ("s.confidence <= {}", query.most),
        ("s.revoked = {}", query.revoked),
    )
    found += [sql.SQL(text).format(sql.Literal(value)) for text, value in bounds if value is not None]
    return found


def modified(query: Query) -> list[sql.Composable]:
    """Return the conditions on when an object was modified."""
    bounds = (("s.version >= {}", query.after), ("s.version < {}", query.before))
    return [sql.SQL(text).format(sql.Literal(value)) for text, value in bounds if value is not None]


def named(query: Query) -> sql.Composable:
    """Return the rows that a query names by id."""
    return sql.SQL(_THESE).format(sql.Literal(list(query.ids)))


def referring(query: Query, bounds: sql.Composable) -> sql.Composable:
    """Return the rows that refer to the ids that a query says, as far as `bounds` on their cursors let."""
    return sql.SQL(_REFERRING).format(sql.Literal([hashed(each) for each in query.refers]), bounds)


def words(query: Query) -> list[sql.Composable]:
    """Return the conditions on what an object says."""
    return [sql.SQL("s.document @@ {}::tsquery").format(sql.Literal(each)) for each in apart(query.clauses)]


def apart(clauses: Sequence[Clause]) -> list[str]:
    """Return clauses as PostgreSQL reads them, each by itself where all ask for something.

    The inverted index passes over what one condition has not, but looks at each that any word of one condition has: of many that refer to one of
    several objects, few of which say a word. Of what is not to be there it knows nothing by itself.
    """
    if any(each.negated for each in clauses):
        return [tsquery(clauses)]
    return [tsquery((each,)) for each in clauses]


def labelled(scope: Scope, *, aside: bool = False) -> sql.Composable:
    """Return the condition on label sets; `aside`, so that no index is used for it."""
    column = "s.label_id + 0" if aside else "s.label_id"
    return sql.SQL("{} = ANY({})").format(sql.SQL(column), integers(scope.narrowed))


def tsquery(clauses: Sequence[Clause]) -> str:
    """Return clauses as PostgreSQL reads them; every lexeme is quoted, so no sign in it has a meaning."""
    return " & ".join(_clause(each) for each in clauses)


def all_of(conditions: Sequence[sql.Composable]) -> sql.Composable:
    """Return what holds where all of some conditions do."""
    return sql.SQL(" AND ").join(conditions)


def integers(numbers: Sequence[int]) -> sql.Composable:
    """Return an array."""
    # written here: of a thousand label sets, psycopg looks at each number several times
    return sql.SQL("'{" + ",".join(map(str, map(int, numbers))) + "}'::integer[]")


def _clause(clause: Clause) -> str:
    choices = " | ".join("(" + " & ".join(map(_quoted, each)) + ")" for each in clause.any_of)
    return f"!({choices})" if clause.negated else f"({choices})"


def _quoted(lexeme: Lexeme) -> str:
    text = lexeme.text.replace("\\", "\\\\").replace("'", "''")
    return f"'{text}':*" if lexeme.prefix else f"'{text}'"
