"""What somebody may hand to a hunt to break it: logs, and indicators."""

from __future__ import annotations

import gzip
import json
import random
import uuid
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zstandard

from tocsin.matching import Index, Indicator
from tocsin.matching.warninglists import Warninglists
from tocsin.node.catalogue import Catalogue, Source, wanted_of
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.sharing.labels import label_for

NOW = 1_795_200_000_000_000
SOURCE = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))
EVIL = "[domain-name:value = 'evil.example']"
BOTH = "[domain-name:value = 'evil.example'] FOLLOWEDBY [domain-name:value = 'worse.example']"


def _catalogue(*patterns: str) -> Catalogue:
    kept = [
        (Indicator(id=f"indicator--{tag}", pattern=text, tag=tag), None) for tag, text in enumerate(patterns)
    ]
    made = wanted_of(kept)
    return Catalogue(
        *(Index.build(made.entries), [(SOURCE,)] * len(kept), len(kept), made.passed, made.examples),
        Warninglists(()),
        made.evaluated,
    )


def _hunt(file: Path, *patterns: str, **options: Any) -> Any:
    hunt = Hunt(_catalogue(*patterns), now=NOW, options=Options(threads=1, **options))
    return list(hunt.run([str(file)])), hunt.report


def test_a_line_of_a_hundred_megabytes(tmp_path):
    file = tmp_path / "a.log"
    with file.open("wb") as out:
        for _ in range(100):
            out.write(b"word " * 200_000)
        out.write(b" evil.example\nnext evil.example\n")
    hits, report = _hunt(file, EVIL)
    assert [hit.line for hit in hits] == [1, 2]
    assert all(len(hit.text) <= 2000 for hit in hits)
    assert report.lines == 2


def test_a_json_record_of_a_hundred_megabytes_hides_no_other(tmp_path):
    file = tmp_path / "eve.json"
    good = json.dumps(
        {"timestamp": "2026-11-20T08:00:00Z", "event_type": "dns", "dns": {"rrname": "evil.example"}}
    )
    with file.open("wb") as out:
        out.write(good.encode() + b'\n{"timestamp": "2026-11-20T08:00:00Z", "event_type": "dns", "x": "')
        for _ in range(100):
            out.write(b"word " * 200_000)
        out.write(b'"}\n' + good.encode() + b"\n")
    hits, report = _hunt(file, EVIL, BOTH)
    assert [hit.line for hit in hits] == [1, 3]
    assert report.malformed > 0


@pytest.mark.parametrize(
    "line",
    [
        b"\0\0\0evil.example\0",
        b"caf\xe9 evil.example \xff\xfe",
        "\ufeffevil.example".encode(),
        "münchen evil.example \U0001f600".encode(),
        "wörld".encode("utf-16-le") + b" evil.example",
        b"\xed\xa0\x80 evil.example",
        b"\x1b[2J evil.example",
    ],
)
def test_lines_of_mixed_encodings_and_nuls(tmp_path, line):
    file = tmp_path / "a.log"
    file.write_bytes(b"plain\n" + line + b"\nplain evil.example\n")
    hits, _ = _hunt(file, EVIL)
    assert [hit.line for hit in hits] == [2, 3]
    assert [hit.text.encode() for hit in hits]  # it can be written


@pytest.mark.parametrize("cut", [1, 7, 100])
def test_a_gzip_that_was_cut_off_is_read_to_the_cut_and_told(tmp_path, cut):
    file = tmp_path / "a.gz"
    packed = gzip.compress(b"evil.example\n" * 5000 + bytes(range(256)) * 50)
    file.write_bytes(packed[:-cut])
    hits, report = _hunt(file, EVIL)
    assert len(hits) >= (5000 if cut < 100 else 1)
    assert len(report.faults) == 1


@pytest.mark.parametrize("cut", [1, 100])
def test_a_zstd_file_that_was_cut_off_is_read_to_the_cut_and_told(tmp_path, cut):
    file = tmp_path / "a.zst"
    packed = zstandard.compress(b"evil.example\n" * 5000 + random.Random(3).randbytes(300_000))
    file.write_bytes(packed[:-cut])
    hits, report = _hunt(file, EVIL)
    assert len(hits) >= 1
    assert len(report.faults) == 1


SIGMA = "title: x\nlogsource: {product: windows}\ndetection:\n  a: {%s}\n  condition: %s\n"


@pytest.mark.parametrize(
    "rule",
    [
        SIGMA % ("b: c", "(" * 10_000 + "a" + ")" * 10_000),
        SIGMA % ("b: c", "not " * 10_000 + "a"),
        SIGMA % ("b|re: '" + "(" * 10_000 + ")" * 10_000 + "'", "a"),
        SIGMA % ("b|re: '(?=x)y'", "a"),
        SIGMA % ("b: " + "[" * 10_000 + "]" * 10_000, "a"),
        "a: &a [x, x]\nb: &b [*a, *a]\n" + "".join(f"c{n}: &c{n} [*b, *b]\n" for n in range(50)),
        "\0\xff",
        "",
    ],
)
def test_sigma_rules_that_would_break_something_are_told_and_hide_no_other(tmp_path, rule):
    file = tmp_path / "events.json"
    event = {
        "EventID": 1,
        "Channel": "Microsoft-Windows-Sysmon/Operational",
        "EventTime": "2026-11-20 08:00:00",
    }
    file.write_text(json.dumps(event | {"b": "x" * 5_000}) + "\n")
    good = SIGMA % ("b|re: '(x+x+)+$'", "a")  # which others choke on
    kept = [
        (Indicator(id=f"indicator--{tag}", pattern=text, pattern_type="sigma", tag=tag), None)
        for tag, text in enumerate((rule, good))
    ]
    made = wanted_of(kept)
    known = msgspec.structs.replace(_catalogue(EVIL), sources=[(SOURCE,)] * 2, rules=made.rules)
    hunt = Hunt(known, now=NOW, options=Options(threads=1, sigma=True))
    assert [hit.indicator.id for hit in hunt.run([str(file)])] == ["indicator--1"]
    assert [each for each, _ in hunt.report.unjudged] == ["indicator--0"]


@pytest.mark.parametrize(
    ("pattern", "rule"),
    [
        ("[domain-name:value = '.']", "value"),
        ("[domain-name:value = '']", "value"),
        ("[ipv4-addr:value = '0.0.0.0/0']", "wide-range"),
        ("[ipv4-addr:value ISSUBSET '0.0.0.0/0']", "wide-range"),
        ("[ipv6-addr:value = '::/0']", "wide-range"),
        ("[domain-name:value = 'com']", "single-label"),
        ("[" + "(" * 10_000 + "file:name = 'x'" + ")" * 10_000 + "]", "pattern"),
        ("(" * 10_000 + "[file:name = 'x']" + ")" * 10_000, "pattern"),
        ("[file:name = 'x']" + " AND [file:name = 'x']" * 10_000, "pattern"),
        ("[file:name MATCHES '" + "(" * 10_000 + "x" + ")" * 10_000 + "']", "pattern"),
        ("[file:name MATCHES '(x+x+)+y'", "pattern"),
    ],
)
def test_indicators_that_would_hit_everything_or_break_something_are_passed_over_and_told(pattern, rule):
    made = _catalogue(pattern, EVIL)
    assert dict(made.passed) == {rule: 1}
    assert made.examples[rule][0] == "indicator--0"
    assert made.examples[rule][1]
    assert len(made.index) == 1


def test_a_regular_expression_that_others_choke_on_takes_no_longer(tmp_path):
    file = tmp_path / "eve.json"
    name = "x" * 60 + ".example"
    record = {"timestamp": "2026-11-20T08:00:00Z", "event_type": "dns", "dns": {"rrname": name}}
    file.write_text((json.dumps(record) + "\n") * 50)
    patterns = ("[domain-name:value MATCHES '(x+x+)+y']", "[domain-name:value MATCHES '^x+.example$']")
    hits, report = _hunt(file, *patterns)
    assert {hit.indicator.tag for hit in hits} == {1}
    assert report.lines == 50


def test_logs_whose_clocks_are_wrong(tmp_path):
    """Years ago, in the future, before 1970, no time at all: found, and never put together under WITHIN by mistake."""
    moments = ["2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z", "1960-01-01T00:00:00Z", "nonsense"]
    file = tmp_path / "eve.json"
    names = ["evil.example", "worse.example"]
    lines = [
        json.dumps({"timestamp": at, "event_type": "dns", "dns": {"rrname": name}})
        for at, name in zip(moments, names * 2, strict=True)
    ]
    file.write_text("\n".join(lines) + "\n")
    within = (
        "([domain-name:value = 'evil.example'] AND [domain-name:value = 'worse.example']) WITHIN 3600 SECONDS"
    )
    hits, _ = _hunt(file, EVIL, within, reading=None)
    assert sorted(hit.line for hit in hits if hit.indicator.tag == 0) == [1, 3]
    assert [hit for hit in hits if hit.indicator.tag == 1] == []


@pytest.mark.parametrize("blocks", [5, pytest.param(100, marks=pytest.mark.nightly)])
def test_millions_of_hits_of_one_bad_indicator_are_given_up_and_hide_no_other(tmp_path, blocks):
    file = tmp_path / "a.log"
    with file.open("wb") as out:
        block = b"to 9.9.9.9\n" * 100_000
        for _ in range(blocks):
            out.write(block)
        out.write(b"to evil.example\n")
    hits, report = _hunt(file, EVIL, "[ipv4-addr:value = '9.9.9.9']", most=100, breaker=2_000)
    assert len(hits) == 101
    assert (report.lines, report.hits, report.counts[1].given_up) == (100_000 * blocks + 1, 2_001, True)
    assert hits[-1].line == 100_000 * blocks + 1
