"""What attackers wrote stays text: on every page that shows it, stored or sent back, whatever field it came in by.

Pages are read by an HTML parser that follows the standard; nothing in them may be of anybody else than the node: no element or
attribute that templates do not write, no script, no address that leads away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, urlencode

import httpx
import pytest

from attacks import reading
from attacks.objects import carried, originals, planted
from attacks.payloads import ADDRESS, BREAKOUT, CORPUS
from attacks.world import FOUND, KINDS, PROPOSAL, every, everywhere, identifier, lines
from leaks.page_plans import PLANS
from serving import Node
from tocsin.stix.spec import values as v
from tocsin.stix.validation import TYPES
from tocsin.store import imports

_STATED = {"type", "id", "spec_version", "pattern_type"}
_PARTS = ("relations", "change", "sightings", "sharing", "say", "why?recipient=Own")
_LEAVING = {
    "/sign-out",
    "/account/sessions/end",
    "/account/tokens/revoke",
    "/admin/accounts/act",
    "/admin/organisations/act",
}
"""Forms that would end what the test goes on with; what they say is asked for in other ways."""


def _opened(browser: httpx.Client, paths: Iterator[str] | list[str]) -> list[str]:
    """Open pages; return what is wrong with them, each with where."""
    found = []
    for path in paths:
        found += [f"{path}: {each}" for each in reading.wrong(browser.get(path))]
    return found


@pytest.mark.parametrize("kind", list(TYPES))
def test_every_place_for_text_is_planted(kind: str) -> None:
    """The control of the corpus: a property that is text, or a list of texts, of any type in the tables has a payload in it."""
    made = planted(kind, 1, every(BREAKOUT))
    texts = [
        name
        for name, check in TYPES[kind].properties.items()
        if check in (v.string, v.strings) and name not in _STATED
    ]
    assert not [name for name in texts if name in made and BREAKOUT not in str(made[name])]
    missing = {name for name in texts if name not in made}
    assert missing <= {"url", "encryption_algorithm", "body"}, missing  # where others stand in their place
    held = [pointer for pointer, text in carried(made) if "planted" in text]
    for part in ("/x_planted", "/x_planted_inside/", "/x_planted_refs/0", "/extensions/", *(("/external_references/0/url", "/labels/0") if "labels" in TYPES[kind].properties else ())):  # fmt: skip
        assert any(pointer.startswith(part) for pointer in held), part
    assert len(held) > 15


def test_objects_of_every_type(node: Node) -> None:
    with node.browser("own") as own, node.browser("friend") as friend:
        # all addresses in one object look the same for each type: each third
        turns = [(kind, turn) for n, kind in enumerate(KINDS) for turn in range(3) if turn < 2 or n % 3 == 0]
        shown = [f"/objects/{identifier(*each)}" for each in turns]
        assert all(own.get(path).status_code == 200 for path in shown[:: len(shown) // 3])
        found = _opened(own, shown)
        parts = ("peek", "versions")
        found += _opened(
            friend, [f"/objects/{identifier(kind, 0)}/{part}" for kind in KINDS for part in parts]
        )
        some = [f"/objects/{each}/{part}" for each in (FOUND, identifier("report", 1)) for part in _PARTS]
        found += _opened(own, some)
    assert not found, "\n".join(found[:40])


def test_every_page_that_shows_what_others_wrote(node: Node) -> None:
    """Lists, drawings, fragments, what is downloaded, and what operators, colleagues and peers said."""
    with node.browser("own") as own:
        found = _opened(own, everywhere(node))
        inbox = own.get("/triage").text
        assert inbox.count("x-planted") > 2
        alerts = re.findall(r'href="(/alerts/[0-9a-f-]+)"', inbox)
        assert alerts
        found += _opened(own, alerts)
        shown = own.get(alerts[0]).text
        assert "x-planted&gt;" in shown
        for path in ("/views", "/hunts", "/sharing", "/sharing/peers", "/sharing/policies", "/sharing/released", "/sharing/agreements", "/admin/refused", "/admin/organisations"):  # fmt: skip
            assert "x-planted" in own.get(path).text, path
    assert not found, "\n".join(found[:40])


def test_files_are_never_pages(node: Node) -> None:
    """What is downloaded keeps its type, and is a download."""
    with node.browser("own") as own:
        for kind in ("stix", "csv", "values"):
            answer = own.get("/search/export", params={"q": "planted", "format": kind})
            assert answer.headers["content-disposition"].startswith("attachment"), kind
            assert "html" not in answer.headers["content-type"]
        drawing = own.get(f"/graph/drawing?from={FOUND}")
        assert drawing.headers["content-disposition"].startswith("attachment")
        data = own.get(f"/graph/data?from={FOUND}")
        assert data.headers["content-type"] == "application/json"
        assert "x-planted" in data.text
        for path in (
            f"/api/v1/objects/{identifier('note', 0)}",
            "/api/v1/search?q=planted",
            f"/api/v1/{BREAKOUT}",
        ):
            assert "html" not in own.get(path, headers={"Accept": "application/json"}).headers["content-type"]


def _asked() -> Iterator[tuple[str, str, str]]:
    """Yield path, parameter and payload: each parameter that a page is known to take, alone, and all at once; and each part of a path."""
    names = {
        path: sorted({name for query in plan.queries for name, _ in parse_qsl(query, keep_blank_values=True)})
        for path, plan in PLANS.items()
    }
    for number, (path, takes) in enumerate(names.items()):
        bare = re.sub(r"{\w+}", "x", path)
        for name in takes or ["x"]:
            for payload in (BREAKOUT, (ADDRESS, CORPUS[number % len(CORPUS)])[len(name) % 2]):
                yield path, f"{bare or '/'}?{urlencode({name: payload})}", payload
        if "{" in path:
            for payload in (BREAKOUT, CORPUS[number % len(CORPUS)]):
                yield path, re.sub(r"{\w+}", quote(payload, safe=""), path), payload


def test_what_is_asked_for_comes_back_as_text(node: Node) -> None:
    """Queries, paths, fragments: of each page, of everything it takes, by who has signed in and by a stranger."""
    found = []
    with node.browser("own") as own, node.browser(None) as stranger:
        for path, address, _ in _asked():
            if any(path.startswith(each) for each in ("/api", "/taxii")):
                continue
            found += [f"{address}: {each}" for each in reading.wrong(own.get(address))]
            if path.startswith(("/sign-in", "/look", "/search", "/objects")) or not path:
                found += [f"{address} of a stranger: {each}" for each in reading.wrong(stranger.get(address))]
        for each in (BREAKOUT, ADDRESS):
            found += [f"nowhere: {one}" for one in reading.wrong(own.get(f"/{quote(each, safe='')}"))]
            found += [
                f"fragment: {one}"
                for one in reading.wrong(
                    own.get(f"/search?{urlencode({'q': each})}", headers={"HX-Request": "true"})
                )
            ]
    assert not found, "\n".join(found[:40])


def test_what_a_browser_says_of_itself_is_text(node: Node) -> None:
    """Cookies, and headers that a page shows or follows."""
    found = []
    with node.browser(None) as visitor:
        for text in (
            BREAKOUT.replace(" ", ""),
            "en.light.comfortable.utc.<x-planted>",
            '"><x-planted>.light.dense.mine.UTC',
            "javascript:planted()",
        ):
            said = {
                "Cookie": f"tocsin-look={text}; tocsin={text}; tocsin-step={text}",
                "Accept-Language": text,
                "User-Agent": text,
                "Referer": f"{node.url}/{text}",
            }
            for path in ("/", "/look", "/sign-in", "/account", "/sign-in/second"):
                found += [f"{path} {text}: {each}" for each in reading.wrong(visitor.get(path, headers=said))]
        for host in ("planted.example", "planted.example'><x-planted>"):
            found += [
                f"host {host}: {each}"
                for each in reading.wrong(visitor.get("/sign-in", headers={"Host": host}))
            ]
    with node.browser(None) as visitor:
        visitor.headers["User-Agent"] = BREAKOUT  # which the list of sessions shows
        visitor.post("/sign-in", data={"token": node.tokens["own"]})
        page = visitor.get("/account")
        assert "x-planted&gt;" in page.text
        found += reading.wrong(page)
    assert not found, "\n".join(found)


def test_every_form_of_every_page_sent_with_payloads(node: Node) -> None:
    """Each form as the page has it, its texts replaced: alone the answer, then all pages with what was kept."""
    found, sent = [], set()
    places = [
        "/search",
        "/views",
        "/write",
        "/import",
        "/hunts",
        "/sharing/policies/change",
        "/sharing/explain",
        "/sharing/released",
        "/account",
        "/account/tokens",
    ]
    places += [
        "/account/proof",
        "/look",
        "/admin/accounts",
        "/admin/organisations",
        "/triage",
        f"/proposals/{PROPOSAL}",
        f"/graph?from={FOUND}",
        "/map",
        "/matrix",
        "/timeline",
    ]
    places += [f"/write/{kind}" for kind in ("indicator", "report", "relation", "json")] + [
        f"/objects/{FOUND}/{part}" for part in ("change", "say")
    ]
    with node.browser("own") as own:
        for place in places:
            for method, action, fields in reading.forms(own.get(place).text):
                what = (method, action, tuple(name for name, _, _ in fields))
                if what in sent or action in _LEAVING or action.startswith("/hunts/"):
                    continue
                sent.add(what)
                for text in (BREAKOUT, ADDRESS):
                    found += [
                        f"{action} of {place}: {each}"
                        for each in reading.wrong(_sent(own, method, action, fields, text))
                    ]
        assert len(sent) > 25, sorted(sent)
        found += _opened(
            own,
            [
                "/",
                "/views",
                "/admin/organisations",
                "/admin/accounts",
                "/account",
                "/proposals",
                "/triage",
                "/sharing",
            ],
        )
    assert not found, "\n".join(found[:40])


def _sent(
    browser: httpx.Client, method: str, action: str, fields: list[tuple[str, str, str]], text: str
) -> httpx.Response:
    given: dict[str, list[str]] = {}
    for name, kind, value in fields:
        keep = kind in ("hidden", "radio", "checkbox", "select", "button", "submit") and value
        given.setdefault(name, []).append(value if keep else text)
    if method == "get":
        return browser.get(action, params=given)
    if any(kind == "file" for _, kind, _ in fields):
        files = {name: (text, b"x") for name, kind, _ in fields if kind == "file"}
        return browser.post(
            action, data={name: value for name, value in given.items() if name not in files}, files=files
        )
    return browser.post(action, data=given)


def test_files_and_texts_that_are_brought_in(node: Node) -> None:
    """Names of files, keys and rules of what is refused, the text around what is found, lines of logs."""
    found = []
    broken = json.dumps({"type": BREAKOUT, BREAKOUT: BREAKOUT}).encode()
    twice = b'{"type":"note","<x-planted>":1,"<x-planted>":2}'
    bundle = json.dumps(
        {"type": "bundle", "id": BREAKOUT, "objects": [originals()["note"] | {BREAKOUT: 1, "id": BREAKOUT}]}
    ).encode()
    with node.browser("own") as own:
        for name in (BREAKOUT, f"../{ADDRESS}", "x.html", "x.svg"):
            files = [("file", (name, each)) for each in (broken, twice, bundle, b"<x-planted>", b"\x00")]
            answer = own.post("/import", files=files, data={"collection": "intel", "assume": "green"})
            assert answer.status_code == 303
            found += _opened(own, ["/import/runs", "/admin/jobs"])
            with node.store.connection() as connection:
                runs = imports.newest(connection, None, limit=5)
            found += _opened(own, [f"/import/runs/{each.id}" for each in runs])
            found += reading.wrong(own.post("/hunts", files={"file": (name, lines().encode())}))
        found += _opened(own, ["/admin/refused"])
        text = "".join(
            f"{each} evil{n}[.]example[.]net {each}\n" for n, each in enumerate((BREAKOUT, *CORPUS))
        )
        review = own.post("/import/text", data={"text": text, "source": BREAKOUT})
        assert "evil1.example.net" in review.text
        assert "x-planted" in review.text
        found += reading.wrong(review)
        hits = own.post("/hunts", data={"text": lines()})
        assert "x-planted" in hits.text
        found += reading.wrong(hits)
    assert not found, "\n".join(found[:40])


@pytest.mark.parametrize(
    "payload", [BREAKOUT, *(each for each in CORPUS if re.search(r"<[a-z][^>]*>", each))]
)
def test_the_reading_sees_what_works(payload: str) -> None:
    """The control: were a payload not escaped, it would be seen."""
    assert reading.in_page(f"<!doctype html><p>{payload}</p>")


@pytest.mark.parametrize(
    "page",
    [
        '<p title=""planted onclick=planted()>x</p>',
        f'<a href="{ADDRESS}">x</a>',
        '<a href=" java\nscript:planted()">x</a>',
        '<a href="//planted.example">x</a>',
        '<a href="/\\planted.example">x</a>',
        '<form action="https://planted.example"></form>',
        '<button data-peek-at="//planted.example">x</button>',
        "<script>x</script>",
        '<script src="https://planted.example/x.js"></script>',
        "<p>800701</p>",
        '<p style="color:red">x</p>',
        '<div hx-get="//planted.example">x</div>',
        '<div hx-vals="x">x</div>',
        "<link rel=stylesheet href=//planted.example>",
    ],
)
def test_the_reading_sees_each_way_in(page: str) -> None:
    assert reading.in_page(page)
