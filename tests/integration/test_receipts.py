"""Who received an object: told to administrators of the node, and to nobody else."""

from __future__ import annotations

import time
import uuid
from pathlib import Path
from typing import Any

from factories import FRIEND, IMPORT, indicator, place, settle
from serving import Node, serving
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts, objects

CIRCLE = str(uuid.UUID(int=1 << 64))
GREEN, RED = indicator(1, tlp=TLP.GREEN)["id"], indicator(2, tlp=TLP.RED)["id"]


def _received(node: Node, identifier: str, count: int) -> list[dict[str, Any]]:
    """Return the receipts of an object as soon as there are `count`: they are written beside the requests."""
    with node.client(Accept="application/json") as own:
        for _ in range(50):
            answer = own.get(f"/api/v1/objects/{identifier}/receipts")
            assert answer.status_code == 200, answer.text
            items: list[dict[str, Any]] = answer.json()["items"]
            if len(items) >= count:
                return items
            time.sleep(0.1)
    return items


def test_what_others_read_is_kept_and_told_to_administrators(store: Store, tmp_path: Path) -> None:
    intel = settle(store)
    made = (indicator(1, tlp=TLP.GREEN, name="Evil"), indicator(2, tlp=TLP.RED))
    objects.put(store, intel.id, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)
    with serving(store, tmp_path) as node:
        with node.client("friend") as friend:
            page = "/taxii2/node/collections/intel/objects/"
            answer = friend.get(page)
            assert GREEN in answer.text
            assert friend.get(page, headers={"If-None-Match": answer.headers["etag"]}).status_code == 304
            assert friend.head(page).status_code == 200
            assert friend.get(f"/api/v1/objects/{GREEN}", headers={"Accept": "*/*"}).status_code == 200
            assert friend.get(f"/api/v1/objects/{RED}", headers={"Accept": "*/*"}).status_code == 404
            refused = friend.get(f"/api/v1/objects/{GREEN}/receipts", headers={"Accept": "*/*"})
            assert refused.status_code == 403
        with node.client("own") as own:  # what the node's own organisation reads went to nobody
            assert GREEN in own.get(page).text
        found = _received(node, GREEN, 2)
        assert [(each["recipient"], each["action"]) for each in found] == [
            (FRIEND.id, "api-object"),
            (FRIEND.id, "taxii-objects"),
        ]
        assert found[0]["target"] == f"/api/v1/objects/{GREEN}"
        assert found[0]["form"] == "receive"
        assert [each["id"] for each in found[0]["rules"]] == ["tlp-green-community"]
        assert found[0]["unchanged"] is True
        assert _received(node, RED, 0) == []
        with node.browser("own") as own:
            page = own.get(f"/objects/{GREEN}/sharing").text
            assert "Who received it" in page
            assert "taxii-objects" in page
            assert "TLP:GREEN may go to members of the community it is addressed to" in page
            assert "Nobody else has received it" in own.get(f"/objects/{RED}/sharing").text
        with node.store.connection() as connection:
            node.tokens["reading"], _ = accounts.issue(connection, "own", ("taxii:read",), now=store.clock())
        with node.browser("reading") as reading:
            assert "Who received it" not in reading.get(f"/objects/{GREEN}/sharing").text
