"""Lists over HTTP, as a device asks for them."""

from __future__ import annotations

import base64
import csv
import io
import threading
from collections.abc import Iterator

import httpx
import pytest

from databases import copied
from factories import IMPORT, OWN, indicator, place, settle, version
from serving import Node, serving
from tocsin.clock import fixed_clock
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts, objects
from tocsin.store.embedded import Embedded

ROOT = "/api/v1/outputs"
CIRCLE = "00000000-0000-0001-0000-000000000000"
NOW = 1_767_657_600_000_000  # 2026-01-06


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "outputs_api") as dsn, Store(dsn, pool_size=6, clock=fixed_clock(NOW)) as store:
        intel = settle(store)
        made = (
            indicator(1, tlp=TLP.GREEN, confidence=80),
            indicator(2, tlp=TLP.RED, confidence=90),
            indicator(3, tlp=TLP.CLEAR),
            indicator(4, tlp=TLP.GREEN, pattern="[ipv4-addr:value = '45.1.2.3']", confidence=70),
        )
        objects.put(store, intel.id, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


def get(node: Node, path: str, who: str = "own", **headers: str) -> httpx.Response:
    with node.client(who, **({"Accept-Encoding": "identity"} | headers)) as client:
        return client.get(f"{ROOT}/{path}")


def test_the_organisation_of_the_token_decides(node: Node) -> None:
    assert get(node, "plain?types=domain").text.split() == [
        "d2.example.com",
        "d1.example.com",
        "d3.example.com",
    ]
    assert get(node, "plain?types=domain", "friend").text.split() == ["d1.example.com", "d3.example.com"]
    assert get(node, "plain?types=domain", "stranger").text == ""
    assert get(node, "plain?limit=1").headers["x-tocsin-left-out"] == "beyond-limit=3"


def test_a_poll_with_nothing_new_is_304_and_recalled_values_are_gone_at_the_next(node: Node) -> None:
    first = get(node, "plain?types=domain&tlp=clear", "friend")
    assert first.headers["content-type"] == "text/plain; charset=utf-8"
    tag = first.headers["etag"]
    assert get(node, "plain?types=domain&tlp=clear", "friend", **{"If-None-Match": tag}).status_code == 304
    packed = get(node, "csv", "friend", **{"Accept-Encoding": "gzip"})
    assert get(node, "csv", "friend", **{"If-None-Match": packed.headers["etag"]}).status_code == 304
    intel = node.store.connection
    with intel() as connection:
        row = connection.execute("SELECT id FROM collection WHERE alias = 'intel'").fetchone()
        assert row is not None
    gone = version(3, 5, tlp=TLP.CLEAR, revoked=True)
    objects.put(node.store, row[0], [place(gone, communities=(CIRCLE,))], origin=IMPORT)
    after = get(node, "plain?types=domain&tlp=clear", "friend", **{"If-None-Match": tag})
    assert (after.status_code, after.text) == (200, "")
    back = version(3, 6, tlp=TLP.CLEAR)
    objects.put(node.store, row[0], [place(back, communities=(CIRCLE,))], origin=IMPORT)
    assert get(node, "plain?types=domain&tlp=clear", "friend").text == "d3.example.com\n"


def test_a_zone_has_a_serial_and_the_tag_of_what_it_holds(node: Node) -> None:
    zone = get(node, "rpz")
    assert f"IN SOA localhost. hostmaster.localhost. {NOW // 1_000_000} " in zone.text
    assert zone.headers["etag"].startswith('W/"')
    assert get(node, "rpz", **{"If-None-Match": zone.headers["etag"]}).status_code == 304


def test_devices_that_only_speak_basic(node: Node) -> None:
    credentials = base64.b64encode(f"friend:{node.tokens['friend']}".encode()).decode()
    answer = httpx.get(
        f"{node.url}{ROOT}/paloalto?types=ip", headers={"Authorization": f"Basic {credentials}"}
    )
    assert (answer.status_code, answer.text) == (200, "45.1.2.3\n")
    assert httpx.get(f"{node.url}{ROOT}/paloalto?types=ip").status_code == 401


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("nothing", 404, "no output"),
        ("plain?types=mutex", 422, "plain holds no 'mutex'"),
        ("paloalto", 422, "one type at a time"),
        ("plain?tlp=purple", 422, "no level"),
        ("plain?limit=1000001", 400, "limit"),
        ("plain?min_confidence=101", 400, "min_confidence"),
        ("plain?collections=nothing", 404, "no such collection"),
        ("plain?community=nothing", 404, "no such community"),
        ("plain?x=1", 400, "x"),
    ],
)
def test_what_cannot_be_is_told(node: Node, path: str, status: int, said: str) -> None:
    answer = get(node, path)
    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_formats_are_listed_and_each_answers(node: Node) -> None:
    items = get(node, "").json()["items"]
    assert {"plain", "rpz", "suricata", "sentinel"} <= {each["name"] for each in items}
    for each in items:
        types = each["types"][0] if each["one_type_at_a_time"] else ""
        answer = get(node, f"{each['name']}?types={types}&community=circle&collections=intel")
        assert answer.status_code == 200, each
        assert answer.headers["content-type"] == each["media_type"]


def test_many_devices_at_once_get_the_same(node: Node) -> None:
    found: list[str] = []

    def ask() -> None:
        found.append(get(node, "csv?min_confidence=1").text)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 12
    assert len(set(found)) == 1
    assert next(row["type"] for row in csv.DictReader(io.StringIO(found[0]))) == "domain"


def test_a_token_that_may_not_read_is_told(node: Node) -> None:
    from tocsin.store import accounts

    with node.store.connection() as connection:
        secret, _ = accounts.issue(connection, "own", ("metrics",), now=node.store.clock())
    answer = httpx.get(f"{node.url}{ROOT}/plain", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 403
    assert OWN.id not in answer.text


def test_a_token_with_a_ceiling_lists_nothing_above_it(node: Node) -> None:
    """Guard: what is kept for the organisation's other tokens is not handed to this one."""
    with node.store.connection() as connection:
        node.tokens["low"], _ = accounts.issue(
            connection, "own", ("taxii:read",), now=node.store.clock(), ceiling="green"
        )
    assert "d2.example.com" in get(node, "plain?types=domain").text
    low = get(node, "plain?types=domain", "low")
    assert low.text.split() == ["d1.example.com", "d3.example.com"]
    assert low.headers["x-tocsin-left-out"] == ""
    assert "d2.example.com" in get(node, "plain?types=domain").text
