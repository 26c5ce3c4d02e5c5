"""Search equals a plain filter over the same objects, for every reader and every query."""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from factories import FRIEND, IMPORT, OWN, STRANGER, indicator, place, settle
from tocsin.errors import InputError
from tocsin.node.clearances import Clearances
from tocsin.node.searching import Searcher
from tocsin.stix.markings import TLP
from tocsin.store import Store, collections, objects
from tocsin.store.search import parse, routes, walking
from tocsin.store.search.conditions import tsquery

CIRCLE = str(uuid.UUID(int=1 << 64))
READERS = (OWN, FRIEND, STRANGER)
_NAMES = ("Evil Panda", "evil bear", "Quiet Cat T1059.001", "T1059 script", "Müller")
_VALUES = ("a.evil.example", "evil.example", "notevil.example", "10.1.2.3", "10.1.0.0/16", "10.1.2.128/25",
           "2001:db8::1", "2001:db8::/32", "d41d8cd98f00b204e9800998ecf8427e")  # fmt: skip
_QUERIES = (
    *("", "evil", "EVIL panda", "ev*", "-evil", '"evil panda"', "evil.example", "-evil.example", "10.1.2.3", "10.1.0.0/17"),
    *("b.a.evil.example", "a.evil.example"),
    *("10.0.0.0/8", "2001:db8::1", "2001:db8::/48", "d41d8cd9", "T1059", "t1059.001", "name:evil*", 'name:"quiet cat t1059.001"'),
    *("type:indicator", "type:malware", "tlp:green", "tlp:amber,red", "source:Own", "source:Friend", "müller"),
    *("after:2026-01-03", "before:2026-01-03", "confidence:>=50", "confidence:<50", "revoked:yes", "evil revoked:no tlp:green"),
    *("collection:intel", "collection:open", "collection:nothing", "value:evil.example", "nothing"),
)  # fmt: skip


@st.composite
def _objects(draw: st.DrawFn) -> dict[str, Any]:
    value = draw(st.sampled_from(_VALUES))
    path = "domain-name:value"
    if re.fullmatch(r"[0-9a-f]{32}", value):
        path = "file:hashes.MD5"
    elif ":" in value:
        path = "ipv6-addr:value"
    elif value[0] == "1":
        path = "ipv4-addr:value"
    made = indicator(
        draw(st.integers(1, 6)),
        tlp=draw(st.sampled_from((TLP.CLEAR, TLP.GREEN, TLP.AMBER, TLP.RED))),
        modified=f"2026-01-0{draw(st.integers(1, 5))}T00:00:00.000Z",
        name=draw(st.sampled_from(_NAMES)),
        pattern=f"[{path} = '{value}']",
        revoked=draw(st.booleans()),
    )
    if draw(st.booleans()):
        made["confidence"] = draw(st.integers(0, 100))
    return made | {
        "owner": draw(st.sampled_from((OWN.id, FRIEND.id))),
        "into": draw(st.sampled_from(("intel", "open"))),
    }


def _within(value: str, asked: str) -> bool:
    if re.fullmatch(r"[0-9a-f]{32}", value):
        return value.startswith(asked)
    try:
        network = ipaddress.ip_network(asked)
    except ValueError:
        return "." in asked and (value == asked or value.endswith(f".{asked}") or asked.endswith(f".{value}"))
    try:
        held = ipaddress.ip_network(value)
    except ValueError:
        return False
    if held.version != network.version:
        return False
    whole = network.prefixlen == network.max_prefixlen
    return network.subnet_of(held) if whole else held.subnet_of(network)  # type: ignore[arg-type]


def _one(term: str, found: dict[str, Any], owner: str) -> bool:
    name, value = found["name"].casefold(), found["pattern"].split("'")[1]
    tokens = re.findall(r"\w+", name)
    techniques = re.findall(r"t\d{4}(?:\.\d{3})?", name)
    field, _, text = term.partition(":")
    match field if text and field.isalpha() else "":
        case "type":
            return bool(found["type"] == text)
        case "source":
            return {"Own": OWN.id, "Friend": FRIEND.id}[text] == owner
        case "after":
            return str(found["modified"])[:10] >= text
        case "before":
            return str(found["modified"])[:10] < text
        case "confidence":
            held = found.get("confidence")
            return held is not None and (held >= 50 if text == ">=50" else held < 50)
        case "revoked":
            return bool(found["revoked"]) == (text == "yes")
        case "name":
            return name == text.strip('"') if not text.endswith("*") else name.startswith(text[:-1])
        case "value":
            return bool(value == text)
    term = term.casefold()
    if re.fullmatch(r"t\d{4}(\.\d{3})?", term):
        return any(each == term or each.startswith(f"{term}.") for each in techniques)
    if term.endswith("*"):
        return any(each.startswith(term[:-1]) for each in tokens)
    return term in tokens or _within(value, term)


def _naive(query: str, found: dict[str, Any], owner: str) -> bool:
    terms = re.findall(r'-?(?:name:)?"[^"]*"|\S+', query)
    for term in terms:
        if term.startswith(("tlp:", "collection:")):
            continue  # these choose among placements
        inner = term.removeprefix("-")
        if inner.startswith('"'):
            holds = all(_one(each, found, owner) for each in inner.strip('"').split())
        else:
            holds = _one(inner, found, owner)
        if holds == term.startswith("-"):
            return False
    return True


@pytest.fixture
def node(store: Store) -> Store:
    settle(store)
    with store.transaction() as connection:
        collections.add(connection, collections.new("open"))
    return store


@pytest.fixture(params=["usual", "many", "more", "parts"], autouse=True)
def _ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four times: as it is, and with limits so low that a handful of objects takes every way to a page."""
    if request.param == "usual":
        return
    low: dict[str, float | str] = {"GLANCE": 1, "FEW": 2, "_WALKED": 4, "_STREAMS": 3, "_DENSE": 2}
    if request.param == "more":
        low |= {
            "_STREAMS": 0,
            "_STREAMS_AT_MOST": 1,
            "_COMMON": 1,
            "_SURELY": 100,
            "_DENSE": 0,
            "_DATED": 100,
        }
    if request.param == "parts":  # as of a large table that somebody has analysed
        low |= {"FEW": 0, "_COMMON": 1, "_WALKED": 0, "_WINDOW": 3, "_BOUNDS": 2}
        monkeypatch.setattr(walking.Step, "held", lambda _: 20)
        known = "SELECT array_agg(cursor ORDER BY cursor) FROM search"
        low |= {"_KNOWN": known}
    for name, value in low.items():
        for module in (routes, walking):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_objects(), min_size=8, max_size=20))
def test_search_equals_a_plain_filter(node: Store, made: list[dict[str, Any]]) -> None:
    with node.connection() as connection:
        connection.execute("TRUNCATE object, search, search_name, search_again, assertion, link")
        ids = {alias: collections.get(connection, alias).id for alias in ("intel", "open")}
    for each in made:
        data = {k: v for k, v in each.items() if k not in ("owner", "into")}
        objects.put(
            node, ids[each["into"]], [place(data, owner=each["owner"], communities=(CIRCLE,))], origin=IMPORT
        )
    clearances = Clearances(node)
    searcher = Searcher(node, clearances)
    with node.connection() as connection:
        rows = connection.execute(
            "SELECT o.cursor, o.version, o.stix_id, o.label_id, c.alias, convert_from(o.body, 'UTF8')::jsonb "
            "FROM object o JOIN collection c ON c.local_id = o.collection_id"
        ).fetchall()
    for reader in READERS:
        cleared = set(clearances.get(reader.id).labels)
        seen = [row for row in rows if row[3] in cleared]
        for query in _QUERIES:
            if reader is STRANGER and "source:" in query:
                continue  # whom the stranger may know of is another test
            expected = _expected(query, seen, clearances)
            found = _all(searcher, query, reader.id, list(ids.values()))
            assert [item.added for item in found] == expected, (query, reader.name)
            oldest = _all(searcher, query, reader.id, list(ids.values()), oldest=True)
            assert [item.added for item in oldest] == expected[::-1], (query, reader.name)
            counted = searcher.facets(parse(query), reader.id, list(ids.values())).value
            # whatever else has the words: not even that there is more must show
            assert (counted.total, counted.complete) == (len(expected), True), (query, reader.name)
            page, again = searcher.first(parse(query), reader.id, list(ids.values()), limit=3).value
            assert ([item.added for item in page.items], again) == (expected[:3], counted)
            assert page.more == (len(expected) > 3)


def _all(
    searcher: Searcher, query: str, reader: str, readable: list[uuid.UUID], *, oldest: bool = False
) -> list[Any]:
    found: list[Any] = []
    beyond = None
    while True:
        page = searcher.find(parse(query), reader, readable, limit=3, beyond=beyond, oldest=oldest).value
        found += page.items
        if not page.more:
            return found
        beyond = page.items[-1].added


def _expected(query: str, seen: list[Any], clearances: Clearances) -> list[int]:
    labels = clearances.snapshot.labels
    newest: dict[str, int] = {}
    for _, at, identifier, *_rest in seen:
        newest[identifier] = max(at, newest.get(identifier, at))
    levels = {id_: word for word, id_ in _LEVELS.items()}
    first: dict[str, Any] = {}
    for row in sorted(row for row in seen if row[1] == newest[row[2]]):
        owner = labels[row[3]].owner
        level = levels[row[5]["object_marking_refs"][0]]
        tlp = re.search(r"tlp:(\S+)", query)
        alias = re.search(r"collection:(\S+)", query)
        source = re.search(r"source:(\S+)", query)
        if tlp and level not in tlp[1].split(","):
            continue
        if alias and row[4] != alias[1]:
            continue
        if source and {"Own": OWN.id, "Friend": FRIEND.id}[source[1]] != owner:
            continue
        first.setdefault(row[2], row)
    kept = [row for row in first.values() if _naive(query, row[5], labels[row[3]].owner)]
    return sorted((row[0] for row in kept), reverse=True)


def _ids() -> dict[str, str]:
    from tocsin.stix.markings import id_of

    return {
        "clear": id_of(TLP.CLEAR),
        "green": id_of(TLP.GREEN),
        "amber": id_of(TLP.AMBER),
        "red": id_of(TLP.RED),
    }


_LEVELS = _ids()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.text(max_size=120), st.text("'\\&|!:*()<->\"a1. ", max_size=60)))
def test_no_text_is_too_hostile(node: Store, text: str) -> None:
    """A query is refused with a reason or answered; PostgreSQL reads all that is made of it."""
    try:
        query = parse(text)
    except InputError:
        return
    if query.clauses:
        with node.connection() as connection:
            connection.execute("SELECT 'a'::tsvector @@ %s::tsquery", (tsquery(query.clauses),))
    Searcher(node, Clearances(node)).find(query, OWN.id, [], limit=1)
