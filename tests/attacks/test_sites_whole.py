"""What other sites, and addresses in what people send, could have a node or a browser do: forms, frames, onward addresses, requests of the node's own, files."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urljoin, urlsplit

import httpx
import psycopg
import pytest

from attacks.objects import originals, planted
from e2e.routes import filled
from e2e.world import EXAMPLES
from factories import IMPORT, indicator, place, settle
from serving import Node, serving
from tocsin.server.api import table
from tocsin.server.pages.page import pages
from tocsin.stix.markings import TLP
from tocsin.store import Store, objects
from tocsin.store.embedded import Embedded

SEEN = indicator(1)["id"]
_GIVEN = EXAMPLES | {"alert": ("x",), "webhook": ("x",)}
_KINDS = ("text/html", "application/json", "application/problem+json", "text/event-stream", "image/svg+xml", "text/csv", "text/plain", "application/stix+json", "application/taxii+json")  # fmt: skip
_POLYGLOTS = {
    "page.html": b"<!doctype html><script>planted()</script>",
    "picture.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="planted()"><script>planted()</script></svg>',
    "picture.gif": b"GIF89a/*\x00\x00*/=1;<script>planted()</script>",
    "list.json": b'{"type":"bundle","objects":[]}<script>planted()</script>',
    "paper.pdf": b"%PDF-1.7\n<script>planted()</script>",
    "style.css": b"*{background:url(//planted.example)}",
}


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with psycopg.connect(pg.dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE DATABASE sites TEMPLATE template")
    with Store(f"{pg.dsn} dbname=sites", pool_size=6) as store:
        intel = settle(store)
        made = [place(indicator(1, tlp=TLP.GREEN), communities=(str(intel.community),))]
        objects.put(store, intel.id, made, origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served
    with psycopg.connect(pg.dsn, dbname="postgres", autocommit=True) as connection:
        connection.execute("DROP DATABASE sites WITH (FORCE)")


# forms of other sites


def _posts() -> list[str]:
    return sorted({path for page in pages() for post in page.posts for path in filled(post.path, _GIVEN)})


def test_no_form_of_any_page_is_taken_from_another_site(node: Node) -> None:
    """Every form there is, as each kind of form that a page elsewhere could send without asking (Fetch: CORS-safelisted)."""
    posts = _posts()
    assert len(posts) > 40
    elsewhere = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site", "Origin": node.url}, {"Sec-Fetch-Site": "none"}, {"Origin": "null"}, {"Origin": "https://planted.example"}, {})  # fmt: skip
    with node.browser("own") as own:
        del own.headers["sec-fetch-site"]
        before = _held(node.store)
        for number, path in enumerate(posts):
            for headers in (elsewhere[number % len(elsewhere)], elsewhere[0]):
                assert own.post(path, headers=headers, data={"do": "run", "name": "x"}).status_code == 403, (
                    path,
                    headers,
                )
            assert own.post(path, headers=elsewhere[1], files={"file": b"x"}).status_code == 403, path
            plain = own.post(path, headers=elsewhere[0] | {"Content-Type": "text/plain"}, content=b"do=run")
            assert plain.status_code in (403, 415), path
        assert _held(node.store) == before
        assert own.get("/account").status_code == 200  # and who it was done to is still signed in


def _held(store: Store) -> list[int]:
    tables = (
        "session",
        "token",
        "account",
        "organisation",
        "policy_change",
        "saved_view",
        "object",
        "proposal",
        "quarantine",
    )
    with store.connection() as connection:
        return [
            row[0] for each in tables for row in connection.execute(f"SELECT count(*) FROM {each}").fetchall()
        ]  # type: ignore[call-overload]


def test_links_from_elsewhere_change_nothing(node: Node) -> None:
    """What is only looked at may be opened from anywhere: it keeps nothing."""
    with node.browser("own") as own:
        own.headers["sec-fetch-site"] = "cross-site"
        before = _held(node.store)
        for path in _gets():
            assert own.get(path).status_code < 500, path
        assert _held(node.store) == before


def test_a_session_of_pages_opens_nothing_but_pages(node: Node) -> None:
    """The REST interface and TAXII take no cookies, so no page elsewhere can use them through a browser."""
    with node.browser("own") as own:
        asked = {(each.method, each.path) for each in table.OPERATIONS}
        assert len(asked) > 20
        for method, path in sorted(asked):
            answer = own.request(
                method, path.replace("{", "x").replace("}", ""), headers={"Accept": "application/json"}
            )
            assert answer.status_code == 401, (method, path)
        assert own.get("/taxii2/").status_code == 401
        assert own.get("/metrics", headers={"Accept": "text/plain"}).status_code == 401


# frames, and what a browser may take an answer for


def _gets() -> list[str]:
    return sorted({path for page in pages() for get in page.gets for path in filled(get.path, _GIVEN)})


def _kept_to_itself(answer: httpx.Response) -> bool:
    policies = answer.headers.get_list("content-security-policy")
    return bool(policies) and all(
        "frame-ancestors 'none'" in each and "unsafe" not in each for each in policies
    )


def test_nothing_can_be_framed_or_taken_for_something_else(node: Node) -> None:
    """Pages, fragments, redirects, files, errors of every kind, and what programs get: for whoever asks."""
    errors = (
        "/nothing",
        "/objects/x",
        f"/objects/{SEEN}/nothing",
        "/search?q=tlp:x",
        "/static/x",
        "/%00",
        "/hunts/x",
        "/api/v1/x",
        "/taxii2/x",
        "/healthz",
        "/readyz",
        "/openapi.json",
    )
    seen = set()
    for who in ("own", "friend", None):
        with node.browser(who) as browser:
            answers = [browser.get(path) for path in (*_gets(), *errors)]
            answers += [
                browser.post("/search"),
                browser.post("/views", content=b"x" * 20_000),
                browser.post("/import/text", headers={"Content-Type": "image/png"}, content=b"x"),
            ]
            answers += [
                browser.delete("/search"),
                browser.options("/"),
                browser.head("/"),
                browser.post("/sign-in", data={"token": "x"}),
            ]
        for each in answers:
            seen.add(each.status_code)
            what = f"{each.request.method} {each.request.url} of {who}: {each.status_code}"
            assert _kept_to_itself(each), what
            assert each.headers["x-content-type-options"] == "nosniff", what
            assert each.headers["referrer-policy"] in ("no-referrer", "same-origin"), what
            if each.content:
                assert each.headers["content-type"].startswith(_KINDS), what
    assert {200, 303, 401, 403, 404, 405, 413, 415, 422} <= seen


# onward addresses

_AWAY = (
    "//planted.example", "///planted.example", "/\\planted.example", "\\\\planted.example", "/\t/planted.example", "/\n/planted.example", "/\r\nX-Planted: 1",
    "https://planted.example", "https:planted.example", "https:/planted.example", "javascript:planted()", "JAVASCRIPT:planted()", "data:text/html,x", " //planted.example",
    "\x00//planted.example", "/\x00/planted.example", "/\x0b/planted.example", "\u2028//planted.example", "\uff0f\uff0fplanted.example", "/\uff0fplanted.example", "@planted.example", ".planted.example",
    "%2f%2fplanted.example", "/%2f%2fplanted.example", "/%5cplanted.example", "/%09/planted.example", "/..//planted.example", "/.//planted.example", "/;@planted.example", "/?//planted.example", "/#//planted.example",
    "/x?next=//planted.example", "/日本", "/ü", "/\x7f", "/\x85", "?x", "#x", "", "x" * 3000,
)  # fmt: skip


def test_no_way_onward_leads_elsewhere(node: Node) -> None:
    """Each form that says where to go on, each page that is told, and the page that one came from."""
    asked = 0
    with node.browser("own") as own, node.browser(None) as stranger:
        for target in _AWAY:
            answers = [
                stranger.post("/sign-in", data={"token": node.tokens["friend"], "next": target}),
                own.post("/look", data={"theme": "dark", "next": target}),
                own.post(
                    "/look",
                    data={"theme": "dark"},
                    headers={"Referer": quote(f"{node.url}{target}", safe=":/?#@;%\\")},
                ),
                own.get("/account/proof", params={"next": target}),
                stranger.get("/sign-in", params={"next": target}),
            ]
            stranger.cookies.clear()
            for each in answers:
                asked += 1
                assert each.status_code in (200, 303), (target, each.request.url, each.status_code)
                assert "x-planted" not in each.headers
                onward = each.headers.get("location", "/")
                assert urlsplit(_gone_to(node.url, onward)).netloc == urlsplit(node.url).netloc, (
                    target,
                    onward,
                )
                if each.status_code == 200:
                    assert 'value="//' not in each.text
                    assert "planted()" not in each.text.replace("/javascript:planted()", "")
    assert asked == 5 * len(_AWAY)


def _gone_to(base: str, onward: str) -> str:
    """Return where a browser would go (URL standard): blanks and controls at the ends, tabs and line ends count for nothing, a backslash is a slash."""
    text = "".join(sign for sign in onward.strip("".join(map(chr, range(33)))) if sign not in "\t\r\n")
    return urljoin(base, text.replace("\\", "/"))


# requests of the node's own


@contextmanager
def _listening() -> Iterator[tuple[str, list[str]]]:
    """Listen on loopback; yield an address there, and who came."""
    came: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        over = threading.Event()

        def wait() -> None:
            while not over.is_set():
                try:
                    found, peer = server.accept()
                except TimeoutError:
                    continue
                came.append(str(peer))
                found.close()

        thread = threading.Thread(target=wait)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/planted", came
        finally:
            over.set()
            thread.join()


def test_addresses_in_what_people_send_are_never_asked(node: Node) -> None:
    """In every field of every type, in texts, logs, queries, names and policies: the node asks no address that it reads. Webhooks go to what the operator allows."""
    with _listening() as (address, came), node.browser("own") as own:
        things = [planted(kind, 0x2000 + n, lambda: address) for n, kind in enumerate(originals())]
        bundle = json.dumps(
            {"type": "bundle", "id": "bundle--44af6c39-c09b-49c5-9de2-394224b04982", "objects": things}
        ).encode()
        taken = own.post("/import", files={"file": ("x.json", bundle)}, data={"collection": "intel"})
        assert address in own.get(f"/objects/{things[0]['id']}").text, taken.text
        own.post("/import", files={"file": (address, address.encode())}, data={"collection": "intel"})
        assert (
            address in own.post("/import/text", data={"text": f"see {address} now", "source": address}).text
        )
        own.post("/import/keep", data={"value": [address], "tlp": "green", "source": address})
        own.post("/hunts", data={"text": f"GET {address} 200"})
        for path in ("/search", "/palette", "/search/suggestions", "/timeline"):
            assert own.get(path, params={"q": address}).status_code < 500, path
        own.get("/sign-in", params={"next": address})
        own.post("/admin/organisations/add", data={"name": address})
        own.post("/views", data={"name": address, "query": address})
        own.post("/write/json", data={"json": json.dumps(things[0]), "collection": "intel"})
        own.get(
            "/",
            headers={
                "Referer": address,
                "Host": urlsplit(address).netloc,
                "X-Forwarded-Host": urlsplit(address).netloc,
            },
        )
        with node.client("own", **{"Content-Type": "application/json", "Accept": "application/json"}) as api:
            hook = api.post("/api/v1/webhooks", json={"url": address, "query": ""})
            assert hook.status_code in (403, 422), hook.text
    assert came == []


# files


def test_what_is_uploaded_is_never_handed_out_again(node: Node) -> None:
    """A file is read, and is not there afterwards under any name: nobody else's browser is given it."""
    with node.browser("own") as own:
        for name, content in _POLYGLOTS.items():
            for path in ("/import", "/import/text", "/hunts"):
                answer = own.post(
                    path, files={"file": (name, content, "text/html")}, data={"collection": "intel"}
                )
                assert answer.status_code in (200, 422), (path, name)
                assert answer.headers["content-type"] == "text/html; charset=utf-8"
                assert b"<script>planted()" not in answer.content
                assert b"onload=" not in answer.content.replace(b"onload=&#34;", b"")
            for where in (
                f"/{name}",
                f"/import/{name}",
                f"/static/{name}",
                f"/hunts/{name}",
                f"/static/..%2f{name}",
            ):
                assert own.get(where).status_code == 404, where
