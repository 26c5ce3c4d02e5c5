"""The warninglists that are held, ready to be asked; made once and again when the lists change."""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.store import Store, warninglists

_lock = threading.Lock()
_kept: WeakKeyDictionary[Store, tuple[Any, Warninglists]] = WeakKeyDictionary()


def lists(store: Store) -> Warninglists:
    """Return the lists of a store."""
    with _lock, store.connection() as connection:
        state = connection.execute(
            "SELECT count(*), coalesce(sum(version), 0), max(name) FROM warninglist"
        ).fetchone()
        kept = _kept.get(store)
        if kept is None or kept[0] != state:
            listed = warninglists.everything(connection)
            made = Warninglists(Listed(each.name, each.kind, each.attributes, each.values) for each in listed)
            kept = _kept[store] = (state, made)
        return kept[1]
