"""Two nodes that are the same for FRIEND: one of them also holds all kinds of things that FRIEND may not have.

The two are copies of one database, with the same ids, accounts and tokens, and go through the same visible steps at the same moments
of a clock that only the script moves. Hidden steps come between them, each an hour away from the next visible one: a date added
is the clock or one more than the last, so visible objects get the same cursors on both. Everything hidden says "nightfall" somewhere.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from factories import FRIEND, OWN, STRANGER, indicator, observable, settle, version
from serving import Node
from tocsin.clock import Micros
from tocsin.formats import RawItem
from tocsin.node.intake import Intake
from tocsin.stix.markings import TLP, id_of
from tocsin.store import Connection, Store, accounts, collections, proposals, warninglists
from tocsin.store.accounts import SCOPES, Account
from tocsin.store.secrets import forms_key
from tocsin.store.values import Origin

HOUR: Micros = 3_600_000_000
START: Micros = 1_790_000_000_000_000
WORD = "nightfall"
PROPOSAL = uuid.UUID(int=(4 << 76) | (8 << 60) | 0xF00)
"""One of FRIEND to the own organisation."""
OPEN_ID, INNER_ID, MIRROR_ID = (uuid.UUID(int=(n << 64) | (4 << 76) | (8 << 60)) for n in (3, 4, 5))
TOKENS = {"reader": "toc_reader", "writer": "toc_writer", "own": "toc_own", "stranger": "toc_stranger"}
"""Secrets by account, of its token and of the session of its browser; all but `own` and `stranger` act for FRIEND."""
LONG = 4_000_000_000_000_000
"""Sessions last until then."""
STATEMENT = f"marking-definition--{uuid.UUID(int=(4 << 76) | (8 << 60) | 0xA0)}"


class Hand:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> Micros:
        return self.at


class Built(NamedTuple):
    """Where the databases are: the two, the second with many label sets more, copies of the first for commands, one of the second to write to, and of both for commands that must find them as they were made."""

    plain_dsn: str
    full_dsn: str
    crowded_dsn: str
    copies: tuple[str, ...]
    scratch_dsn: str
    as_made: tuple[str, str]


class Pair(NamedTuple):
    """The two nodes, served, and the second again, where a page has too many label sets to merge streams of."""

    built: Built
    plain: Node
    full: Node
    crowded: Node


Step = Callable[[Store], None]


def build_pair(databases: Callable[[str], str], hand: Hand) -> Built:
    """Make the two databases; the clock stays where the last step left it."""
    from leaks.hidden import HIDDEN, many_labels  # it builds on this module

    plain = databases("template")
    with Store(plain, clock=hand, pool_size=2) as store:
        _settle(store)
        with store.transaction() as connection:
            forms_key(connection)  # the same on both nodes, made before they part
    full = databases(plain)
    with Store(plain, clock=hand, pool_size=2) as one, Store(full, clock=hand, pool_size=2) as other:
        for number in range(max(len(VISIBLE), len(HIDDEN))):
            hand.at += HOUR
            for hidden in HIDDEN[number : number + 1]:
                hidden(other)
            hand.at += HOUR
            for visible in VISIBLE[number : number + 1]:
                visible(one)
                visible(other)
    crowded = databases(full)
    hand.at += HOUR
    with Store(crowded, clock=hand, pool_size=2) as store:
        many_labels(store)
    hand.at += HOUR
    copies = tuple(databases(plain) for _ in range(3))
    return Built(plain, full, crowded, copies, databases(full), (databases(plain), databases(full)))


def _settle(store: Store) -> None:
    settle(store)
    with store.transaction() as connection:
        listed = warninglists.Warninglist("popular", "string", (), 1, (digest_of("d12.example.com"),))
        warninglists.put(connection, [listed])
        made = collections.new("open", title="Open to all")
        collections.add(connection, msgspec.structs.replace(made, id=OPEN_ID))
        for name, secret in TOKENS.items():
            organisation = {"own": OWN, "stranger": STRANGER}.get(name, FRIEND)
            account = f"{name}-of-{organisation.name.lower()}"
            accounts.add(
                connection, Account(account, organisation.id, administrator=organisation.own, created=1)
            )
            scopes = {
                "reader": ("taxii:read",),
                "own": SCOPES,
            }.get(name, ("taxii:read", "taxii:write"))
            accounts.issue(connection, account, scopes, now=store.clock(), days=365)
            # a secret that the test knows, the same on both nodes
            connection.execute(
                "UPDATE token SET hash = %s WHERE account = %s",
                (hashlib.sha256(secret.encode()).digest(), account),
            )
            connection.execute(
                "INSERT INTO session (id, hash, account, method, created, seen, expires, proved, address, agent) "
                "VALUES (%s, %s, %s, 'token', 1, %s, %s, %s, '127.0.0.1', 'test')",
                (name, hashlib.sha256(secret.encode()).digest(), account, LONG, LONG, LONG),
            )
        keep_proposal(
            connection, PROPOSAL, "reader-of-friend", FRIEND.id, OWN.id, reason="seen here", now=START
        )


def keep_proposal(
    connection: Connection,
    identifier: uuid.UUID,
    account: str,
    organisation: str,
    decider: str,
    *,
    reason: str,
    now: Micros,
) -> None:
    """Keep a proposal of a known id, the same on both nodes, that stays open."""
    made = proposals.Proposal(
        *(identifier, now, now + 400 * proposals.DAY, account, organisation, "t", "api", "object"),
        *(indicator(600)["id"], reason, OPEN_ID, decider, "green", "", json.dumps(indicator(600, name=reason)).encode()),
    )  # fmt: skip
    proposals.add(connection, made)


def take(
    store: Store,
    collection: str,
    *objects: dict[str, Any],
    owner: str = OWN.id,
    to: Sequence[str] = (),
    assumed: str | None = None,
) -> None:
    """Take objects in the way everything goes in; none may be refused."""
    report = Intake(store, OWN.id, store.clock).take(
        [RawItem(str(n), json.dumps(each).encode()) for n, each in enumerate(objects)],
        collection=collection,
        origin=Origin(owner, None, "import"),
        owner=owner,
        recipients=tuple(to),
        assumed=assumed,
    )
    assert not report.refused, report


def taking(collection: str, *objects: dict[str, Any], **how: Any) -> Step:
    """Return the step that takes `objects` in."""
    return lambda store: take(store, collection, *objects, **how)


def sdo(kind: str, number: int, *, tlp: TLP | None = None, **changes: Any) -> dict[str, Any]:
    """Return an object of any type with dates and a marking."""
    made: dict[str, Any] = {
        "type": kind,
        "spec_version": "2.1",
        "id": f"{kind}--{uuid.UUID(int=(4 << 76) | (8 << 60) | number)}",
        "created": "2026-01-01T00:00:00.000Z",
        "modified": "2026-01-01T00:00:00.000Z",
    }
    if tlp is not None:
        made["object_marking_refs"] = [id_of(tlp)]
    return made | changes


def digest_of(domain: str) -> str:
    """Return the digest that an indicator of a domain names as well: confidence in it does not decay, so lists hold it at any date."""
    return hashlib.md5(domain.encode(), usedforsecurity=False).hexdigest()


def lasting(domain: str) -> str:
    """Return a pattern for a domain, or for the digest that goes with it."""
    return f"[domain-name:value = '{domain}'] OR [file:hashes.MD5 = '{digest_of(domain)}']"


def link(number: int, source: str, target: str, *, tlp: TLP = TLP.GREEN, **changes: Any) -> dict[str, Any]:
    """Return a relationship."""
    made = {"relationship_type": "related-to", "source_ref": source, "target_ref": target}
    return sdo("relationship", number, tlp=tlp, **made, **changes)


def sighting(number: int, of: str, *, tlp: TLP = TLP.GREEN, **changes: Any) -> dict[str, Any]:
    """Return a sighting."""
    return sdo("sighting", number, tlp=tlp, sighting_of_ref=of, count=3, **changes)


def statement(identifier: str, text: str) -> dict[str, Any]:
    """Return the definition of a marking that asks for nothing."""
    return {
        "type": "marking-definition", "spec_version": "2.1", "id": identifier, "created": "2026-01-01T00:00:00.000Z",
        "definition_type": "statement", "definition": {"statement": text}, "object_marking_refs": [id_of(TLP.CLEAR)],
    }  # fmt: skip


VISIBLE: tuple[Step, ...] = (
    taking("intel", *(indicator(n, tlp=TLP.GREEN, description="x" * 300) for n in range(1, 7))),
    taking("intel", version(1, 5, tlp=TLP.GREEN), version(2, 5, tlp=TLP.GREEN)),
    taking(
        "intel", *(indicator(n, tlp=TLP.CLEAR, pattern=lasting(f"d{n}.example.com")) for n in (10, 11, 12))
    ),
    taking("intel", indicator(20, tlp=TLP.AMBER, pattern=lasting("d20.example.com"))),
    taking("intel", observable("known.example"), assumed="clear"),
    taking("intel", statement(STATEMENT, "Copyright Own")),
    taking("intel", indicator(21, object_marking_refs=[id_of(TLP.GREEN), STATEMENT])),
    taking("intel", indicator(30, tlp=TLP.RED), to=(FRIEND.id,)),
    taking("intel", indicator(31, tlp=TLP.RED), owner=FRIEND.id),
    # of objects that have no hidden versions: what rests on a hidden one is hidden itself
    taking("intel", link(50, indicator(4)["id"], indicator(5)["id"]), sighting(51, indicator(4)["id"])),
    # of which FRIEND gets a form, under another id
    taking(
        "intel", *(indicator(n, tlp=TLP.GREEN, description=f"called from 10.20.30.{n}") for n in (32, 33))
    ),
    taking(
        "intel",
        sdo("incident", 34, tlp=TLP.GREEN, name="Theft at Acme"),
        link(52, sdo("incident", 34)["id"], indicator(4)["id"]),
    ),
    taking("intel", version(33, 5, tlp=TLP.GREEN, description="called from 10.20.30.99")),
    taking(
        "open", *(indicator(n, tlp=TLP.CLEAR, pattern=lasting(f"d{n}.example.com")) for n in (40, 41, 42, 43))
    ),
    taking("open", indicator(44, tlp=TLP.GREEN), to=(FRIEND.id,)),
)
"""What FRIEND may have: 21 objects in `intel`, four of them as forms, three in two versions and one its own; and 5 in `open`."""

VISIBLE_IDS = tuple(
    [indicator(n)["id"] for n in (1, 2, 3, 10, 20, 21, 30, 31, 44)]
    + [observable("known.example")["id"], STATEMENT, link(50, "", "")["id"], sighting(51, "")["id"]]
)
