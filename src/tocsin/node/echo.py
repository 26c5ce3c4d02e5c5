"""Own objects that come back from a peer stay one.

What this node pushed, or let others fetch, is offered to it again by those who took it. Taken like any other object it would
be there twice: once as our own, once as the peer's. The rule: when the very same bytes are held here, in any collection, as
asserted by this node's own organisation, then they are not placed a second time. That the peer asserts them too is kept
(an assertion of that row, with the peer as origin), so nothing is lost of who said what. The label set of our own row goes on
deciding who may have it: a peer cannot widen or narrow what we said of our own object. Other bytes under the same id
(another version, other markings) are another assertion, and are taken.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from tocsin.errors import InputError
from tocsin.stix.parse import parse
from tocsin.store import Store, holdings, labels, objects
from tocsin.store.holdings import Held
from tocsin.store.values import Origin, Placement


class _Named(msgspec.Struct):
    id: str = ""


_NAMED = msgspec.json.Decoder(_Named)


def name_of(raw: bytes) -> str:
    """Return the `id` of an object that nobody has checked yet, or ""."""
    try:
        return _NAMED.decode(raw).id
    except (msgspec.DecodeError, RecursionError):
        return ""


def settle(
    store: Store, raws: Sequence[bytes], names: Sequence[str], *, own: str, origin: Origin
) -> set[int]:
    """Note the peer's assertion of those of `raws` that are our own; return their indexes: they need not be taken.

    Args:
        store: where.
        raws: objects as the peer sent them.
        names: their ids, as `name_of` gives them.
        own: id of this node's organisation.
        origin: the peer.
    """
    held = _by_name(holdings.of_owner(store, sorted({n for n in names if n}), own))
    if not held:
        return set()
    found: dict[tuple[UUID, int], list[tuple[int, Placement]]] = defaultdict(list)
    with store.connection() as connection:
        known = labels.everything(connection)
    for index, name in enumerate(names):
        if name not in held:
            continue
        try:
            parsed = parse(raws[index])
        except InputError:
            continue  # the intake will refuse it and say why
        row = held[name].get(hashlib.sha256(parsed.body).digest())
        if row is not None:
            found[row.collection, row.label].append((index, Placement(parsed, known[row.label])))
    for (collection, _), placed in found.items():
        objects.put(store, collection, [placement for _, placement in placed], origin=origin)
    return {index for placed in found.values() for index, _ in placed}


def _by_name(rows: Sequence[Held]) -> dict[str, dict[bytes, Held]]:
    by_name: dict[str, dict[bytes, Held]] = defaultdict(dict)
    for row in rows:
        by_name[row.stix_id].setdefault(row.digest, row)
    return by_name
