"""Lists for tools as pages show them: what is in them, why the rest is not, and where a value stands."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from databases import copied
from factories import IMPORT, indicator, place, settle
from serving import Node, serving
from tocsin.clock import fixed_clock
from tocsin.stix.markings import TLP
from tocsin.store import Store, objects
from tocsin.store.embedded import Embedded

CIRCLE = "00000000-0000-0001-0000-000000000000"
NOW = 1_767_657_600_000_000  # 2026-01-06


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages_lists") as dsn, Store(dsn, pool_size=6, clock=fixed_clock(NOW)) as store:
        intel = settle(store)
        made = (
            indicator(1, tlp=TLP.GREEN, confidence=80, name="<b>first</b>"),
            indicator(2, tlp=TLP.RED, confidence=90),
            indicator(3, tlp=TLP.GREEN, confidence=40),
            indicator(4, tlp=TLP.GREEN, pattern="[ipv4-addr:value = '10.1.2.3']", confidence=70),
            indicator(5, tlp=TLP.GREEN, pattern="[ipv4-addr:value = '0.0.0.0/0']"),
            indicator(
                6, tlp=TLP.GREEN, pattern="[ipv4-addr:value = '0.0.0.0/0' OR ipv4-addr:value = '45.1.2.3']"
            ),
        )
        objects.put(store, intel.id, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


def page(node: Node, path: str, who: str = "friend", status: int = 200) -> str:
    with node.browser(who) as browser:
        answer = browser.get(f"/lists{path}")
    assert answer.status_code == status, answer.text
    return answer.text


def test_every_format_has_a_page(node: Node) -> None:
    listed = page(node, "")
    for name in ("plain", "rpz", "paloalto", "suricata-dataset", "sigma", "sentinel"):
        assert f'href="/lists/{name}"' in listed
        assert "What is in it" in page(node, f"/{name}")


def test_the_rank_of_a_value_is_explained(node: Node) -> None:
    first = page(node, "/plain?value=d1[.]example[.]com")
    assert "Number 1 of 3." in first
    assert "&lt;b&gt;first&lt;/b&gt;" in first
    assert "Number 2 of 4." in page(node, "/plain?value=d1.example.com", "own")
    assert "there is no room for it" in page(node, "/plain?value=d3.example.com&limit=1")
    assert "its confidence has decayed below" in page(node, "/plain?value=d3.example.com&min_confidence=60")
    assert "it is too wide: it would hit" in page(node, "/plain?value=0.0.0.0/0")
    assert "That is no value of a list" in page(node, "/plain?value=1.2.3")


def test_what_the_reader_may_not_have_does_not_exist(node: Node) -> None:
    asked = page(node, "/plain?value=d2.example.com")
    assert "no indicator names it that may be used so" in asked
    assert asked.replace("d2.example.com", "x") == page(node, "/plain?value=nope.example.com").replace(
        "nope.example.com", "x"
    )


def test_what_is_cut_is_told(node: Node) -> None:
    shown = page(node, "/plain?limit=1")
    assert "there is no room for it" in shown
    assert "it names nothing on the public Internet" in shown
    assert "d3.example.com" not in shown
    assert "tocsin output make plain --limit 1" in shown
    assert "/api/v1/outputs/plain?limit=1" in shown


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        ("/plain?collections=x", 404),
        ("/plain?types=mutex", 422),
        ("/plain?tlp=x", 422),
        ("/plain?limit=x", 400),
        ("/plain?limit=9999999", 422),
        ("/plain?x=1", 400),
    ],
)
def test_what_cannot_be_is_told(node: Node, path: str, status: int) -> None:
    page(node, path, status=status)


def test_an_indicator_leads_to_the_rank_of_its_values(node: Node) -> None:
    with node.browser("friend") as browser:
        shown = browser.get(f"/objects/{indicator(1)['id']}").text
    assert 'href="/lists/plain?value=d1.example.com"' in shown


def test_an_indicator_says_that_nobody_looks_for_it_and_why(node: Node) -> None:
    with node.browser("friend") as browser:
        wide, both = (browser.get(f"/objects/{indicator(number)['id']}").text for number in (5, 6))
    assert "Hunts look for nothing of it" in wide
    assert "it is too wide" in wide
    assert "Hunts look for nothing of it" not in both
