"""Which rows can be someone's latest version of an object."""

from __future__ import annotations

from psycopg import sql

from tocsin.store.connection import Connection

# Standing of a row among those of its STIX id in its collection (`pages` reads it):
#    0  the only one
#   -1  the newest of several under one label set: everybody's latest
#    1  the newest under its label set, but there are others: whose latest it is depends on the reader
#    2  there is a newer one under the same label set: nobody's latest
_RESTAND = """
WITH ranked AS (
  SELECT cursor,
    count(*) OVER same_id AS rows,
    min(label_id) OVER same_id <> max(label_id) OVER same_id AS contested,
    row_number() OVER (PARTITION BY stix_id, label_id ORDER BY version DESC, cursor) AS rank
  FROM {part} WHERE stix_id = ANY({ids})
  WINDOW same_id AS (PARTITION BY stix_id)
), judged AS (
  SELECT cursor, CASE WHEN rank > 1 THEN 2 WHEN contested THEN 1 WHEN rows > 1 THEN -1 ELSE 0 END AS standing FROM ranked
)
UPDATE {part} o SET standing = j.standing FROM judged j WHERE o.cursor = j.cursor AND o.standing <> j.standing
"""


def restand(connection: Connection, part: sql.Identifier, ids: list[str]) -> None:
    """Work out anew which rows of these STIX ids can be someone's latest version."""
    connection.execute(sql.SQL(_RESTAND).format(part=part, ids=sql.Literal(ids)))
