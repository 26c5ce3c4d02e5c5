"""Patterns, evaluated: ours beside `stix2-matcher`, on random patterns and observations.

Where the two disagree, the disagreement must be one of docs/reference/stix-patterns.md, which are left out here: by the patterns that are made, or
where the peer breaks, or since what several qualifiers are about happens at one moment.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from stix2matcher.matcher import MatcherException, Pattern  # type: ignore[import-untyped]

from tocsin.clock import to_text
from tocsin.matching.patterns import compile_patterns, observations

Object = dict[str, Any]
Chance = random.Random

START = 1_795_161_600_000_000
SECOND = 1_000_000
ADDRESSES = ("10.0.0.1", "10.0.0.2", "10.1.0.0/16", "192.168.1.9")
RANGES = ("10.0.0.0/8", "10.1.0.0/24", "10.0.0.1/32", "192.168.0.0/16", "10.1.0.0/16", "10.1.2.3/16")
NAMES = ("a.example", "b.example", "c.example")
FILES = ("x.exe", "Y.exe", "z", "a%b", "a_b", "")
LIKE = ("%", "_", "10.%", "%.exe", "a_b", "_.example", "%e", "", "X.EXE")
MATCHES = ("^10\\\\.", "exe$", "[a-c]\\\\.", "^z$", "x|y", "", "^$", "A\\\\.EX", "\\\\d+")


def moment(chance: Chance, seconds: int) -> str:
    return to_text(START + chance.randrange(seconds) * SECOND)


def identifier(kind: str, number: int) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012d}"


def with_address(chance: Chance, number: int, kind: str, name: str, *, several: bool) -> list[Object]:
    address = {
        "type": "ipv4-addr",
        "id": identifier("ipv4-addr", number + 50),
        "value": chance.choice(ADDRESSES),
    }
    made: Object = {
        "type": kind,
        "id": identifier(kind, number),
        name: [address["id"]] if several else address["id"],
    }
    return [address, made]


def objects(chance: Chance, number: int) -> list[Object]:
    match chance.randrange(4):
        case 0:
            return [
                {
                    "type": "ipv4-addr",
                    "id": identifier("ipv4-addr", number),
                    "value": chance.choice(ADDRESSES),
                }
            ]
        case 1:
            made = with_address(chance, number, "domain-name", "resolves_to_refs", several=True)
            made[1]["value"] = chance.choice(NAMES)
            return made
        case 2:
            made = with_address(chance, number, "network-traffic", "src_ref", several=False)
            made[1] |= {
                "dst_port": chance.choice((22, 80, 443)),
                "protocols": chance.choice((["tcp"], ["ipv4", "tcp"], ["udp"])),
                "is_active": chance.random() < 0.5,
            }
            return made
    file: Object = {
        "type": "file",
        "id": identifier("file", number),
        "name": chance.choice(FILES),
        "size": chance.randrange(4),
    }
    if chance.random() < 0.5:
        file["hashes"] = {"MD5": chance.choice("ab") * 32}
    if chance.random() < 0.5:
        file["mtime"] = moment(chance, 3)
    if chance.random() < 0.5:
        streams = [{"name": f"s{each}", "size": chance.randrange(3)} for each in (1, 2)]
        file["extensions"] = {"ntfs-ext": {"sid": "s", "alternate_data_streams": streams}}
    return [file]


def observation(chance: Chance, number: int, *, lasting: bool) -> list[Object]:
    """Return an observed-data object and what it observed, at one moment unless it may be `lasting`."""
    found = [each for at in range(chance.randint(1, 2)) for each in objects(chance, 100 * number + at)]
    first = START + chance.randrange(5) * SECOND
    return [
        *({**each, "spec_version": "2.1"} for each in found),
        {
            "type": "observed-data",
            "spec_version": "2.1",
            "id": identifier("observed-data", number),
            "first_observed": to_text(first),
            "last_observed": to_text(first + lasting * chance.choice((0, 0, 0, 1, 3)) * SECOND),
            "number_observed": chance.choice((1, 1, 1, 2, 3)),
            "object_refs": [each["id"] for each in found],
        },
    ]


ORDERS = ("=", "!=", "<", "<=", ">", ">=", "IN")
TEXTS = ("=", "!=", "IN", "LIKE", "MATCHES", "<", ">=")
NETWORKS = ("=", "!=", "IN", "ISSUBSET", "ISSUPERSET", "LIKE", "MATCHES")
Constant = Callable[[Chance], str]


def of(*texts: str) -> Constant:
    return lambda chance: f"'{chance.choice(texts)}'"


def number(chance: Chance) -> str:
    return (
        str(chance.randrange(4)) if chance.random() < 0.8 else f"{chance.randrange(3)}.{chance.choice('05')}"
    )


PATHS: dict[str, tuple[tuple[str, tuple[str, ...], Constant], ...]] = {
    "ipv4-addr": (("value", NETWORKS, of(*ADDRESSES)),),
    "domain-name": (
        ("value", TEXTS, of(*NAMES)),
        ("resolves_to_refs[*].value", NETWORKS, of(*ADDRESSES)),
        ("resolves_to_refs[0].value", NETWORKS, of(*ADDRESSES)),
    ),
    "network-traffic": (
        ("src_ref.value", NETWORKS, of(*ADDRESSES)),
        ("src_ref.type", TEXTS, of("ipv4-addr", "file")),
        ("dst_port", ORDERS, lambda chance: str(chance.choice((22, 80, 443)))),
        ("protocols[*]", TEXTS, of("tcp", "udp", "ipv4")),
        ("protocols[1]", TEXTS, of("tcp", "udp", "ipv4")),
        ("is_active", ("=", "!="), lambda chance: chance.choice(("true", "false"))),
    ),
    "file": (
        ("name", TEXTS, of(*FILES)),
        ("size", ORDERS, number),
        ("hashes.MD5", ("=", "!=", "IN"), of("a" * 32, "b" * 32)),
        ("extensions.'ntfs-ext'.alternate_data_streams[*].size", ORDERS, number),
        ("extensions.'ntfs-ext'.alternate_data_streams[1].name", TEXTS, of("s1", "s2")),
        ("mtime", ORDERS, lambda chance: f"t'{moment(chance, 3)}'"),
    ),
}  # fmt: skip


def comparison(chance: Chance, kind: str) -> str:
    name, operators, constant = chance.choice(PATHS[kind])
    if chance.random() < 0.05:
        return f"EXISTS {kind}:{name}"
    operator = chance.choice(operators)
    negated = "NOT " if chance.random() < 0.2 and "[*]" not in name else ""
    match operator:
        case "IN":
            value = f"({', '.join(constant(chance) for _ in range(chance.randint(1, 3)))})"
        case "LIKE":
            value = of(*LIKE)(chance)
        case "MATCHES":
            value = of(*MATCHES)(chance)
        case "ISSUBSET" | "ISSUPERSET":
            value = of(*RANGES)(chance)
        case _:
            value = constant(chance)
    return f"{kind}:{name} {negated}{operator} {value}"


def comparisons(chance: Chance, kind: str, depth: int) -> str:
    if not depth or chance.random() < 0.5:
        return comparison(chance, kind)
    return (
        f"({chance.choice((' AND ', ' OR ')).join(comparisons(chance, kind, depth - 1) for _ in range(2))})"
    )


def qualifier(chance: Chance) -> str:
    match chance.randrange(3):
        case 0:
            # never a whole number, as moments are whole seconds: the peer takes what is exactly so far apart
            return f"WITHIN {chance.choice((0.5, 1.5, 2.5))} SECONDS"
        case 1:
            return f"REPEATS {chance.randint(1, 3)} TIMES"
    start = chance.randrange(5)
    stop = start + chance.randint(1, 4)
    return f"START t'{to_text(START + start * SECOND)}' STOP t'{to_text(START + stop * SECOND)}'"


def expression(chance: Chance, depth: int) -> str:
    if not depth or chance.random() < 0.4:
        found = f"[{comparisons(chance, chance.choice(list(PATHS)), 2)}]"
    else:
        operator = chance.choice((" AND ", " OR ", " FOLLOWEDBY "))
        found = f"({operator.join(expression(chance, depth - 1) for _ in range(chance.randint(2, 3)))})"
    return f"({found} {qualifier(chance)})" if chance.random() < 0.3 else found


def matched_by_the_committees(text: str, seen: list[list[Object]]) -> bool | None:
    """Return what `stix2-matcher` says; None where it breaks: its sets of roots meet dictionaries, an address is no network to it."""
    try:
        return bool(
            Pattern(text, "2.1").match(
                [{"type": "bundle", "id": "bundle--1", "objects": each} for each in seen]
            )
        )
    except (MatcherException, TypeError, ValueError):
        return None


def disagreements(seed: int, count: int, depth: int) -> tuple[list[str], int, int]:
    """Return patterns on which the two disagree, with what was observed, and how many they agree to match or not to match."""
    chance = random.Random(seed)
    wrong: list[str] = []
    said = [0, 0]
    for _ in range(count):
        text = expression(chance, depth)
        lasting = text.count("START") + text.count("WITHIN") < 2
        seen = [observation(chance, at, lasting=lasting) for at in range(chance.randint(1, 4))]
        theirs = matched_by_the_committees(text, seen)
        if theirs is None:
            continue
        compiled = compile_patterns([("one", text, None, None)])
        assert not compiled.refused, (text, compiled.refused)
        ours = any(compiled.match(observations([each for one in seen for each in one])))
        if ours is theirs:
            said[ours] += 1
        else:
            wrong.append(f"{text} is {ours} here: {seen}")
    return sorted(wrong, key=len), said[True], said[False]


@pytest.mark.parametrize(
    ("qualifier", "met"),
    [
        ("WITHIN 3 SECONDS", False),
        ("WITHIN 3.1 SECONDS", True),
        ("START t'2026-11-20T08:00:00Z' STOP t'2026-11-20T08:00:03Z'", False),
        ("START t'2026-11-20T08:00:00Z' STOP t'2026-11-20T08:00:03.1Z'", True),
    ],
)
def test_what_ends_a_time_window_is_not_in_it(qualifier: str, met: bool) -> None:
    """STIX 2.1 section 9.5.1; the peer takes the end of WITHIN for a part of it."""
    names = f"([domain-name:value = '{NAMES[0]}'] FOLLOWEDBY [domain-name:value = '{NAMES[1]}']) {qualifier}"
    seen = []
    for number, seconds in enumerate((0, 3)):
        at = to_text(START + seconds * SECOND)
        name = identifier("domain-name", number)
        seen += [
            {"type": "domain-name", "spec_version": "2.1", "id": name, "value": NAMES[number]},
            {
                "type": "observed-data",
                "spec_version": "2.1",
                "id": identifier("observed-data", number),
                "first_observed": at,
                "last_observed": at,
                "number_observed": 1,
                "object_refs": [name],
            },
        ]
    assert any(compile_patterns([("one", names, None, None)]).match(observations(seen))) is met


@pytest.mark.parametrize("depth", [0, 2])
def test_patterns_say_what_stix2_matcher_says(depth: int) -> None:
    wrong, matched, unmatched = disagreements(5, 200, depth)
    assert wrong == []
    assert min(matched, unmatched) > 15


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(8))
def test_many_patterns_say_what_stix2_matcher_says(seed: int) -> None:
    for depth in (0, 1, 2):
        wrong, matched, unmatched = disagreements(100 + seed, 1_500, depth)
        assert wrong == []
        assert min(matched, unmatched) > 200
