from __future__ import annotations

import pytest

from tocsin.stix.patterns import Atom, atoms, covered, parse, whole


def of(text):
    return [(atom.path, atom.value, atom.relation, atom.sufficient) for atom in atoms(parse(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:b = 'x']", [("a:b", "x", "equal", True)]),
        ("[a:b == 5]", [("a:b", 5, "equal", True)]),
        ("[a:'c-d'.e[*] = 'x']", [("a:'c-d'.e[*]", "x", "equal", True)]),
        ("[a:b IN ('x', 'y')]", [("a:b", "x", "equal", True), ("a:b", "y", "equal", True)]),
        ("[a:b = 'x' OR c:d = 'y']", [("a:b", "x", "equal", True), ("c:d", "y", "equal", True)]),
        ("[a:b = 'x'] OR [c:d = 'y']", [("a:b", "x", "equal", True), ("c:d", "y", "equal", True)]),
        ("[a:b = 'x' AND a:d = 'y']", [("a:b", "x", "equal", False), ("a:d", "y", "equal", False)]),
        ("[a:b = 'x' AND a:d != 'y']", [("a:b", "x", "equal", False)]),
        (
            "[a:b = 'x' OR a:c = 'y' AND a:d = 'z']",
            [("a:b", "x", "equal", True), ("a:c", "y", "equal", False), ("a:d", "z", "equal", False)],
        ),
        ("[a:b = 'x'] AND [a:b = 'y']", [("a:b", "x", "equal", False), ("a:b", "y", "equal", False)]),
        ("[a:b = 'x'] FOLLOWEDBY [a:b = 'y']", [("a:b", "x", "equal", False), ("a:b", "y", "equal", False)]),
        ("[a:b = 'x'] WITHIN 5 SECONDS", [("a:b", "x", "equal", True)]),
        ("[a:b = 'x'] REPEATS 1 TIMES", [("a:b", "x", "equal", True)]),
        ("[a:b = 'x'] REPEATS 2 TIMES", [("a:b", "x", "equal", False)]),
        (
            "[a:b = 'x'] START t'2024-01-01T00:00:00Z' STOP t'2025-01-01T00:00:00Z'",
            [("a:b", "x", "equal", False)],
        ),
        (
            "([a:b = 'x'] OR [a:b = 'y']) WITHIN 9 SECONDS",
            [("a:b", "x", "equal", True), ("a:b", "y", "equal", True)],
        ),
        ("[ipv4-addr:value ISSUBSET '10.0.0.0/8']", [("ipv4-addr:value", "10.0.0.0/8", "within", True)]),
        ("[a:b NOT != 'x']", [("a:b", "x", "equal", True)]),
        ("[a:b != 'x']", []),
        ("[a:b NOT = 'x']", []),
        ("[a:b NOT IN ('x')]", []),
        ("[a:b NOT ISSUBSET '10.0.0.0/8']", []),
        ("[a:b ISSUPERSET '10.0.0.0/8']", []),
        ("[a:b LIKE 'x' OR a:b MATCHES 'x' OR a:b > 5 OR EXISTS a:b]", []),
        ("[a:b IN ()]", []),
    ],
)
def test_atoms(text, expected):
    assert of(text) == expected


@pytest.mark.parametrize(
    ("kind", "value", "alone"),
    [
        ("ipv4-addr", "203.0.113.33", True),
        ("ipv4-addr", "203.0.113.33/32", True),
        ("ipv6-addr", "2001:db8::1", True),
        ("domain-name", "example.com", True),
        ("ipv6-addr", "203.0.113.33", False),
        ("mac-addr", "00:00:5e:00:53:01", False),
    ],
)
def test_a_type_beside_its_value_says_nothing_new(kind, value, alone):
    text = f"[network-traffic:dst_ref.type = '{kind}' AND network-traffic:dst_ref.value = '{value}']"
    assert ("network-traffic:dst_ref.value", value, "equal", alone) in of(text)
    assert len(of(text)) == (1 if alone else 2)


@pytest.mark.parametrize(
    "text",
    [
        "[n:dst_ref.type = 'ipv4-addr' AND n:src_ref.value = '1.2.3.4']",
        "[n:dst_ref.type = 'ipv4-addr' AND n:dst_ref.value = '1.2.3.4' AND n:dst_port = 443]",
        "[n:type = 'ipv4-addr' AND n:value = '1.2.3.4']",
        "[n:dst_ref.type != 'ipv4-addr' AND n:dst_ref.value = '1.2.3.4']",
        "[n:dst_ref.type = 'ipv4-addr' AND n:dst_ref.value != '1.2.3.4']",
    ],
)
def test_nothing_else_is_left_out(text):
    assert not any(atom.sufficient for atom in atoms(parse(text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:b = 'x']", True),
        ("[a:b = 'x' AND a:c LIKE 'y%']", True),
        ("[a:b = 'x' OR a:c LIKE 'y%']", False),
        ("[a:b LIKE 'y%']", False),
        ("[a:b = 'x'] OR [a:b != 'y']", False),
        ("[a:b = 'x'] AND [a:b != 'y']", True),
        ("([a:b = 'x'] FOLLOWEDBY [a:b MATCHES 'y']) WITHIN 5 SECONDS", True),
        ("[a:b IN ()]", True),
        ("[a:b NOT IN ()]", False),
        ("[EXISTS a:b]", False),
    ],
)
def test_covered(text, expected):
    assert covered(parse(text)) is expected


def test_atoms_are_values():
    assert hash(Atom("a:b", "x")) == hash(Atom("a:b", "x", "equal"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:b = 'x']", True),
        ("[a:b IN ('x', 'y')] OR [c:d = 'z']", True),
        ("[a:b = 'x' OR a:c = 'y'] WITHIN 5 SECONDS", True),
        ("[a:c_ref.type = 'ipv4-addr' AND a:c_ref.value = '1.2.3.4']", True),
        ("[a:b = 'x' AND a:c = 'y']", False),
        ("[a:b = 'x'] OR [a:b != 'y']", False),
        ("[a:b = 'x'] OR [a:b = 'x'] REPEATS 2 TIMES", False),
        ("[a:b = 'x'] FOLLOWEDBY [a:b = 'y']", False),
        ("[a:b = 'x'] START t'2024-01-01T00:00:00Z' STOP t'2025-01-01T00:00:00Z'", False),
    ],
)
def test_whole(text, expected):
    assert whole(parse(text)) is expected
