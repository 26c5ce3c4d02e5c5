from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.clock import fixed_clock
from tocsin.store import Store, labels, quarantine
from tocsin.store.values import Origin

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "stix"
OTHER = "identity--00000000-0000-4000-8000-000000000002"
GOOD = (VECTORS / "object.json").read_bytes()


@pytest.fixture
def held(node: Store) -> Store:
    """A good object that was refused by mistake, a bad one, and the head of a huge one."""
    with node.connection() as connection:
        refused = [
            quarantine.Refused(GOOD, "f#/objects/0", "", "by-mistake", "was not understood"),
            quarantine.Refused(b"{\x1b[2J", "f#/objects/1", "", "json", "not JSON"),
            quarantine.Refused(b"{", "f#/objects/2", "", "size", "too long", length=10**9, digest=bytes(32)),
        ]
        quarantine.put(connection, refused, origin=Origin(OTHER, None, "taxii-poll"), now=fixed_clock(5)())
    return node


def test_list(held: Store, capsys, run, answer) -> None:
    assert run("quarantine", "list", "--json") == 0
    facts = answer()
    assert facts["total"] == 3
    assert [(each["id"], each["rule"], each["length"]) for each in facts["refusals"]] == [
        (3, "size", 10**9), (2, "json", 5), (1, "by-mistake", len(GOOD)),
    ]  # fmt: skip
    assert run("quarantine", "list", "--limit", "1") == 0
    assert "and 2 older ones" in capsys.readouterr().out


def test_nothing_there(node: Store, capsys, run) -> None:
    assert run("quarantine", "list") == 0
    assert "nothing was refused" in capsys.readouterr().out


def test_show(held: Store, capsys, run, answer) -> None:
    assert run("quarantine", "show", "1", "--json") == 0
    assert json.loads(answer()["raw"]) == json.loads(GOOD)
    assert run("quarantine", "show", "2") == 0
    assert "\x1b" not in capsys.readouterr().out
    assert run("quarantine", "show", "99") == 6


def test_retry_takes_it_for_whom_it_came_from_and_forgets_it(held: Store, run, answer) -> None:
    assert run("quarantine", "retry", "1", "2", "--json") == 4
    assert answer() == {"taken": [1], "refused": 1, "collection": "main"}
    with held.connection() as connection:
        (label,) = labels.everything(connection).values()
        assert label.owner == OTHER
        assert [each.id for each in quarantine.everything(connection)] == [3, 2]


def test_retry_needs_all_the_bytes(held: Store, capsys, run) -> None:
    assert run("quarantine", "retry", "3") == 4
    assert "import it again" in capsys.readouterr().err


def test_drop(held: Store, capsys, run) -> None:
    assert run("quarantine", "drop", "1", "3") == 0
    assert run("quarantine", "drop", "2", "99") == 6
    assert run("quarantine", "list", "--json") == 0
    assert [each["id"] for each in json.loads(capsys.readouterr().out.splitlines()[-1])["refusals"]] == [2]
