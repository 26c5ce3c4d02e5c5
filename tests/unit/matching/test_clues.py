from __future__ import annotations

import pytest

from tocsin.matching.clues import clues_of, possible
from tocsin.stix.patterns import parse


def _of(text):
    found = clues_of(parse(text))
    return sorted({entry.value for entry in found.entries} | set(found.needles)), found.everywhere


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[domain-name:value = 'Evil.Example'] AND [ipv4-addr:value = '1.2.3.4']", ["1.2.3.4", "evil.example"]),
        ("[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 443]", ["1.2.3.4"]),
        ("[network-traffic:dst_port = 443 AND network-traffic:dst_ref.value ISSUBSET '10.1.0.0/16']", ["10.1.0.0/16"]),
        ("[process:command_line LIKE '%powershell%-enc %']", ["powershell"]),
        ("[process:command_line = 'x.exe /c foo' OR file:name = 'invoice.pdf']", ["invoice.pdf", "x.exe"]),
        ("[file:name = 'invoice.pdf' AND file:hashes.MD5 = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA']", ["a" * 32]),
        ("[windows-registry-key:key = 'HKEY_LOCAL_MACHINE\\\\Software\\\\Acme']", ["software"]),
        ("[user-account:display_name = 'CORP\\\\janet']", ["janet"]),
        ("([file:name = 'one.exe'] FOLLOWEDBY [file:name = 'two.exe']) WITHIN 5 SECONDS", ["one.exe", "two.exe"]),
    ],
)  # fmt: skip
def test_the_cheapest_of_what_is_needed_is_taken(text, wanted):
    assert _of(text) == (wanted, False)


@pytest.mark.parametrize(
    "text",
    [
        "[network-traffic:dst_port = 443]",
        "[process:command_line MATCHES 'x+']",
        "[file:name = 'a']",
        "[file:name != 'invoice.pdf']",
        "[file:name NOT = 'invoice.pdf']",
        "[domain-name:value LIKE '%']",
        "[network-traffic:protocols[*] = 'http']",
        "[mac-addr:value = '00:11:22:33:44:55']",
        "[file:name = 'invoice.pdf'] AND [network-traffic:dst_port = 443]",
        "[EXISTS file:name]",
    ],
)
def test_where_nothing_can_be_looked_for_every_record_is_read(text):
    assert _of(text)[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[process:pid = 1]", True),
        ("[process:name = 'x']", False),
        ("[process:name = 'x' OR process:pid = 1]", True),
        ("[process:name = 'x' AND process:pid = 1]", False),
        ("[process:name = 'x'] AND [process:pid = 1]", False),
        ("[process:name = 'x'] OR ([process:pid = 1] REPEATS 2 TIMES)", True),
        ("[x-odd:name = 'x']", False),
    ],
)
def test_patterns_that_no_log_can_meet_are_told(text, expected):
    assert possible(parse(text), {"process": {"pid"}}) is expected
