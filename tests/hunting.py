"""What tests of hunts share: three organisations, indicators, and a way to take them in."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tocsin.formats import RawItem
from tocsin.node.intake import Intake
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, organisations
from tocsin.store.values import Origin

OWN = "identity--00000000-0000-4000-8000-000000000001"
CSIRT = "identity--00000000-0000-4000-8000-000000000002"
FEED = "identity--00000000-0000-4000-8000-000000000003"
AMBER = "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421"
GREEN = "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb"
RED = "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1"
ODD = "marking-definition--00000000-0000-4000-8000-0000000000dd"


def prepare(store: Store) -> Store:
    """Make the node of `own`: it knows the CSIRT; both are in the community of collection `one`, `two` has none."""
    with store.connection() as connection:
        own, csirt = Organisation(id=OWN, name="own", own=True), Organisation(id=CSIRT, name="CSIRT")
        organisations.put(connection, own)
        organisations.put(connection, csirt)
        alliance = organisations.add_community(connection, "alliance", "")
        organisations.join(connection, alliance, own)
        organisations.join(connection, alliance, csirt)
        collections.add(connection, collections.new("one", community=alliance.id))
        collections.add(connection, collections.new("two"))
    return store


def indicator(name: str, pattern: str, *, day: int = 1, **more: Any) -> dict[str, Any]:
    """Return an indicator whose version is a day of November 2026."""
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}",
        "created": "2026-11-01T00:00:00.000Z",
        "modified": f"2026-11-{day:02}T00:00:00.000Z",
        "valid_from": "2026-11-01T00:00:00.000Z",
        "name": name,
        "pattern": pattern,
        "pattern_type": "stix",
    } | more


def take(
    store: Store,
    *objects: dict[str, Any],
    owner: str = OWN,
    collection: str = "one",
    recipients: tuple[str, ...] = (),
    assumed: str | None = None,
) -> None:
    """Take objects in, as `tocsin import` does."""
    items = [RawItem(str(n), json.dumps(each).encode()) for n, each in enumerate(objects)]
    report = Intake(store, OWN, store.clock).take(
        items,
        collection=collection,
        origin=Origin(owner, None, "import"),
        owner=owner,
        recipients=recipients,
        assumed=assumed,
    )
    assert report.refused == 0, report
