"""Pages over HTTP, as a browser without scripts asks for them."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from databases import copied
from factories import IMPORT, OWN, indicator, place, settle
from serving import Node, serving
from tocsin.node import saved_hunts
from tocsin.server.pages.hunts import turns
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts, journal, objects, saved
from tocsin.store.accounts import SCOPES, Account
from tocsin.store.embedded import Embedded

CIRCLE = str(uuid.UUID(int=1 << 64))


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        made = (indicator(1, tlp=TLP.GREEN), indicator(2, tlp=TLP.RED))
        objects.put(store, intel.id, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


def test_who_signs_in_sees_what_they_may_and_signs_out(node: Node) -> None:
    with node.browser("friend") as friend:
        home = friend.get("/")
        assert home.status_code == 200
        assert indicator(1)["id"] in home.text
        assert indicator(2)["id"] not in home.text
        assert friend.post("/sign-out").status_code == 303
        assert indicator(1)["id"] not in friend.get("/").text


def test_a_stranger_sees_the_front_page_and_comes_back_after_signing_in(node: Node) -> None:
    with node.browser(None) as stranger:
        assert "Sign in" in stranger.get("/").text
        away = stranger.get("/account?x=1")
        assert away.status_code == 303
        assert away.headers["location"] == "/sign-in?next=/account%3Fx%3D1"
        back = stranger.post("/sign-in", data={"token": node.tokens["friend"], "next": "/objects/x?y=1"})
        assert (back.status_code, back.headers["location"]) == (303, "/objects/x?y=1")


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "x"]
)
def test_nobody_is_sent_elsewhere(node: Node, target: str) -> None:
    with node.browser(None) as stranger:
        back = stranger.post("/sign-in", data={"token": node.tokens["friend"], "next": target})
        assert (back.status_code, back.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {},
    ],
)
def test_forms_of_other_sites_do_nothing(node: Node, headers: dict[str, str]) -> None:
    with node.browser("friend") as friend:
        del friend.headers["sec-fetch-site"]
        assert friend.post("/sign-out", headers=headers).status_code == 403
        assert indicator(1)["id"] in friend.get("/").text


def test_every_page_keeps_to_itself(node: Node) -> None:
    with node.browser(None) as stranger:
        answer: httpx.Response = stranger.get("/")
        policy = answer.headers.get_list("content-security-policy")
        assert len(policy) == 1
        assert "script-src 'self';" in policy[0]
        assert "style-src 'self';" in policy[0]
        assert "frame-ancestors 'none'" in policy[0]
        assert "unsafe" not in policy[0]


def _ok(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text[:2000]
    return answer.text


def test_search_finds_and_narrows(node: Node) -> None:
    with node.browser("friend") as friend:
        text = _ok(friend.get("/search", params={"q": "type:indicator"}))
        assert indicator(1)["id"] in text
        assert indicator(2)["id"] not in text
        assert "q=type%3Aindicator+tlp%3Agreen" in text
        _ok(friend.get("/search/suggestions", params={"q": "Ev"}))
        refused = friend.get("/search", params={"q": "type:Nonsense!"})
        assert refused.status_code == 422
        assert "is no STIX type" in refused.text
        bundle = friend.get("/search/export", params={"q": ""})
        assert indicator(1)["id"] in _ok(bundle)
        assert indicator(2)["id"] not in bundle.text
        for each in ("csv", "values"):
            assert "Evil" not in _ok(friend.get("/search/export", params={"q": "", "format": each}))


@pytest.mark.parametrize("part", ["", "/peek", "/relations", "/versions", "/sightings"])
def test_an_object_is_shown_to_who_may_have_it_and_nobody_else(node: Node, part: str) -> None:
    with node.browser("friend") as friend:
        assert indicator(1)["id"] in _ok(friend.get(f"/objects/{indicator(1)['id']}{part}"))
        hidden = friend.get(f"/objects/{indicator(2)['id']}{part}")
        missing = friend.get(f"/objects/indicator--{uuid.UUID(int=99)}{part}")
        assert hidden.status_code == missing.status_code == 404
        assert hidden.content == missing.content


def test_the_own_organisation_sees_who_would_get_what_and_why(node: Node) -> None:
    with node.browser("own") as own:
        page = _ok(own.get(f"/objects/{indicator(1)['id']}/sharing"))
        assert 'data-form="receive"' in page
        assert 'data-form="nothing"' in page
        why = _ok(own.get(f"/objects/{indicator(2)['id']}/why", params={"recipient": "Friend"}))
        assert "TLP:RED" in why
        own.post("/look", data={"language": "de"})
        why = _ok(own.get(f"/objects/{indicator(2)['id']}/why", params={"recipient": "Friend"}))
        assert "es ist <bdi>TLP:RED</bdi>" in why
        assert "it is" not in why
    with node.browser("friend") as friend:
        assert friend.get(f"/objects/{indicator(1)['id']}/sharing").status_code == 403


def test_errors_are_told_in_the_language_of_the_page(node: Node) -> None:
    with node.browser("own") as own:
        own.post("/look", data={"language": "de"})
        assert "kein solches Objekt" in own.get(f"/objects/indicator--{uuid.uuid4()}").text
        refused = own.post(
            "/write/indicator", data={"do": "keep", "value": "x.example", "confidence": "much"}
        )
        assert "Vertrauen" in refused.text or "ganze Zahl" in refused.text
        assert "a whole number" not in refused.text
        # what names what it met stays as it is
        assert own.get("/search", params={"q": "type:no_type"}).text.count("is no STIX type") == 1


def test_a_search_is_kept_for_oneself_or_for_all(node: Node) -> None:
    with node.browser("friend") as friend, node.browser("own") as own:
        assert (
            friend.post(
                "/views", data={"name": "Evil <b>", "query": "tlp:green", "shared": "yes"}
            ).status_code
            == 303
        )
        assert "Evil &lt;b&gt;" in _ok(friend.get("/views"))
        assert "Evil &lt;b&gt;" not in _ok(own.get("/views"))
        assert friend.post("/views", data={"name": "x", "query": "type:No!"}).status_code == 422


def test_what_is_found_says_why(node: Node) -> None:
    with node.browser("friend") as friend:
        asked = {"object": indicator(1)["id"], "q": "type:indicator -nonsense"}
        assert f"/search/why?object={indicator(1)['id']}" in _ok(friend.get("/search", params={"q": asked["q"]}))  # fmt: skip
        why = _ok(friend.get("/search/why", params=asked))
        assert "<code>type:indicator</code>" in why
        assert "Nowhere in it, as you asked." in why
        missing = {"object": f"indicator--{uuid.UUID(int=99)}", "q": asked["q"]}
        hidden = [friend.get("/search/why", params=asked | {"object": indicator(2)["id"]}), friend.get("/search/why", params=missing)]  # fmt: skip
        assert [each.status_code for each in hidden] == [404, 404]
        assert friend.get("/search/why", params=asked | {"q": "type:malware"}).status_code == 404


def test_who_may_have_something_is_told_by_which_rule(node: Node) -> None:
    with node.browser("friend") as friend, node.browser("own") as own:
        page = _ok(friend.get(f"/objects/{indicator(1)['id']}"))
        assert "TLP:GREEN may go to members of the community it is addressed to" in page
        assert "/why?" not in page  # what it all rests on names others
        assert f"/why?recipient={OWN.id}" in _ok(own.get(f"/objects/{indicator(1)['id']}"))


NARROW = """@id("not-to-xb") @title("Nothing goes to XB for now") @cite("Board") forbid (principal, action in [Action::"receive", Action::"see_metadata"], resource)
when { principal.country == "XB" } unless { principal.own || resource.owner == context.recipient };"""


def test_pages_of_sharing(node: Node) -> None:
    with node.browser("own") as own, node.browser("friend") as friend:
        assert "Stranger" in _ok(own.get("/sharing"))
        assert "Stranger" not in _ok(friend.get("/sharing"))
        for page in ("agreements", "peers", "policies", "policies/change", "released", "explain"):
            _ok(own.get(f"/sharing/{page}"))
        for page in ("peers", "policies", "policies/change", "released", "explain"):
            assert friend.get(f"/sharing/{page}").status_code == 403
        onward = own.get("/sharing/explain", params={"object": indicator(1)["id"], "recipient": "Friend"})
        assert (
            onward.headers["location"] == f"/objects/{indicator(1)['id']}/why?recipient=Friend&action=receive"
        )


def test_a_policy_that_is_none_is_shown_with_what_is_wrong(node: Node) -> None:
    with node.browser("own") as own:
        wrong = own.post("/sharing/policies/preview", data={"name": "own.cedar", "text": "permit <b>"})
        assert wrong.status_code == 422
        assert "permit &lt;b&gt;" in wrong.text
        assert own.post("/sharing/policies/preview", data={"name": "../x", "text": "x"}).status_code == 422


def test_what_widens_waits_for_a_second_administrator(node: Node) -> None:
    with node.store.connection() as connection:
        accounts.add(connection, Account("second", OWN.id, administrator=True, created=1))
        node.tokens["second"], _ = accounts.issue(connection, "second", SCOPES, now=node.store.clock())
    with node.browser("own") as own, node.browser("second") as second, node.browser("friend") as friend:
        shown = _ok(own.post("/sharing/policies/preview", data={"name": "own.cedar", "text": NARROW}))
        assert "It only narrows" in shown
        assert "no longer allowed in" in shown
        assert (
            own.post("/sharing/policies/propose", data={"name": "own.cedar", "text": NARROW}).status_code
            == 303
        )
        assert "Nothing goes to XB for now" in _ok(own.get("/sharing/policies"))
        assert "It widens" in _ok(own.post("/sharing/policies/preview", data={}))
        assert own.post("/sharing/policies/propose", data={}).status_code == 303
        assert 'name="change" value="2"' not in _ok(own.get("/sharing/policies"))
        assert own.post("/sharing/policies/approve", data={"change": "2"}).status_code == 403
        assert friend.post("/sharing/policies/approve", data={"change": "2"}).status_code == 403
        assert 'name="change" value="2"' in _ok(second.get("/sharing/policies"))
        assert second.post("/sharing/policies/approve", data={"change": "2"}).status_code == 303
        assert second.post("/sharing/policies/approve", data={"change": "x"}).status_code == 422
        with node.store.connection() as connection:
            connection.execute("UPDATE session SET proved = 0")
        again = own.post("/sharing/policies/propose", data={"name": "own.cedar", "text": NARROW})
        assert again.headers["location"] == "/account/proof?next=/sharing/policies"


def test_an_open_page_that_is_told_nothing_leaves_no_trace(node: Node) -> None:
    """What it asks by itself is in the journal when something is told, and never a sign of life of the session."""
    with node.browser("friend") as friend, node.store.connection() as connection:
        connection.execute("UPDATE session SET seen = seen - 600000000")
        before = connection.execute("SELECT seen FROM session").fetchall()
        quiet = friend.get("/arrivals", params={"of": "triage"})
        assert quiet.headers["content-type"] == "text/event-stream"
        assert "event: quiet" in quiet.text
        assert connection.execute("SELECT seen FROM session").fetchall() == before
        told = friend.get("/arrivals", params={"cursor": "n1"})
        assert "event: arrived\ndata: 1 new object: show it" in told.text
        assert friend.get("/arrivals", params={"of": "x"}).status_code == 400
        friend.get("/views")
        assert connection.execute("SELECT seen FROM session").fetchall() != before
        expected = [("page-arrivals", "200"), ("page-arrivals", "400"), ("page-views", "200")]
        asked: list[tuple[str, str]] = []
        until = time.monotonic() + 20
        while asked != expected and time.monotonic() < until:  # it is written soon, not at once
            time.sleep(0.1)
            entries = journal.recent(connection, limit=3, principal="friend")
            asked = [(each.action, each.outcome) for each in reversed(entries)]
        assert asked == expected
        assert asked.count(("page-arrivals", "200")) == 1


def test_an_open_page_of_one_thing_is_told_of_what_comes_about_it_and_of_nothing_hidden(node: Node) -> None:
    with node.browser("friend") as friend, node.browser("own") as own:
        about = {"of": "object", "cursor": "n1"}
        told = friend.get("/arrivals", params=about | {"q": indicator(1)["id"]}).text
        assert "event: arrived\ndata: 1 new thing about it: show it" in told
        for hidden in (indicator(2)["id"], indicator(99)["id"]):
            assert "event: quiet" in friend.get("/arrivals", params=about | {"q": hidden}).text
        hunts = {"of": "hunt", "q": "nightly", "cursor": "n1"}
        assert friend.get("/arrivals", params=hunts).status_code == 403
        assert "event: quiet" in own.get("/arrivals", params=hunts).text
        with node.store.transaction() as connection:
            saved.add(connection, "nightly", {"paths": ["/x"]}, now=1)
            saved.begin(connection, "nightly", now=node.store.clock())
        assert "data: It went on: show it" in own.get("/arrivals", params=hunts).text


def test_a_session_shows_no_more_than_the_token_that_opened_it(node: Node) -> None:
    with node.store.connection() as connection:
        scopes = ("taxii:read", "taxii:write", "admin", "metrics")
        node.tokens["low"], _ = accounts.issue(
            connection, "own", scopes, now=node.store.clock(), ceiling="green"
        )
    with node.browser("low") as low, node.browser("own") as own:
        assert indicator(2)["id"] in _ok(own.get("/search", params={"q": ""}))
        assert indicator(2)["id"] not in _ok(low.get("/search", params={"q": ""}))
        assert low.get(f"/objects/{indicator(2)['id']}").status_code == 404
        assert low.get(f"/objects/{indicator(2)['id']}/sharing").status_code == 404
        assert (
            low.post("/sharing/policies/propose", data={"name": "own.cedar", "text": NARROW}).status_code
            == 403
        )
        # figures and names of what is held, whatever its marking
        assert low.post("/sharing/policies/preview", data={}).status_code == 403
        assert low.get("/hunts").status_code == 403
        assert low.get("/hunts/any").status_code == 403
        assert low.post("/hunts/any", data={"do": "run"}).status_code == 403
    with node.client("low") as api:
        assert api.get("/api/v1/suppressions").status_code == 403
        assert api.get("/api/v1/alerts").status_code == 200


def test_one_hunt_of_a_browser_at_a_time(node: Node) -> None:
    with node.browser("own") as own, turns.taken():
        assert own.post("/hunts", data={"text": "x"}).status_code == 503
    with turns.taken():  # who was refused holds nothing
        pass


def test_a_kept_hunt_is_left_while_it_runs_and_returned_to(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    os.mkfifo(log)  # reading it waits until somebody writes: a hunt that takes long
    with node.store.transaction() as connection:
        saved.add(connection, "long", {"paths": [str(log)]}, now=node.store.clock())
        saved.add(connection, "gone", {"paths": [str(tmp_path / "gone")]}, now=node.store.clock())
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    monkeypatch.setattr(saved_hunts.logs, "check", lambda paths: None)
    monkeypatch.setattr(saved_hunts, "_TELLING", 0)
    with node.browser("own") as own:
        assert own.post("/hunts/long", data={"do": "run"}).status_code == 303
        page = _ok(own.get("/hunts/long"))
        assert "You can leave" in page
        assert "not yet" in page
        assert own.post("/hunts/long", data={"do": "run"}).status_code == 503
        with log.open("wb", buffering=0) as out:
            out.write(b"a line\n" * 3)
            _until(lambda: 'max="100" value="21"' in own.get("/hunts/long").text)
            assert "not yet" in own.get("/hunts/long").text
        _until(lambda: "not yet" not in own.get("/hunts/long").text)
        assert "You can leave" not in own.get("/hunts/long").text
        monkeypatch.undo()
        refused = own.post("/hunts/gone", data={"do": "run"})
        assert refused.status_code == 422
        assert "there is no such file or folder" in refused.text


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_without_a_contact_there_is_no_security_txt(node: Node) -> None:
    with node.browser(None) as stranger:
        assert stranger.get("/.well-known/security.txt").status_code == 404
        page = stranger.get("/about").text
        assert "has not said yet how to reach them" in page
        assert "security.txt" not in page
