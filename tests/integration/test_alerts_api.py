"""Alerts over REST: for the node's own organisation, and nobody else."""

from __future__ import annotations

import uuid
from pathlib import Path

from factories import IMPORT, OWN, indicator, place, settle
from serving import serving
from tocsin.stix.markings import TLP
from tocsin.store import Store, alerts, labels, objects

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
ROOT = "/api/v1"


def _alert(store: Store, number: int, label: int) -> str:
    new = alerts.New(indicator(number)["id"], label, OWN.id, beyond=number, first=1, last=2)
    with store.transaction() as connection:
        (made,) = alerts.record(connection, [new], now=1_795_200_000_000_000 + number, again=False)
    return str(made)


def test_alerts_are_worked_on_and_hidden_from_others(store: Store, tmp_path: Path) -> None:
    intel = settle(store)
    made = [place(indicator(number, tlp=TLP.GREEN)) for number in (1, 2, 3)]
    objects.put(store, intel.id, made, origin=IMPORT)
    with store.connection() as connection:
        label = min(labels.everything(connection))
    ids = [_alert(store, number, label) for number in (1, 2, 3)]
    with (
        serving(store, tmp_path) as node,
        node.client("own", **JSON) as own,
        node.client("friend", **JSON) as friend,
    ):
        page = own.get(f"{ROOT}/alerts", params={"limit": 2}).json()
        rest = own.get(f"{ROOT}/alerts", params={"limit": 2, "cursor": page["next"]}).json()
        assert [each["id"] for each in page["items"] + rest["items"]] == ids[::-1]
        assert rest["next"] is None
        one = own.get(f"{ROOT}/alerts/{ids[0]}").json()
        assert (one["status"], one["beyond"], one["first"]) == ("new", 1, "1970-01-01T00:00:00.000001Z")
        assert own.get(f"{ROOT}/alerts/{uuid.uuid4()}").status_code == 404
        assert own.get(f"{ROOT}/alerts", params={"status": "gone"}).status_code == 400
        closing = {"status": "closed", "verdict": "false-positive", "note": "a test"}
        path = f"{ROOT}/alerts/{ids[0]}/status"
        seen = {"If-Match": one["tag"]}
        assert own.post(path, json=closing).status_code == 428
        assert own.post(path, json=closing, headers={"If-Match": '"x"'}).status_code == 412
        answer = own.post(path, json=closing, headers=seen)
        assert (answer.status_code, answer.json()["verdict"]) == (201, "false-positive")
        assert (
            answer.headers["etag"] == answer.json()["tag"] == own.get(f"{ROOT}/alerts/{ids[0]}").json()["tag"]
        )
        overtaken = own.post(path, json={"status": "closed", "verdict": "true-positive"}, headers=seen)
        assert overtaken.status_code == 412
        assert "closed as false-positive" in overtaken.json()["detail"]
        assert own.get(f"{ROOT}/alerts/{ids[0]}").json()["verdict"] == "false-positive"
        assert own.post(path, json=closing, headers={"If-Match": "*"}).status_code == 201
        assert own.post(path, json={"status": "closed"}, headers={"If-Match": "*"}).status_code in {400, 422}
        assert len(own.get(f"{ROOT}/alerts", params={"status": "new,acknowledged"}).json()["items"]) == 2
        given = {"kind": "host", "value": "scanner", "reason": "it scans", "expires": "2099-01-01T00:00:00Z"}
        kept = own.post(f"{ROOT}/suppressions", json=given).json()
        assert kept["created_by"] == "own"
        assert [each["id"] for each in own.get(f"{ROOT}/suppressions").json()["items"]] == [kept["id"]]
        assert own.delete(f"{ROOT}/suppressions/{kept['id']}").status_code == 200
        assert own.post(f"{ROOT}/suppressions", json=given | {"expires": "soon"}).status_code == 422
        refused = [friend.get(f"{ROOT}/alerts/{each}") for each in (ids[0], str(uuid.uuid4()))]
        refused.append(friend.get(f"{ROOT}/alerts"))
        assert {(each.status_code, each.json()["detail"]) for each in refused} == {
            (403, "this is for the node's own organisation")
        }
        assert friend.post(f"{ROOT}/alerts/{ids[0]}/status", json=closing).status_code == 403
        assert friend.post(f"{ROOT}/suppressions", json=given).status_code == 403
        assert friend.delete(f"{ROOT}/suppressions/{kept['id']}").status_code == 403
