"""The TAXII server as clients meet it: real HTTP, the specification's MUSTs, and hostile requests."""

from __future__ import annotations

import gzip
import json
import socket
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import zstandard

from factories import FRIEND, IMPORT, OWN, indicator, observable, place, settle, version
from serving import MEDIA, Node, serving
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts, collections, objects
from tocsin.store.values import Origin

ROOT = "/taxii2/node"
INTEL = f"{ROOT}/collections/intel"
IN_ORDER = sorted(range(40), key=lambda n: n % 4)
"""Numbers of the indicators of `node` by date added: of one batch what the most may have comes first."""


@pytest.fixture
def node(store: Store, tmp_path: Path):
    collection = settle(store)
    circle = str(collection.community)
    batch = [
        place(indicator(n, tlp=(TLP.CLEAR, TLP.GREEN, TLP.AMBER, TLP.RED)[n % 4]), communities=(circle,))
        for n in range(40)
    ]
    objects.put(store, collection.id, batch, origin=IMPORT)
    with serving(store, tmp_path, max_content_length=200_000, request_timeout=2) as served:
        yield served


def envelope(*data: dict) -> bytes:
    return json.dumps({"objects": list(data)}).encode()


def assert_error(answer: httpx.Response, status: int) -> dict:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA
    body = answer.json()
    assert body["title"]
    assert body["http_status"] == str(status)
    return body


def test_discovery_root_and_collections(node: Node) -> None:
    with node.client("friend") as client:
        found = client.get("/taxii2/").json()
        assert found["default"] in found["api_roots"]
        root = client.get(found["default"]).json()
        assert MEDIA in root["versions"]
        assert root["max_content_length"] == 200_000
        listed = client.get(f"{ROOT}/collections/").json()["collections"]
        assert [(c["alias"], c["can_read"], c["can_write"]) for c in listed] == [("intel", True, True)]
        one = client.get(f"{ROOT}/collections/{listed[0]['id']}/").json()
        assert one == listed[0]


@pytest.mark.parametrize(
    "path", ["/taxii2", "/taxii2/", ROOT, f"{ROOT}/", f"{INTEL}/objects", f"{INTEL}/objects/"]
)
def test_trailing_slashes_do_not_matter(node: Node, path: str) -> None:
    with node.client() as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (MEDIA, 200),
        ("application/taxii+json", 200),
        ("Application/TAXII+JSON; Version=2.1", 200),
        ("*/*", 200),
        ("application/*;q=0.5", 200),
        ("text/html, application/taxii+json;version=2.1;q=0.9", 200),
        ("text/html", 406),
        ("application/taxii+json;version=2.0", 406),
        ("application/vnd.oasis.taxii+json;version=2.0", 406),
        ("application/taxii+json;version=2.1;q=0", 406),
    ],
)
def test_what_clients_accept(node: Node, accept: str, status: int) -> None:
    with node.client(Accept=accept) as client:
        for path in (
            "/taxii2/",
            f"{ROOT}/",
            f"{ROOT}/collections/",
            f"{INTEL}/objects/",
            f"{INTEL}/manifest/",
        ):
            answer = client.get(path)
            assert answer.status_code == status
            assert answer.headers["content-type"] == MEDIA


def test_pages_join_to_the_whole_and_can_be_asked_twice(node: Node) -> None:
    with node.client() as client:
        found, following, pages = [], {}, 0
        while True:
            answer = client.get(f"{INTEL}/objects/", params={"limit": 7, **following})
            body = answer.json()
            assert client.get(f"{INTEL}/objects/", params={"limit": 7, **following}).content == answer.content
            found += body["objects"]
            pages += 1
            assert answer.headers["x-taxii-date-added-first"] <= answer.headers["x-taxii-date-added-last"]
            if not body.get("more"):
                break
            following = {"next": body["next"]}
        assert pages == 6
        assert [o["id"] for o in found] == [indicator(n)["id"] for n in IN_ORDER]


def test_added_after_the_last_date_is_an_exact_cursor(node: Node) -> None:
    with node.client() as client:
        answer = client.get(f"{INTEL}/objects/", params={"limit": 11})
        rest = client.get(
            f"{INTEL}/objects/", params={"added_after": answer.headers["x-taxii-date-added-last"]}
        )
        ids = [o["id"] for o in answer.json()["objects"] + rest.json()["objects"]]
        assert ids == [indicator(n)["id"] for n in IN_ORDER]
        empty = client.get(
            f"{INTEL}/objects/", params={"added_after": rest.headers["x-taxii-date-added-last"]}
        )
        assert empty.json() == {}
        # section 3.2 wants the dates on every answer: here they say where the reader stands
        last = rest.headers["x-taxii-date-added-last"]
        assert empty.headers["x-taxii-date-added-first"] == empty.headers["x-taxii-date-added-last"] == last


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=-1", "limit=x", "limit=1.5", "limit=", "limit=1&limit=2", "added_after=yesterday",
        "added_after=2026-02-30T00:00:00Z", "added_after=", "next=zzz", "next=", "match[version]=newest",
        "match[version]=all,last", "match[type]=", "match[id]=a,,b", "match[spec_version]=x", "match[name]=x",
    ],
)  # fmt: skip
def test_a_bad_filter_is_refused_not_ignored(node: Node, query: str) -> None:
    with node.client() as client:
        assert_error(client.get(f"{INTEL}/objects/?{query}"), 400)
        assert_error(client.get(f"{INTEL}/manifest/?{query}"), 400)


def test_filters_and_their_mixtures(node: Node) -> None:
    with node.client() as client:

        def ids(**match: str) -> list[str]:
            params = {f"match[{k}]": v for k, v in match.items()}
            return [o["id"] for o in client.get(f"{INTEL}/objects/", params=params).json().get("objects", [])]

        two = [indicator(3)["id"], indicator(5)["id"]]
        assert sorted(ids(id=",".join(two))) == two
        assert ids(id=two[0], type="indicator") == two[:1]
        assert ids(id=two[0], type="malware") == []
        assert len(ids(type="indicator,malware")) == 40
        assert ids(spec_version="2.0") == []
        assert len(ids(spec_version="2.0,2.1")) == 40
        client.post(f"{INTEL}/objects/", content=envelope(version(3, 9), version(3, 5)))
        assert (
            client.get(f"{INTEL}/objects/{two[0]}/").json()["objects"][0]["modified"]
            == version(3, 9)["modified"]
        )
        stored = client.get(f"{INTEL}/objects/{two[0]}/", params={"match[version]": "all"}).json()["objects"]
        assert sorted(o["modified"] for o in stored) == [version(3, d)["modified"] for d in (1, 5, 9)]
        first = client.get(f"{INTEL}/objects/{two[0]}/", params={"match[version]": "first"}).json()["objects"]
        assert [o["modified"] for o in first] == [version(3, 1)["modified"]]
        exact = client.get(
            f"{INTEL}/objects/{two[0]}/", params={"match[version]": "2026-01-05T00:00:00Z,last"}
        ).json()["objects"]
        assert sorted(o["modified"] for o in exact) == [version(3, d)["modified"] for d in (5, 9)]
        listed = client.get(f"{INTEL}/objects/{two[0]}/versions/").json()["versions"]
        assert sorted(listed) == [version(3, d)["modified"] for d in (1, 5, 9)]


def test_the_manifest_lists_what_the_objects_are(node: Node) -> None:
    with node.client("friend") as client:
        listing = client.get(f"{INTEL}/manifest/", params={"limit": 5})
        page = client.get(f"{INTEL}/objects/", params={"limit": 5})
        assert [r["id"] for r in listing.json()["objects"]] == [o["id"] for o in page.json()["objects"]]
        for name in ("x-taxii-date-added-first", "x-taxii-date-added-last"):
            assert listing.headers[name] == page.headers[name]
        assert all(r["media_type"] == "application/stix+json;version=2.1" for r in listing.json()["objects"])


def test_each_reader_gets_what_policy_allows(node: Node) -> None:
    def visible(who: str) -> set[int]:
        with node.client(who) as client:
            answer = client.get(f"{INTEL}/objects/")
            return (
                {int(o["id"][-12:], 16) % 4 for o in answer.json().get("objects", [])}
                if answer.status_code == 200
                else set()
            )

    assert visible("own") == {0, 1, 2, 3}
    assert visible("friend") == {0, 1, 2}  # member of the circle: no RED
    assert visible("stranger") == set()  # the collection is the circle's


def test_what_one_may_not_see_looks_like_what_does_not_exist(node: Node) -> None:
    hidden, absent = indicator(3)["id"], indicator(999)["id"]
    with node.client("friend") as client:
        for path in ("", "versions/"):
            for params in ({}, {"match[spec_version]": "2.1"}):
                one = client.get(f"{INTEL}/objects/{hidden}/{path}", params=params)
                other = client.get(f"{INTEL}/objects/{absent}/{path}", params=params)
                assert_error(one, 404)
                assert (one.status_code, one.content) == (other.status_code, other.content)
                drop = {"date", "x-request-id"}
                assert {k: v for k, v in one.headers.items() if k not in drop} == {
                    k: v for k, v in other.headers.items() if k not in drop
                }
        one, other = client.delete(f"{INTEL}/objects/{hidden}/"), client.delete(f"{INTEL}/objects/{absent}/")
        assert one.content == other.content
        assert_error(one, 404)
    with node.client("stranger") as client:
        one, other = client.get(f"{INTEL}/objects/"), client.get(f"{ROOT}/collections/nothing/objects/")
        assert one.content == other.content
        assert_error(one, 404)
        assert client.get(f"{ROOT}/collections/").json() == {}


def test_hidden_objects_change_nothing_for_a_reader(make_store, tmp_path: Path) -> None:
    """Two nodes that differ only in what FRIEND may not see answer alike, byte for byte and header for header."""
    answers = []
    for hidden in (False, True):
        ticks = iter(range(1_800_000_000_000_000, 1_900_000_000_000_000, 1_000_000))
        store = make_store()
        collection = settle(store)
        store.clock = lambda ticks=ticks: next(ticks)
        for n in range(6):
            objects.put(
                store,
                collection.id,
                [place(version(n, 3, tlp=TLP.GREEN), communities=(str(collection.community),))],
                origin=IMPORT,
            )
            if hidden:
                # what is hidden comes right after: it does not move the visible dates
                store.clock = lambda: 1
                objects.put(
                    store,
                    collection.id,
                    [place(version(n, 9, tlp=TLP.RED)), place(version(100 + n, 3))],
                    origin=IMPORT,
                )
                store.clock = lambda ticks=ticks: next(ticks)
        with serving(store, tmp_path) as node, node.client("friend") as client:
            base = f"{ROOT}/collections/{collection.id}"
            for path in (
                f"{ROOT}/collections/", f"{base}/", f"{base}/objects/", f"{base}/objects/?limit=2", f"{base}/manifest/",
                f"{base}/objects/?match[version]=all", f"{base}/manifest/?match[version]=first",
                f"{base}/objects/{version(1, 1)['id']}/", f"{base}/objects/{version(1, 1)['id']}/versions/",
                f"{base}/objects/{version(101, 1)['id']}/", f"{base}/objects/?match[type]=malware",
            ):  # fmt: skip
                answer = client.get(path)
                headers = {k: v for k, v in answer.headers.items() if k not in {"date", "x-request-id"}}
                answers.append((hidden, path, answer.status_code, answer.content, headers))
    without = [a[1:] for a in answers if not a[0]]
    assert without == [a[1:] for a in answers if a[0]]
    assert sum(a[1] == 200 for a in without) == 9 + 1


def test_posting_tells_what_became_of_each_object(node: Node) -> None:
    bad = indicator(501) | {"pattern": "[nonsense"}
    with node.client("friend") as client:
        answer = client.post(
            f"{INTEL}/objects/", content=envelope(indicator(500), bad, observable("new.example"))
        )
        assert answer.status_code == 202
        status = answer.json()
        assert (
            status["status"],
            status["total_count"],
            status["success_count"],
            status["failure_count"],
            status["pending_count"],
        ) == ("complete", 3, 2, 1, 0)
        assert status["failures"][0]["id"] == bad["id"]
        assert "pattern" in status["failures"][0]["message"]
        assert client.get(f"{ROOT}/status/{status['id']}/").json() == status
        # what one posts one may have back, marked or not
        assert client.get(f"{INTEL}/objects/{indicator(500)['id']}/").json()["objects"] == [indicator(500)]
    with node.client("own") as client:
        assert_error(client.get(f"{ROOT}/status/{status['id']}/"), 404)
        assert_error(client.get(f"{ROOT}/status/nonsense/"), 404)


def test_another_organisations_id_is_another_assertion_never_an_overwrite(node: Node) -> None:
    forged = indicator(1, tlp=TLP.CLEAR, pattern="[domain-name:value = 'harmless.example']")
    with node.client("friend") as client:
        assert client.post(f"{INTEL}/objects/", content=envelope(forged)).json()["success_count"] == 1
        assert client.delete(f"{INTEL}/objects/{forged['id']}/").status_code == 200
    with node.client("own") as client:
        kept = client.get(f"{INTEL}/objects/{forged['id']}/").json()["objects"]
        assert [o["pattern"] for o in kept] == [indicator(1)["pattern"]]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"[]", {}, 422),
        (b"{}", {}, 422),
        (b'{"objects": []}', {}, 422),
        (b'{"objects": {}}', {}, 422),
        (b'{"objects": [' + b"[" * 100_000 + b"]" * 50_000, {}, 400),
        (envelope({"a": 1}), {"Content-Type": "application/json"}, 415),
        (envelope({"a": 1}), {"Content-Type": "application/taxii+json;version=2.0"}, 415),
        (envelope({"a": 1}), {"Content-Encoding": "br"}, 415),
        (b"not gzip", {"Content-Encoding": "gzip"}, 400),
        (gzip.compress(b" " * 5_000_000), {"Content-Encoding": "gzip"}, 413),
        (zstandard.compress(b" " * 5_000_000), {"Content-Encoding": "zstd"}, 413),
        (b" " * 300_000, {}, 413),
    ],
)
def test_what_cannot_be_posted(node: Node, content: bytes, headers: dict, status: int) -> None:
    with node.client("friend") as client:
        assert_error(client.post(f"{INTEL}/objects/", content=content, headers=headers), status)
        assert client.get(f"{INTEL}/").status_code == 200, "the node is alive"


def test_an_endless_body_is_cut_off(node: Node) -> None:
    def endless():
        for _ in range(100):
            yield b" " * 10_000

    with node.client("friend") as client:
        # the server may close before all is written
        with suppress(httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
            assert client.post(f"{INTEL}/objects/", content=endless()).status_code == 413
        assert client.get(f"{INTEL}/").status_code == 200, "the node is alive"


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_bodies_are_taken(node: Node, pack) -> None:
    encoding = "gzip" if pack is gzip.compress else "zstd"
    with node.client("friend", **{"Content-Encoding": encoding}) as client:
        assert (
            client.post(f"{INTEL}/objects/", content=pack(envelope(indicator(700)))).json()["success_count"]
            == 1
        )


def test_answers_are_packed_for_who_takes_it_and_tagged(node: Node) -> None:
    with node.client() as client:
        plain = client.get(f"{INTEL}/objects/", headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        packed = client.get(f"{INTEL}/objects/", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["content-encoding"] == "gzip"
        assert packed.json() == plain.json()
        with client.stream(
            "GET", f"{INTEL}/objects/", headers={"Accept-Encoding": "gzip;q=0.5, zstd"}
        ) as raw:
            assert raw.headers["content-encoding"] == "zstd"
            unpacked = zstandard.ZstdDecompressor().stream_reader(b"".join(raw.iter_raw())).read()
        assert json.loads(unpacked) == plain.json()
        again = client.get(f"{INTEL}/objects/", headers={"If-None-Match": plain.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert client.get(f"{INTEL}/objects/", headers={"If-None-Match": '"other"'}).status_code == 200
        head = client.head(f"{INTEL}/objects/", headers={"Accept-Encoding": "identity"})
        assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", plain.headers["etag"])


def test_who_is_let_in(node: Node) -> None:
    friend = node.tokens["friend"]
    paths = ("/taxii2/", f"{ROOT}/", f"{ROOT}/collections/", f"{INTEL}/objects/", "/metrics")
    with node.client(None) as client:
        for path in paths:
            answer = client.get(path)
            assert answer.status_code == 401
            assert "Bearer" in answer.headers["www-authenticate"]
            assert "Basic" in answer.headers["www-authenticate"]
        wrong = [
            client.get("/taxii2/", headers={"Authorization": h}).content
            for h in ("Bearer x", "Basic x", "Digest x", "Bearer", f"Bearer {friend}x")
        ]
        assert len(set(wrong)) == 1
        assert client.get("/taxii2/", auth=("friend", friend)).status_code == 200
        assert client.get("/taxii2/", auth=("own", friend)).status_code == 401
        assert client.get("/taxii2/", auth=("friend", node.tokens["own"])).status_code == 401
    with node.client("friend") as client:
        assert client.get("/metrics").status_code == 403
    with node.client("own") as client:
        assert "tocsin_requests_total" in client.get("/metrics").text
        with node.store.connection() as connection:
            for token in accounts.tokens(connection, "own"):
                accounts.revoke(connection, token.id)
        assert client.get("/taxii2/").status_code == 401, "revoked is revoked at once"


def test_too_many_failures_wait(node: Node) -> None:
    with node.client("friend") as client:
        assert client.get("/taxii2/").status_code == 200
    with node.client(None) as client:
        statuses = [
            client.get("/taxii2/", headers={"Authorization": "Bearer x"}).status_code for _ in range(25)
        ]
        assert statuses[0] == 401
        assert statuses[-1] == 429
        refused = client.get("/taxii2/", headers={"Authorization": "Bearer x"})
        assert int(refused.headers["retry-after"]) > 0
        # who shows credentials that held before, or asks how to, is not locked out by a neighbour
        assert client.get("/taxii2/").status_code == 401
    with node.client("friend") as client:
        assert client.get("/taxii2/").status_code == 200


def test_scopes_bind(node: Node) -> None:
    with node.store.connection() as connection:
        secret, _ = accounts.issue(connection, "friend", ("taxii:read",), now=node.store.clock())
    with node.client(None, Authorization=f"Bearer {secret}") as client:
        assert client.get(f"{INTEL}/").json()["can_write"] is False
        assert_error(client.post(f"{INTEL}/objects/", content=envelope(indicator(1))), 403)
        assert_error(client.delete(f"{INTEL}/objects/{indicator(0)['id']}/"), 403)


def test_wrong_methods_and_paths(node: Node) -> None:
    with node.client() as client:
        answer = client.put(f"{INTEL}/objects/", content=b"")
        assert_error(answer, 405)
        assert "POST" in answer.headers["allow"]
        assert_error(client.get("/taxii2/other/"), 404)
        assert_error(client.get(f"{ROOT}/collections/%00/objects/"), 404)
        assert client.get("/nothing").json()["status"] == 404


def test_health_needs_nobody(node: Node) -> None:
    with node.client(None) as client:
        assert client.get("/healthz").json() == {"status": "alive"}
        assert client.get("/readyz").json() == {"status": "ready"}


def test_the_first_administrator_claims_by_code(store: Store, tmp_path: Path) -> None:
    settle(store)
    with serving(store, tmp_path) as node:
        with store.connection() as connection:
            connection.execute("UPDATE account SET administrator = false")
            code = accounts.offer_claim(connection, now=store.clock())
        with node.client(None, **{"Content-Type": "application/json"}) as client:
            assert client.post("/claim", content=b"nonsense").status_code == 400
            assert client.post("/claim", json={"code": "wrong", "name": "alice"}).status_code == 401
            made = client.post("/claim", json={"code": code, "name": "alice"})
            assert made.status_code == 201
            assert client.post("/claim", json={"code": code, "name": "mallory"}).status_code == 401
            answer = client.get("/taxii2/", headers={"Authorization": f"Bearer {made.json()['token']}"})
            assert answer.status_code == 200


def test_every_request_is_in_the_journal_without_secrets(node: Node) -> None:
    from tocsin.store import journal

    with node.client("friend") as client:
        client.get(f"{INTEL}/objects/?added_after=2026-01-01T00:00:00Z")
        client.get(f"{ROOT}/collections/nothing/")
    deadline = time.monotonic() + 5
    while True:
        with node.store.connection() as connection:
            found = journal.recent(connection, principal="friend")
        if len(found) >= 2 or time.monotonic() > deadline:
            break
        time.sleep(0.1)
    assert [(e.action, e.outcome) for e in found[::-1]] == [
        ("taxii-objects", "200"),
        ("taxii-collection", "404"),
    ]
    # on which ground personal data in it might go: of what was released, and of nothing else
    assert found[1].detail["ground"] == "both are in XA: nothing crosses a border"
    assert "ground" not in found[0].detail
    assert node.tokens["friend"] not in repr(found)
    assert "added_after" not in repr(found)


def test_a_client_that_trickles_is_cut_off(node: Node) -> None:
    host, port = node.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as trickling:
        trickling.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        try:
            while time.monotonic() - began < 8:
                trickling.sendall(b"X-A: b\r\n")
                time.sleep(0.3)
                trickling.settimeout(0.01)
                try:
                    if trickling.recv(100) == b"" or True:
                        break
                except TimeoutError:
                    continue
        except OSError:
            pass
        assert time.monotonic() - began < 6
    with socket.create_connection((host, int(port)), timeout=10) as fat:
        fat.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
            + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 1000) for i in range(200))
            + b"\r\n"
        )
        assert b" 431 " in fat.recv(200)
    with node.client(None) as client:
        assert client.get("/healthz").status_code == 200


def test_a_slow_body_is_cut_off(node: Node) -> None:
    host, port = node.url.removeprefix("http://").split(":")
    head = (
        f"POST {INTEL}/objects/ HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA}\r\nAuthorization: Bearer {node.tokens['friend']}\r\n"
        "Content-Length: 1000\r\n\r\n{"
    )
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(head.encode())
        assert b" 408 " in slow.recv(200)


def test_oasis_client_reads_pages_and_writes(node: Node) -> None:
    from taxii2client.v21 import Server, as_pages

    server = Server(f"{node.url}/taxii2/", user="friend", password=node.tokens["friend"])
    root = server.default
    collection = next(c for c in root.collections if c.can_read)
    found = [o for page in as_pages(collection.get_objects, per_request=9) for o in page.get("objects", [])]
    assert len(found) == 30
    status = collection.add_objects({"objects": [indicator(800)]}, wait_for_completion=True)
    assert status.status == "complete"
    assert collection.get_object(indicator(800)["id"])["objects"] == [indicator(800)]
    assert collection.get_manifest(limit=3)["more"] is True
    assert collection.object_versions(indicator(800)["id"])["versions"]
    collection.delete_object(indicator(800)["id"])
    assert FRIEND.id != OWN.id
    server.close()


def test_pages_stay_whole_while_others_write(node: Node) -> None:
    import threading

    done = threading.Event()

    def write() -> None:
        with node.client("friend") as client:
            for n in range(15):
                client.post(
                    f"{INTEL}/objects/", content=envelope(*[indicator(5000 + n * 10 + i) for i in range(10)])
                )
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen: list[str] = []
    with node.client("own") as client:
        params: dict[str, str | int] = {"limit": 6}
        while True:
            written = (
                done.is_set()
            )  # before it is asked: the last may be written while an empty page is on its way
            answer = client.get(f"{INTEL}/objects/", params=params)
            body = answer.json()
            seen += [o["id"] for o in body.get("objects", [])]
            if answer.headers.get("x-taxii-date-added-last"):
                params["added_after"] = answer.headers["x-taxii-date-added-last"]
            if not body.get("more") and written and not body:
                break
    writer.join()
    assert len(seen) == len(set(seen)) == 40 + 150


def test_origin_of_what_was_posted(node: Node) -> None:
    with node.client("friend") as client:
        client.post(f"{INTEL}/objects/", content=envelope(indicator(901)))
    with node.store.connection() as connection:
        row = connection.execute(
            "SELECT g.source, g.channel, l.owner FROM object o JOIN origin g ON g.id = o.origin_id "
            "JOIN label l ON l.id = o.label_id WHERE o.stix_id = %s",
            (indicator(901)["id"],),
        ).fetchone()
    assert row == (FRIEND.id, Origin(FRIEND.id, None, "taxii-post").channel, FRIEND.id)


def test_a_token_that_is_revoked_while_the_body_comes_no_longer_counts(node: Node) -> None:
    host, port = node.url.removeprefix("http://").split(":")
    body = envelope(indicator(990))
    with node.store.transaction() as connection:
        secret, token = accounts.issue(
            connection, "friend", ("taxii:read", "taxii:write"), now=node.store.clock(), days=1
        )
    head = (
        f"POST {INTEL}/objects/ HTTP/1.1\r\nHost: x\r\nContent-Type: {MEDIA}\r\nAuthorization: Bearer {secret}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(head.encode() + body[:10])
        time.sleep(0.3)
        with node.store.transaction() as connection:
            accounts.revoke(connection, token.id)
        slow.sendall(body[10:])
        assert b" 401 " in slow.recv(200)


def test_private_collections_do_not_exist_for_others(node: Node) -> None:
    with node.store.connection() as connection:
        if not any(c.alias == "p0.secret" for c in collections.everything(connection)):
            collections.add(
                connection, collections.new("p0.secret", title="Operation Nightfall", private=True)
            )
    with node.client("friend") as client:
        assert "Nightfall" not in client.get(f"{ROOT}/collections/").text
        assert client.get(f"{ROOT}/collections/p0.secret/").status_code == 404
    with node.client("own") as client:
        assert "Nightfall" in client.get(f"{ROOT}/collections/").text
