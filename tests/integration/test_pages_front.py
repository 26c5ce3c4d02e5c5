"""What a node says of itself to everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from databases import copied
from factories import FRIEND, settle
from serving import Node, serving
from tocsin.store import Store, policies
from tocsin.store.embedded import Embedded

OWN = f'@id("not-to-friend") @title("Nothing to 100% of {FRIEND.name}") @cite("us") forbid (principal, action, resource) when {{ principal.country == "XC" }};'


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages_front") as dsn, Store(dsn, pool_size=6) as store:
        settle(store)
        more = {
            "about": "We watch <b>energy</b>.\n\nAsk us.",
            "contact": "mailto:cti@example.org, https://example.org/x",
        }
        with serving(store, tmp_path_factory.mktemp("home"), **more) as served:
            yield served


def test_the_front_page_tells_rules_and_contact_to_everybody(node: Node) -> None:
    with node.browser(None) as stranger, node.browser("friend") as friend:
        page = stranger.get("/")
        assert page.status_code == 200, page.text
        assert "TLP:GREEN may go to members of the community it is addressed to" in page.text
        assert "It holds credentials" in page.text
        assert "FIRST TLP 2.0" in page.text
        assert '<a href="mailto:cti@example.org" rel="noreferrer">cti@example.org</a>' in page.text
        assert "We watch &lt;b&gt;energy&lt;/b&gt;." in page.text
        assert FRIEND.name not in page.text
        assert "/.well-known/security.txt" in friend.get("/about").text
        german = stranger.get("/about", headers={"Accept-Language": "de"}).text
        assert "TLP:CLEAR darf an alle gehen" in german


def test_own_rules_are_told_of_and_their_words_are_not(node: Node) -> None:
    with node.browser(None) as stranger:
        assert "We have added no rules of our own" in stranger.get("/").text
    with node.store.transaction() as connection:
        number = policies.propose(connection, {"own.cedar": OWN}, by="own", at=1)
        policies.activate(connection, number, by="other", at=2)
    with node.browser(None) as stranger, node.browser("own") as own:
        page = stranger.get("/").text
        assert "We have added rules of our own" in page
        assert FRIEND.name not in page
        assert f"Nothing to 100% of {FRIEND.name}" in own.get("/sharing/policies").text


def test_security_txt_names_whom_to_tell(node: Node) -> None:
    with node.browser(None) as stranger:
        answer = stranger.get("/.well-known/security.txt")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.text.startswith(
            "Contact: mailto:cti@example.org\nContact: https://example.org/x\nExpires: "
        )
