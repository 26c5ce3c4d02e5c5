"""A node that holds a great deal, as one in use does.

Indicators of several organisations with what they are related to, sighted and reported in, versions, ATT&CK, alerts with their hits, proposals, a
journal, peers.

Made once for a number of objects and kept below `.bench/`. What the node's own organisation says goes in as it does on a node, through `Intake`, and
is indexed by the code that follows behind imports. What three others say is copied from that within the database, under ids and label sets of its
own, since a million would take half an hour otherwise: one in sixteen has the id of the object that it is a copy of, as where several report the same.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from psycopg import sql

from benchmarks import corpus, node
from benchmarks.import_ import attack_items
from tocsin.clock import to_text
from tocsin.config import Settings
from tocsin.formats import RawItem
from tocsin.node.intake import Intake
from tocsin.sharing.audience import Organisation
from tocsin.store import (
    Connection,
    Store,
    accounts,
    alerts,
    collections,
    hits,
    journal,
    labels,
    organisations,
    peers,
    proposals,
    quarantine,
    saved,
    views,
)
from tocsin.store.derived import hashed, references
from tocsin.store.search import index
from tocsin.store.search.terms import terms_of
from tocsin.store.values import Origin

KEPT: Final = Path(".bench")
READERS: Final = ("reader", "partner")
"""Accounts whose tokens the node keeps: an administrator of the node's own organisation, and somebody of another one in a community."""
_SCOPES = {"reader": accounts.SCOPES, "partner": ("taxii:read",)}
_FORM = 2  # raised when what is made changes, so that a node of before is not taken for it
_GREEN, _AMBER, _CLEAR = (
    f"marking-definition--{each}"
    for each in (
        "bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "55d920b0-5e8b-4f79-9ee9-91f868d9b421", "94868c89-83c2-464b-929b-a1a8aa3c8487"
    )
)  # fmt: skip
_FAMILIES = (
    "AsyncRAT",
    "RedLine",
    "Vidar",
    "Lumma",
    "FormBook",
    "Remcos",
    "QakBot",
    "Emotet",
    "Sliver",
    "LockBit",
)
_SECTORS = (
    "energy",
    "healthcare",
    "financial-services",
    "government-national",
    "telecommunications",
    "education",
    "transportation",
)
_COUNTRIES = [
    "DE",
    "FR",
    "ES",
    "IT",
    "PL",
    "NL",
    "BE",
    "AT",
    "SE",
    "FI",
    "DK",
    "NO",
    "CH",
    "CZ",
    "PT",
    "GR",
    "RO",
    "HU",
    "IE",
    "BG",
    "HR",
    "SK",
    "LT",
    "LV",
    "EE",
    "SI",
    "LU",
    "CY",
    "MT",
    "GB",
    "US",
    "CA",
    "MX",
    "BR",
    "AR",
    "CL",
    "CO",
    "PE",
    "ZA",
    "NG",
    "KE",
    "EG",
    "MA",
    "TN",
    "DZ",
    "GH",
    "SN",
    "CI",
    "TR",
    "IL",
    "SA",
    "AE",
    "QA",
    "KW",
    "JO",
    "LB",
    "IQ",
    "IR",
    "IN",
    "PK",
    "BD",
    "LK",
    "NP",
    "CN",
    "JP",
    "KR",
    "TW",
    "VN",
    "TH",
    "MY",
    "SG",
    "ID",
    "PH",
    "AU",
    "NZ",
    "UA",
    "GE",
    "AM",
    "AZ",
    "KZ",
    "UZ",
    "RU",
    "BY",
    "MD",
    "RS",
    "ME",
    "MK",
    "AL",
    "BA",
]
_ATTACK = 24_771
_DAY = 86_400_000_000


class Source(NamedTuple):
    """Where a copy comes from: an organisation, over a channel, into a collection; `digit` is what tells its ids apart."""

    organisation: str
    collection: str
    channel: str
    digit: str


def kept(objects: int) -> node.Node:
    """Return the node with about so many objects; make it where there is none yet. `token` is that of the first reader."""
    home = KEPT / f"large-node-{objects}-{_FORM}"
    done = home / "done.json"
    if not done.exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        made = node.Node(home.resolve() / "node", "")
        made.run("init", "--name", "Bench")
        tokens = _fill(made, objects)
        done.write_text(json.dumps(tokens))
    return node.Node(home.resolve() / "node", json.loads(done.read_text())[READERS[0]])


def tokens_of(made: node.Node) -> dict[str, str]:
    """Return the tokens of all readers."""
    found: dict[str, str] = json.loads((made.home.parent / "done.json").read_text())
    return found


def _fill(made: node.Node, objects: int) -> dict[str, str]:
    with Store.open(Settings(home=made.home)) as store:
        with store.connection() as connection:
            own = organisations.own(connection)
            sources, tokens = _settle(connection, own, store.clock())
        intake, origin = Intake(store, own.id, store.clock), Origin(own.id, None, "import")
        intake.take(attack_items()[1], collection=node.COLLECTION, origin=origin)
        with store.connection() as connection:
            techniques = [
                row[0]
                for row in connection.execute(
                    "SELECT stix_id FROM object WHERE type = 'attack-pattern' AND NOT revoked ORDER BY 1"
                )
            ]
        number = max(objects - _ATTACK, 4000) // (len(sources) + 1)
        items = (RawItem(str(n), raw) for n, raw in enumerate(things(0, number, techniques)))
        taken = intake.take(items, collection=node.COLLECTION, origin=origin)
        print(
            f"{taken.new:,} new, {taken.updated:,} updated, {taken.refused} refused, {taken.seconds:.0f} s",
            flush=True,
        )
        while not index.catch_up(store).done:  # another process may be at it
            time.sleep(1)
        copy(store, sources)
        with store.transaction() as connection:
            _live(connection, own, objects, store.clock())
        with store.connection() as connection:  # as autovacuum does in time
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
    return tokens


def _settle(connection: Connection, own: Organisation, now: int) -> tuple[list[Source], dict[str, str]]:
    """Make organisations, communities, collections, peers and accounts; return the sources and tokens."""
    others = [
        Organisation(f"identity--00000000-0000-4000-9000-{n:012}", f"Partner {n}", _COUNTRIES[n % 40], _SECTORS[n % 7], (("csirt", "company", "vendor")[n % 3],))
        for n in range(60)
    ]  # fmt: skip
    for each in others:
        organisations.put(connection, each)
    sources = []
    for number in range(2):
        community = organisations.add_community(connection, f"circle-{number}", f"Circle {number}")
        for each in (own, *others[number * 10 : number * 10 + 25]):
            organisations.join(connection, community, each)
        added = collections.add(connection, collections.new(f"circle-{number}", community=community.id))
        sources.append(Source(others[number * 10 + 2].id, added.alias, "taxii-post", "ab"[number]))
    mirror = collections.add(connection, collections.new("mirror", private=True))
    sources.append(Source(others[50].id, mirror.alias, "taxii-poll", "c"))
    for number in range(20):
        peers.add(
            connection,
            peers.Peer(f"peer-{number}", f"https://peer{number}.example/taxii2/", others[number].id),
        )
    tokens = {}
    for name, whose in zip(
        READERS, (own.id, others[12].id), strict=True
    ):  # in both circles, the source of one
        accounts.add(connection, accounts.Account(name, whose, administrator=whose == own.id, created=now))
        tokens[name], _ = accounts.issue(connection, name, _SCOPES[name], now=now)
    for number in range(40):
        accounts.add(connection, accounts.Account(f"analyst-{number}", own.id, created=now))
    return sources, tokens


_SAME = (  # an id of what is copied, up to the digit that is changed; those of markings and of ATT&CK stay
    "(indicator|malware|identity|location|threat-actor|relationship|sighting|report|note|ipv4-addr)--([0-9a-f]{7})[0-9a-f]-"
)
_COPY = """
CREATE TEMP TABLE copied ON COMMIT DROP AS
  SELECT o.cursor AS old, %(first)s + row_number() OVER (ORDER BY o.cursor) AS new FROM {base} o
  WHERE position('identity--c78cb6e5'::bytea IN o.body) = 0;
INSERT INTO {part} (cursor, version, collection_id, label_id, origin_id, standing, revoked, type, stix_id, digest, body)
  SELECT c.new, o.version, %(local)s, m.new, %(origin)s, o.standing, o.revoked, o.type, {id}, sha256(b.body), b.body
  FROM copied c JOIN {base} o ON o.cursor = c.old JOIN labelled m ON m.old = o.label_id
  CROSS JOIN LATERAL (SELECT convert_to(regexp_replace(convert_from(o.body, 'UTF8'), %(same)s, %(other)s, 'g'), 'UTF8') AS body) b ORDER BY c.new;
INSERT INTO search (cursor, version, collection_id, label_id, confidence, revoked, type, stix_id, name, document)
  SELECT c.new, o.version, %(local)s, m.new, o.confidence, o.revoked, o.type, {id}, o.name,
    array_to_tsvector(ARRAY(SELECT regexp_replace(l, %(same)s, %(other)s) FROM unnest(tsvector_to_array(o.document)) l))
  FROM copied c JOIN search o ON o.cursor = c.old JOIN labelled m ON m.old = o.label_id ORDER BY c.new;
INSERT INTO search_again SELECT DISTINCT hashtextextended(stix_id, 0) FROM (
    SELECT stix_id FROM search GROUP BY stix_id HAVING count(*) > 1) several ON CONFLICT DO NOTHING;
INSERT INTO search_name (cursor, collection_id, label_id, folded, shown, kind)
  SELECT c.new, %(local)s, m.new, n.folded, n.shown, n.kind
  FROM copied c JOIN search_name n ON n.cursor = c.old JOIN labelled m ON m.old = n.label_id;
INSERT INTO link (target, cursor, collection_id)
  SELECT DISTINCT ('x' || substr(md5(substr(l, 3)), 1, 16))::bit(64)::bigint, s.cursor, s.collection_id
  FROM search s CROSS JOIN LATERAL unnest(tsvector_to_array(s.document)) l
  WHERE s.collection_id = %(local)s AND l LIKE 'r:%%' AND l NOT LIKE 'r:identity--b3bca3c%%';
INSERT INTO label_use SELECT DISTINCT label_id, collection_id, true FROM search WHERE collection_id = %(local)s;
UPDATE head SET last = (SELECT max(new) FROM copied);
UPDATE search_mark SET cursor = (SELECT last FROM head)
"""


def copy(store: Store, sources: Sequence[Source]) -> None:
    """Copy what the node's own organisation says of its own into the collections of others, as said by these."""
    with store.connection() as connection:
        connection.execute(
            "DROP INDEX search_document"
        )  # as one makes it for a table that is there: in a fraction of the time
        for source in sources:
            began = time.monotonic()
            with connection.transaction():
                _copy(connection, source)
            print(f"{source.collection}: copied in {time.monotonic() - began:.0f} s", flush=True)
            require_alike(connection, source)
        connection.execute("SET maintenance_work_mem = '1GB'")
        connection.execute("CREATE INDEX search_document ON search USING gin (document)")


def require_alike(connection: Connection, source: Source) -> None:
    """Raise unless what was copied is held as an import would hold it: bytes, words, names and links of some of it."""
    local = collections.local_id(connection, collections.get(connection, source.collection).id)
    rows = connection.execute(
        "SELECT o.cursor, o.stix_id, o.digest, o.body, tsvector_to_array(s.document), "
        "ARRAY(SELECT target FROM link l WHERE l.cursor = o.cursor), ARRAY(SELECT shown FROM search_name n WHERE n.cursor = o.cursor) "
        "FROM object o JOIN search s ON s.cursor = o.cursor AND s.label_id = o.label_id "
        "WHERE o.collection_id = %s ORDER BY md5(o.cursor::text) LIMIT 300", (local,)
    ).fetchall()  # fmt: skip
    for _, identifier, digest, body, words, targets, names in rows:
        said, terms = json.loads(body), terms_of(body)
        held = (
            said["id"],
            hashlib.sha256(body).digest(),
            set(terms.lexemes),
            sorted(each for _, each in terms.offered),
        )
        if held != (identifier, digest, set(words), sorted(names)):
            raise RuntimeError(f"{source.collection}: {identifier} is not as an import would have it")
        if set(targets) != {
            hashed(each) for each in references(body, identifier, said.get("created_by_ref"))
        }:
            raise RuntimeError(f"{source.collection}: {identifier} has other links")


def _copy(connection: Connection, source: Source) -> None:
    own = organisations.own(connection).id
    collection = collections.get(connection, source.collection)
    base = collections.local_id(connection, collections.get(connection, node.COLLECTION).id)
    local = collections.local_id(connection, collection.id)
    made: dict[int, int] = {}
    known = labels.everything(connection)
    for old in sorted(known):  # those that a label set rests on are older than it
        if known[old].owner != own:
            continue
        rests = tuple(tuple(sorted(made.get(each, each) for each in some)) for some in known[old].rests)
        audience = (str(collection.community),) if collection.community else ()
        label = msgspec.structs.replace(
            known[old], owner=source.organisation, communities=audience, rests=tuple(sorted(rests))
        )
        made[old] = labels.intern(connection, [label])[label]
    connection.execute(
        "CREATE TEMP TABLE labelled ON COMMIT DROP AS SELECT * FROM unnest(%s::integer[], %s::integer[]) AS m (old, new)",
        (list(made), list(made.values())),
    )
    row = connection.execute("SELECT last FROM head FOR UPDATE").fetchone()
    assert row is not None
    values = {
        "first": row[0],
        "local": local,
        "origin": labels.intern_origin(connection, Origin(source.organisation, None, source.channel)),
        "same": _SAME,
        "other": rf"\1--\2{source.digit}-",
    }
    form = {
        "base": collections.partition(base),
        "part": collections.partition(local),
        "id": sql.SQL("regexp_replace(o.stix_id, %(same)s, %(other)s)"),
    }
    for statement in _COPY.split(";\n"):
        connection.execute(sql.SQL(statement).format(**form), values, prepare=False)


def things(seed: int, count: int, techniques: Sequence[str]) -> Iterator[bytes]:
    """Yield about `count` objects of one source, in the order in which they are told: what others refer to comes first."""
    dice = random.Random(seed)
    world = _World(seed, dice)
    few = max(count // 2000, 20)
    places = [world.thing("location", name=code, country=code) for code in _COUNTRIES]
    victims = [
        world.thing(
            "identity", name=f"Utility {n}", identity_class="organization", sectors=[dice.choice(_SECTORS)]
        )
        for n in range(few)
    ]
    malware = [
        world.thing("malware", name=f"{dice.choice(_FAMILIES)} {n}", is_family=True) for n in range(few)
    ]
    actors = [
        world.thing("threat-actor", name=f"Group {seed}-{n}", aliases=[f"Band {n}"]) for n in range(few // 2)
    ]
    yield from map(world.raw, (*places, *victims, *malware, *actors))
    for each in (*malware, *actors):
        yield from (world.relation("uses", each["id"], dice.choice(techniques)) for _ in range(5))
        yield world.relation("targets", each["id"], dice.choice(victims)["id"])
        yield world.relation("targets", each["id"], dice.choice(places)["id"])
    yield from (world.relation("located-at", each["id"], dice.choice(places)["id"]) for each in victims)
    ids: list[str] = []
    alike: dict[bytes, list[str]] = defaultdict(list)  # by marking: what a report tells of is marked alike
    for raw in corpus.indicators(round(count * 0.65), seed + 100):
        identifier = raw[raw.index(b'"id":"') + 6 :][:47].decode()
        ids.append(identifier)
        group = alike[raw[-60:]]
        group.append(identifier)
        yield raw
        chance = dice.random()
        if chance < 0.25:  # a few families have most of it
            yield world.relation(
                "indicates", identifier, malware[min(int(dice.paretovariate(0.7)) - 1, few - 1)]["id"]
            )
        elif chance < 0.27:
            yield world.relation("indicates", identifier, dice.choice(techniques))
        if dice.random() < 0.12:
            some = ids[min(int(dice.paretovariate(0.5)) - 1, len(ids) - 1)]
            yield world.sighting(some, dice.choice(places)["id"])
        if dice.random() < 0.02:
            yield raw.replace(b'"confidence":', b'"revoked":false,"confidence":').replace(
                b'"modified":"2024', b'"modified":"2025', 1
            )
        if dice.random() < 0.006:
            size = min(int(5 * dice.paretovariate(0.8)), 2000)
            yield world.report(
                [
                    *dice.sample(group, min(size, len(group))),
                    dice.choice(malware)["id"],
                    dice.choice(techniques),
                ]
            )
        if dice.random() < 0.1:
            yield world.address()
        if dice.random() < 0.01:
            yield world.note(identifier, dice.choice(techniques))


class _World:
    """Makes objects of one source, marked so that some label sets are common and others rare."""

    def __init__(self, seed: int, dice: random.Random) -> None:
        self._seed, self._dice, self._number = seed, dice, 0

    def thing(self, kind: str, *, marked: str = _GREEN, **says: Any) -> dict[str, Any]:
        self._number += 1
        at = to_text(1_704_067_200_000_000 + self._dice.randrange(700) * _DAY)[:-4] + "Z"
        identifier = f"{kind}--{uuid.UUID(int=self._dice.getrandbits(128), version=4)}"
        said = {
            "type": kind,
            "spec_version": "2.1",
            "id": identifier,
            "created": at,
            "modified": at,
            "object_marking_refs": [marked],
        }
        return said | says

    def raw(self, said: dict[str, Any]) -> bytes:
        return json.dumps(said).encode()

    def relation(self, how: str, source: str, target: str) -> bytes:
        return self.raw(
            self.thing("relationship", relationship_type=how, source_ref=source, target_ref=target)
        )

    def sighting(self, of: str, where: str) -> bytes:
        day = 1_704_067_200_000_000 + self._dice.randrange(700) * _DAY
        first, last = to_text(day), to_text(day + self._dice.randrange(_DAY))
        return self.raw(
            self.thing("sighting", marked=_AMBER, sighting_of_ref=of, where_sighted_refs=[where], count=self._dice.randrange(1, 90), first_seen=first, last_seen=last)
        )  # fmt: skip

    def report(self, about: list[str]) -> bytes:
        name = f"{self._dice.choice(_SECTORS)} campaign {self._number}"
        published = "2025-06-01T00:00:00Z"
        return self.raw(
            self.thing(
                "report",
                marked=_CLEAR,
                name=name,
                published=published,
                object_refs=about,
                description=f"What was seen of {name}.",
            )
        )

    def address(self) -> bytes:
        value = ".".join(str(self._dice.randrange(1, 255)) for _ in range(4))
        said = self.thing("ipv4-addr", marked=_CLEAR, value=value)
        return self.raw({name: each for name, each in said.items() if name not in ("created", "modified")})

    def note(self, about: str, technique: str) -> bytes:
        content = f"Confirmed by a second sensor; compare T{self._dice.randrange(1003, 1600)} and what {technique} says."
        return self.raw(self.thing("note", content=content, object_refs=[about]))


def _live(connection: Connection, own: Organisation, objects: int, now: int) -> None:
    """Add what people and machines do on a node: alerts, proposals, views, hunts, refusals, a journal."""
    dice = random.Random(5)
    main = collections.get(connection, node.COLLECTION)
    rows = connection.execute(
        "SELECT o.stix_id, o.label_id, l.owner, o.body FROM object o JOIN label l ON l.id = o.label_id "
        "WHERE o.type = 'indicator' AND o.standing = 0 AND o.cursor %% 97 = 0 ORDER BY o.cursor LIMIT %s",
        (max(objects // 300, 100),),
    ).fetchall()
    for place, (indicator, label, owner, _) in enumerate(rows):
        at = now - (len(rows) - place) * 60_000_000
        many = min(int(3 * dice.paretovariate(0.7)), 500)
        found = [
            hits.Hit(at, indicator, "seen.example", uuid.UUID(int=dice.getrandbits(128)).hex, n, label, {"owner": owner, "day": "2026-01-01", "event": at, "host": f"host-{n % 7}", "line": n})
            for n in range(many)
        ]  # fmt: skip
        hits.put(connection, found)
        told = alerts.New(
            indicator, label, owner, tuple(each.digest for each in found), beyond=many // 3, first=at, last=at
        )
        opened = alerts.record(connection, [told], now=at, again=False)
        if dice.random() < 0.6:
            alerts.change(
                connection,
                opened[0],
                "closed",
                verdict="false-positive",
                note="known",
                by="analyst-1",
                now=at + 1,
            )
    for number, (indicator, _, _, body) in enumerate(rows[:120]):
        made = proposals.Proposal(
            id=uuid.UUID(int=number + 1),
            made=now - number * 1_000_000,
            expires=now + 30 * _DAY,
            account=f"analyst-{number % 40}",
            organisation=own.id,
            token=f"t{number}",
            channel="api",
            kind="object",
            about=indicator,
            reason="Seen again",
            collection=main.id,
            decider=own.id,
            tlp="green",
            base="",
            body=bytes(body),
        )
        proposals.add(connection, made)
    for number in range(30):
        saved.add(connection, f"hunt-{number}", {"paths": [f"/var/log/{number}"]}, now=now)
        for _ in range(20):
            saved.end(
                connection,
                saved.begin(connection, f"hunt-{number}", now=now),
                {"hits": 3, "lines": 100_000},
                now=now,
            )
        views.keep(
            connection,
            READERS[0],
            own.id,
            f"View {number}",
            f"type:indicator confidence:>={number}",
            shared=number % 2 == 0,
            now=now,
        )
    origin = Origin(own.id, None, "import")
    refused = [
        quarantine.Refused(b"{}" * 400, f"feed.json:{n}", "/type", "type", "there is no such type")
        for n in range(2000)
    ]
    quarantine.put(connection, refused, origin=origin, now=now)
    people = ("reader", "partner", *(f"analyst-{n}" for n in range(40)))
    deeds = ("taxii-objects", "search", "page-object", "push", "export")
    entries = [
        journal.Entry(now - n * 1_000_000, dice.choice(people), dice.choice(deeds), f"collections/{node.COLLECTION}", "200", {"count": dice.randrange(1000)})
        for n in range(objects // 5)
    ]  # fmt: skip
    journal.append(connection, entries[::-1])
    labels.raise_generation(connection)
