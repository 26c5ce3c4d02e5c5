"""What rests on other objects: one GREEN thing on a RED one, one on a GREEN one, and which of them FRIEND sees."""

from __future__ import annotations

from typing import Any

import msgspec

from factories import FRIEND, OWN
from leaks.world import take
from tocsin.node.clearances import Clearances
from tocsin.store import Store, collections, pages
from tocsin.store.values import PageQuery


def seen(store: Store, collection: str, organisation: str = FRIEND.id) -> set[str]:
    """Return the ids of what an organisation may have of a collection."""
    with store.connection() as connection:
        found = collections.get(connection, collection).id
    query = PageQuery(found, versions=("all",))
    page = Clearances(store).ask(organisation, lambda c: pages.page(store, query, c))
    return {each["id"] for each in msgspec.json.decode(b"[" + page.value.body + b"]")}


def require_withheld(
    store: Store, on_red: list[dict[str, Any]], on_green: list[dict[str, Any]], *, first: str = "intel"
) -> None:
    """Take both in, in the collection of what they rest on and in another; FRIEND must see the latter only."""
    for collection in (first, "other" if first == "intel" else "intel"):
        take(store, collection, *on_red, *on_green)
        hidden, shown = ({each["id"] for each in some} for some in (on_red, on_green))
        assert seen(store, collection, OWN.id) >= hidden | shown, "the node itself has all of it"
        found = seen(store, collection)
        assert found >= shown, "the control: what rests on what FRIEND may have"
        assert not found & hidden, f"in {collection} FRIEND has what rests on RED: {found & hidden}"
