from __future__ import annotations

import pytest

from tocsin.telemetry import logs
from tocsin.telemetry.schema import MOST_FACTS, Fact, Kind, Schema, flat
from tocsin.telemetry.splits import account, hashes
from tocsin.telemetry.vocabulary import TYPES


def test_facts_name_the_field_they_came_from():
    schema = flat(
        "process",
        {"Hashes": hashes("process"), "User": account("user"), "dst": ("destination.ip", "related.ip")},
    )
    category, facts = schema.facts(
        (
            ("User", "CORP\\jane"),
            ("dst", "1.2.3.4"),
            ("dst", "not an address"),
            ("Hashes", f"MD5={'A' * 32},X=1"),
            ("other", "x"),
        )
    )
    assert category == "process"
    assert facts == [
        Fact("user.domain", "CORP", "User"),
        Fact("user.name", "jane", "User"),
        Fact("destination.ip", "1.2.3.4", "dst"),
        Fact("related.ip", "1.2.3.4", "dst"),
        Fact("process.hash.md5", "a" * 32, "Hashes"),
    ]


def test_the_kind_is_chosen_by_the_first_value_of_a_name():
    schema = Schema(
        {"": Kind("other", {}), "1": Kind("one", {"x": "source.ip"})},
        choose=lambda fields: fields.get("id", ""),
        common={"x": "destination.ip", "y": "host.name"},
        strip=("deep.",),
    )
    assert schema.facts((("deep.id", "1"), ("id", "2"), ("deep.x", "1.2.3.4"), ("y", "h")))[0] == "one"
    assert schema.facts((("deep.id", "1"), ("deep.x", "1.2.3.4"), ("y", "h")))[1] == [
        Fact("source.ip", "1.2.3.4", "deep.x"),
        Fact("host.name", "h", "y"),
    ]
    assert schema.facts((("x", "1.2.3.4"),)) == ("other", [Fact("destination.ip", "1.2.3.4", "x")])


def test_facts_are_few():
    fields = tuple(("a", f"name {n}") for n in range(MOST_FACTS + 10))
    assert len(flat("x", {"a": "host.name"}).facts(fields)[1]) == MOST_FACTS


@pytest.mark.parametrize("log", [log for log in logs() if log.schema is not None], ids=lambda log: log.name)
def test_tables_name_what_the_vocabulary_has(log):
    """Each target of each table, also what splits make of values that they take apart."""
    samples = [
        "CORP\\jane", "a@b.example", "[::1]:80", "1.2.3.4:80", "tcp", "6", "GET /x HTTP/1.1", "http://a.example/x", "type:  5 a.example;1.2.3.4;",
        "MD5=" + "a" * 32 + ",SHA1=" + "b" * 40 + ",IMPHASH=" + "c" * 32, "a" * 64, "HKLM\\a\\b", "Bob <b@c.example>", "eth:ip:tcp", "", "a", "NOERROR",
    ]  # fmt: skip
    for kind in (*log.schema.kinds.values(), Kind("", log.schema.common)):
        for name, target in kind.fields.items():
            if isinstance(target, str | tuple):
                assert {target} if isinstance(target, str) else set(target) <= TYPES.keys(), name
                assert (target in TYPES) if isinstance(target, str) else True, name
            else:
                assert {field for text in samples for field, _ in target(text)} <= TYPES.keys(), name
