"""Writing and importing through pages."""

from __future__ import annotations

import gzip
import json
import re
import time
import uuid
from collections.abc import Iterator

import httpx
import pytest

from databases import copied
from factories import FRIEND, IMPORT, indicator, place, settle
from serving import Node, serving
from tocsin.node.importing import recorder
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, accounts, objects
from tocsin.store.embedded import Embedded


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages_writing") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = [place(indicator(1, tlp=TLP.GREEN), communities=(str(intel.community),))]
        objects.put(store, intel.id, made, origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


def test_an_indicator_is_made_of_a_value_and_shown(node: Node) -> None:
    with node.browser("friend") as friend:
        form = {
            "value": "evil[.]example[.]net",
            "name": "Of <i>us</i>",
            "tlp": "green",
            "indicator_types": ["compromised", "benign"],
        }
        assert friend.post("/write/indicator", data={**form, "do": "check"}).status_code == 200
        kept = friend.post("/write/indicator", data=form)
        assert kept.status_code == 303, kept.text
        page = friend.get(kept.headers["location"]).text
        assert "Of &lt;i&gt;us&lt;/i&gt;" in page
        assert "[domain-name:value = &#39;evil.example.net&#39;]" in page
        with node.browser("own") as own:
            assert own.get(kept.headers["location"]).status_code == 200


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("indicator", {"pattern": "[nonsense", "tlp": "green"}),
        ("indicator", {"value": "no value <script>", "tlp": "green"}),
        ("indicator", {"value": "evil.example.net", "confidence": "300"}),
        ("report", {"name": "x", "object_refs": "nothing"}),
        ("json", {"json": "{"}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(
    node: Node, path: str, form: dict[str, str]
) -> None:
    with node.browser("friend") as friend:
        answer = friend.post(f"/write/{path}", data=form)
        assert answer.status_code == 422
        assert "This cannot be kept" in answer.text
        assert "<script>" not in answer.text.replace('<script src="/static', "")
        assert friend.get("/write/nothing").status_code == 404


def test_a_new_version_is_made_from_the_one_that_was_read(node: Node) -> None:
    with node.browser("friend") as friend:
        kept = friend.post(
            "/write/indicator", data={"value": "198.51.100.9", "name": "first", "tlp": "green"}
        )
        here = kept.headers["location"]
        form = friend.get(f"{here}/change").text
        base = re.search(r'name="base" value="([0-9a-f]+)"', form)
        assert base is not None
        held = json.loads(friend.get(f"/search/export?q={here.rpartition('/')[2]}").content)["objects"][0]
        changed = {"json": json.dumps(held | {"name": "second"}), "base": base[1]}
        assert friend.post(f"{here}/change", data=changed).status_code == 303
        assert "second" in friend.get(f"{here}/versions").text
        again = friend.post(f"{here}/change", data=changed)
        assert again.status_code == 422
        assert "newer version" in again.text


def test_a_change_of_what_others_assert_becomes_a_proposal(node: Node) -> None:
    with node.store.connection() as connection:
        scopes = ("taxii:read", "propose")
        node.tokens["proposer"], _ = accounts.issue(connection, "friend", scopes, now=node.store.clock())
    with node.browser("proposer") as friend:
        here = f"/objects/{indicator(1)['id']}/change"
        assert "becomes a proposal" in friend.get(here).text
        made = indicator(1, tlp=TLP.GREEN, name="better")
        answer = friend.post(here, data={"json": json.dumps(made), "base": "x", "reason": "a typing error"})
        assert answer.headers.get("location") == "/proposals", answer.text


def test_one_says_something_about_an_object(node: Node) -> None:
    with node.browser("friend") as friend:
        here = f"/objects/{indicator(1)['id']}"
        for form in (
            {"kind": "note", "content": "Seen <b>here</b>, too"},
            {"kind": "opinion", "opinion": "agree"},
            {
                "kind": "sighting",
                "count": "3",
                "first_seen": "2026-01-01T10:00",
                "last_seen": "2026-01-02T10:00",
            },
        ):
            assert friend.post(f"{here}/say", data=form).status_code == 303
        page = friend.get(here).text
        assert "Seen &lt;b&gt;here&lt;/b&gt;, too" in page
        assert "2026-01-02" in friend.get(f"{here}/sightings").text
        assert friend.post(f"{here}/say", data={"kind": "x"}).status_code == 422
        assert (
            friend.post("/objects/indicator--0/say", data={"kind": "note", "content": "x"}).status_code == 404
        )


def _ended(browser: httpx.Client, path: str) -> str:
    """Return a page of imports when none of them is under way any more: it may take longer than a request waits."""
    until = time.monotonic() + 60
    while ">under way<" in (text := browser.get(path).text) and time.monotonic() < until:
        time.sleep(0.1)
    return text


def test_a_file_is_taken_in_with_a_report(node: Node) -> None:
    good, bad = indicator(77, tlp=TLP.GREEN), indicator(78) | {"pattern": "[x"}
    wide = indicator(79, tlp=TLP.GREEN, pattern="[ipv4-addr:value = '0.0.0.0/0']")
    objects = [good, bad, wide]
    bundle = {"type": "bundle", "id": "bundle--44af6c39-c09b-49c5-9de2-394224b04982", "objects": objects}
    with node.browser("friend") as friend:
        files = {"file": ("../<b>.json", json.dumps(bundle).encode())}
        answer = friend.post("/import", files=files, data={"collection": "intel"})
        assert answer.status_code == 303, answer.text
        here = answer.headers["location"]
        report = _ended(friend, here)
        assert "pattern-syntax" in report
        assert f'href="/objects/{wide["id"]}"' in report
        assert "0.0.0.0/0 is wider than /8" in report
        assert "&lt;b&gt;.json" in report
        assert "&lt;b&gt;.json" in friend.get("/import/runs").text
        told = friend.get("/arrivals", params={"of": "import", "q": here.rpartition("/")[2], "cursor": "n1"})
        assert "It went on" in told.text
        assert friend.get(f"/objects/{good['id']}").status_code == 200
        assert friend.post("/import", data={}).status_code == 422
    with node.browser("own") as own, node.browser("stranger") as stranger:
        jobs = own.get("/admin/jobs").text
        assert "&lt;b&gt;.json" in jobs
        assert here not in jobs  # the report is for whose import it is
        hidden = [each.get(here) for each in (own, stranger)] + [own.get(f"/import/runs/{uuid.uuid4()}")]
        assert [each.status_code for each in hidden] == [404] * 3
        assert hidden[0].content == hidden[2].content
        assert "&lt;b&gt;.json" not in stranger.get("/import/runs").text


def test_an_import_that_cannot_be_read_says_so_and_costs_no_other(node: Node) -> None:
    files = [("file", ("x.json", b'{"type":"bundle","objects":[')), ("file", ("y.json", json.dumps(indicator(79, tlp=TLP.GREEN)).encode()))]  # fmt: skip
    with node.browser("friend") as friend:
        answer = friend.post("/import", files=files, data={"collection": "intel"})
        assert answer.headers["location"] == "/import/runs"
        _ended(friend, "/import/runs")
        assert friend.get(f"/objects/{indicator(79)['id']}").status_code == 200


def test_an_import_under_way_can_be_left_and_returned_to(node: Node) -> None:
    begun = recorder(
        node.store, organisation=FRIEND.id, account="friend", channel="page", collection="intel", name="big"
    )
    with node.browser("friend") as friend:
        here = f"/import/runs/{begun.made.id}"
        assert "under way" in friend.get(here).text
        with node.store.transaction() as connection:
            connection.execute("UPDATE import_run SET moved = moved - 700000000")
        assert "broken off" in friend.get(here).text


def test_indicators_of_a_text_are_reviewed_before_they_are_kept(node: Node) -> None:
    with node.browser("friend") as friend:
        page = friend.post("/import/text", data={"text": "to evil[.]example[.]org <b>and</b> 10.0.0.1"}).text
        assert 'value="evil.example.org" aria-label="evil.example.org" checked' in page
        assert 'value="10.0.0.1" aria-label="10.0.0.1" >' in page
        kept = friend.post(
            "/import/keep", data={"value": ["evil.example.org"], "tlp": "amber", "source": "A report"}
        )
        assert kept.status_code == 200, kept.text
        found = friend.get("/search/export", params={"q": "evil.example.org", "format": "stix"}).json()[
            "objects"
        ]
        assert [each["object_marking_refs"] for each in found] == [[id_of(TLP.AMBER)]]
        assert found[0]["created_by_ref"] == FRIEND.id
        assert friend.post("/import/keep", data={"tlp": "green"}).status_code == 422
        assert friend.post("/import/keep", data={"value": "evil.example.org"}).status_code == 422
        assert friend.post("/import/text", data={"text": " "}).status_code == 422


def test_who_may_write_nowhere_is_told_so(node: Node) -> None:
    with node.browser("stranger") as stranger:
        assert "no collection that you may write to" in stranger.get("/write").text
        assert (
            stranger.post("/write/indicator", data={"value": "evil.example.net", "tlp": "green"}).status_code
            == 422
        )
        assert stranger.post("/import", files={"file": b"{}"}).status_code == 422


def test_a_small_file_cannot_keep_a_thread_for_hours(node: Node) -> None:
    """What a packed file may unpack to is what a body may be; and there are only so many files."""
    bomb = gzip.compress(b'{"type":"bundle","objects":[' + b" " * (110 * 1024 * 1024) + b"]}")
    with node.browser("friend") as friend:
        taken = friend.post("/import", files={"file": ("x.json.gz", bomb)}, data={"collection": "intel"})
        assert "unpacks to more than 104,857,600 bytes" in _ended(friend, taken.headers["location"])
        many = [("file", (f"{n}.json", b"{}")) for n in range(21)]
        assert friend.post("/import", files=many, data={"collection": "intel"}).status_code == 422
