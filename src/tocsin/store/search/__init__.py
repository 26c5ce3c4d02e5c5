"""Search: what objects are found by (`terms`), what is asked (`query`), the index (`index`), and answers under a clearance
(`finding`, `facets`)."""

from tocsin.store.search.query import Query, parse

__all__ = ["Query", "parse"]
