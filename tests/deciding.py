"""What tests of decisions are made of: a node run by `own`, a recipient `peer`, somebody else `third`, and the lattice of all cases."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from tocsin.sharing.audience import Organisation
from tocsin.sharing.labels import Definitions, Label, label_for
from tocsin.stix.markings import TLP, id_of

OWN_ID, PEER_ID, THIRD_ID = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
OWN = Organisation(OWN_ID, "Own", "XA", own=True)
PEER = Organisation(PEER_ID, "Peer", "XB")
IDS = {"own": OWN_ID, "peer": PEER_ID, "third": THIRD_ID}

STATEMENT, FOREIGN, UNKNOWN, QUARRELLED = (
    f"marking-definition--00000000-0000-4000-8000-00000000000{letter}" for letter in "abcd"
)
KINDS = {
    (STATEMENT, OWN_ID): "statement",
    (FOREIGN, THIRD_ID): "statement",
    (UNKNOWN, OWN_ID): "unknown",
    (QUARRELLED, OWN_ID): "unknown",
    (QUARRELLED, THIRD_ID): "statement",
}
DEFINITIONS = Definitions(KINDS)
MARKINGS = {tlp.label: id_of(tlp) for tlp in TLP} | {
    "statement": STATEMENT,
    "foreign": FOREIGN,
    "unknown": UNKNOWN,
}
RED_TLP1 = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
ACTIONS = ("receive", "match")


def recipient_of(**facts: Any) -> Organisation:
    return Organisation(
        PEER_ID, "Peer", "XB", **{k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
    )


def recipients() -> list[Organisation]:
    """Every recipient that policies can tell apart."""
    return [
        recipient_of(communities=communities, client=client, suspended=suspended)
        for communities, client, suspended in itertools.product(
            ((), ("c1",), ("c1", "c2")), (False, True), (False, True)
        )
    ] + [OWN, Organisation(OWN_ID, "Own", own=True, suspended=True, communities=("c1",))]


def labels() -> Iterator[Label]:
    """Every label set over a small vocabulary: all levels in both families, mixtures, statements and what is unknown."""
    markings = [
        (),
        *[(id_of(tlp),) for tlp in TLP],
        (RED_TLP1, id_of(TLP.CLEAR)),
        (id_of(TLP.GREEN), id_of(TLP.AMBER)),
        (STATEMENT,),
        (STATEMENT, id_of(TLP.GREEN)),
        (FOREIGN, id_of(TLP.CLEAR)),
        (QUARRELLED, id_of(TLP.CLEAR)),
        (UNKNOWN,),
        (UNKNOWN, id_of(TLP.CLEAR)),
    ]
    audiences = itertools.product(
        ((), ("c1",), ("c2",), ("c1", "c2")), ((), (PEER_ID,), (PEER_ID, THIRD_ID), (THIRD_ID,))
    )
    for (communities, named), marking, owner, assumed in itertools.product(
        list(audiences), markings, IDS.values(), (None, "clear", "amber", "white")
    ):
        yield label_for(marking, owner=owner, communities=communities, recipients=named, assumed=assumed)
