"""Leaks of MISP and OpenCTI that became public, 1 to 10: each a test that fails when the guard it names is taken out."""

from __future__ import annotations

import json
import logging
import time

import pytest
from hostile import TOKEN, Peer, serving
from test_node_sync import quick

from factories import FRIEND, STRANGER, indicator
from leaks import plans
from leaks.ask import Answer, Fresh, Line, tells_back
from leaks.hidden import HIDDEN_IDS, POSTING, secret
from leaks.recording import statements
from leaks.resting import require_withheld
from leaks.world import VISIBLE_IDS, WORD, sdo, sighting
from tocsin.node import sync
from tocsin.stix.markings import TLP
from tocsin.store import Store, journal, organisations, peers

ROOT = "/taxii2/node"
INTEL = f"{ROOT}/collections/intel"
RED, GREEN = indicator(1)["id"], indicator(2)["id"]


def test_leak_case_01(line: Line) -> None:
    """CVE-2020-14969 MISP: restSearch reveals metadata of a correlating but unreachable attribute.

    A search for what only hidden objects have is a search for what nobody has. Guard: `label_id` beside `stix_id` in `store.pages._select`.
    """
    for what in ("objects", "manifest"):
        for more in ("", "&match[version]=all", "&match[type]=indicator,sighting", "&limit=1"):
            unknown = line.ask(f"{INTEL}/{what}/?match[id]={plans.RANDOM}{more}")
            assert unknown.body == b"{}"
            for hidden in HIDDEN_IDS:
                assert line.ask(f"{INTEL}/{what}/?match[id]={hidden}{more}") == unknown
        alone = line.ask(f"{INTEL}/{what}/?match[id]={VISIBLE_IDS[0]}")
        assert line.ask(f"{INTEL}/{what}/?match[id]={HIDDEN_IDS[0]},{VISIBLE_IDS[0]}") == alone


def test_leak_case_02(fresh: Fresh) -> None:
    """CVE-2021-27904 MISP: sharing-group "all orgs" flag of another instance made the group viewable.

    Whatever a peer writes into its objects, here they are for nobody but us, and so is the collection that they come to.
    Guard: `private=community is None` in `node.links.mirror_all`.
    """
    store, friend = fresh.node.store, fresh.node.tokens["friend"]
    with store.connection() as connection:
        circle = str(organisations.community(connection, "circle").id)
    flags = {"x_communities": [circle], "x_distribution": 3, "x_all_orgs": True, "x_to": [FRIEND.id]}
    with serving(Peer()) as host:
        told = json.dumps(indicator(1, tlp=TLP.GREEN, name=WORD) | flags).encode()
        host.held.append((host.now - 1, told))
        with store.transaction() as connection:
            peers.add(connection, peers.Peer("p0", host.url, STRANGER.id, secret=TOKEN))
        (report,) = sync.poll(store, open_wire=quick([host]))
    assert (report.error, report.new) == ("", 1)
    for path in ("", "p0.feed/", "p0.feed/objects/", "intel/objects/"):
        answer = fresh.line.ask(f"{ROOT}/collections/{path}", who=friend)
        assert WORD not in answer.body.decode()
        assert b"p0" not in answer.body
    with store.connection() as connection:
        assert connection.execute("SELECT communities, recipients FROM label").fetchall() == [([], [])]


def test_leak_case_03(line: Line, told: dict[str, Answer]) -> None:
    """CVE-2021-31780 MISP: object's sharing group ignored on edit; local id reused.

    The numbers that the store uses inside name nothing outside, and no answer has one. Guard: ids are UUIDs in `taxii.access`.
    """
    for path in ("", "objects/", "manifest/"):
        nothing = line.ask(f"{ROOT}/collections/nothing/{path}")
        for number in range(12):
            for form in (str(number), f"{number:02}", f"object_{number}"):
                assert line.ask(f"{ROOT}/collections/{form}/{path}") == nothing

    def numbers(value: object) -> set[str]:
        found: set[str] = set()
        for key, each in value.items() if isinstance(value, dict) else ():
            found |= {key} if type(each) is int else numbers(each)
        for each in value if isinstance(value, list) else ():
            found |= numbers(each)
        return found

    # `count` is in a sighting that FRIEND may have, `capacity` is of formats of lists
    # counts have the names of what is counted, and the description of the interface has no answer's numbers
    apart = ("/api/v1/search/counts", "/api/v1/openapi.json")
    every = {
        name
        for path, answer in told.items()
        if answer.body and not path.startswith(apart)
        for name in numbers(_json(answer))
    }
    assert every == {"max_content_length", "count", "status", "capacity"}
    with line.node.store.connection() as connection:
        rows = connection.execute("SELECT DISTINCT unnest(communities) FROM label").fetchall()
        known = {str(each.id) for each in organisations.communities(connection)}
    assert {row[0] for row in rows} == known, "audiences are the ids that communities have everywhere"


def _json(answer: Answer) -> object:
    return answer.json() if "json" in answer.header("content-type") else {}


def test_leak_case_04(resting: Store) -> None:
    """CVE-2019-9482 MISP: sightings visible to non-entitled.

    A sighting takes the label of what was seen. Guard: derived labels in the store.
    """
    require_withheld(resting, [sighting(41, RED)], [sighting(42, GREEN)])


def test_leak_case_05(line: Line) -> None:
    """CVE-2020-15411 MISP: attachment download without ACL.

    There are no attachments; bytes are had by id, under the same decision, and their entity tag proves nothing to those who know it.
    Guard: `label_id` beside `stix_id` in `store.pages._select`.
    """
    for hidden in HIDDEN_IDS:
        for collection in ("intel", "open"):
            for form in ("", "?match[version]=all", "versions/"):
                path = f"{ROOT}/collections/{collection}/objects/{hidden}/{form}"
                tag = line.ask(path, who="own").header("etag")
                for headers in ({}, {"If-None-Match": tag}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}):
                    assert line.ask(path, headers=headers).status == 404, path
    known = f"{INTEL}/objects/{VISIBLE_IDS[0]}/"
    assert line.ask(known, headers={"If-None-Match": line.ask(known).header("etag")}).status == 304


def test_leak_case_06(line: Line) -> None:
    """CVE-2020-15412 MISP: contact form on unseen event.

    Unseen is as nonexistent: status, headers, body, and the statements that the database is asked; there is no form that reaches an owner.
    Guard: `taxii.reading._require_known` looks under the reader's own clearance.
    """
    for method, form in (("GET", ""), ("GET", "versions/"), ("HEAD", ""), ("DELETE", "")):
        line.ask(f"{INTEL}/objects/{plans.RANDOM}/{form}", method, who="writer")
        with statements() as expected:
            nothing = line.ask(f"{INTEL}/objects/{plans.RANDOM}/{form}", method, who="writer")
        assert nothing.status == 404
        for hidden in HIDDEN_IDS:
            with statements() as found:
                assert line.ask(f"{INTEL}/objects/{hidden}/{form}", method, who="writer") == nothing
            assert found == expected


def test_leak_case_07(resting: Store) -> None:
    """CVE-2020-8894 MISP: discussion threads ACL.

    There are no threads; a note or an opinion takes the label of what it is about. Guard: derived labels in the store.
    """

    def about(number: int, of: str) -> list[dict[str, object]]:
        return [
            sdo("note", number, tlp=TLP.GREEN, content="we saw it too", object_refs=[of]),
            sdo("opinion", number, tlp=TLP.GREEN, opinion="agree", object_refs=[of]),
        ]

    require_withheld(resting, about(71, RED), about(72, GREEN))


def test_leak_case_08(scratch: Line, caplog: pytest.LogCaptureFixture) -> None:
    """CVE-2023-50918 + f039b21af MISP: audit logs (and full change) without ACL.

    The journal and the log say who asked for which resource, never what was looked for, posted or answered; no route serves them.
    Guard: the path without its query in `server.pipeline`.
    """
    hidden = secret(850)
    with caplog.at_level(logging.INFO, logger="tocsin.access"):
        body = json.dumps({"objects": [hidden]}).encode()
        assert scratch.ask(f"{INTEL}/objects/", "POST", who="writer", body=body).status == 202
        assert scratch.ask(f"{INTEL}/objects/?match[id]={hidden['id']}", who="writer").status == 200
        asked = scratch.ask(f"{INTEL}/manifest/?match[type]={WORD}", who="own")
    assert asked.status == 200
    entries: list[journal.Entry] = []
    for _ in range(50):  # the journal is written beside the requests
        with scratch.node.store.connection() as connection:
            entries = [
                e
                for e in journal.recent(connection)
                if e.action == "taxii-add" or e.target.endswith("manifest/")
            ]
        if {entry.action for entry in entries} >= {"taxii-add", "taxii-manifest"}:
            break
        time.sleep(0.1)
    assert {entry.action for entry in entries} >= {"taxii-add", "taxii-manifest"}
    written = "".join(f"{entry.target}{entry.detail}" for entry in entries) + caplog.text
    assert INTEL in written
    for content in (hidden["id"], hidden["pattern"], WORD, "match"):
        assert content not in written
    for path in ("/journal", "/logs", f"{ROOT}/journal/"):
        assert scratch.ask(path, who="own").status == 404


def test_leak_case_09(line: Line) -> None:
    """CVE-2024-45509 MISP: bookmarks of others.

    There are none; what a node keeps for one organisation is the status of its postings, and a `next` is no key to what another saw.
    Guard: the organisation in the query of `store.postings.get`.
    """
    nothing = line.ask(f"{ROOT}/status/{plans.RANDOM_ID}/")
    assert line.ask(f"{ROOT}/status/{POSTING}/", who="stranger").status == 200
    for who in ("reader", "writer", "own"):
        assert line.ask(f"{ROOT}/status/{POSTING}/", who=who) == nothing
    own = line.ask(f"{INTEL}/objects/?limit=5", who="own").json()
    page = line.ask(f"{INTEL}/objects/?limit=100&next={own['next']}")
    assert page.status == 200
    assert WORD not in page.body.decode()


def test_leak_case_10(line: Line, told: dict[str, Answer]) -> None:
    """4f27f83a7 MISP 2024-09: "ACL ignored on GUI attribute search".

    Every endpoint is asked everything in `plans`, and nothing hidden is in any answer. Guard: `label_id` in `store.pages._select`.
    """
    assert len(told) > 500
    for path, answer in told.items():
        said = f"{answer.headers}{answer.body.decode()}"
        assert WORD not in said or (WORD in path and tells_back(path)), path
        for hidden in HIDDEN_IDS:
            assert hidden not in said or hidden in path, path
    assert WORD in line.ask(f"{INTEL}/objects/?limit=1000&match[id]={HIDDEN_IDS[0]}", who="own").body.decode()
