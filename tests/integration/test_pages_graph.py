"""Graph, matrix, map and timeline over HTTP, on a node with a malware that six hundred indicators indicate."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree as ET

import httpx
import pytest

from databases import copied
from factories import IMPORT, OWN, indicator, place, settle
from serving import Node, serving
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Store, collections, objects
from tocsin.store.embedded import Embedded

CIRCLE = str(uuid.UUID(int=1 << 64))
MANY = 600
GREEN, RED = id_of(TLP.GREEN), id_of(TLP.RED)


def _thing(kind: str, number: int, marking: str = GREEN, **says: Any) -> dict[str, Any]:
    made = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.UUID(int=(4 << 76) | (8 << 60) | number)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
        "object_marking_refs": [marking],
    }
    return made | says


def _relation(number: int, source: dict[str, Any], how: str, target: dict[str, Any]) -> dict[str, Any]:
    ends = {"source_ref": source["id"], "target_ref": target["id"]}
    return _thing("relationship", number, relationship_type=how, **ends)


_PHASES = [{"kill_chain_name": "mitre-attack", "phase_name": "execution"}]
MALWARE = _thing("malware", 1, name="Many Faces", is_family=True)
ACTOR = _thing("intrusion-set", 2, name="Behind It")
SECRET = _thing("threat-actor", 3, RED, name="Nobody may know")
PLACE = _thing("location", 4, name="Japan", country="JP")
VICTIM = _thing("identity", 5, name="Grid", identity_class="organization", sectors=["energy"])
TECHNIQUE = _thing("attack-pattern", 6, name="Scripts", kill_chain_phases=_PHASES, external_references=[{"source_name": "mitre-attack", "external_id": "T1059"}])  # fmt: skip
UNMET = _thing("attack-pattern", 7, name="Services", kill_chain_phases=_PHASES, external_references=[{"source_name": "mitre-attack", "external_id": "T1569"}])  # fmt: skip
ALONE = _thing("tool", 8, name="Alone")


def _world() -> list[dict[str, Any]]:
    many = [indicator(100 + n, tlp=TLP.GREEN, name=f"Sign {n}") for n in range(MANY)]
    tagged = indicator(50, tlp=TLP.GREEN, name="Rule", labels=["attack.t1059"], description="For T1059.")
    relations = [_relation(1000 + n, each, "indicates", MALWARE) for n, each in enumerate(many)]
    relations += [
        _relation(2000 + n, *each)
        for n, each in enumerate((
            (ACTOR, "uses", MALWARE), (SECRET, "uses", MALWARE), (MALWARE, "uses", TECHNIQUE), (ACTOR, "uses", UNMET),
            (VICTIM, "located-at", PLACE), (ACTOR, "targets", VICTIM), (ACTOR, "originates-from", PLACE),
        ))
    ]  # fmt: skip
    return [MALWARE, ACTOR, SECRET, PLACE, VICTIM, TECHNIQUE, UNMET, ALONE, tagged, *many, *relations]


@pytest.fixture(scope="module")
def node(pg: Embedded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with copied(pg, "pages_graph") as dsn, Store(dsn, pool_size=6) as store:
        intel = settle(store)
        placed = [place(each, owner=OWN.id, communities=(CIRCLE,)) for each in _world()]
        objects.put(store, intel.id, placed, origin=IMPORT)
        with serving(store, tmp_path_factory.mktemp("home")) as served:
            yield served


@pytest.fixture(scope="module")
def friend(node: Node) -> Iterator[httpx.Client]:
    with node.browser("friend") as opened:
        while "about to be indexed" in opened.get("/search").text:
            pass
        yield opened


def _data(friend: httpx.Client, query: str) -> dict[str, Any]:
    answer = friend.get(f"/graph/data?{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_large_graph_opens_with_its_first_part_and_says_so(friend: httpx.Client) -> None:
    path = f"/graph?from={MALWARE['id']}"
    page = friend.get(path).text
    assert ">150 objects<" in page
    assert "This is the first part" in page
    assert f"{path}&amp;whole=yes" in page
    assert len(_data(friend, f"from={MALWARE['id']}")["points"]) <= 300
    small = friend.get(f"/graph?from={PLACE['id']}").text
    assert "This is the first part" not in small


def test_a_large_graph_opens_with_few_marks_and_opens_further(friend: httpx.Client) -> None:
    drawn = _data(friend, f"from={MALWARE['id']}&whole=yes")
    assert len(drawn["points"]) <= 300
    group = next(each for each in drawn["points"] if each["count"] > 1)
    assert (group["count"], group["type"]) == (MANY, "indicator")
    page = friend.get(f"/graph?from={MALWARE['id']}&whole=yes").text
    assert f">{MANY + 3} objects<" in page
    opened = friend.get(group["path"])
    assert "500 \u00d7 indicator" in opened.text
    assert len(_data(friend, f"from={MALWARE['id']}&all=yes")["points"]) == MANY + 3


def test_the_tables_say_all_of_it_page_by_page(friend: httpx.Client) -> None:
    seen, path = "", f"/graph?from={MALWARE['id']}&whole=yes&page="
    for number in range(1, 14):
        seen += friend.get(f"{path}{number}").text
    assert all(f">Sign {n}<" in seen for n in range(MANY))
    assert f"Page {13} of {13}" in seen


def test_what_is_withheld_is_not_in_it_and_changes_nothing(node: Node, friend: httpx.Client) -> None:
    for path in ("/graph", "/graph/data", "/graph/drawing"):
        answer = friend.get(f"{path}?from={ACTOR['id']}&depth=2&type=threat-actor,malware").text
        assert SECRET["id"] not in answer
        assert "Nobody" not in answer
        assert "Many Faces" in answer
    assert friend.get(f"/graph?from={SECRET['id']}").status_code == 404
    with node.browser("own") as own:
        assert "Nobody may know" in own.get(f"/graph?from={MALWARE['id']}").text


def test_the_way_between_two(friend: httpx.Client) -> None:
    page = friend.get(f"/graph?from={TECHNIQUE['id']}&to={PLACE['id']}").text
    ways = page[page.index('id="ways"') :]
    assert ways.index("Scripts") < ways.index("Many Faces") < ways.index("Behind It") < ways.index("Japan")
    drawn = _data(friend, f"from={TECHNIQUE['id']}&to={PLACE['id']}")
    assert {each["title"] for each in drawn["points"]} == {"Scripts", "Many Faces", "Behind It", "Japan"}
    assert "No way is known" in friend.get(f"/graph?from={ALONE['id']}&to={PLACE['id']}").text
    assert friend.get(f"/graph?from={ALONE['id']}&to={SECRET['id']}").status_code == 404


def test_types_and_times_narrow_it(friend: httpx.Client) -> None:
    kinds = _data(friend, f"from={MALWARE['id']}&type=intrusion-set")["points"]
    assert {each["type"] for each in kinds} == {"malware", "intrusion-set"}
    later = _data(friend, f"from={MALWARE['id']}&after=2026-06-01")["points"]
    assert [each["title"] for each in later] == ["Many Faces"]
    assert friend.get(f"/graph?from={MALWARE['id']}&after=soon").status_code == 422
    assert friend.get(f"/graph?from={MALWARE['id']}&depth=5").status_code == 400


def test_the_drawing_is_a_file_of_its_own_and_the_same_twice(friend: httpx.Client) -> None:
    answers = [friend.get(f"/graph/drawing?from={ACTOR['id']}&depth=2") for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["content-type"] == "image/svg+xml"
    assert answers[0].headers["content-disposition"].startswith("attachment")
    root = ET.fromstring(answers[0].text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert len(root.findall(".//{*}circle")) > 3


def test_a_graph_is_kept_under_a_name(friend: httpx.Client) -> None:
    query = f"from={ACTOR['id']}&depth=2"
    kept = friend.post("/views", data={"page": "graph", "query": query, "name": "Behind it"})
    assert kept.status_code == 303
    listed = friend.get("/views").text
    assert "/graph?from=intrusion-set--" in listed
    assert "Behind it" in listed
    wrong = friend.post("/views", data={"page": "https://evil.example", "query": "x", "name": "y"})
    assert wrong.status_code == 422


def test_the_matrix_says_what_is_used_detected_and_lacking(friend: httpx.Client) -> None:
    page = friend.get("/matrix").text
    script, services = page.index(">Scripts<"), page.index(">Services<")
    assert 'data-state="detected"' in page[script - 300 : script]
    assert 'data-state="lacking"' in page[services - 300 : services]
    assert "/search?q=technique%3AT1059" in page
    lacking = friend.get("/matrix?show=lacking").text
    assert ">Services<" in lacking
    assert ">Scripts<" not in lacking
    by = friend.get(f"/matrix?by={MALWARE['id']}&show=known").text
    assert ">Scripts<" in by
    assert ">Services<" not in by
    assert friend.get(f"/matrix?by={SECRET['id']}").status_code == 404


def test_the_matrix_is_kept_for_its_reader_and_only_as_long_as_nothing_has_changed(
    node: Node, friend: httpx.Client
) -> None:
    before = friend.get("/matrix?show=lacking").text
    assert before == friend.get("/matrix?show=lacking").text
    with node.browser("own") as own:
        own.get("/matrix")  # what another reader has of it is that reader's
    assert before == friend.get("/matrix?show=lacking").text
    group = _thing("intrusion-set", 900, name="Late Group")
    with node.store.connection() as connection:
        intel = collections.get(connection, "intel")
    late = [
        place(each, owner=OWN.id, communities=(CIRCLE,))
        for each in (group, _relation(901, group, "uses", UNMET))
    ]
    placed = objects.put(node.store, intel.id, late, origin=IMPORT)
    assert "Late Group" in friend.get(f"/matrix?by={group['id']}&show=known").text
    assert friend.get("/matrix?show=lacking").text != before
    relation = late[1].object.id
    assert objects.delete(node.store, intel.id, relation, [placed[1].cursor], source=OWN.id, any_source=True)
    assert friend.get("/matrix?show=lacking").text == before


def test_the_map_counts_countries_and_sectors(friend: httpx.Client) -> None:
    page = friend.get("/map").text
    row = page[page.index('scope="row"') :]
    row = row[: row.index("</tr>")]
    assert "Japan" in row
    assert row.count('<td class="number">1</td>') == 3  # targeted, origin, located there
    assert "type%3Aidentity+energy" in page or "type%3Aidentity%20energy" in page
    assert 'data-level="4"' in page
    assert "Japon" in friend.get("/map", headers={"Accept-Language": "fr"}).text


def test_the_timeline_counts_and_leads_to_a_search(friend: httpx.Client) -> None:
    page = friend.get("/timeline?q=type:indicator").text
    assert f">{MANY + 1} objects<" in page
    assert "after%3A2026-01-01+before%3A2026-01-02" in page
    assert "Nothing to draw" in friend.get("/timeline?q=type:grouping").text
    assert friend.get("/timeline?q=tlp:x").status_code == 422
    for by in ("created", "added", "seen"):
        assert friend.get(f"/timeline?by={by}").status_code == 200


def test_data_is_kept_by_no_cache(friend: httpx.Client) -> None:
    answer = friend.get(f"/graph/data?from={ACTOR['id']}")
    assert answer.headers["cache-control"] == "private, no-store"
    assert json.loads(answer.text)["strokes"]
