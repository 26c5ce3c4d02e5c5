"""What tests are made of: objects, and nodes with an organisation, a community and collections."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from tocsin.sharing.audience import Organisation
from tocsin.sharing.labels import Label, label_for
from tocsin.stix import Object, parse
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Connection, Store, alerts, collections, organisations
from tocsin.store.collections import Collection
from tocsin.store.values import Origin, Placement

OWN = Organisation("identity--00000000-0000-4000-8000-000000000001", "Own", "XA", own=True)
FRIEND = Organisation("identity--00000000-0000-4000-8000-000000000002", "Friend", "XA")
STRANGER = Organisation("identity--00000000-0000-4000-8000-000000000003", "Stranger", "XB")
IMPORT = Origin(OWN.id, None, "import")


def indicator(number: int = 0, *, tlp: TLP | None = None, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.UUID(int=(4 << 76) | (8 << 60) | number)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "pattern": f"[domain-name:value = 'd{number}.example.com']",
        "pattern_type": "stix",
        "valid_from": "2026-01-01T00:00:00Z",
    }
    if tlp is not None:
        made["object_marking_refs"] = [id_of(tlp)]
    return made | changes


def version(number: int, day: int, **changes: Any) -> dict[str, Any]:
    return indicator(number, modified=f"2026-01-{day:02d}T00:00:00.000Z", **changes)


def observable(value: str, **changes: Any) -> dict[str, Any]:
    from tocsin.stix import sco_id

    made: dict[str, Any] = {"type": "domain-name", "spec_version": "2.1", "value": value}
    return made | {"id": sco_id(made)} | changes


def parsed(data: dict[str, Any]) -> Object:
    return parse(json.dumps(data).encode())


def place(data: dict[str, Any], *, owner: str = OWN.id, **audience: Any) -> Placement:
    found = parsed(data)
    return Placement(found, label_for(found.markings, owner=owner, **audience))


def placed(data: dict[str, Any], label: Label) -> Placement:
    return Placement(parsed(data), label)


def settle(store: Store) -> Collection:
    """Make a node: own organisation, a friend in the community `circle`, a stranger, collection `intel` for the circle."""
    with store.transaction() as connection:
        for organisation in (OWN, FRIEND, STRANGER):
            organisations.put(connection, organisation)
        circle = organisations.add_community(connection, "circle", "Circle", uuid.UUID(int=1 << 64))
        for organisation in (OWN, FRIEND):
            organisations.join(connection, circle, organisation)
        intel = collections.new("intel", community=circle.id, writers=(FRIEND.id,))
        return collections.add(connection, msgspec.structs.replace(intel, id=uuid.UUID(int=2 << 64)))


def raised(
    connection: Connection, new: Sequence[alerts.New], *, now: int, again: bool = False
) -> list[uuid.UUID]:
    """Count hits into alerts, as a hunt does in the transaction in which it keeps them; return the alerts that were opened."""
    looked = alerts.look(connection, [each.indicator for each in new])
    return alerts.record(connection, new, looked, now=now, again=again)
