"""The store: everything the node holds, in PostgreSQL.

One module per aggregate (`store.objects`, `store.accounts`, ...) holds plain functions that take the `Store`.
"""

from tocsin.store.connection import Connection
from tocsin.store.database import Store

__all__ = ["Connection", "Store"]
