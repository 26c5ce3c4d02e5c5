"""The REST interface, asked over HTTP."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from databases import copied
from factories import FRIEND, IMPORT, OWN, indicator, observable, place, settle, version
from serving import Node, serving
from tocsin.stix.markings import TLP
from tocsin.store import Store, objects
from tocsin.store.embedded import Embedded

CIRCLE = str(uuid.UUID(int=1 << 64))
JSON = {"Accept": "application/json", "Content-Type": "application/json"}
ROOT = "/api/v1"


@contextmanager
def _node(pg: Embedded, name: str, home: Path) -> Iterator[Node]:
    with copied(pg, name) as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = (
            version(1, 1, tlp=TLP.GREEN, name="Evil Panda"),
            version(1, 2, tlp=TLP.GREEN, name="Evil Panda", description="uses T1059.001"),
            version(1, 3, tlp=TLP.RED, name="Evil secret"),
            indicator(2, tlp=TLP.RED, name="Evil secret"),
            indicator(3, tlp=TLP.CLEAR),
        )
        objects.put(store, intel.id, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)
        with serving(store, home) as served:
            yield served


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that is only read."""
    with _node(pg, "api_read", tmp_path_factory.mktemp("home")) as served:
        yield served


@pytest.fixture(scope="module")
def written(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node that is written to, by each test to objects of its own."""
    with _node(pg, "api_written", tmp_path_factory.mktemp("home")) as served:
        yield served


@pytest.fixture
def friend(node: Node) -> Iterator[httpx.Client]:
    with node.client("friend", **JSON) as client:
        yield client


@pytest.fixture
def own(node: Node) -> Iterator[httpx.Client]:
    with node.client("own", **JSON) as client:
        yield client


@pytest.fixture
def writer(written: Node) -> Iterator[httpx.Client]:
    with written.client("friend", **JSON) as client:
        yield client


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [each["id"] for each in answer.json()["items"]]


def test_search_counts_and_suggestions_know_what_the_reader_may_have(
    friend: httpx.Client, own: httpx.Client
) -> None:
    assert _ids(friend.get(f"{ROOT}/search", params={"q": "evil"})) == [indicator(1)["id"]]
    assert set(_ids(own.get(f"{ROOT}/search", params={"q": "evil"}))) == {
        indicator(1)["id"],
        indicator(2)["id"],
    }
    counted = friend.get(f"{ROOT}/search/counts").json()
    assert counted["total"] == 2
    assert counted["tlp"] == {"clear": 1, "green": 1}
    assert counted["sources"] == {OWN.id: 2}
    said = friend.get(f"{ROOT}/suggestions", params={"q": "evil"}).json()["items"]
    assert [each["text"] for each in said] == ["Evil Panda"]


def test_pages_go_on_to_the_end(friend: httpx.Client) -> None:
    first = friend.get(f"{ROOT}/objects", params={"limit": 1}).json()
    second = friend.get(f"{ROOT}/objects", params={"limit": 1, "cursor": first["next"]}).json()
    # within a batch what the most may have comes first: TLP:CLEAR before TLP:GREEN
    assert [each["id"] for each in first["items"] + second["items"]] == [
        indicator(1)["id"],
        indicator(3)["id"],
    ]
    assert second["next"] is None
    oldest = friend.get(
        f"{ROOT}/objects", params={"order": "oldest", "type": "indicator", "tlp": "green,clear"}
    )
    assert _ids(oldest) == [indicator(3)["id"], indicator(1)["id"]]


def test_one_object_with_its_versions_and_who_says_so(friend: httpx.Client, own: httpx.Client) -> None:
    path = f"{ROOT}/objects/{indicator(1)['id']}"
    found = friend.get(path)
    assert found.json()["object"]["description"] == "uses T1059.001"
    assert friend.get(path, headers={"If-None-Match": found.headers["etag"]}).status_code == 304
    versions = friend.get(f"{path}/versions").json()
    assert [each["modified"][:10] for each in versions["items"]] == ["2026-01-02", "2026-01-01"]
    assert versions["items"][0]["changes"] == [
        {"pointer": "/description", "kind": "added", "before": None, "after": "uses T1059.001"}
    ]
    assert len(own.get(f"{path}/versions").json()["items"]) == 3
    assert friend.get(f"{path}/assertions").json()["items"][0]["arrivals"] == []
    assert own.get(f"{path}/assertions").json()["items"][0]["arrivals"][0]["channel"] == "import"


def test_what_may_not_be_seen_is_not_there(friend: httpx.Client) -> None:
    hidden, nothing = indicator(2)["id"], f"indicator--{uuid.uuid4()}"
    for tail in ("", "/versions", "/assertions", "/relations", "/sightings"):
        one, other = (friend.get(f"{ROOT}/objects/{each}{tail}") for each in (hidden, nothing))
        assert (one.status_code, one.content) == (other.status_code, other.content)


def test_what_is_the_operators_alone(friend: httpx.Client, own: httpx.Client) -> None:
    for each in ("peers", "policies", "journal"):
        assert friend.get(f"{ROOT}/{each}").status_code == 403
        assert own.get(f"{ROOT}/{each}").status_code == 200
    assert {each["name"] for each in friend.get(f"{ROOT}/organisations").json()["items"]} == {"Own", "Friend"}
    assert len(own.get(f"{ROOT}/organisations").json()["items"]) == 3
    assert friend.get(f"{ROOT}/status").json()["index"] is None
    assert friend.get(f"{ROOT}/communities").json()["items"][0]["alias"] == "circle"
    assert friend.get(f"{ROOT}/agreements").json()["items"] == []


def test_a_decision_is_explained_in_words_and_as_data(own: httpx.Client, friend: httpx.Client) -> None:
    path = f"{ROOT}/objects/{indicator(2)['id']}/explanation"
    item = own.get(path, params={"recipient": "Friend"}).json()["items"][0]
    assert item["explanation"]["allowed"] is False
    assert "red" in item["explanation"]["why"].lower()
    assert friend.get(path, params={"recipient": "Friend"}).status_code == 403
    assert own.get(path, params={"recipient": "Nobody"}).status_code == 404


def test_writing_an_object_and_a_version(writer: httpx.Client) -> None:
    data = indicator(50, tlp=TLP.GREEN)
    made = writer.post(f"{ROOT}/objects", json=data)
    assert made.status_code == 201, made.text
    assert writer.post(f"{ROOT}/objects", json=data).status_code == 409
    path = made.headers["location"]
    tag = writer.get(path).headers["etag"]
    newer = data | {"modified": "2026-02-01T00:00:00.000Z", "name": "better"}
    assert writer.put(path, json=newer).status_code == 428
    assert writer.put(path, json=newer, headers={"If-Match": '"x"'}).status_code == 412
    assert writer.put(path, json=data, headers={"If-Match": tag}).status_code == 422
    assert writer.put(path, json=newer, headers={"If-Match": tag}).status_code == 201
    assert (
        writer.put(
            path, json=newer | {"modified": "2026-03-01T00:00:00Z"}, headers={"If-Match": tag}
        ).status_code
        == 412
    )
    assert writer.get(path).json()["object"]["name"] == "better"
    assert writer.get(f"{path}/versions").json()["items"][0]["changes"][0]["pointer"] == "/name"
    others = f"{ROOT}/objects/{indicator(1)['id']}"
    tag = writer.get(others).headers["etag"]
    theirs = version(1, 9, tlp=TLP.GREEN)
    assert writer.put(others, json=theirs, headers={"If-Match": tag}).status_code == 403


def test_what_breaks_a_rule_is_told_with_its_place(writer: httpx.Client) -> None:
    bad = indicator(51) | {"pattern": "[nonsense"}
    answer = writer.post(f"{ROOT}/objects", json=bad)
    assert answer.status_code == 422
    assert "/pattern" in answer.json()["detail"]
    assert writer.post(f"{ROOT}/objects", content=b"{").status_code == 400
    assert (
        writer.post(f"{ROOT}/objects", content=b"x", headers={"Content-Type": "text/plain"}).status_code
        == 415
    )


def test_a_key_stands_for_one_request(writer: httpx.Client) -> None:
    path, key = f"{ROOT}/objects/{indicator(1)['id']}/notes", {"Idempotency-Key": '"one"'}
    first = writer.post(path, json={"content": "seen here"}, headers=key)
    again = writer.post(path, json={"content": "seen here"}, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"
    assert writer.post(path, json={"content": "other"}, headers=key).status_code == 422
    kept = writer.get(f"{ROOT}/objects/{indicator(1)['id']}/relations").json()["items"]
    assert [each["object"]["content"] for each in kept if each["type"] == "note"] == ["seen here"]
    # a refused request gives its key back
    wrong = f"{ROOT}/objects/{indicator(2)['id']}/notes"
    assert writer.post(wrong, json={"content": "x"}, headers={"Idempotency-Key": "two"}).status_code == 404
    assert writer.post(path, json={"content": "x"}, headers={"Idempotency-Key": "two"}).status_code == 201


def test_opinions_and_sightings_carry_the_markings_of_what_they_are_about(
    writer: httpx.Client, written: Node
) -> None:
    path = f"{ROOT}/objects/{indicator(1)['id']}"
    assert writer.post(f"{path}/opinions", json={"opinion": "agree"}).status_code == 201
    assert writer.post(f"{path}/opinions", json={"opinion": "yes"}).status_code == 422
    assert writer.post(f"{path}/sightings", json={"count": 3}).status_code == 201
    with written.client("own") as own:
        seen = own.get(f"{path}/sightings").json()["items"][0]
    assert seen["tlp"] == "green"
    assert seen["source"] == FRIEND.id
    assert seen["object"]["count"] == 3


def test_events_go_on_where_the_reader_was(writer: httpx.Client, written: Node) -> None:
    start = writer.get(f"{ROOT}/events")
    assert start.headers["content-type"].startswith("text/event-stream")
    at = next(line[4:] for line in start.text.splitlines() if line.startswith("id: "))
    assert (
        writer.post(
            f"{ROOT}/objects",
            json=observable("new.example")
            | {"object_marking_refs": indicator(tlp=TLP.GREEN)["object_marking_refs"]},
        ).status_code
        == 201
    )
    told = writer.get(f"{ROOT}/events", headers={"Last-Event-ID": at})
    data = [json.loads(line[6:]) for line in told.text.splitlines() if line.startswith("data: ")]
    assert [each["object"]["value"] for each in data] == ["new.example"]
    after = [line[4:] for line in told.text.splitlines() if line.startswith("id: ")][-1]
    assert (
        "data:" not in writer.get(f"{ROOT}/events", params={"wait": 0}, headers={"Last-Event-ID": after}).text
    )
    assert writer.get(f"{ROOT}/events", headers={"Last-Event-ID": "x"}).status_code == 400


HOSTILE = (
    *(
        "'",
        "\\",
        "a:*b",
        "!!!",
        "((((",
        "' | ''",
        "<->",
        "a" * 1000,
        "(a+)+$",
        "-" * 900,
        '"',
        "x:y:z",
        "*",
        "a*",
    ),
    *("\x00", "type:", "💥 ' \\'", "name:'\\", "10.0.0.0/0", "::/0", "-10.1.2.3", "refers:' & x"),
)


def test_hostile_queries_are_answered(friend: httpx.Client) -> None:
    for query in HOSTILE:
        for path in ("search", "search/counts"):
            assert friend.get(f"{ROOT}/{path}", params={"q": query}).status_code == 200, query
        assert friend.get(f"{ROOT}/suggestions", params={"q": query[:200]}).status_code == 200, query
    assert friend.get(f"{ROOT}/search", params={"q": "a " * 40}).status_code == 422
    assert friend.get(f"{ROOT}/search", params={"q": "a" * 1001}).status_code == 400
    assert friend.get(f"{ROOT}/search", params={"what": "x"}).status_code == 400


def test_problems_name_their_type(friend: httpx.Client) -> None:
    answer = friend.get(f"{ROOT}/objects/x")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:tocsin:problem:not-found"


def test_the_description_names_every_route(node: Node) -> None:
    from starlette.routing import Route

    from tocsin.config import Settings
    from tocsin.server.app import App

    with node.client(None) as client:
        described = client.get(f"{ROOT}/openapi.json").json()
    assert described["openapi"] == "3.1.0"
    routed = {
        (route.path, method.lower())
        for route in App(Settings(home=Path("/nonexistent")), node.store).asgi.routes
        if isinstance(route, Route) and route.path.startswith(f"{ROOT}/") and not route.path.endswith("/")
        for method in route.methods or ()
        if method != "HEAD"
    } - {(f"{ROOT}/openapi.json", "get")}
    assert routed == {(path, method) for path, methods in described["paths"].items() for method in methods}


def test_of_two_who_change_the_same_version_one_does(written: Node, writer: httpx.Client) -> None:
    data = indicator(60, tlp=TLP.GREEN)
    path = writer.post(f"{ROOT}/objects", json=data).headers["location"]
    tag = writer.get(path).headers["etag"]
    answers: list[int] = []

    def change(day: int) -> None:
        with written.client("friend", **JSON) as client:
            newer = data | {"modified": f"2026-02-{day:02}T00:00:00.000Z"}
            answers.append(client.put(path, json=newer, headers={"If-Match": tag}).status_code)

    threads = [threading.Thread(target=change, args=(day,)) for day in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert min(answers) == 201
    assert answers.count(201) == 1
    assert set(answers) <= {201, 409, 412}
    assert len(writer.get(f"{path}/versions").json()["items"]) == 2
