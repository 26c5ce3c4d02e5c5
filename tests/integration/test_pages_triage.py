"""The inbox, alerts, proposals and hunts through pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from databases import copied
from factories import FRIEND, IMPORT, OWN, indicator, place, settle
from serving import Node, serving
from tocsin.node import sightings
from tocsin.node.clearances import Clearances
from tocsin.node.following import load
from tocsin.node.hunt import Hunt
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, accounts, objects, policies, suppressions
from tocsin.store.embedded import Embedded

_MOMENT = {
    "spec_version": "2.1",
    "created": "2026-11-01T00:00:00.000Z",
    "modified": "2026-11-01T00:00:00.000Z",
}
_ACTION = "course-of-action--5d9cbf1a-7a3c-4a5d-9df8-52ad3ad5e1a1"
ADVICE: list[dict[str, Any]] = [
    {
        "type": "course-of-action", "id": _ACTION, "name": "Isolate <b>it</b>",
        "object_marking_refs": [id_of(TLP.GREEN)],
        "extensions": {
            "extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c": {
                "extension_type": "property-extension", "playbook_id": "playbook--1", "playbook_standard": "cacao<i>",
                "playbook_type": ["mitigation"],
            }
        },
    },
    {
        "type": "relationship", "id": "relationship--c0dd6af8-1ef3-4d6f-9a3c-8f6b0f4e9d11", "relationship_type": "mitigates",
        "source_ref": _ACTION, "target_ref": indicator(1)["id"], "object_marking_refs": [id_of(TLP.GREEN)],
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages_triage") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = [
            place(indicator(number, tlp=TLP.GREEN, name=f"Host <b>{number}</b>"), owner=FRIEND.id, communities=(str(intel.community),))
            for number in range(1, 6)
        ]  # fmt: skip
        advice = [
            place(each | _MOMENT, owner=FRIEND.id, communities=(str(intel.community),)) for each in ADVICE
        ]
        objects.put(store, intel.id, [*made, *advice], origin=IMPORT)
        log = tmp_path_factory.mktemp("logs") / "proxy.log"
        log.write_text("".join(f"GET http://d{number}.example.com/ HTTP/1.1\n" for number in range(1, 6)))
        clearances = Clearances(store)
        hunt = Hunt(load(store, clearances).value, now=store.clock())
        found = list(hunt.run([str(log)]))
        sightings.write(store, clearances, found, now=store.clock(), counts=hunt.report.counts)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


def _waiting(browser: httpx.Client) -> list[str]:
    page = browser.get("/triage")
    assert page.status_code == 200, page.text
    assert "<b>" not in page.text
    return re.findall(r'name="item" value="(alert:[0-9a-f-]+):[0-9]+" aria-label', page.text)


def test_an_alert_says_what_to_do_and_by_which_playbook(node: Node) -> None:
    with node.browser("own") as own:
        pages = [own.get(f"/alerts/{each.removeprefix('alert:')}").text for each in _waiting(own)]
    (told,) = [page for page in pages if _ACTION in page]
    assert "Isolate &lt;b&gt;it&lt;/b&gt;" in told
    assert "cacao&lt;i&gt; (mitigation)" in told
    assert "playbook--1" in told


def test_alerts_are_decided_one_by_one_together_and_taken_back(node: Node) -> None:
    with node.browser("own") as own:
        waiting = _waiting(own)
        assert len(waiting) == 5
        done = own.post("/triage/decide", data={"item": waiting[0], "do": "true-positive"})
        assert re.fullmatch(rf"/triage\?undo={waiting[0]}:[0-9]+", done.headers["location"])
        assert "Undo" in own.get(done.headers["location"]).text
        assert len(_waiting(own)) == 4
        assert own.post("/triage/decide", data={"item": waiting[0], "do": "reopen"}).status_code == 303
        assert len(_waiting(own)) == 5
        assert (
            own.post("/triage/decide", data={"item": waiting[1:3], "do": "false-positive"}).status_code == 303
        )
        assert len(_waiting(own)) == 3
        assert own.post("/triage/decide", data={"item": waiting[3], "do": "suppress"}).status_code == 303
        assert "indicator--" in own.get("/hunts").text
        assert own.post("/triage/decide", data={"item": waiting[4], "do": "acknowledge"}).status_code == 303
        assert len(_waiting(own)) == 2  # acknowledged ones stay until they are closed
        failed = own.post("/triage/decide", data={"item": [waiting[1], "alert:x", "y"], "do": "acknowledge"})
        assert failed.status_code == 422
        assert own.post("/triage/decide", data={"item": waiting[0], "do": "x"}).status_code == 422
        assert own.post("/triage/decide", data={"do": "acknowledge"}).status_code == 422


def test_after_a_decision_on_its_page_comes_the_next_alert(node: Node) -> None:
    with node.browser("own") as own:
        first = re.findall(r'href="/alerts/([0-9a-f-]+)"', own.get("/triage").text)[0]
        page = own.get(f"/alerts/{first}").text
        assert 'name="then" value="next"' in page
        assert 'data-tlp="green"' in page  # the label, not its words
        done = own.post(
            "/triage/decide", data={"item": f"alert:{first}", "do": "true-positive", "then": "next"}
        )
        place = done.headers["location"]
        assert f"?undo=alert:{first}:" in place
        assert "Undo" in own.get(place).text
        assert own.post("/triage/decide", data={"item": f"alert:{first}", "do": "reopen"}).status_code == 303


def test_two_never_decide_about_the_same(node: Node) -> None:
    with node.browser("own") as own:
        page = own.get("/triage").text
        item = re.findall(r'value="(alert:[0-9a-f-]+:[0-9]+)" aria-label', page)[0]
        done = own.post("/triage/decide", data={"item": item, "do": "false-positive"})
        again = own.post("/triage/decide", data={"item": item, "do": "true-positive"})
        assert again.status_code == 422
        assert "own has decided meanwhile: it is closed as false-positive" in again.text
        back = done.headers["location"].partition("undo=")[2]
        assert own.post("/triage/decide", data={"item": back, "do": "reopen"}).status_code == 303
        # a way back leads from what was decided, and from nothing later
        assert own.post("/triage/decide", data={"item": back, "do": "reopen"}).status_code == 422
        assert own.post("/triage/decide", data={"item": f"{item}x", "do": "reopen"}).status_code == 422


def test_what_was_suppressed_is_raised_again_when_it_is_taken_back(node: Node) -> None:
    with node.browser("own") as own:
        item = _waiting(own)[-1]
        done = own.post("/triage/decide", data={"item": item, "do": "suppress"})
        back = done.headers["location"].partition("undo=")[2].split(",")
        assert [each.partition(":")[0] for each in back] == ["alert", "suppression"]
        suppression = back[1].partition(":")[2]
        with node.store.connection() as connection:
            assert suppression in {str(each.id) for each in suppressions.everything(connection)}
        assert own.post("/triage/decide", data={"item": back, "do": "reopen"}).status_code == 303
        with node.store.connection() as connection:
            assert suppression not in {str(each.id) for each in suppressions.everything(connection)}
        assert item in _waiting(own)


def test_a_script_gets_the_rows_that_still_wait(node: Node) -> None:
    with node.browser("own") as own, node.browser("friend") as friend:
        for each in (own, friend):
            each.headers["hx-request"] = "true"
        item = _waiting(own)[0]
        kept = own.post("/triage/decide", data={"item": item, "do": "acknowledge"})
        assert kept.status_code == 200
        assert item in kept.text
        assert 'data-act="u"' in kept.text
        assert "<main" not in kept.text
        gone = own.post("/triage/decide", data={"item": item, "do": "true-positive"})
        assert "<tr>" not in gone.text
        denied = friend.post("/triage/decide", data={"item": item, "do": "reopen"})
        assert denied.status_code == 422
        assert "<tr>" not in denied.text
        assert own.post("/triage/decide", data={"item": item, "do": "reopen"}).status_code == 200


def test_a_change_of_policies_waits_in_the_inbox_of_administrators(node: Node) -> None:
    with node.store.transaction() as connection:
        number = policies.propose(connection, {}, by="somebody", at=node.store.clock())
    with node.browser("own") as own, node.browser("friend") as friend:
        assert f"Change {number} of our policies" in own.get("/triage").text
        assert "of our policies" not in friend.get("/triage").text
    with node.store.transaction() as connection:
        policies.withdraw(connection, number, by="somebody", at=node.store.clock())


def test_an_alert_is_shown_to_the_own_organisation_alone(node: Node) -> None:
    with node.browser("own") as own, node.browser("friend") as friend:
        identifier = re.findall(r'href="/alerts/([0-9a-f-]+)"', own.get("/triage").text)[0]
        page = own.get(f"/alerts/{identifier}")
        assert page.status_code == 200, page.text
        assert "proxy.log" in page.text
        assert friend.get(f"/alerts/{identifier}").status_code == 403
        assert own.get("/alerts/x").status_code == 404
        assert _waiting(friend) == []
        assert (
            friend.post(
                "/triage/decide", data={"item": f"alert:{identifier}", "do": "acknowledge"}
            ).status_code
            == 422
        )
        assert own.get("/").status_code == 200


def test_a_proposal_is_decided_by_another_than_who_made_it(node: Node) -> None:
    with node.store.connection() as connection:
        now, scopes = node.store.clock(), ("taxii:read", "taxii:write", "propose")
        node.tokens["proposer"], _ = accounts.issue(connection, "own", scopes, now=now)
    with node.browser("proposer") as own, node.browser("friend") as friend:
        changed = {
            "json": json.dumps(indicator(5, tlp=TLP.GREEN, name="better")),
            "base": "x",
            "reason": "typo <i>",
        }
        made = own.post(f"/objects/{indicator(5)['id']}/change", data=changed)
        assert made.headers.get("location") == "/proposals", made.text
        identifier = re.findall(r'href="/proposals/([0-9a-f-]+)"', own.get("/proposals").text)[0]
        assert "Take it back" in own.get(f"/proposals/{identifier}").text
        assert own.post(f"/proposals/{identifier}", data={"do": "accept"}).status_code == 403
        page = friend.get("/triage").text
        assert f"proposal:{identifier}" in page
        assert "typo &lt;i&gt;" in page
        detail = friend.get(f"/proposals/{identifier}").text
        assert "<ins>better</ins>" in detail
        assert friend.post(f"/proposals/{identifier}", data={"do": "x"}).status_code == 422
        assert (
            friend.post("/triage/decide", data={"item": f"proposal:{identifier}", "do": "accept"}).status_code
            == 303
        )
        assert friend.post(f"/proposals/{identifier}", data={"do": "reject"}).status_code == 409
        assert "better" in friend.get(f"/objects/{indicator(5)['id']}").text
        assert friend.get("/proposals/x").status_code == 404


def test_a_log_is_looked_into_and_not_kept(node: Node) -> None:
    with node.browser("own") as own, node.browser("friend") as friend:
        looked = own.post("/hunts", data={"text": "x d2.example.com <script>alert(1)</script>\ny"})
        assert 'data-tlp="green"' in looked.text
        assert "[domain-name:value = &#39;d2.example.com&#39;]" in looked.text  # why it is a hit
        assert looked.status_code == 200, looked.text
        assert "d2.example.com" in looked.text
        assert "<script>alert" not in looked.text
        files = {"file": ("../../etc/<b>", b"nothing here")}
        assert "Nothing was found" in own.post("/hunts", files=files).text
        assert own.post("/hunts", data={"text": " "}).status_code == 422
        assert friend.post("/hunts", data={"text": "x"}).status_code == 403
        assert friend.get("/hunts").status_code == 403
        assert own.get("/hunts/nothing").status_code == 404
        assert OWN.name in own.get("/").text
