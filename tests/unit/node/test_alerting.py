from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from hunting import AMBER, CSIRT, FEED, GREEN, indicator, prepare, take
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.node import following, sightings
from tocsin.node.alerting import Alerting, Playbook, facts
from tocsin.node.clearances import Clearances
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.node.keeping_hits import suppressing
from tocsin.sharing.audience import Organisation
from tocsin.stix.handling import HANDLING_EXTENSION
from tocsin.store import Store, organisations, suppressions

ENDING = "marking-definition--00000000-0000-4000-8000-00000000e0d1"
BAD = indicator("bad", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN], confidence=80)


@pytest.fixture
def node(store: Store) -> Store:
    prepare(store)
    with store.connection() as connection:
        organisations.put(connection, Organisation(id=FEED, name="feed"))
    return store


def _hunt(store: Store, tmp_path: Path, *lines: str, name: str = "a.log", **options: Any) -> Any:
    file = tmp_path / name
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    clearances = Clearances(store)
    with store.connection() as connection:
        suppresses = suppressing(connection, now=store.clock())
    known = following.load(store, clearances).value
    hunt = Hunt(known, now=store.clock(), options=Options(suppresses=suppresses, **options))
    found = list(hunt.run([str(file)]))
    return sightings.write(
        store, clearances, found, now=store.clock(), counts=hunt.report.counts
    ), hunt.report


def _alerting(store: Store) -> Alerting:
    return Alerting(store, Clearances(store))


def _sdo(kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "spec_version": "2.1", "id": f"{kind}--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}", "name": name,
        "created": "2026-11-01T00:00:00.000Z", "modified": "2026-11-01T00:00:00.000Z",
    } | more  # fmt: skip


def _link(what: str, source: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    made = _sdo("relationship", f"{source['id']}{target['id']}")
    del made["name"]
    return made | {"relationship_type": what, "source_ref": source["id"], "target_ref": target["id"]}


def test_hits_are_one_alert_with_all_that_is_known_around_it(node: Store, tmp_path: Path) -> None:
    malware = _sdo("malware", "Glasshouse", is_family=True)
    technique = _sdo(
        "attack-pattern",
        "PowerShell",
        external_references=[{"source_name": "mitre-attack", "external_id": "T1059.001"}],
    )
    playbook = {
        "extension_type": "property-extension",
        "playbook_id": "playbook--a0777575-5c4c-4710-9f01-15776103837f",
        "playbook_standard": "cacao",
        "playbook_type": ["mitigation", 7],
    }
    advice = _sdo(
        "course-of-action",
        "Isolate the host",
        description="Cut it off.",
        extensions={"extension-definition--1e1c1bd7-c527-4215-8e18-e199e74da57c": playbook},
        external_references=[
            {"source_name": "CSIRT", "description": "Playbook 7", "url": "https://csirt.example/7"},
            {"source_name": "news", "url": "https://news.example/"},
        ],
    )
    links = [
        _link("indicates", BAD, malware),
        _link("uses", malware, technique),
        _link("mitigates", advice, technique),
    ]
    take(node, BAD, malware, technique, advice, *links, owner=CSIRT)
    written, _ = _hunt(
        node, tmp_path, "2026-11-20T08:00:00Z evil.example", "2026-11-20T09:00:00Z x.evil.example"
    )
    assert (written.alerts, written.kept) == (1, 2)
    (told,) = _alerting(node).listed().value
    assert (told.name, told.confidence, told.status, told.hits, told.beyond) == ("bad", 80, "new", 2, 0)
    assert [(each.by, each.tlp) for each in told.origins] == [("CSIRT", "TLP:GREEN")]
    assert told.means == ("Glasshouse",)
    assert [(each.id, each.name, each.by) for each in told.techniques] == [
        ("T1059.001", "PowerShell", "Glasshouse")
    ]
    assert [(each.name, each.against) for each in told.actions] == [("Isolate the host", "PowerShell")]
    assert told.actions[0].playbooks == (
        Playbook("playbook--a0777575-5c4c-4710-9f01-15776103837f", "cacao", ("mitigation",)),
        Playbook("", "CSIRT", (), "https://csirt.example/7"),
    )
    shown = facts(_alerting(node).one(told.id).value, str)
    assert [(each["value"], each["line"]) for each in shown["samples"]] == [
        ("x.evil.example", 2),
        ("evil.example", 1),
    ]
    assert json.dumps(shown)


def test_the_same_log_again_changes_nothing_and_a_longer_one_counts_on(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    for name in ("a.log", "b.log"):
        _hunt(node, tmp_path, "evil.example", "evil.example", name=name)
        assert [told.hits for told in _alerting(node).listed().value] == [2]
    written, _ = _hunt(node, tmp_path, "evil.example", "evil.example", "evil.example again")
    assert (written.alerts, [told.hits for told in _alerting(node).listed().value]) == (0, [3])


def test_a_flood_is_one_alert_with_a_count(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    lines = [f"{number} evil.example" for number in range(500)]
    for _ in range(2):
        _, report = _hunt(node, tmp_path, *lines, most=10, breaker=200)
        assert report.counts[0].given_up
        (told,) = _alerting(node).listed().value
        assert (told.hits, told.beyond) == (10, 190)


def test_two_who_warn_of_it_make_one_alert(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    take(node, BAD | {"object_marking_refs": [AMBER]}, owner=FEED)
    _hunt(node, tmp_path, "evil.example")
    (told,) = _alerting(node).listed().value
    assert told.hits == 1
    assert sorted((each.by, each.tlp) for each in told.origins) == [
        ("CSIRT", "TLP:GREEN"),
        ("feed", "TLP:AMBER"),
    ]
    assert len(_alerting(node).one(told.id).value.samples) == 1


def test_a_recalled_indicator_leaves_nothing_to_be_seen(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    take(node, BAD, owner=FEED)
    _hunt(node, tmp_path, "evil.example")
    (told,) = _alerting(node).listed().value
    revoked = BAD | {"modified": "2026-11-09T00:00:00.000Z", "revoked": True}
    take(node, revoked, owner=CSIRT)
    (left,) = _alerting(node).listed().value  # the feed says it still
    assert [each.by for each in left.origins] == ["feed"]
    take(node, revoked, owner=FEED)
    assert _alerting(node).listed().value == []
    for ask in (lambda a: a.one(told.id), lambda a: a.change(told.id, "acknowledged", by="x")):
        with pytest.raises(NotFoundError, match="no such alert"):
            ask(_alerting(node))


def test_what_the_own_organisation_may_not_have_any_more_is_withheld(node: Store, tmp_path: Path) -> None:
    ends = {
        "type": "marking-definition", "spec_version": "2.1", "id": ENDING, "created": "2026-01-01T00:00:00.000Z",
        "extensions": {
            HANDLING_EXTENSION: {"extension_type": "property-extension", "not_after": "2026-11-21T00:00:00Z"}
        },
    }  # fmt: skip
    take(node, ends)
    take(node, BAD | {"object_marking_refs": [GREEN, ENDING]}, owner=CSIRT)
    clock = node.clock
    node.clock = lambda: 1_795_190_000_000_000  # 2026-11-20
    _hunt(node, tmp_path, "evil.example")
    (told,) = _alerting(node).listed().value
    node.clock = lambda: 1_795_400_000_000_000  # 2026-11-23
    assert _alerting(node).listed().value == []
    with pytest.raises(NotFoundError):
        _alerting(node).one(told.id)
    node.clock = clock


def test_a_closed_alert_has_a_verdict_and_what_comes_then_is_another(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    _hunt(node, tmp_path, "evil.example")
    alerting = _alerting(node)
    first = alerting.listed().value[0].id
    for status, verdict in (
        ("closed", ""),
        ("acknowledged", "true-positive"),
        ("gone", ""),
        ("closed", "maybe"),
    ):
        with pytest.raises(InputError):
            alerting.change(first, status, verdict=verdict, by="ann")
    assert alerting.change(first, "acknowledged", note="mine", by="ann").value.note == "mine"
    closed = alerting.change(first, "closed", verdict="false-positive", by="ann").value
    assert (closed.status, closed.verdict, closed.changed_by) == ("closed", "false-positive", "ann")
    _hunt(node, tmp_path, "evil.example once more")
    both = alerting.listed().value
    assert [told.status for told in both] == ["new", "closed"]
    assert both[0].id != first
    with pytest.raises(ConflictError, match="another open alert"):
        alerting.change(first, "new", by="ann")


def test_what_somebody_else_decided_meanwhile_is_not_overwritten(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    _hunt(node, tmp_path, "evil.example")
    alerting = _alerting(node)
    (seen,) = alerting.listed().value
    closed = alerting.change(seen.id, "closed", verdict="false-positive", by="ann", seen=seen.changed).value
    for status, verdict in (("closed", "true-positive"), ("acknowledged", ""), ("closed", "false-positive")):
        with pytest.raises(ConflictError, match="ann has decided meanwhile: it is closed as false-positive"):
            alerting.change(seen.id, status, verdict=verdict, by="bob", seen=seen.changed)
    assert alerting.one(seen.id).value == closed
    again = alerting.change(seen.id, "new", by="bob", seen=closed.changed).value
    assert (again.status, again.changed_by) == ("new", "bob")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("indicator", BAD["id"]),
        ("value", "EVIL.example"),
        ("host", "Web01"),
        ("source", "csirt"),
        ("source", CSIRT),
    ],
)
def test_what_is_suppressed_is_flagged_and_neither_raised_nor_told(
    node: Store, tmp_path: Path, kind: str, value: str
) -> None:
    take(node, BAD, owner=CSIRT)
    with node.connection() as connection:
        suppressions.add(connection, kind, value, "known", expires=None, by="x", now=node.clock())
    log = "<34>1 2026-11-20T08:00:00Z web01 app - - - evil.example"
    written, report = _hunt(node, tmp_path, log)
    assert (written.alerts, written.kept, written.new) == (0, 0, 0)
    assert (report.hits, report.flags) == (0, {"suppressed": 1})


def test_of_two_sources_one_suppressed_one_hides_nothing(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)
    take(node, BAD, owner=FEED)
    with node.connection() as connection:
        suppressions.add(connection, "source", "feed", "noisy", expires=None, by="x", now=node.clock())
    assert _hunt(node, tmp_path, "evil.example")[0].alerts == 1


def test_two_at_once_open_one_alert(node: Store, tmp_path: Path) -> None:
    take(node, BAD, owner=CSIRT)

    def hunt(number: int) -> None:
        _hunt(node, tmp_path, f"{number} evil.example", name=f"{number}.log")

    threads = [threading.Thread(target=hunt, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    (told,) = _alerting(node).listed().value
    assert told.hits == 4


def test_pages_follow_each_other(node: Store, tmp_path: Path) -> None:
    names = [f"n{number}.example" for number in range(5)]
    take(node, *(indicator(name, f"[domain-name:value = '{name}']") for name in names))
    _hunt(node, tmp_path, *names)
    alerting, seen, before = _alerting(node), [], None
    while page := alerting.listed(limit=2, before=before).value:
        seen += [told.name for told in page]
        before = (page[-1].opened, uuid.UUID(page[-1].id))
    assert sorted(seen) == names
