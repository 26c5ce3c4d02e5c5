from __future__ import annotations

from tocsin.cli.rules import _network

RULE = 'alert tcp any any -> any any (msg:"m"; content:"a"; sid:%d; rev:%d;)\n'


def test_two_network_rules_of_one_number_and_revision_are_told() -> None:
    files = [
        ("a.rules", (RULE % (7, 1) + RULE % (7, 2)).encode()),
        ("b.rules", (RULE % (8, 1) + RULE % (7, 1)).encode()),
    ]
    good, refused = _network(files)
    assert good == 3
    assert [(each.where, each.reason) for each in refused] == [
        ("b.rules:2", "sid 7 rev 1 is that of a.rules:1, too")
    ]
