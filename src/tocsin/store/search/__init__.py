"""Search: what objects are found by, what is asked, the index, and answers under a clearance.

`terms` and `query` are the two sides of one language of lexemes, `index` fills, `finding`, `suggesting` and `versions` answer.
"""

from tocsin.store.search.query import Query, parse

__all__ = ["Query", "parse"]
