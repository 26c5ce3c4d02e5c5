from __future__ import annotations

import json
import uuid
from collections import Counter

import pytest

from tocsin.matching import Index, Indicator
from tocsin.matching.warninglists import Warninglists
from tocsin.node.catalogue import Catalogue, Source, wanted_of
from tocsin.node.hits import EARLY, FADED, LATE, SUPPRESSED, Options
from tocsin.node.hunt import Hunt
from tocsin.sharing.labels import label_for

NOW = 1_795_200_000_000_000
SOURCE = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))
WHOAMI = """title: Whoami
id: 00000000-0000-4000-8000-000000000001
level: high
tags: [attack.discovery, attack.t1033]
logsource: {product: windows, category: process_creation}
detection:
  selection: {Image|endswith: '\\whoami.exe'}
  condition: selection
fields: [CommandLine, User]
"""
TUNNEL = """title: Long names
logsource: {category: dns}
detection:
  selection: {query|re: '^[a-z0-9]{20,}\\.'}
  condition: selection
"""
MANY = """title: Many
id: 00000000-0000-4000-8000-000000000003
level: critical
correlation:
  type: event_count
  rules: [00000000-0000-4000-8000-000000000001]
  group-by: [User]
  timespan: 10m
  condition: {gte: 2}
"""


def _catalogue(*patterns, facts=()):
    kept = [
        (
            Indicator(
                id=f"indicator--{tag}",
                name=f"number {tag}",
                tag=tag,
                pattern=text,
                pattern_type="stix" if text.startswith("[") else "sigma",
                **(facts[tag] if facts else {}),
            ),
            None,
        )
        for tag, text in enumerate(patterns)
    ]
    made = wanted_of(kept)
    return Catalogue(
        Index.build(made.entries),
        [(SOURCE,)] * len(kept),
        len(kept),
        Counter(made.passed),
        made.examples,
        Warninglists(()),
        made.evaluated,
        made.rules,
    )


def _event(minute, image, user="ann", **more):
    return json.dumps(
        {"EventID": 1, "Channel": "Microsoft-Windows-Sysmon/Operational", "EventTime": f"2026-11-20 08:{minute:02}:00", "Hostname": "pc1",
         "UtcTime": f"2026-11-20 08:{minute:02}:00.000", "Image": image, "CommandLine": f"{image} /all", "User": user} | more
    )  # fmt: skip


@pytest.fixture
def log(tmp_path):
    file = tmp_path / "events.json"
    bad = "C:\\Windows\\System32\\whoami.exe"
    lines = [
        _event(1, "C:\\x\\cmd.exe"),
        _event(2, bad),
        _event(3, "C:\\x\\cmd.exe", CommandLine="ping evil.example"),
        _event(4, bad, CommandLine="whoami evil.example"),
        _event(5, bad, "bob"),
    ]
    file.write_text("".join(f"{line}\n" for line in lines))
    return file


def _hunt(catalogue, path, **options):
    hunt = Hunt(catalogue, now=NOW, options=Options(sigma=True, **options))
    return list(hunt.run([str(path)])), hunt.report


def test_rules_and_values_are_found_in_one_pass(log):
    hits, report = _hunt(_catalogue("[domain-name:value = 'evil.example']", WHOAMI), log)
    assert [(hit.kind, hit.line) for hit in hits] == [
        ("sigma", 2),
        ("domain", 3),
        ("domain", 4),
        ("sigma", 4),
        ("sigma", 5),
    ]
    first = hits[0]
    assert (first.indicator.id, first.wanted, first.level, first.techniques) == (
        "indicator--1",
        "Whoami",
        "high",
        ("T1033",),
    )
    assert first.value == "CommandLine=C:\\Windows\\System32\\whoami.exe /all, User=ann"
    assert (first.field, first.host, first.sources, first.raised) == (
        "CommandLine, User",
        "pc1",
        (SOURCE,),
        True,
    )
    assert (report.hits, report.rules, report.lines) == (5, 1, 5)


def test_rules_are_not_judged_unless_they_are_asked_for(log):
    catalogue = _catalogue(WHOAMI)
    hunt = Hunt(catalogue, now=NOW)
    assert list(hunt.run([str(log)])) == []
    assert (hunt.report.sigma, len(catalogue.rules), catalogue.passed) == (False, 1, {})


def test_records_of_other_formats_are_judged_as_they_are_read(tmp_path):
    file = tmp_path / "dns.log"
    head = "#separator \\x09\n#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\n"
    row = "1795161600.0\tC1\t10.0.0.1\t5353\t10.0.0.2\t53\tudp\t{}\n"
    file.write_text(head + row.format("abcdefghijklmnopqrstuvwxyz.example") + row.format("a.evil.example"))
    hits, _ = _hunt(_catalogue("[domain-name:value = 'evil.example']", TUNNEL, WHOAMI), file)
    assert [(hit.kind, hit.value) for hit in hits] == [("sigma", "Long names"), ("domain", "a.evil.example")]


def test_plain_text_and_logs_of_other_sources_cost_nothing(tmp_path):
    file = tmp_path / "app.log"
    file.write_text("whoami.exe\n")
    hits, report = _hunt(_catalogue(WHOAMI, TUNNEL), file)
    assert (hits, report.rules) == ([], 0)


def test_correlations_are_looked_at_when_the_hunt_has_ended(log):
    hits, _ = _hunt(_catalogue(WHOAMI, MANY), log)
    (found,) = hits  # the rule serves its correlation alone
    assert (found.wanted, found.level, [part.line for part in found.parts], found.line) == (
        "Many",
        "critical",
        [2, 4],
        4,
    )
    assert (found.value, found.indicator.id) == ("User=ann", "indicator--1")


def test_versions_of_two_owners_are_both_judged(log):
    other = WHOAMI.replace("whoami.exe", "cmd.exe")
    hits, report = _hunt(_catalogue(WHOAMI, other), log)
    assert Counter(hit.indicator.id for hit in hits) == {"indicator--0": 3, "indicator--1": 2}
    assert (report.rules, report.unjudged) == (2, [])


def test_what_cannot_be_judged_is_told(log):
    _, report = _hunt(
        _catalogue(
            "title: x\nlogsource: {product: windows}\ndetection: {a: {b|expand: '%c%'}, condition: a}\n",
            WHOAMI,
        ),
        log,
    )
    ((indicator, reason),) = report.unjudged
    assert (indicator, report.rules) == ("indicator--0", 1)
    assert "%c%" in reason


@pytest.mark.parametrize(
    ("facts", "options", "flags"),
    [
        ({"valid_from": NOW}, {}, (EARLY,)),
        ({"valid_until": 5}, {}, (LATE,)),
        ({"valid_until": 5}, {"any_time": True}, ()),
        ({"confidence": 20}, {"least": 50}, (FADED,)),
        ({}, {"suppresses": lambda hit: "known" * (hit.host == "pc1")}, (SUPPRESSED + "known",)),
    ],
)
def test_hits_are_flagged_like_others(log, facts, options, flags):
    hits, _ = _hunt(_catalogue(WHOAMI, facts=[facts]), log, **options)
    assert {hit.flags for hit in hits} == {flags}


def test_a_rule_that_holds_of_everything_is_given_up(tmp_path):
    file = tmp_path / "events.json"
    file.write_text("".join(_event(1, "C:\\whoami.exe") + "\n" for _ in range(30)))
    hits, report = _hunt(_catalogue(WHOAMI), file, most=5, breaker=10)
    assert (len(hits), report.hits, report.held_back) == (5, 10, 5)
    assert report.counts[0].given_up
