from __future__ import annotations

import json
import re

import pytest

from tocsin.errors import FormatError
from tocsin.formats import misp_warninglist

WRITTEN = {
    "name": "Resolvers",
    "description": "Public ones.",
    "type": "cidr",
    "version": 20240101,
    "list": ["192.0.2.1", " 198.51.100.0/24 ", ""],
    "matching_attributes": ["ip-src", "ip-dst"],
}


def read(**changes) -> misp_warninglist.Warninglist:
    return misp_warninglist.read(json.dumps(WRITTEN | changes).encode(), "list.json")


def test_reads() -> None:
    assert read() == misp_warninglist.Warninglist(
        "Resolvers", "cidr", ("ip-src", "ip-dst"), 20240101, ("192.0.2.1", "198.51.100.0/24"), "Public ones."
    )


def test_php_patterns_become_python_patterns() -> None:
    found = read(type="regex", list=["/^(soc|abuse)\\@.*$/i", "/a(b)/g", "plain.*"])
    assert found.values == ("(?i)^(soc|abuse)\\@.*$", "a(b)", "plain.*")
    assert re.search(found.values[0], "SOC@example.org")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"type": "sound"}, "sound"),
        ({"list": "x"}, "list"),
        ({"list": [["x"]]}, "list"),
        ({"type": "regex", "list": ["/(/"]}, "cannot be used"),
    ],
)
def test_says_what_is_wrong(changes, says) -> None:
    with pytest.raises(FormatError, match=r"list\.json: ") as raised:
        read(**changes)
    assert says in str(raised.value)


def test_not_json() -> None:
    with pytest.raises(FormatError):
        misp_warninglist.read(b"\xff", "list.json")
