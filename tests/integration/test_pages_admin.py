"""Running a node through its pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from databases import copied
from factories import FRIEND, OWN, STRANGER, settle
from serving import Node, serving
from tocsin.server.history import Point
from tocsin.store import Store, accounts, journal, organisations
from tocsin.store.embedded import Embedded

PAGES = ("", "/jobs", "/settings", "/figures", "/accounts", "/organisations", "/refused")


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages_admin") as dsn, Store(dsn, pool_size=6) as store:
        settle(store)
        with serving(store, tmp_path_factory.mktemp("home"), oidc_client_secret="hush-hush") as served:
            yield served


def test_administrators_see_the_pages_and_nobody_else_does(node: Node) -> None:
    with node.store.connection() as connection:
        node.tokens["reading"], _ = accounts.issue(connection, "own", ("taxii:read",), now=node.store.clock())
    with node.browser("own") as own, node.browser("friend") as friend, node.browser("reading") as reading:
        for page in PAGES:
            shown = own.get(f"/admin{page}")
            assert shown.status_code == 200, shown.text
            assert "hush-hush" not in shown.text
            assert friend.get(f"/admin{page}").status_code == 403
            assert reading.get(f"/admin{page}").status_code == 403
        assert 'href="/admin"' in own.get("/").text
        assert 'href="/admin"' not in friend.get("/").text


def test_an_account_is_made_invited_and_shut_out(node: Node) -> None:
    with node.browser("own") as own, node.browser(None) as stranger:
        made = own.post(
            "/admin/accounts/add", data={"name": "ada", "organisation": FRIEND.id, "administrator": "yes"}
        )
        assert made.status_code == 303
        with node.store.connection() as connection:
            assert not accounts.get(
                connection, "ada"
            ).administrator  # only accounts of the own organisation can be
        assert (
            own.post("/admin/accounts/add", data={"name": "ada", "organisation": FRIEND.id}).status_code
            == 409
        )
        assert (
            own.post("/admin/accounts/add", data={"name": "a b", "organisation": FRIEND.id}).status_code
            == 422
        )
        shown = own.post("/admin/accounts/act", data={"account": "ada", "do": "invite"})
        link = re.search(r"http://[^\s<\"]+/sign-in/link\?code=[\w-]+", shown.text)
        assert link is not None, shown.text
        assert shown.headers["cache-control"] == "no-store"
        assert stranger.get(link[0]).status_code == 200
        assert own.post("/admin/accounts/act", data={"account": "ada", "do": "disable"}).status_code == 303
        assert own.post("/admin/accounts/act", data={"account": "ada", "do": "invite"}).status_code == 422
        assert own.post("/admin/accounts/act", data={"account": "own", "do": "disable"}).status_code == 409
        # who could make or invite a second administrator could approve what they proposed themselves
        form = {"name": "eve", "organisation": OWN.id, "administrator": "yes"}
        assert own.post("/admin/accounts/add", data=form).status_code == 303
        with node.store.connection() as connection:
            assert not accounts.get(connection, "eve").administrator
        assert own.post("/admin/accounts/act", data={"account": "own", "do": "invite"}).status_code == 403
        assert own.post("/admin/accounts/act", data={"account": "nobody", "do": "disable"}).status_code == 404
        assert own.post("/admin/accounts/act", data={"account": "ada", "do": "x"}).status_code == 422


def test_an_organisation_is_made_joined_and_suspended(node: Node) -> None:
    with node.browser("own") as own, node.browser("stranger") as stranger:
        form = {"name": "Third", "country": "xb", "roles": ["csirt"]}
        assert own.post("/admin/organisations/add", data=form).status_code == 303
        assert own.post("/admin/organisations/add", data=form).status_code == 409
        assert (
            own.post("/admin/organisations/add", data={"name": "Fourth", "country": "x"}).status_code == 422
        )
        assert (
            own.post("/admin/organisations/add", data={"name": "Fourth", "roles": "king"}).status_code == 422
        )
        act = {"organisation": STRANGER.id, "community": "circle"}
        assert own.post("/admin/organisations/act", data={**act, "do": "join"}).status_code == 303
        with node.store.connection() as connection:
            assert organisations.get(connection, STRANGER.id).communities
        assert own.post("/admin/organisations/act", data={**act, "do": "leave"}).status_code == 303
        assert own.post("/admin/organisations/act", data={**act, "do": "suspend"}).status_code == 303
        with node.store.connection() as connection:
            found = organisations.get(connection, STRANGER.id)
        assert (found.suspended, found.communities) == (True, ())
        assert (
            own.post("/admin/organisations/act", data={"organisation": OWN.id, "do": "suspend"}).status_code
            == 409
        )
        assert stranger.post("/admin/organisations/act", data={**act, "do": "resume"}).status_code == 403


def test_acts_ask_for_a_recent_proof(node: Node) -> None:
    with node.browser("own") as own:
        with node.store.connection() as connection:
            connection.execute("UPDATE session SET proved = 0")
        for path in ("accounts/add", "accounts/act", "organisations/add", "organisations/act"):
            answer = own.post(f"/admin/{path}", data={})
            assert answer.headers["location"].startswith("/account/proof?next=/admin/")


def test_jobs_tell_of_backups_and_figures_are_drawn(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    with node.browser("own") as own:
        assert "No backup has been made yet" in own.get("/admin/jobs").text
        with node.store.connection() as connection:
            made = journal.Entry(node.store.clock(), "local", "backup", "node.tar.zst", "done")
            journal.append(connection, [made])
        page = own.get("/admin/jobs").text
        assert "node.tar.zst" in page
        assert "as soon as there are a few minutes to draw" in own.get("/admin/figures").text
        points = (Point(60_000_000, 10, 0, 2.5), Point(120_000_000, 20, 1, 3.5))
        monkeypatch.setattr("tocsin.server.history.History.points", lambda _self: points)
        drawn = own.get("/admin/figures").text
        assert drawn.count("<polyline") == 3
        assert "1970-01-01 00:02" in drawn  # the same as a table
        found = own.get(
            "/sharing/released", params={"action": "backup", "target": "node.tar", "after": "2020-01-01"}
        )
        assert "node.tar.zst" in found.text
        assert "node.tar.zst</code>" not in own.get("/sharing/released", params={"outcome": "x"}).text
        assert own.get("/sharing/released", params={"after": "x"}).status_code == 422
