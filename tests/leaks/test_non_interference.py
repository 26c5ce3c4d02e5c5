"""What FRIEND may not have changes nothing that FRIEND is told: not a byte, not a header, not a statement to the database.

Two nodes differ only in what is hidden (`world`, `hidden`); every route that the application has is asked the same of both.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import pytest
from starlette.routing import Route

from factories import indicator, observable, version
from leaks import plans
from leaks.ask import Answer, Line
from leaks.hidden import HIDDEN_IDS, secret
from leaks.world import TOKENS, VISIBLE_IDS, WORD, Pair, digest_of, link, sdo
from serving import Node
from tocsin.config import Settings
from tocsin.server.app import App
from tocsin.server.taxii import writing
from tocsin.stix.markings import TLP, id_of
from tocsin.store import accounts

OBJECTS = "/taxii2/node/collections/intel/objects/"


class Lines:
    """A connection to each of the nodes."""

    def __init__(self, pair: Pair) -> None:
        self.plain, self.full, self.crowded = Line(pair.plain), Line(pair.full), Line(pair.crowded)

    def use_tokens(self) -> None:
        """Have each token used, and wait until that is noted, which a node does some time after: pages say when it was."""
        for line in (self.plain, self.full, self.crowded):
            for who in TOKENS:
                line.ask("/taxii2/", who=who)
            until = time.monotonic() + 30
            while any(used is None for used in _last_used(line.node)):
                assert time.monotonic() < until, "the use of a token was not noted"
                time.sleep(0.05)

    def same(self, path: str, method: str = "GET", **how: Any) -> Answer:
        """Ask all; return the answer, which has to be one and the same."""
        one, *others = (line.ask(path, method, **how) for line in (self.plain, self.full, self.crowded))
        for other in others:
            assert one == other, f"{method} {path} {how}: what is hidden shows: {_first_apart(one, other)}"
        return one


def _last_used(node: Node) -> list[int | None]:
    ids = []
    with node.store.connection() as connection:
        for secret in TOKENS.values():
            principal, _ = accounts.recognise(connection, secret, now=node.store.clock())
            ids.append(principal.token)
        rows = connection.execute("SELECT last_used FROM token WHERE id = ANY(%s)", (ids,)).fetchall()
    return [used for (used,) in rows]


def _first_apart(one: Answer, other: Answer) -> tuple[str, ...]:
    """Return the first lines of two answers that are not the same."""
    lines = (str(each.headers) + "\n" + each.body.decode("utf-8", "replace") for each in (one, other))
    for pair in zip_longest(*(each.splitlines() for each in lines), fillvalue=""):
        if pair[0] != pair[1] and "etag" not in pair[0]:
            return pair
    return ()


@pytest.fixture(scope="module")
def lines(pair: Pair) -> Iterator[Lines]:
    made = Lines(pair)
    made.use_tokens()
    yield made
    for line in (made.plain, made.full, made.crowded):
        line.close()


@pytest.fixture(scope="module")
def templates(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every path that the application routes, without the last slash, from its own table."""
    routes = App(Settings(home=tmp_path_factory.mktemp("home")), pair.full.store).asgi.routes
    found = {route.path.rstrip("/") for route in routes if isinstance(route, Route)}
    # each in a form with a slash and one without, and nothing else is mounted beside
    assert len(found) * 2 - 1 == len(routes)  # the root has but one
    return sorted(found)


def test_the_nodes_do_differ(lines: Lines) -> None:
    """The control: all that is hidden from FRIEND is there, and all that is not can be had. Guard: the steps of `world` and `hidden`."""
    found: set[str] = set()
    for collection in ("intel", "open"):
        path, following = f"/taxii2/node/collections/{collection}/manifest/", "?match[version]=all"
        while following:
            answer = lines.full.ask(path + following, who="own").json()
            found |= {each["id"] for each in answer["objects"]}
            following = f"?match[version]=all&next={answer['next']}" if answer.get("more") else ""
    assert found > set(HIDDEN_IDS)
    for identifier in VISIBLE_IDS:
        held = [
            lines.plain.ask(f"/taxii2/node/collections/{c}/objects/{identifier}/") for c in ("intel", "open")
        ]
        assert 200 in {answer.status for answer in held}


def test_no_route_escapes(templates: list[str]) -> None:
    """A new route needs a plan in `plans.PLANS`. Guard: the plan; take an entry out."""
    assert templates == sorted(plans.PLANS)


@pytest.mark.parametrize("template", plans.PLANS)
def test_every_route_with_every_parameter(lines: Lines, template: str) -> None:
    """Guard: the label sets in the queries of `store.pages`, `Collection.private` and communities in `taxii.access`."""
    friend, nobody = set(), set()
    for path in plans.requests(template):
        friend.add(lines.same(path).status)
        if "[" not in path:
            nobody.add(lines.same(path, who=None).status)
    assert (friend, nobody) == plans.PLANS[template][1:]


@pytest.mark.parametrize("template", plans.PLANS)
def test_every_method(lines: Lines, template: str) -> None:
    """Guard: `records` under the clearance of who asks in `taxii.writing.delete`."""
    few = {VISIBLE_IDS[0], HIDDEN_IDS[0], plans.RANDOM}
    for path in plans.paths(template):
        if "{object}" in template and not few & set(path.split("/")):
            continue
        for method in plans.METHODS:
            body = b"{}" if method in {"POST", "PUT"} else None
            for who in ("writer", None):
                lines.same(f"{path}/", method, who=who, body=body)


def test_paths_that_are_not_routed(lines: Lines) -> None:
    """Guard: nothing is mounted beside the table of routes; mount something at one of these paths."""
    for path in plans.UNROUTED:
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            for who in ("reader", None):
                assert lines.same(path, method, who=who).status in {404, 405}


@pytest.mark.parametrize("what", ["objects", "manifest"])
@pytest.mark.parametrize("collection", plans.SEEN_COLLECTIONS)
def test_pages_to_the_end(lines: Lines, collection: str, what: str) -> None:
    """Guard: `more` and `next` from the filtered rows (`store.pages`)."""
    for limit in (1, 2, 3, 7, 100):
        for versions in ("last", "all", "first"):
            path = f"/taxii2/node/collections/{collection}/{what}/?limit={limit}&match[version]={versions}"
            answer = lines.same(path)
            for _ in range(40):
                if not answer.json().get("more"):
                    break
                answer = lines.same(f"{path}&next={answer.json()['next']}")
            assert "more" not in answer.json()


def test_forms_are_the_same_and_their_origins_are_nowhere(lines: Lines) -> None:
    """Guard: `store.forms` knows versions, and what a form rests on, only under the clearance of who asks."""
    listed, following = [], "?"
    while following:
        answer = lines.same(OBJECTS + following).json()
        listed += answer["objects"]
        following = f"?next={answer['next']}" if answer.get("more") else ""
    forms = [each for each in listed if any("form" in ext for ext in each.get("extensions", {}).values())]
    assert {each["type"] for each in forms} == {"indicator", "incident", "relationship"}
    origins = [indicator(32)["id"], indicator(33)["id"], sdo("incident", 34)["id"], link(52, "", "")["id"]]
    for each in forms:
        assert each["id"] not in origins
        assert lines.same(f"{OBJECTS}{each['id']}/?match[version]=all").status == 200
        assert lines.same(f"{OBJECTS}{each['id']}/versions/").status == 200
        lines.same(f"{OBJECTS}?match[id]={each['id']}&match[version]=all")
    for origin in origins:
        assert lines.same(f"{OBJECTS}{origin}/").status == 404
        assert lines.same(f"{OBJECTS}{origin}/versions/").status == 404


def test_lists_hold_what_is_visible_and_nothing_else(lines: Lines) -> None:
    """Guard: the clearance that `node.outputs.lists` narrows and `store.placed.follow` reads under."""
    path = "/api/v1/outputs/{}/"
    for name in ("plain", "csv", "zeek", "splunk", "elastic"):
        answer = lines.same(path.format(name))
        assert digest_of("d10.example.com") in answer.body.decode()
        assert digest_of("d12.example.com") not in answer.body.decode(), "it is on a warninglist"
        lines.same(path.format(name), headers={"If-None-Match": answer.header("etag")})
    hidden = digest_of(f"{WORD}60.example")
    assert hidden in lines.full.ask(path.format("plain"), who="own").body.decode(), "the control: it is there"
    assert hidden not in lines.full.ask(path.format("plain")).body.decode()


def test_conditions_and_packing(lines: Lines) -> None:
    """Guard: the entity tag is made of what was released (`server.respond`)."""
    encodings = ("gzip", "zstd", "gzip;q=0.5, zstd", "br", "*", "identity;q=0")
    guessed = f'"{hashlib.sha256(json.dumps(secret(60)).encode()).hexdigest()[:32]}"'
    for path in (
        OBJECTS,
        f"{OBJECTS}{VISIBLE_IDS[0]}/",
        f"{OBJECTS}{HIDDEN_IDS[0]}/",
        "/taxii2/node/collections/",
    ):
        tag = lines.same(path).header("etag")
        for condition in (tag, "*", guessed, '"x"', f"W/{tag}", f'"x", {tag}'):
            lines.same(path, headers={"If-None-Match": condition})
            lines.same(path, "HEAD", headers={"If-None-Match": condition})
        for encoding in encodings:
            lines.same(path, headers={"Accept-Encoding": encoding})
        for accept in ("text/html", "*/*", "application/taxii+json;version=2.0", "application/json"):
            lines.same(path, headers={"Accept": accept})
        for extra in ({"Range": "bytes=0-10"}, {"If-Modified-Since": "Wed, 21 Oct 2015 07:28:00 GMT"}):
            lines.same(path, headers=extra)


def test_credentials_that_do_not_hold(lines: Lines) -> None:
    """Guard: one answer for every failure (`store.accounts.recognise`)."""
    answers = {
        lines.same("/taxii2/", who=None, headers={"Authorization": each})
        for each in ("Bearer x", "Basic eDp5")
    }
    assert {answer.status for answer in answers} == {401}
    assert len(answers) == 1


def test_posting_and_deleting(lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is posted meets nothing hidden: same status whether the id, or the very bytes, are held already or not.

    Guard: `label_id` in `store.objects._KNOWN`; `records` under the clearance of who asks in `taxii.writing.delete`.
    """
    ids = iter([uuid.UUID(int=n // 3) for n in range(300, 600)])
    monkeypatch.setattr(writing, "uuid4", lambda: next(ids))
    red = {"object_marking_refs": [id_of(TLP.RED)]}
    posts = (
        secret(60, **red),
        secret(62),
        secret(500),
        version(1, 20, tlp=TLP.RED, name=WORD),
        observable(f"{WORD}.example"),
        observable("nobody.example"),
        indicator(60) | {"pattern": "[nonsense"},
    )
    for each in posts:
        body = json.dumps({"objects": [each]}).encode()
        posted = lines.same(OBJECTS, "POST", who="writer", body=body)
        assert posted.status == 202
        lines.same(f"/taxii2/node/status/{posted.json()['id']}/", who="writer")
        lines.same(f"{OBJECTS}{each['id']}/?match[version]=all")
        lines.same(f"{OBJECTS}{each['id']}/versions/")
    lines.same(f"{OBJECTS}?match[version]=all&limit=100")
    for hidden in ("inner", "p0.feed", "nothing"):
        lines.same(f"/taxii2/node/collections/{hidden}/objects/", "POST", who="writer", body=body)
    for each in (*posts, *posts, secret(61), indicator(10), {"id": plans.RANDOM}):
        lines.same(f"{OBJECTS}{each['id']}/", "DELETE", who="writer")
    lines.same(f"{OBJECTS}?match[version]=all&limit=100")
