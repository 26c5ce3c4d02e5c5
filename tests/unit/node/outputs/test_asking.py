from __future__ import annotations

import uuid

import pytest

from tocsin.errors import InputError, NotFoundError
from tocsin.formats import outputs
from tocsin.node.outputs.asking import collections_of, kinds_of, levels_up_to, wanted
from tocsin.store import collections


def test_types_are_groups_kinds_and_rules() -> None:
    zeek, suricata = outputs.named("zeek"), outputs.named("suricata")
    assert kinds_of(zeek, "") == zeek.kinds
    assert kinds_of(zeek, "domain, sha256") == {"domain", "sha256"}
    assert kinds_of(suricata, "rules") == {"suricata"}
    assert kinds_of(outputs.named("fortigate"), "hash") == {"md5", "sha1", "sha256"}
    with pytest.raises(InputError, match="holds no 'mutex'"):
        kinds_of(zeek, "mutex")
    with pytest.raises(InputError, match="one type"):
        kinds_of(outputs.named("paloalto"), "ip,domain")


def test_levels() -> None:
    assert levels_up_to("") == frozenset()
    assert levels_up_to("TLP:GREEN") == {"clear", "green"}
    with pytest.raises(InputError):
        levels_up_to("white")


def test_collections_that_may_not_be_read_do_not_exist() -> None:
    circle = uuid.uuid4()
    seen = [collections.new("a", community=circle), collections.new("b")]
    names = {circle: "circle", uuid.uuid4(): "other"}
    assert collections_of(seen, "", "", names) is None
    assert collections_of(seen, "a,b", "", names) == {c.id.hex for c in seen}
    assert collections_of(seen, str(seen[1].id), "", names) == {seen[1].id.hex}
    assert collections_of(seen, "", "circle", names) == {seen[0].id.hex}
    for asked in (("c", ""), ("a,c", ""), ("", "other"), ("b", "circle")):
        with pytest.raises(NotFoundError):
            collections_of(seen, *asked, names)


@pytest.mark.parametrize("numbers", [{"limit": 0}, {"limit": 1_000_001}, {"min_confidence": 101}])
def test_numbers_have_limits(numbers: dict[str, int]) -> None:
    with pytest.raises(InputError):
        wanted(outputs.named("plain"), **numbers)
