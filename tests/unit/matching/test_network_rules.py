"""Rules of Suricata and Snort: what is read, and each way to be none."""

from __future__ import annotations

import pytest

from tocsin.errors import ParseError
from tocsin.matching.network_rules import NetworkRule, parse, read
from tocsin.matching.sigma.rules import Refused

HEAD = "alert tcp any any -> any any"


def rule(options: str, head: str = HEAD) -> NetworkRule:
    return read(f"{head} ({options} sid:1;)")


@pytest.mark.parametrize(
    "head",
    [
        "drop udp $HOME_NET 53 <> [10.0.0.0/8,!10.1.0.0/16,$X] !80",
        "alert http any any -> any [80:443,!100,$PORTS]",
        "alert tcp [1.2.3.4, [5.6.7.8, 2001:db8::/32]] :1024 -> 10.0.0.1-10.0.0.9 1024:",
        "alert file",
    ],
)
def test_good_headers(head: str) -> None:
    assert rule("", head).sid == 1


@pytest.mark.parametrize(
    "options",
    [
        'content:"a|3b 3B|b";',
        'content:!"x\\"y"; nocase;',
        'content:"|00|";',
        'content:"a",nocase,offset 3;',
        'content:"a"; distance:-4; within:var1;',
        'pcre:"/a\\/b[^;]+/smi";',
        'dns.query; content:"x"; bsize:<5;',
        'msg:"a\\;b";',
        "flow:established, to_client;",
        "reference:cve,2020-1;",
    ],
)
def test_good_options(options: str) -> None:
    assert rule(options).sid == 1


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "not in brackets"),
        (f"{HEAD} (sid:1;", "not in brackets"),
        ("shout tcp any any -> any any (sid:1;)", "'shout' is no action"),
        ("alert (sid:1;)", "no protocol"),
        ("alert tcp any any -> any (sid:1;)", "the header is not"),
        ("alert tcp any any <- any any (sid:1;)", "direction '<-'"),
        ("alert tcp 10.0.0.0/99 any -> any any (sid:1;)", "no address"),
        ("alert tcp any 70000 -> any any (sid:1;)", "no port"),
        ("alert tcp any 90:80 -> any any (sid:1;)", "ends before"),
        ("alert tcp " + "[" * 20 + "any" + "]" * 20 + " any -> any any (sid:1;)", "deeper than 8"),
        (f'{HEAD} (msg:"x";)', "no sid"),
        (f"{HEAD} (sid:0;)", "sid is no number"),
        (f"{HEAD} (sid:99999999999;)", "sid is no number"),
        (f"{HEAD} (sid:1; rev:x;)", "rev is no number"),
        (f"{HEAD} (sid:1)", "semicolon"),
        (f'{HEAD} (msg:"x; sid:1;)', "not closed"),
        (f"{HEAD} (msg:x; sid:1;)", "quotation"),
        (f"{HEAD} (9x:1; sid:1;)", "no name"),
        (f'{HEAD} (content:"|0|"; sid:1;)', "hexadecimal"),
        (f'{HEAD} (content:"|00"; sid:1;)', "not closed"),
        (f'{HEAD} (content:""; sid:1;)', "empty"),
        (f'{HEAD} (content:"a;b"; sid:1;)', "semicolon"),
        (f'{HEAD} (pcre:"a"; sid:1;)', "expression/flags"),
        (f'{HEAD} (pcre:"/(a/"; sid:1;)', "not closed"),
        (f"{HEAD} (flow:sideways; sid:1;)", "sideways"),
        (f"{HEAD} (reference:x; sid:1;)", "type,value"),
        (f"{HEAD} (metadata:; sid:1;)", "empty"),
        (f"{HEAD} (offset:3; sid:1;)", "relative to"),
        (f"{HEAD} ({'a;' * 2000} sid:1;)", "1,000 options"),
        (f"{HEAD} ({'a' * 70_000}; sid:1;)", "65,536"),
    ],
    ids=lambda value: str(value)[-30:],
)
def test_what_is_no_rule(text: str, why: str) -> None:
    with pytest.raises(ParseError, match=why) as raised:
        read(text)
    assert raised.value.rule == "network-rule"


def test_lines_and_continuations() -> None:
    text = f'\n# {HEAD} (sid:9;)\n{HEAD} \\\n  (msg:"a"; \\\n  sid:1; rev:2;)\nnonsense\nalert http (\n  sid:3;\n)\n'
    first, second, third = parse(text, "x.rules")
    assert isinstance(first, NetworkRule)
    assert (first.line, first.sid, first.rev, first.message) == (3, 1, 2, "a")
    assert isinstance(second, Refused)
    assert second.where == "x.rules:6"
    assert isinstance(third, NetworkRule)
    assert (third.line, third.sid) == (7, 3)
