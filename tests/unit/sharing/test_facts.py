from __future__ import annotations

import itertools
from typing import Any

import pytest

from deciding import (
    DEFINITIONS,
    FOREIGN,
    KINDS,
    NOW,
    OWN_ID,
    PEER_ID,
    QUARRELLED,
    RED_TLP1,
    STATEMENT,
    THIRD_ID,
    UNKNOWN,
)
from deciding import labels as lattice
from reference_policy import LEVELS, WORDS, asked, level, understood
from tocsin.sharing.facts import NO_OWNER, NO_TLP, UNSETTLED, Facts, facts_of, join
from tocsin.sharing.labels import Definitions, Label, label_for
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
        ((FOREIGN, id_of(TLP.CLEAR)), None, "clear", False),
        ((QUARRELLED, id_of(TLP.CLEAR)), None, "clear", False),
        ((UNSETTLED, id_of(TLP.CLEAR)), None, "clear", False),
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


def test_nobody_defines_what_is_unsettled() -> None:
    said = Definitions({(UNSETTLED, OWN_ID): "statement", (UNSETTLED, THIRD_ID): "statement"})
    for owner in (OWN_ID, THIRD_ID):
        assert not facts_of(label_for([UNSETTLED], owner=owner), said, own=OWN_ID, now=NOW).understood


def test_facts_are_those_of_the_reference_on_the_whole_lattice() -> None:
    for label in lattice():
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
        **{k: any(w.get(k) for w in wishes) for k in ("no_regulators", "no_law_enforcement", "hide_source")},
    }


def test_join_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="rests on something"):
        join([])


def test_join_keeps_what_all_share() -> None:
    one = label_for([id_of(TLP.GREEN)], owner=OWN_ID, communities=["c1", "c2"], recipients=[PEER_ID])
    other = label_for([STATEMENT], owner=OWN_ID, communities=["c2", "c3"], assumed="clear")
    assert join([one, other]) == Label(
        tuple(sorted([id_of(TLP.GREEN), id_of(TLP.CLEAR), STATEMENT])), OWN_ID, ("c2",), ()
    )


def test_join_with_something_unmarked_stays() -> None:
    found = join([label_for([id_of(TLP.CLEAR)], owner=OWN_ID), label_for([], owner=OWN_ID)])
    assert not facts_of(found, DEFINITIONS, own=OWN_ID, now=NOW).understood


def test_join_of_several_owners_is_nobodys_and_stays_from_amber_on() -> None:
    for tlp in TLP:
        found = join([label_for([id_of(tlp)], owner=OWN_ID), label_for([id_of(TLP.CLEAR)], owner=THIRD_ID)])
        assert found.owner == NO_OWNER
        assert facts_of(found, DEFINITIONS, own=OWN_ID, now=NOW).understood == (tlp < TLP.AMBER)


def test_join_does_not_depend_on_order_or_grouping() -> None:
    some = list(itertools.islice(lattice(), 0, None, 97))
    for a, b, c in zip(some, some[1:], some[2:], strict=False):
        assert join([a, b]) == join([b, a])
        assert join([a, b, c]) == join([join([a, b]), c]) == join([a, join([b, c])])
        assert join([join([a, b])]) == join([a, b])
