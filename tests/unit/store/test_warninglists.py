from __future__ import annotations

from tocsin.store import Store, warninglists
from tocsin.store.warninglists import Warninglist

ONE = Warninglist("one", "cidr", ("ip-src",), 1, ("10.0.0.0/8",))
TWO = Warninglist("two", "string", (), 3, ("é", "a\\b", ""))


def test_lists_come_back_and_newer_ones_replace_them(store: Store) -> None:
    newer = Warninglist("one", "hostname", ("domain",), 2, ())
    with store.connection() as connection:
        warninglists.put(connection, [TWO, ONE])
        assert warninglists.everything(connection) == [ONE, TWO]
        warninglists.put(connection, [newer])
        assert warninglists.everything(connection) == [newer, TWO]
