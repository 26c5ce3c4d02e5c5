"""What a node has when people look at its pages: a little of everything, with names of every direction and length."""

from __future__ import annotations

import json
import uuid
from typing import Any

from factories import FRIEND, IMPORT, OWN, indicator, observable, place, settle
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Connection, Store, alerts, imports, labels, objects, proposals, saved, webhooks
from tocsin.store.search import index

CIRCLE = str(uuid.UUID(int=1 << 64))
SEEN = indicator(1)["id"]
"""The indicator that most pages are shown of: it has versions, relations and sightings."""
HUNT, PROPOSAL = "nightly", uuid.UUID(int=70)
RUNS = tuple(uuid.UUID(int=(4 << 76) | (8 << 60) | number) for number in (501, 502, 503, 504))
EXAMPLES = {
    "object": (SEEN,),
    "kind": ("indicator", "report", "relation", "json"),
    "hunt": (HUNT,),
    "format": ("plain", "sigma"),
    "proposal": (str(PROPOSAL),),
    "run": tuple(map(str, RUNS)),
}
"""Values for each parameter of a page's path; those of alerts are asked of the store."""


def _object(kind: str, number: int, **changes: Any) -> dict[str, Any]:
    made = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.UUID(int=(4 << 76) | (8 << 60) | number)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
    }
    return made | changes


def _things() -> list[dict[str, Any]]:
    levels = (TLP.CLEAR, TLP.GREEN, TLP.AMBER, TLP.AMBER_STRICT, TLP.RED)
    first = indicator(
        1, tlp=TLP.GREEN, name="Sign-in page that collects one-time codes", confidence=40,
        description="A page that asks for passwords and sends them on.", indicator_types=["malicious-activity"],
    )  # fmt: skip
    later = {
        **first,
        "modified": "2026-01-09T12:00:00.000Z",
        "confidence": 82,
        "labels": ["phishing", "credential-theft"],
    }
    malware = _object("malware", 2, name="Poison Ivy", is_family=True, malware_types=["remote-access-trojan"])
    actor = _object("threat-actor", 3, name="جماعة الاختبار", aliases=["Test Group"])
    report = _object(
        "report", 4, name="Zugangsdaten-Diebstahl über gefälschte Anmeldeseiten im Gesundheitswesen: Lagebild", published="2026-01-05T00:00:00Z",
        object_refs=[first["id"], malware["id"], actor["id"]], description="What was seen in January.",
    )  # fmt: skip
    relation = _object(
        "relationship", 5, relationship_type="indicates", source_ref=first["id"], target_ref=malware["id"]
    )
    sightings = [
        _object("sighting", 10 + day, sighting_of_ref=first["id"], count=day, first_seen=f"2026-01-{day:02}T08:00:00Z", last_seen=f"2026-01-{day:02}T09:00:00Z")
        for day in range(1, 6)
    ]  # fmt: skip
    place_ = _object("location", 30, name="Deutschland", country="DE")
    victim = _object("identity", 31, name="Stadtwerke", identity_class="organization", sectors=["energy"])
    phases = [{"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}]
    technique, part, unmet = (
        _object(
            "attack-pattern",
            number,
            name=name,
            kill_chain_phases=phases,
            external_references=[{"source_name": "mitre-attack", "external_id": identifier}],
        )
        for number, name, identifier in (
            (32, "Phishing", "T1566"),
            (33, "Spearphishing Link", "T1566.002"),
            (34, "Valid Accounts", "T1078"),
        )
    )
    ways = [
        _object(
            "relationship",
            40 + number,
            relationship_type=how,
            source_ref=source["id"],
            target_ref=target["id"],
        )
        for number, (how, source, target) in enumerate(
            (
                ("uses", malware, part),
                ("uses", actor, unmet),
                ("indicates", first, technique),
                ("located-at", victim, place_),
                ("targets", malware, victim),
                ("originates-from", actor, place_),
            )
        )
    ]
    more = [place_, victim, technique, part, unmet, *ways]
    many = [
        indicator(number, tlp=levels[number % 5], name=f"Host {number} of the campaign")
        for number in range(20, 90)
    ]
    named = [malware, actor, report, relation, *sightings, observable("login-update.example"), *more]
    return [first, later, *({**each, "object_marking_refs": [id_of(TLP.GREEN)]} for each in named), *many]


def fill(store: Store) -> None:
    """Make a node with all that."""
    intel = settle(store)
    placements = [place(each, owner=OWN.id, communities=(CIRCLE,)) for each in _things()]
    objects.put(store, intel.id, placements, origin=IMPORT)
    with store.transaction() as connection:
        now = store.clock()
        label = min(labels.everything(connection))
        alerts.record(
            connection, [alerts.New(SEEN, label, OWN.id, beyond=3, first=now, last=now)], now=now, again=False
        )
        saved.add(connection, HUNT, {"paths": ["/var/log"]}, now=now)
        for each in _imports(now):
            imports.begin(connection, each)
        proposed = indicator(95, tlp=TLP.GREEN, name="A host that a friend warns of")
        proposals.add(
            connection,
            proposals.Proposal(
                *(
                    PROPOSAL,
                    now,
                    now + 30 * proposals.DAY,
                    "friend",
                    FRIEND.id,
                    "t",
                    "api",
                    "object",
                    proposed["id"],
                ),
                *("Seen again", intel.id, OWN.id, "green", "", json.dumps(proposed).encode()),
            ),
        )
    index.catch_up(store)  # the first page that is asked for may be one of the index


def _imports(now: int) -> list[imports.Import]:
    """One of each state: under way, ended with something refused, failed, broken off."""
    refused = {
        "rule": "pattern-syntax",
        "count": 3,
        "where": "feed.json#12",
        "reason": "expected a comparison at 14",
    }
    done = {"new": 118, "updated": 4, "same": 21, "refused": 3, "reasons": [refused], "seconds": 1.5}
    counts = {"kept": 5000, "refused": 2}
    states = ((None, now, counts), (now, now, done), (now, now, counts | {"failed": "it ends within an object"}), (None, now - 10**9, counts))  # fmt: skip
    return [
        imports.Import(run, OWN.id, "own", "page", "intel", f"feed-{number}.json", moved - 5_000_000, moved, ended, report)
        for number, (run, (ended, moved, report)) in enumerate(zip(RUNS, states, strict=True))
    ]  # fmt: skip


def examples(store: Store) -> dict[str, tuple[str, ...]]:
    """Return values for each parameter of a page's path."""
    with store.connection() as connection:
        rows = connection.execute("SELECT id::text FROM alert").fetchall()
        hooks = webhooks.of(connection, OWN.id) or [_hook(connection, store.clock())]
    return EXAMPLES | {
        "alert": tuple(str(row[0]) for row in rows),
        "webhook": tuple(str(each.id) for each in hooks),
    }


def _hook(connection: Connection, now: int) -> webhooks.Webhook:
    """Make a webhook with a delivery; its account is there only when the node is served."""
    made = webhooks.add(connection, OWN.id, "own", "https://soar.example.org/in", "type:indicator", now=now)
    webhooks.queue(connection, made, (now,), now=now)
    return made
