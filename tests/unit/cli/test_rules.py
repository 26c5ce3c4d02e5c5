from __future__ import annotations

import json

import pytest

from factories import indicator
from tocsin.cli import main
from tocsin.stix.markings import TLP


@pytest.fixture
def run(capsys):
    """Call `tocsin rules ARGS...`; return status, standard output and error."""

    def call(*args):
        status = main(["rules", *map(str, args)])
        return status, *capsys.readouterr()

    return call


SURICATA = 'alert tcp any any -> any any (msg:"x"; sid:1;)'


def test_each_language_by_the_ending_of_its_file(run, tmp_path):
    (tmp_path / "a.rules").write_text(f"{SURICATA}\nalert tcp (msg:x; sid:2;)\n")
    (tmp_path / "a.yar").write_text("rule a { condition: true }\nrule b { condition: fals }\n")
    (tmp_path / "a.yml").write_text("title: x\ndetection: {}\n")
    status, out, _ = run("check", tmp_path)
    assert status == 4
    assert f"{tmp_path / 'a.rules'}:2: msg is not in quotation marks (network-rule)" in out
    assert f"{tmp_path / 'a.yar'}:2: unknown identifier `fals`" in out
    assert f"{tmp_path / 'a.yml'}:1: the rule has no logsource (sigma-rule)" in out
    assert (
        "good: 1 network, 0 sigma, 0 yara; 3 are not" in out
        or "good: 1 network, 0 sigma, 1 yara; 3 are not" in out
    )
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.rules").write_text(SURICATA)
    assert run("check", tmp_path / "b")[0] == 0


def test_rules_of_the_node(node, run, tmp_path):
    bundle = tmp_path / "rules.json"
    bad = SURICATA.replace("->", "<-")
    objects = [
        indicator(n, tlp=TLP.GREEN, pattern=p, pattern_type="suricata") for n, p in enumerate((SURICATA, bad))
    ]
    bundle.write_text(json.dumps(objects))
    assert main(["import", str(bundle)]) == 0  # what is no pattern of STIX is not for STIX to judge
    status, out, _ = run("check", "--held", "--json")
    facts = json.loads(out.splitlines()[-1])
    assert (status, facts["good"]) == (4, {"network": 1})
    assert facts["refused"][0]["where"] == f"{indicator(1)['id']}:1"


def test_nothing_is_asked(run):
    assert run("check")[0] == 2
