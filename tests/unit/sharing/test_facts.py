from __future__ import annotations

from typing import Any

import pytest

from deciding import (
    DEFINITIONS,
    FOREIGN,
    HANDLING_IDS,
    KINDS,
    NOW,
    OWN_ID,
    QUARRELLED,
    RED_TLP1,
    STATEMENT,
    THIRD_ID,
    UNKNOWN,
)
from deciding import labels as lattice
from reference_policy import LEVELS, WORDS, agreed, asked, level, understood
from tocsin.sharing.agreements import USES
from tocsin.sharing.facts import NO_TLP, Facts, facts_of, turns_of
from tocsin.sharing.labels import Definitions, label_for
from tocsin.stix.markings import OPENCTI_AMBER_STRICT, TLP, id_of

# ids that circulate as TLP 2.0 GREEN and AMBER+STRICT and are not (../shared/law/markings.yaml, meta.warning)
INVENTED = (
    "marking-definition--bab4a63c-afd4-4e03-b846-b75e0496be71",
    "marking-definition--939a9414-2ddd-4d32-a0cd-b7571b03f430",
)


def facts(*markings: str, owner: str = OWN_ID, assumed: str | None = None) -> Facts:
    return facts_of(label_for(markings, owner=owner, assumed=assumed), DEFINITIONS, own=OWN_ID, now=NOW)


@pytest.mark.parametrize(
    ("markings", "assumed", "tlp", "known"),
    [
        ((), None, "none", True),
        ((), "clear", "clear", True),
        ((), "WHITE", "red", True),
        ((), "", "red", True),
        ((id_of(TLP.GREEN), id_of(TLP.RED)), None, "red", True),
        ((id_of(TLP.GREEN), RED_TLP1), None, "red", True),
        ((OPENCTI_AMBER_STRICT,), None, "amber+strict", True),
        ((id_of(TLP.AMBER),), "clear", "amber", True),
        ((STATEMENT,), None, "none", True),
        ((STATEMENT,), "clear", "clear", True),
        ((UNKNOWN,), "clear", "clear", False),
        ((UNKNOWN, id_of(TLP.CLEAR)), None, "clear", False),
        ((UNKNOWN, HANDLING_IDS["PAP:RED"], id_of(TLP.CLEAR)), None, "clear", False),
        ((FOREIGN, id_of(TLP.CLEAR)), None, "clear", False),
        ((QUARRELLED, id_of(TLP.CLEAR)), None, "clear", False),
        ((INVENTED[0],), None, "none", False),
        ((INVENTED[1],), "clear", "clear", False),
    ],
)
def test_facts(markings: tuple[str, ...], assumed: str | None, tlp: str, known: bool) -> None:
    found = facts(*markings, assumed=assumed)
    assert (found.tlp, found.understood) == (tlp, known)


def test_an_owner_defines_its_own_markings_unless_this_node_knows_better() -> None:
    assert facts(FOREIGN, owner=THIRD_ID).understood
    assert not facts(QUARRELLED, owner=THIRD_ID).understood


def test_facts_are_those_of_the_reference_on_the_whole_lattice() -> None:
    for label in lattice():
        if agreed(label, KINDS, OWN_ID):
            continue  # below
        found = facts_of(label, DEFINITIONS, own=OWN_ID, now=NOW)
        tlp = level(label, KINDS, OWN_ID)
        carried = {WORDS[LEVELS[m]] for m in label.markings if m in LEVELS}
        carried |= {w["tlp"] for w in asked(label, KINDS, OWN_ID) if "tlp" in w}
        assert found == Facts(
            tlp=NO_TLP if tlp is None else WORDS[tlp],
            levels=frozenset(carried or ([] if tlp is None else [WORDS[tlp]])),
            understood=understood(label, KINDS, OWN_ID),
            owner=label.owner,
            ours=label.owner == OWN_ID,
            communities=frozenset(label.communities),
            recipients=frozenset(label.recipients),
            **handling(asked(label, KINDS, OWN_ID)),
            holds=frozenset(label.holds),
            personal=bool(set(label.holds) - {"internal", "victim"}),
        )


def handling(wishes: list[dict[str, Any]]) -> dict[str, Any]:
    """The strictest of each wish, worked out otherwise than `together` does."""
    starts, ends = ([w[k] for w in wishes if k in w] for k in ("not_before", "not_after"))
    lists = [set(w["countries"]) for w in wishes if "countries" in w]
    paps = sorted(w["pap"] for w in wishes if "pap" in w)
    return {
        "pap": ["clear", "green", "amber", "red", "nothing"][paps[-1]] if paps else "unsaid",
        "timing": "expired"
        if any(end <= NOW for end in ends)
        else "embargoed"
        if any(start > NOW for start in starts)
        else "current",
        "limited": bool(lists),
        "countries": frozenset(set.intersection(*lists) if lists else ()),
        **{k: any(w.get(k) for w in wishes) for k in FLAGS},
        **_bound(wishes, "communities", "circled", "circles"),
        **_bound(wishes, "organisations", "reserved", "reserved_for"),
        **_bound(wishes, "roles", "professional", "professions"),
    }


FLAGS = ("no_regulators", "no_law_enforcement", "hide_source", "encrypted")


def _bound(wishes, asked, flag, among):
    lists = [set(w[asked]) for w in wishes if asked in w]
    return {flag: bool(lists), among: frozenset(set.intersection(*lists) if lists else ())}


@pytest.mark.parametrize(
    ("owner", "communities", "barred", "consented", "circles"),
    [
        (THIRD_ID, ("c1",), set(), False, None),
        (OWN_ID, ("c7", "c8"), set(), False, None),
        (THIRD_ID, ("c7",), {"redistribute"}, False, {"c7"}),
        (THIRD_ID, ("c1", "c7"), {"redistribute"}, False, {"c1", "c7"}),
        (THIRD_ID, ("c8",), set(USES) - {"use_in_proceedings"}, True, None),
        (THIRD_ID, ("c8", "c9"), set(USES) - {"use_in_proceedings"}, True, {"c8", "c9"}),
        (THIRD_ID, ("c8", "c1"), set(USES) - {"use_in_proceedings"}, False, None),
        (THIRD_ID, ("c8", "c7"), set(USES) - {"use_in_proceedings"}, False, {"c7", "c8"}),
        (THIRD_ID, ("c9",), {"redistribute"}, True, {"c9"}),
    ],
)
def test_what_was_agreed(
    owner: str, communities: tuple[str, ...], barred: set, consented: bool, circles: set | None
) -> None:
    label = label_for([id_of(TLP.CLEAR)], owner=owner, communities=communities)
    found = facts_of(label, DEFINITIONS, own=OWN_ID, now=NOW)
    assert (found.barred, found.consented) == (barred, consented)
    assert (found.circled, found.circles) == (circles is not None, circles or set())


def test_a_circle_of_a_marking_and_one_of_an_agreement_both_hold() -> None:
    marking = HANDLING_IDS["members of c1"]
    both, neither = (
        facts_of(label_for([marking], owner=THIRD_ID, communities=each), DEFINITIONS, own=OWN_ID, now=NOW)
        for each in (("c1", "c7"), ("c7",))
    )
    assert (both.circled, both.circles) == (True, {"c1"})
    assert (neither.circled, neither.circles) == (True, frozenset())


NOT_PUBLIC = "marking-definition--00000000-0000-4000-a000-000000000001"


def defined(kind: str, *markings: str, marking: str = NOT_PUBLIC, assumed: str | None = None) -> Facts:
    """Facts of this node's own object that carries `marking`, of that kind, and others."""
    label = label_for((marking, *markings), owner=OWN_ID, assumed=assumed)
    return facts_of(label, Definitions({(marking, OWN_ID): kind}), own=OWN_ID, now=NOW)


@pytest.mark.parametrize(
    ("level", "word", "levels"),
    [
        (TLP.CLEAR, "green", {"green"}),
        (TLP.GREEN, "green", {"green"}),
        (TLP.AMBER, "amber", {"amber", "green"}),
        (TLP.RED, "red", {"red", "green"}),
    ],
)
def test_what_is_not_public_goes_as_far_as_green_at_most(level: TLP, word: str, levels: set[str]) -> None:
    found = defined('handling:{"not_public":true}', id_of(level))
    assert (found.tlp, found.levels, found.understood) == (word, levels, True)


def test_what_is_not_public_is_no_level_where_nobody_has_said_one() -> None:
    found = defined('handling:{"not_public":true}')
    assert (found.tlp, found.levels) == (NO_TLP, frozenset())


def test_the_level_vouched_for_is_the_level_carried() -> None:
    assert facts(assumed="amber").levels == {"amber"}
    assert facts().levels == frozenset()
    assert defined('handling:{"not_public":true}', assumed="clear").levels == {"green"}


def test_a_level_that_is_not_known_is_red() -> None:
    found = defined('handling:{"tlp":"purple"}', id_of(TLP.CLEAR))
    assert (found.tlp, found.levels) == ("red", {"clear", "red"})


def test_nobody_says_more_of_tlp_than_it_says() -> None:
    """Not even this node: a definition under the id of a level is no marking of its own."""
    found = defined('handling:{"pap":3}', marking=id_of(TLP.GREEN))
    assert (found.tlp, found.pap, found.understood) == ("green", "unsaid", True)
    assert defined("unknown", marking=id_of(TLP.GREEN)).understood


@pytest.mark.parametrize(
    ("kind", "turns"),
    [
        ("statement", None),
        (f'handling:{{"not_before":{NOW + 5}}}', NOW + 5),
        (f'handling:{{"not_before":{NOW}}}', None),
        (f'handling:{{"not_after":{NOW + 7},"not_before":{NOW + 5}}}', NOW + 5),
        (f'handling:{{"not_after":{NOW + 7},"not_before":{NOW - 5}}}', NOW + 7),
    ],
)
def test_when_facts_change_by_themselves(kind: str, turns: int | None) -> None:
    label, definitions = label_for((NOT_PUBLIC,), owner=OWN_ID), Definitions({(NOT_PUBLIC, OWN_ID): kind})
    assert turns_of(label, definitions, own=OWN_ID, now=NOW) == turns
