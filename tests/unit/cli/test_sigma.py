from __future__ import annotations

import json
from pathlib import Path

import pytest

from factories import indicator
from tocsin.cli import main
from tocsin.stix.markings import TLP

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "telemetry"
RULES = """title: Curl
id: 3f2f5d1e-6a35-4a39-9f5d-1a0f5bb1c001
name: curl
tags: [attack.t1105]
level: medium
logsource: {product: windows, category: process_creation}
fields: [CommandLine]
detection:
  selection: {Image|endswith: '\\curl.exe'}
  condition: selection
---
title: Curl twice
level: high
correlation:
  type: event_count
  rules: curl
  group-by: [Image]
  timespan: 1h
  generate: true
  condition: {gte: 1}
---
title: Bad
logsource: {product: windows}
detection:
  selection: {a|nonsense: 1}
  condition: selection
"""


@pytest.fixture
def run(capsys):
    """Call `tocsin sigma ARGS...`; return status, standard output and error."""

    def call(*args):
        status = main(["sigma", *map(str, args)])
        return status, *capsys.readouterr()

    return call


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yml"
    file.write_text(RULES)
    return file


def test_check_says_where_and_why(run, rules):
    status, out, _ = run("check", rules)
    assert status == 4
    assert f"{rules}:25: a|nonsense: there is no modifier 'nonsense' (sigma-modifier)" in out
    assert "1 rules, 1 correlations, 0 filters; 1 cannot be evaluated" in out
    status, out, _ = run("check", rules, "--json")
    assert json.loads(out)["refused"][0]["where"] == f"{rules}:25"


@pytest.mark.parametrize(
    ("log", "line"),
    [("windows_json/sysmon.json", 1), ("windows_xml/sysmon.xml", 3)],
)
def test_hits_in_windows_events_of_any_export(run, rules, log, line):
    status, out, err = run("run", rules, VECTORS / log, "--json")
    facts = json.loads(out)
    assert (status, err) == (0, "")
    assert [(hit["title"], hit["line"], hit["techniques"]) for hit in facts["matches"]] == [
        ("Curl", line, ["T1105"])
    ]
    assert "curl" in facts["matches"][0]["fields"]["CommandLine"]
    assert [each["title"] for each in facts["correlated"]] == ["Curl twice"]
    assert facts["malformed"] > 0 or log.endswith(".json")


def test_text_names_the_rule_its_place_and_what_was_not_evaluated(run, rules):
    status, out, _ = run("run", rules, VECTORS / "windows_json" / "sysmon.json", "--fail-on-hit")
    assert status == 10
    assert "medium        Curl  [T1105]" in out
    assert "CommandLine=curl" in out
    assert "high          Curl twice  (correlation, 1)" in out
    assert "1 cannot be evaluated" in out
    _, out, _ = run("run", rules, VECTORS / "windows_json" / "sysmon.json", "--level", "high")
    assert "Curl twice" in out
    assert "medium" not in out


@pytest.mark.parametrize(
    ("source", "detection", "log"),
    [
        ("category: webserver", "cs-uri-stem|endswith: .html", "web_common"),
        ("category: webserver", "cs-user-agent: '*'", "web_w3c"),
        ("category: dns", "query|endswith: evil.example", "dns_bind"),
        ("category: dns", "query|endswith: evil.example", "zeek_tsv"),
        ("product: zeek, service: dns", "query|endswith: evil.example", "zeek_json"),
        ("category: dns", "answer|contains: '198.51'", "suricata_eve"),
        ("product: linux, service: sshd", "'|all': [Failed, password]", "syslog_rfc3164"),
        ("product: aws, service: cloudtrail", "eventSource|endswith: .amazonaws.com", "aws_cloudtrail"),
        ("product: okta, service: okta", "eventType|startswith: user", "okta"),
        ("product: m365, service: audit", "Operation: '*'", "m365_audit"),
        ("product: gcp, service: gcp.audit", "gcp.audit.method_name: '*'", "gcp_audit"),
        ("product: azure, service: activitylogs", "OperationNameValue: '*'", "azure_activity"),
        ("product: azure, service: signinlogs", "userAgent|exists: false", "azure_signin"),
    ],
)
def test_logs_that_are_no_windows_events(run, tmp_path, source, detection, log):
    rule = tmp_path / "rule.yml"
    rule.write_text(f"title: X\nlogsource: {{{source}}}\ndetection:\n  s: {{{detection}}}\n  condition: s\n")
    _, out, _ = run("run", rule, VECTORS / log, "--json")
    facts = json.loads(out)
    assert facts["matches"], facts
    rule.write_text(rule.read_text().replace("product: ", "product: x").replace("category: ", "category: x"))
    assert not json.loads(run("run", rule, VECTORS / log, "--json")[1])["matches"]


def test_a_log_source_can_be_told(run, tmp_path):
    rule, log = tmp_path / "rule.yml", tmp_path / "app.json"
    rule.write_text(
        "title: X\nlogsource: {product: own, service: app}\ndetection:\n  s: {a.b: 1}\n  condition: s\n"
    )
    log.write_text('{"a": {"b": 1}}\n{"a": {"b": 2}}\n[\n')
    assert json.loads(run("run", rule, log, "--json")[1])["matches"] == []
    facts = json.loads(run("run", rule, log, "--json", "--source", "own//app")[1])
    assert [hit["line"] for hit in facts["matches"]] == [1]
    assert facts["malformed"] == 1
    assert run("run", rule, log, "--source", "own")[0] == 4


def test_what_is_asked_wrongly(run, rules, tmp_path):
    assert run("run", rules)[0] == 2
    assert run("run", VECTORS / "okta")[0] == 2
    assert run("check", tmp_path / "nothing.yml")[0] == 4
    assert run("run", rules, tmp_path / "nothing.log")[0] == 4


def test_rules_of_the_node_are_run_if_policy_lets_it_match(node, run, tmp_path):
    mine = RULES.split("---", maxsplit=1)[0].replace("Curl", "Of the node")
    expired = mine.replace("Of the node", "Expired")
    bundle = tmp_path / "rules.json"
    objects = [
        indicator(1, tlp=TLP.GREEN, name="one", pattern=mine, pattern_type="sigma"),
        indicator(
            2, tlp=TLP.GREEN, pattern=expired, pattern_type="sigma", valid_until="2026-01-02T00:00:00Z"
        ),
        indicator(3, tlp=TLP.GREEN, pattern="rule a { condition: true }", pattern_type="yara"),
    ]
    bundle.write_text(json.dumps(objects))
    assert main(["import", str(bundle)]) == 0
    _, out, _ = run("run", "--held", VECTORS / "windows_json" / "sysmon.json", "--json")
    facts = json.loads(out.splitlines()[-1])
    assert [(hit["title"], hit["source"]) for hit in facts["matches"]] == [
        ("Of the node", "TLP:GREEN from own")
    ]
    assert facts["rules"] == 1
