from __future__ import annotations

import pytest

from tocsin.matching.values import classify
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.outputs.fitness import unfit

NONE = Warninglists(())


@pytest.mark.parametrize(
    ("text", "block", "match"),
    [
        ("evil.example", "", ""),
        ("co.uk", "public-suffix", "public-suffix"),
        ("printer.local", "own-network", ""),
        ("vault.internal", "own-network", ""),
        ("nas.home.arpa", "own-network", ""),
        ("10.in-addr.arpa", "own-network", ""),
        ("local.example", "", ""),
        ("http://intranet/x", "own-network", ""),
        ("http://co.uk/", "public-suffix", "public-suffix"),
        ("http://co.uk/x", "", ""),
        ("http://wpad.local/wpad.dat", "own-network", ""),
        ("http://[2001:db8::1]/x", "", ""),
        ("http://192.168.1.1/x", "own-network", "private"),
        ("10.1.2.3", "own-network", "private"),
        ("fd00::1", "own-network", "private"),
        ("198.18.0.1", "own-network", ""),
        ("192.0.0.8", "own-network", ""),
        ("45.0.0.0/12", "wide-range", ""),
        ("45.0.0.0/16", "", ""),
        ("198.51.100.1", "", ""),
    ],
)
def test_what_no_list_may_hold(text: str, block: str, match: str) -> None:
    value = classify(text)
    assert unfit(value.kind, value.text, "block", NONE) == block
    assert unfit(value.kind, value.text, "match", NONE) == match


def test_a_name_above_one_on_a_warninglist_is_not_blocked() -> None:
    lists = Warninglists([Listed("sites", "hostname", (), ("www.shop.example",))])
    assert unfit("domain", "shop.example", "block", lists) == "warninglist"
    assert unfit("domain", "shop.example", "match", lists) == ""
    assert unfit("url", "http://www.shop.example/x", "match", lists) == "warninglist"
