"""A node on which every text that a page may show was written by somebody who means harm: objects, and what operators and peers say."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from attacks import objects as hostile
from attacks.payloads import ADDRESS, BREAKOUT, CORPUS, MARK
from e2e import routes
from e2e import world as looked_at
from factories import FRIEND, OWN, STRANGER, indicator, settle
from serving import Node
from tocsin.formats import RawItem
from tocsin.node import sightings
from tocsin.node.clearances import Clearances
from tocsin.node.following import load
from tocsin.node.hunt import Hunt
from tocsin.node.intake import Intake
from tocsin.server.pages.page import pages
from tocsin.sharing.agreements import Agreement, Party
from tocsin.stix.markings import TLP
from tocsin.store import (
    Store,
    accounts,
    agreements,
    collections,
    journal,
    organisations,
    peers,
    policies,
    proposals,
    quarantine,
    saved,
    suppressions,
    views,
    webhooks,
)
from tocsin.store.search import index
from tocsin.store.values import Origin

PROPOSAL = uuid.UUID(int=(4 << 76) | (8 << 60) | 1)
HUNT = "planted <x-planted>/../'\"{{913*877}}\u202e"
KINDS = tuple(hostile.originals())
"""All STIX types, and a custom one of each family."""
FOUND = indicator(1)["id"]
"""An indicator that is found in the logs, and so has alerts, sightings and relations."""
_POLICY = '@id("planted") @title({title}) @cite({title}) forbid (principal, action, resource) when {{ principal.country == "XP" }};'


def every(text: str) -> Callable[[], str]:
    """Return what always gives one text."""
    return lambda: text


def identifier(kind: str, turn: int) -> str:
    """Return the id of the planted object of a type, in one of three turns (`planted_objects`)."""
    return f"{kind}--{uuid.UUID(int=(4 << 76) | (8 << 60) | (KINDS.index(kind) * 3 + turn + 0x1000))}"


def planted_objects() -> list[dict[str, Any]]:
    """Return three objects of each type: all breakouts, the corpus in turn, all addresses; each as another before, so that there are differences."""
    corpus = itertools.cycle(CORPUS)
    texts: tuple[hostile.Text, ...] = (every(BREAKOUT), lambda: next(corpus), every(ADDRESS))
    made = []
    for number, kind in enumerate(KINDS):
        for turn in range(3):
            for day, text in ((1, texts[turn - 1]), (2, texts[turn])):
                if day == 2 or "modified" in hostile.originals()[kind]:
                    made.append(hostile.planted(kind, number * 3 + turn + 0x1000, text, day=day))
    return made


def told_of() -> list[dict[str, Any]]:
    """Return an indicator that logs will hold, with what is said about it."""
    found = indicator(1, tlp=TLP.GREEN, name=BREAKOUT, description=ADDRESS, labels=[BREAKOUT, "attack.t1059"])
    plain = {name: hostile.planted(name, 0x900 + n, every(BREAKOUT)) for n, name in enumerate(("attack-pattern", "course-of-action", "malware", "identity", "location"))}  # fmt: skip
    plain["attack-pattern"]["external_references"] = [{"source_name": "mitre-attack", "external_id": f"T1059{BREAKOUT}"}, {"source_name": "mitre-attack", "external_id": "T1059"}]  # fmt: skip
    plain["attack-pattern"]["kill_chain_phases"] = [
        {"kill_chain_name": "mitre-attack", "phase_name": BREAKOUT}
    ]
    plain["location"]["country"] = "DE"

    def tie(number: int, source: str, how: str, target: str) -> dict[str, Any]:
        made = hostile.planted("relationship", 0xA00 + number, every(BREAKOUT))
        return made | {"relationship_type": how, "source_ref": source, "target_ref": target}

    ids = {name: each["id"] for name, each in plain.items()}
    ties = [
        tie(1, found["id"], "indicates", ids["malware"]), tie(2, ids["malware"], "uses", ids["attack-pattern"]), tie(3, found["id"], "indicates", ids["attack-pattern"]),
        tie(4, ids["course-of-action"], "mitigates", ids["attack-pattern"]), tie(5, ids["identity"], "located-at", ids["location"]),
        tie(6, ids["malware"], "targets", ids["identity"]),
        *(tie(10 + n, found["id"], "related-to", identifier(kind, 0)) for n, kind in enumerate(KINDS) if kind not in _UNTIED),
    ]  # fmt: skip
    seen = hostile.planted("sighting", 0xB00, every(BREAKOUT)) | {"sighting_of_ref": found["id"]}
    seen.pop("observed_data_refs", None)
    seen.pop("where_sighted_refs", None)
    return [found, *plain.values(), *ties, seen]


_UNTIED = {"relationship", "sighting", "marking-definition", "extension-definition", "language-content"}


def plant(store: Store, folder: Path) -> None:
    """Make the node."""
    intel = settle(store)
    _people(store)
    report = Intake(store, OWN.id, store.clock).take(
        [
            RawItem(str(n), json.dumps(each).encode())
            for n, each in enumerate((*planted_objects(), *told_of()))
        ],
        collection=intel.id,
        origin=Origin(FRIEND.id, None, "import"),
        owner=FRIEND.id,
    )
    assert not report.refused, report
    _records(store, intel.id)
    _hunted(store, folder)
    while index.advance(store):
        pass


def _people(store: Store) -> None:
    now = store.clock()
    with store.transaction() as connection:
        for number, each in enumerate((OWN, FRIEND, STRANGER)):
            organisations.put(
                connection, msgspec.structs.replace(each, name=f"{BREAKOUT}{number}", sector=BREAKOUT)
            )
        ring = organisations.add_community(connection, f"{BREAKOUT}", BREAKOUT)
        for each in (OWN, FRIEND, STRANGER):
            organisations.join(connection, ring, each)
        pact = Agreement(uuid.uuid4(), "planted", BREAKOUT, BREAKOUT, BREAKOUT, None, 1, parties=tuple(Party(each.id, 1) for each in (OWN, FRIEND)))  # fmt: skip
        agreements.add(connection, pact)
        collections.add(
            connection, collections.new(MARK, title=BREAKOUT, description=BREAKOUT, writers=(FRIEND.id,))
        )
        accounts.add(connection, accounts.Account(MARK, OWN.id, created=now))
        for name, url in ((BREAKOUT, f"https://{BREAKOUT}"), (f"p{ADDRESS}", ADDRESS)):
            peers.add(connection, peers.Peer(name, url, FRIEND.id))
            peers.note(
                connection,
                name,
                {"ok": False, "action": BREAKOUT, "error": BREAKOUT, "at": BREAKOUT, "fetched": BREAKOUT},
            )


def _records(store: Store, intel: uuid.UUID) -> None:
    now = store.clock()
    with store.transaction() as connection:
        for text in (BREAKOUT, *CORPUS):
            journal.append(
                connection,
                [journal.Entry(now, BREAKOUT, BREAKOUT, text, BREAKOUT, {"ground": text, "sent": text})],
            )
        saved.add(connection, HUNT, {"paths": [BREAKOUT, "/nowhere"]}, now=now)
        run = saved.begin(connection, HUNT, now=now)
        saved.end(
            connection, run, {"failed": BREAKOUT, "faults": [{"file": BREAKOUT, "reason": BREAKOUT}]}, now=now
        )
        suppressions.add(connection, "value", BREAKOUT, BREAKOUT, expires=None, by=BREAKOUT, now=now)
        refused = [
            quarantine.Refused(text.encode(), text, text, "json", text) for text in (BREAKOUT, *CORPUS)
        ]
        quarantine.put(connection, refused, origin=Origin(FRIEND.id, None, "import"), now=now)
        for number, text in enumerate((BREAKOUT, ADDRESS)):
            for page in views.PAGES:
                views.keep(
                    connection, MARK, OWN.id, f"{text[:70]}{page}", text, shared=True, now=now, page=page
                )
            body = json.dumps(hostile.planted("note", 0xC00 + number, every(text))).encode()
            proposals.add(
                connection,
                proposals.Proposal(
                    *(uuid.UUID(int=PROPOSAL.int + number), now, now + 30 * proposals.DAY, BREAKOUT, FRIEND.id, "t", "api", "object"),
                    *(f"note--{uuid.UUID(int=(4 << 76) | (8 << 60) | (0xC00 + number))}", text, intel, OWN.id, "green", "", body),
                ),
            )  # fmt: skip
        policies.propose(
            connection, {"own.cedar": _POLICY.format(title=json.dumps(BREAKOUT))}, by=BREAKOUT, at=now
        )
        number = policies.propose(
            connection, {"own.cedar": _POLICY.format(title=json.dumps(BREAKOUT))}, by="own", at=now
        )
        policies.activate(connection, number, by=BREAKOUT, at=now)
        webhooks.add(connection, OWN.id, MARK, f"https://{BREAKOUT}", BREAKOUT, now=now)


def _hunted(store: Store, folder: Path) -> None:
    log = folder / f"{MARK}<x-planted>'\"{{{{913*877}}}}.log"
    log.write_text(lines(), encoding="utf-8")
    clearances = Clearances(store)
    hunt = Hunt(load(store, clearances).value, now=store.clock())
    found = list(hunt.run([str(log)]))
    assert found
    sightings.write(store, clearances, found, now=store.clock(), counts=hunt.report.counts)


def lines() -> str:
    """Return a log in which a value that is looked for stands between payloads."""
    return "".join(
        f"{each} d1.example.com {each}\n".replace("\0", " ")
        for each in (BREAKOUT, *CORPUS)
        if "\n" not in each
    )


def everywhere(node: Node) -> list[str]:
    """Return paths of all pages, with what was planted as their parameters, and of files and fragments."""
    first = [identifier(kind, 0) for kind in ("malware", "report", "identity")]
    given = looked_at.EXAMPLES | {
        "object": (FOUND, first[0]),
        "hunt": (quote(HUNT, safe=""),),
        "alert": ("x",),
    }
    with node.store.connection() as connection:
        given |= {"webhook": tuple(str(each.id) for each in webhooks.of(connection, OWN.id))}
    given |= {"proposal": tuple(str(uuid.UUID(int=PROPOSAL.int + n)) for n in (0, 1))}
    paths = [path for page in pages() for get in page.gets for path in routes.filled(get.path, given)]
    searches = [
        f"/search?{urlencode({'q': each})}"
        for each in ("", "planted", "type:note", BREAKOUT, "planted -nothing")
    ]
    graphs = [f"/graph{part}?from={FOUND}&depth=3&all=yes" for part in ("", "/data", "/drawing")] + [
        "/graph?q=planted"
    ]
    files = [f"/search/export?q=planted&format={each}" for each in ("stix", "csv", "values")]
    more = [
        "/matrix?show=known",
        "/map?show=targeted",
        "/timeline?q=planted&by=created",
        "/palette?q=planted",
        "/search/suggestions?q=planted",
        "/arrivals?cursor=n1",
    ]
    return [*paths, *searches, *graphs, *files, *more]
