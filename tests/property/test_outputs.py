"""Whatever stands in an indicator, a list stays one record a value, and holds what a naive selection would."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import FormatError
from tocsin.formats import outputs
from tocsin.formats.outputs import Item
from tocsin.formats.outputs.network_rules import carried, rules_in
from tocsin.formats.outputs.yara_source import rule_names
from tocsin.matching import values
from tocsin.matching.decay import LIFETIME
from tocsin.node.outputs.choosing import choose
from tocsin.node.outputs.fitness import network_of
from tocsin.node.outputs.pool import Pool
from tocsin.node.outputs.ranking import HOUR, Wanted, rank
from tocsin.store.placed import Placed

NOW = 1_795_608_000_000_000
HOSTILE = st.text(
    st.sampled_from("abcdef0123456789.:/@-_=+\"',;|\\()[]{}#!$%&*?<> \t\r\n\x00\x0b\x1b\x85\u2028\uff1däß")
)
SHAPED = st.one_of(
    HOSTILE,
    st.builds("{}.example".format, HOSTILE),
    st.builds("http://evil.example/{}".format, HOSTILE),
    st.builds("{}@evil.example".format, HOSTILE),
    st.builds("HKLM\\{}".format, HOSTILE),
)


@st.composite
def hostile_items(draw: st.DrawFn, kinds: list[str]) -> Item:
    """A value that really is of its kind, with the worst in it that the kind allows; words for people may be anything."""
    kind = draw(st.sampled_from(kinds))
    text = draw(SHAPED)
    try:
        value = values.normalise(kind, text)  # type: ignore[arg-type]  # of the kinds
    except FormatError:
        value = {
            "ipv4": "45.1.2.3",
            "cidr": "45.1.0.0/24",
            "ipv6": "2a00::1",
            "url": "http://e.example/",
            "email": "a@e.example",
        }.get(kind, "e.example")
        if kind in {"md5", "ja3", "sha1", "sha256", "sha512"}:
            value = "a" * {"md5": 32, "ja3": 32, "sha1": 40, "sha256": 64, "sha512": 128}[kind]
        elif kind == "ja4":
            value = "t13d1516h2_8daaf6152771_b186095e22b6"
    return Item(
        kind,
        value,
        draw(st.integers(1, 100)),
        since=0,
        name=draw(HOSTILE),
        indicator=f"indicator--{uuid.UUID(int=1)}",
    )


LINES = {
    "plain": 1,
    "hosts": 1,
    "paloalto": 1,
    "fortigate": 1,
    "suricata-dataset": 1,
    "suricata-iprep": 1,
    "snort": 1,
    "elastic": 1,
    "zeek": 1,
}


@pytest.mark.parametrize("name", sorted(n for n, o in outputs.every().items() if o.types))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_breaks_out_of_its_record(name: str, data: st.DataObject) -> None:
    output = outputs.named(name)
    kinds = sorted(output.kinds - frozenset(output.rules))
    drawn = data.draw(st.lists(hostile_items(kinds), max_size=5))
    items = [item for item in drawn if output.fits(item)]
    text = output.body(items).decode()
    if name in LINES:
        lines = text.split("\n")[:-1]
        assert len(lines) == len(items) + (name == "zeek")
        assert len(text.splitlines()) == len(lines), "no other sign ends a line"
    match name:
        case "zeek":
            assert all(line.count("\t") == 3 for line in lines[1:])
        case "csv" | "splunk":
            rows = list(csv.DictReader(io.StringIO(text, newline="")))
            assert [row["value"] for row in rows] == [item.value for item in items]
            assert not any((cell or " ")[0] in "=+-@\t\r" for row in rows for cell in row.values())
        case "elastic" | "sentinel":
            assert all(json.loads(line) for line in text.splitlines())
        case "suricata" | "snort":
            # each generated rule is one that we would carry ourselves: one action, options that end, one number
            rules = [rules_in(line) for line in text.splitlines()]
            assert None not in rules
            numbers = [number for rule in rules if rule for number, _ in rule]
            assert len(set(numbers)) == len(numbers) >= len(items)
        case "rpz":
            assert all(line.endswith(" CNAME .") and len(line.split()) == 3 for line in text.splitlines())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(alphabet=st.sampled_from('rule A{}:"/\\*\n condition true import include global private $a=')))
def test_pieces_of_yara_end_what_they_begin(text: str) -> None:
    names = rule_names(text)
    if names is not None:
        both = rule_names(f"{text}\nrule Following {{ condition: true }}\n")
        assert both is None or both == (*names, "Following")
        assert both is not None or "Following" in names


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE)
def test_rules_of_others_are_lines_that_alert(text: str) -> None:
    for wrapped in (
        text,
        f"alert ip any any -> any any ({text} sid:1;)",
        f'alert ip any any -> any any (msg:"{text}"; sid:1;)',
    ):
        for _, line in carried(wrapped) or ():
            assert line.startswith("alert ")
            assert len(line.splitlines()) == 1


STATEMENT = st.fixed_dictionaries(
    {
        "id": st.integers(0, 4),
        "owner": st.integers(0, 2),
        "version": st.integers(0, 3),
        "value": st.sampled_from(
            ["a.example", "b.example", "45.1.2.3", "45.1.2.0/24", "45.1.0.0/16", "45.1.2.4"]
        ),
        "confidence": st.sampled_from([None, 0, 10, 50, 100]),
        "since": st.sampled_from([NOW - LIFETIME, NOW - LIFETIME // 2, NOW - HOUR, NOW, NOW + 1]),
        "until": st.sampled_from([None, NOW, NOW + 1]),
        "revoked": st.booleans(),
    }
)


def _placed(number: int, said: dict[str, Any]) -> Placed:
    from tocsin.clock import to_text

    value = said["value"]
    kind = "domain-name" if value[0] in "ab" else "ipv4-addr"
    body = {
        "type": "indicator",
        "id": f"indicator--{uuid.UUID(int=said['id'])}",
        "pattern": f"[{kind}:value = '{value}']",
        "pattern_type": "stix",
        "valid_from": to_text(said["since"]),
    }
    body |= {} if said["until"] is None else {"valid_until": to_text(said["until"])}
    body |= {} if said["confidence"] is None else {"confidence": said["confidence"]}
    return Placed(
        number,
        said["version"],
        body["id"],
        said["owner"],
        uuid.UUID(int=9),
        said["revoked"],
        json.dumps(body).encode(),
    )


def _naive(said: list[dict[str, Any]], least: int) -> list[tuple[str, int, int]]:
    """What the documentation says, in the simplest words."""
    latest: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for each in said:
        key = (each["id"], each["owner"])
        held = latest.get(key, [])
        if not held or each["version"] > held[0]["version"]:
            latest[key] = [each]
        elif each["version"] == held[0]["version"]:
            latest[key] = [*held, each]
    found: dict[str, list[tuple[int, int]]] = {}
    for (_, owner), versions in latest.items():
        if any(each["revoked"] for each in versions):
            continue
        for each in versions:
            if each["since"] > NOW or (each["until"] is not None and each["until"] <= NOW):
                continue
            confidence = 50 if each["confidence"] is None else each["confidence"]
            age = min(1.0, max(0, NOW - NOW % HOUR - each["since"]) / LIFETIME)
            score = int(confidence * (1 - age**0.5) + 1e-9)
            if score >= max(1, least):
                found.setdefault(each["value"], []).append((score, owner))
    return [
        (value, max(score for score, _ in rows), len({owner for _, owner in rows}))
        for value, rows in found.items()
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(said=st.lists(STATEMENT, max_size=14), least=st.sampled_from([0, 20]), limit=st.integers(1, 6))
def test_a_list_is_what_a_naive_selection_gives(said: list[dict[str, Any]], least: int, limit: int) -> None:
    pool = Pool(str, lambda _kind, _value: "")
    for number, each in enumerate(said):
        pool.take(_placed(number, each))
    wanted = Wanted(frozenset(values.KINDS), limit, least)
    ranked = rank(pool, wanted, ["green"] * len(pool.places), NOW)
    found = [(item.value, item.confidence, item.sources) for item in ranked]
    assert sorted(found) == sorted(_naive(said, least))
    assert [row[1:] for row in found] == sorted((row[1:] for row in found), reverse=True)
    assert len(ranked) == len(found)
    left_out: Counter[str] = Counter()
    chosen = choose(ranked, outputs.named("plain"), limit, left_out)
    assert len(chosen) <= limit
    assert len(chosen) + left_out.total() == len(found)
    networks = [network for item in chosen if (network := network_of(item.value)) is not None]
    for one in networks:
        for other in networks:
            assert one == other or not (
                other[2] < one[2] and one[1] >> 32 - other[2] == other[1] >> 32 - other[2]
            )
    if left_out["beyond-limit"]:
        assert len(chosen) == limit or left_out["covered"]
