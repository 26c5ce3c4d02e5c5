"""What FRIEND may not have, in every way that a node can keep something from an organisation."""

from __future__ import annotations

import json
import uuid
from typing import Any

import msgspec

from factories import OWN, STRANGER, indicator, observable, version
from leaks.world import (
    INNER_ID,
    MIRROR_ID,
    WORD,
    Step,
    keep_proposal,
    lasting,
    link,
    sdo,
    sighting,
    statement,
    take,
    taking,
)
from tocsin.node.sightings import NAMESPACE
from tocsin.sharing.agreements import Agreement, Party
from tocsin.sharing.audience import Organisation
from tocsin.stix.handling import HANDLING_EXTENSION
from tocsin.stix.markings import TLP, id_of
from tocsin.store import (
    Store,
    accounts,
    agreements,
    collections,
    hits,
    journal,
    organisations,
    peers,
    postings,
    quarantine,
    warninglists,
)
from tocsin.store.values import Origin

MINISTRY = Organisation("identity--00000000-0000-4000-8000-0000000000fe", f"Ministry of {WORD}", "XC")
ASKS: dict[str, dict[str, Any]] = {
    "embargoed": {"not_before": "2099-01-01T00:00:00Z"},
    "expired": {"not_after": "2020-01-01T00:00:00Z"},
    "elsewhere": {"releasable_to": ["XC"]},
    "no police": {"no_law_enforcement_use": True},
}
"""Markings of the node's own, each of which keeps what carries it from FRIEND."""
_KINDS = {name: f"marking-definition--{uuid.uuid5(NAMESPACE, name)}" for name in ASKS}
UNKNOWN = f"marking-definition--{uuid.uuid5(NAMESPACE, 'unknown')}"
FOREIGN = f"marking-definition--{uuid.uuid5(NAMESPACE, 'foreign')}"
POSTING = uuid.UUID(int=(4 << 76) | (8 << 60) | 0xBEEF)
HIDDEN_PROPOSAL = uuid.UUID(int=(4 << 76) | (8 << 60) | 0xF00D)


def secret(number: int, **changes: Any) -> dict[str, Any]:
    """Return an indicator that FRIEND is not to hear of."""
    return indicator(number, name=WORD, pattern=lasting(f"{WORD}{number}.example")) | changes


def asking(name: str) -> dict[str, Any]:
    """Return the definition of a marking of the node's own."""
    extension = {"extension_type": "property-extension", **ASKS[name]}
    return {
        "type": "marking-definition", "spec_version": "2.1", "id": _KINDS[name], "created": "2026-01-01T00:00:00.000Z",
        "name": f"{WORD} {name}", "extensions": {HANDLING_EXTENSION: extension}, "object_marking_refs": [id_of(TLP.RED)],
    }  # fmt: skip


_GRANULAR = [{"marking_ref": id_of(TLP.RED), "selectors": ["name"]}]
_MARKED: dict[int, dict[str, Any]] = {
    60: {"object_marking_refs": [id_of(TLP.RED)]},
    61: {"object_marking_refs": [id_of(TLP.AMBER_STRICT)]},
    62: {},
    63: {"object_marking_refs": [id_of(TLP.CLEAR), UNKNOWN]},
    64: {"object_marking_refs": [id_of(TLP.CLEAR), FOREIGN]},
    65: {"object_marking_refs": [id_of(TLP.GREEN), id_of(TLP.RED)]},
    66: {"object_marking_refs": [id_of(TLP.GREEN)], "granular_markings": _GRANULAR},
}
for _number, _name in enumerate(ASKS, 70):
    _MARKED[_number] = {"object_marking_refs": [id_of(TLP.CLEAR), _KINDS[_name]]}
HIDDEN_IDS = tuple(
    [indicator(n)["id"] for n in (*_MARKED, 80, 81, 82, 83)]
    + [observable(f"{WORD}.example")["id"], link(84, "", "")["id"], sighting(85, "")["id"]]
)
"""Ids of which FRIEND may know nothing, in `intel` and `open`."""


def _places(store: Store) -> None:
    with store.transaction() as connection:
        organisations.put(connection, MINISTRY)
        inner = organisations.add_community(connection, "inner", f"Circle of {WORD}")
        for member in (OWN, STRANGER, MINISTRY):
            organisations.join(connection, inner, member)
        made = collections.new("inner", title=f"Operation {WORD}", description=WORD, community=inner.id)
        collections.add(connection, msgspec.structs.replace(made, id=INNER_ID, writers=(STRANGER.id,)))
        mirror = collections.new("p0.feed", title=f"{WORD}, from p0", private=True)
        collections.add(connection, msgspec.structs.replace(mirror, id=MIRROR_ID))
        parties = tuple(Party(each.id, 1) for each in (OWN, MINISTRY))
        pact = Agreement(uuid.uuid4(), "pact", f"Pact of {WORD}", WORD, WORD, None, 1, parties=parties)
        agreements.add(connection, pact)
        agreements.rest(connection, inner.id, pact.id)


def _people(store: Store) -> None:
    now = store.clock()
    with store.transaction() as connection:
        accounts.add(connection, accounts.Account(WORD, MINISTRY.id, created=now))
        accounts.issue(connection, WORD, ("taxii:read",), now=now)
        connection.execute(
            "INSERT INTO webhook (id, organisation, account, url, query, secret, created, position) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, 0)",
            (uuid.UUID(int=7), MINISTRY.id, WORD, f"https://{WORD}.example/", WORD, b"x" * 32, now),
        )
        # between two others: neither the own organisation nor FRIEND may know of it
        keep_proposal(connection, HIDDEN_PROPOSAL, WORD, MINISTRY.id, STRANGER.id, reason=WORD, now=now)
        peers.add(connection, peers.Peer("p0", f"https://{WORD}.example/", MINISTRY.id, secret=WORD))
        peers.subscribe(connection, peers.Subscription("p0", "poll", WORD, MIRROR_ID, "n1"))


def _records(store: Store) -> None:
    """What is not an object: a posting, hits, refusals, warninglists, the journal."""
    now = store.clock()
    with store.transaction() as connection:
        postings.put(connection, POSTING, STRANGER.id, {"id": str(POSTING), "status": WORD}, now=now)
        row = connection.execute("SELECT min(id) FROM label").fetchone()
        assert row is not None
        detail = {"owner": OWN.id, "day": "2026-01-01", "event": None}
        hits.put(connection, [hits.Hit(now, HIDDEN_IDS[0], WORD, WORD, 1, row[0], detail)])
        connection.execute(
            "INSERT INTO alert (id, indicator, opened, status, note, changed) VALUES (%s, %s, %s, 'new', %s, %s)",
            (uuid.UUID(int=9), HIDDEN_IDS[0], now, WORD, now),
        )
        connection.execute(
            "INSERT INTO alert_source (alert, label_id, owner, hits, beyond, found) VALUES (%s, %s, %s, 1, 0, %s)",
            (uuid.UUID(int=9), row[0], OWN.id, now),
        )
        connection.execute(
            "INSERT INTO suppression (id, kind, value, reason, created, created_by) VALUES (%s, 'value', %s, %s, %s, %s)",
            (uuid.UUID(int=9), WORD, WORD, now, WORD),
        )
        connection.execute(
            "INSERT INTO saved_hunt (name, what, created) VALUES ('nightly', %s, %s)",
            (json.dumps({"paths": ["/var/log"]}), now),
        )
        connection.execute(
            "INSERT INTO hunt_run (hunt, began, report) VALUES ('nightly', %s, %s)",
            (now, json.dumps({"failed": "there is no such file or folder"})),
        )
        refused = quarantine.Refused(json.dumps(secret(9999)).encode(), WORD, "", "json", WORD)
        quarantine.put(connection, [refused], origin=Origin(STRANGER.id, None, "taxii-post"), now=now)
        # a list of the node's own shapes the lists of others (threat model): what it says of what FRIEND sees is the same on both nodes
        warninglists.put(
            connection, [warninglists.Warninglist(WORD, "hostname", ("domain",), 1, (f"{WORD}1.example",))]
        )
        journal.append(connection, [journal.Entry(now, WORD, "taxii-objects", WORD, "200")])


def many_labels(store: Store) -> None:
    """Label sets that FRIEND is cleared for, of objects in a collection that it is not: more than a page merges streams of."""
    for number in range(70):
        name = f"identity--{uuid.UUID(int=(4 << 76) | (8 << 60) | (0xD00 + number))}"
        take(store, "p0.feed", secret(1000 + number, object_marking_refs=[id_of(TLP.CLEAR)]), to=(name,))


_VERSIONS = (
    # the newest and the oldest of what FRIEND sees another version of
    taking("intel", version(1, 2, tlp=TLP.RED, name=WORD), version(1, 20, tlp=TLP.RED, name=WORD)),
    taking("intel", version(2, 21, tlp=TLP.AMBER, name=WORD), owner=STRANGER.id),
    taking("intel", version(10, 1, tlp=TLP.RED, name=WORD, created="2025-01-01T00:00:00.000Z")),
    taking("intel", observable("known.example"), owner=STRANGER.id),
    # and of what it sees a form of
    taking("intel", version(32, 3, tlp=TLP.RED, name=WORD), version(33, 3, tlp=TLP.RED, name=WORD)),
    taking("intel", sdo("incident", 34, tlp=TLP.RED, name=WORD), owner=STRANGER.id),
    taking("inner", version(1, 25, tlp=TLP.CLEAR, name=WORD), indicator(3, tlp=TLP.CLEAR)),
)
HIDDEN: tuple[Step, ...] = (
    _places,
    _people,
    *_VERSIONS,
    taking("intel", *map(asking, ASKS)),
    taking("intel", statement(FOREIGN, WORD) | {"object_marking_refs": [id_of(TLP.RED)]}, owner=STRANGER.id),
    taking("intel", *(secret(n, **marked) for n, marked in _MARKED.items())),
    taking("intel", secret(80, object_marking_refs=[id_of(TLP.RED)]), to=(STRANGER.id,)),
    taking("intel", secret(81, object_marking_refs=[id_of(TLP.AMBER)]), owner=STRANGER.id),
    taking("open", secret(82, object_marking_refs=[id_of(TLP.GREEN)])),
    taking("open", secret(83, object_marking_refs=[id_of(TLP.AMBER)]), to=(STRANGER.id,)),
    taking("intel", observable(f"{WORD}.example"), assumed="red"),
    taking("intel", link(84, indicator(4)["id"], indicator(60)["id"], tlp=TLP.RED, description=WORD)),
    taking("intel", sighting(85, indicator(4)["id"], tlp=TLP.RED, description=WORD)),
    taking("inner", *(secret(n, object_marking_refs=[id_of(TLP.GREEN)]) for n in (90, 91))),
    taking("p0.feed", sdo("malware", 92, tlp=TLP.CLEAR, name=WORD, is_family=False), owner=MINISTRY.id),
    _records,
)


def forbidden_to_all(store: Store) -> None:
    """Take in what not even the node's own organisation may have: others' objects whose time is over."""
    over: dict[str, Any] = {"object_marking_refs": [id_of(TLP.CLEAR), _KINDS["expired"]]}
    take(store, "intel", asking("expired"))
    take(
        store,
        "intel",
        *(secret(n, **over) for n in (700, 701)),
        *(
            secret(n, pattern=rule, pattern_type=kind, **over)
            for n, (kind, rule) in enumerate(RULES.items(), 704)
        ),
        version(4, 9, name=WORD, **over),
        indicator(5, **over),
        observable(f"{WORD}.example", **over),
        sighting(702, indicator(4)["id"], object_marking_refs=over["object_marking_refs"]),
        owner=STRANGER.id,
    )
    take(store, "open", secret(703, **over), owner=STRANGER.id)


RULES = {
    "sigma": f"title: {WORD}\nlogsource: {{product: linux, service: syslog}}\ndetection:\n  k: [d4.example.com]\n  condition: k\n",
    "yara": f'rule {WORD} {{ strings: $a = "d4.example.com" condition: $a }}',
    "suricata": f"alert {WORD}",
}
"""Rules that would be found in the logs of the tests, or to be none."""
FORBIDDEN_IDS = (indicator(700)["id"], indicator(703)["id"], sighting(702, "")["id"])
