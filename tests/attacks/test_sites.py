"""What other sites could have a browser do that is signed in here: forms, frames, addresses to go on to."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, urljoin, urlsplit

import httpx
import pytest

from databases import copied
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


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "sites") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = [place(indicator(1, tlp=TLP.GREEN), communities=(str(intel.community),))]
        objects.put(store, intel.id, made, origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


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
