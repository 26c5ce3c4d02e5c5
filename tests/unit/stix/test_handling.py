from __future__ import annotations

import itertools
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sharing import audience
from tocsin.stix.handling import HANDLING_EXTENSION, NOBODY, PAP, ROLES, Handling, from_kind, together
from tocsin.stix.marking_readers import read
from tocsin.stix.timestamps import to_micros

LISTS = ("countries", "communities", "organisations", "roles")
FLAGS = ("no_regulators", "no_law_enforcement", "hide_source", "not_public", "encrypted")
MOMENTS = st.none() | st.integers(0, to_micros("9999-12-31T23:59:59Z"))


def some(*names: str, least: int = 0) -> st.SearchStrategy[tuple[str, ...] | None]:
    lists = st.lists(st.sampled_from(names), min_size=least, unique=True)
    return st.none() | lists.map(lambda chosen: tuple(sorted(chosen)))


def handlings(least: int = 0) -> st.SearchStrategy[Handling]:
    return st.builds(
        Handling,
        pap=st.none() | st.sampled_from(PAP),
        not_before=MOMENTS,
        not_after=MOMENTS,
        countries=some("DE", "FR", "US", least=least),
        communities=some(*(f"00000000-0000-4000-8000-00000000000{n}" for n in range(3)), least=least),
        organisations=some(
            *(f"identity--00000000-0000-4000-8000-00000000000{n}" for n in range(3)), least=least
        ),
        roles=some(*ROLES[:3], least=least),
        **{flag: st.booleans() for flag in FLAGS},
    )


def is_as_strict(asked: Handling, part: Handling) -> bool:
    """Field by field: whatever `asked` lets through, `part` lets through."""
    lists = all(
        getattr(part, name) is None
        or (getattr(asked, name) is not None and set(getattr(asked, name)) <= set(getattr(part, name)))
        for name in LISTS
    )
    return (
        lists
        and all(getattr(asked, flag) or not getattr(part, flag) for flag in FLAGS)
        and (part.pap is None or (asked.pap is not None and asked.pap >= part.pap))
        and (
            part.not_before is None or (asked.not_before is not None and asked.not_before >= part.not_before)
        )
        and (part.not_after is None or (asked.not_after is not None and asked.not_after <= part.not_after))
    )


def test_roles_are_those_that_organisations_can_have() -> None:
    assert ROLES == audience.ROLES


@pytest.mark.parametrize(
    "kind", [None, "", "statement", "handling:", "handling:{", 'handling:{"pap":9}', 'handling:{"new":1}']
)
def test_kinds_that_say_no_handling(kind: str | None) -> None:
    assert from_kind(kind) is None


def test_together_is_the_strictest_of_each_in_any_order() -> None:
    parts = [
        Handling(pap=PAP.GREEN, not_before=5, countries=("DE", "FR")),
        Handling(pap=PAP.RED, not_before=9, not_after=30, no_regulators=True),
        Handling(not_after=20, countries=("FR", "IT"), hide_source=True),
        Handling(no_law_enforcement=True),
        Handling(),
    ]
    expected = Handling(
        pap=PAP.RED, not_before=9, not_after=20, countries=("FR",),
        no_regulators=True, no_law_enforcement=True, hide_source=True,
    )  # fmt: skip
    for some in itertools.permutations(parts):
        assert together(some) == expected
    assert together([]) == Handling()
    assert together([Handling(countries=("DE",)), Handling(countries=("FR",))]).countries == ()
    assert together([NOBODY, Handling(organisations=("identity--a",))]) == NOBODY


@given(parts=st.lists(handlings(), max_size=4), data=st.data())
def test_together_is_never_freer_than_a_part_in_any_order(parts: list[Handling], data: st.DataObject) -> None:
    joined = together(parts)
    assert all(is_as_strict(joined, part) for part in parts)
    assert together(data.draw(st.permutations(parts))) == joined
    assert together([*parts, *parts]) == together([joined]) == joined
    cut = data.draw(st.integers(0, len(parts)))
    assert together([together(parts[:cut]), together(parts[cut:])]) == joined


@given(asked=handlings() | handlings().map(lambda each: Handling(tlp="amber", pap=each.pap)))
def test_kinds_say_all_of_it(asked: Handling) -> None:
    assert from_kind(asked.to_kind()) == asked


@given(asked=handlings(least=1).filter(lambda each: each != Handling()))
def test_the_extension_says_all_of_it(asked: Handling) -> None:
    data: dict[str, Any] = {
        "type": "marking-definition",
        "extensions": {HANDLING_EXTENSION: asked.to_extension()},
    }
    assert read(data) == asked


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_list_is_never_left_out(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        msgspec.structs.replace(Handling(), **{name: ()}).to_extension()


def test_a_kind_that_an_earlier_version_wrote_is_read() -> None:
    assert from_kind('handling:{"hide_source":true,"pap":3}') == Handling(pap=PAP.RED, hide_source=True)
