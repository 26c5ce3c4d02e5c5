"""What tests of decisions are made of: a node run by `own`, a recipient `peer`, somebody else `third`, and the lattice of all cases."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from tocsin.sharing.agreements import USES, Terms
from tocsin.sharing.audience import Organisation
from tocsin.sharing.labels import Definitions, Label, label_for
from tocsin.stix.markings import TLP, id_of
from tocsin.stix.sensitive import SENSITIVE

OWN_ID, PEER_ID, THIRD_ID = (f"identity--00000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
OWN = Organisation(OWN_ID, "Own", "XA", own=True, transfer="domestic")
PEER = Organisation(PEER_ID, "Peer", "XB", transfer="adequacy")
IDS = {"own": OWN_ID, "peer": PEER_ID, "third": THIRD_ID}

STATEMENT, FOREIGN, UNKNOWN, QUARRELLED = (
    f"marking-definition--00000000-0000-4000-8000-00000000000{letter}" for letter in "abcd"
)
NOW = 1_795_000_000_000_000
"""Some moment in 2026; the dates below are far from it."""
_LONG_AGO, _FAR_OFF = 1_500_000_000_000_000, 4_000_000_000_000_000
# name -> what it asks for, as this node defines it
HANDLING = {
    "PAP:RED": {"pap": 3},
    "PAP:AMBER": {"pap": 2},
    "PAP:GREEN": {"pap": 1},
    "ask first": {"pap": 4},
    "embargoed": {"not_before": _FAR_OFF},
    "embargo over": {"not_before": _LONG_AGO},
    "ended": {"not_after": _LONG_AGO},
    "ending": {"not_after": _FAR_OFF},
    "to XB": {"countries": ["XB"]},
    "to XC and XD": {"countries": ["XC", "XD"]},
    "no regulators": {"no_regulators": True},
    "no police": {"no_law_enforcement": True},
    "no names": {"hide_source": True},
    "contested": {"pap": 1, "not_before": _LONG_AGO},
    "members of c1": {"communities": ["c1"]},
    "for peer": {"organisations": [PEER_ID]},
    "for somebody": {"organisations": ["identity--00000000-0000-4000-8000-000000000009"]},
    "for authorities": {"roles": ["csirt", "government"]},
    "encrypted": {"encrypted": True},
    "IEP green": {"tlp": "green", "pap": 1, "not_before": _LONG_AGO},
}
HANDLING_IDS = {
    name: f"marking-definition--00000000-0000-4000-9000-{place:012}" for place, name in enumerate(HANDLING)
}
# community -> what the agreement that it rests on says
AGREED: dict[str, dict[str, Any]] = {
    "c7": {"closed": True},
    "c8": {"permitted": ["use_in_proceedings"]},
    "c9": {"permitted": list(USES), "closed": True},
}
_DEFINED = {
    **{(HANDLING_IDS[name], OWN_ID): "handling:" + json.dumps(asks) for name, asks in HANDLING.items()},
    # said otherwise by their owner: both hold
    (HANDLING_IDS["contested"], THIRD_ID): 'handling:{"pap":2,"no_regulators":true}',
    (HANDLING_IDS["no police"], THIRD_ID): "statement",
    (HANDLING_IDS["ending"], PEER_ID): "unknown",
    (HANDLING_IDS["IEP green"], THIRD_ID): 'handling:{"tlp":"red"}',
    (STATEMENT, OWN_ID): "statement",
    (FOREIGN, THIRD_ID): "statement",
    (UNKNOWN, OWN_ID): "unknown",
    (QUARRELLED, OWN_ID): "unknown",
    (QUARRELLED, THIRD_ID): "statement",
}
KINDS = _DEFINED | {(community, "agreed"): json.dumps(said) for community, said in AGREED.items()}
"""All of it as the reference reads it."""
DEFINITIONS = Definitions(
    _DEFINED,
    {
        community: Terms(
            "Pact", tuple(said["permitted"]) if "permitted" in said else None, said.get("closed", False)
        )
        for community, said in AGREED.items()
    },
)
MARKINGS = (
    {tlp.label: id_of(tlp) for tlp in TLP}
    | HANDLING_IDS
    | {
        "statement": STATEMENT,
        "foreign": FOREIGN,
        "unknown": UNKNOWN,
    }
)
RED_TLP1 = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
ACTIONS = (
    *("receive", "receive_redacted", "receive_minimised", "match", "see_metadata", "redistribute"),
    *("enrich_externally", "block", "attribute_source", "use_in_proceedings"),
)


def recipient_of(**facts: Any) -> Organisation:
    given = {"country": "XB", "transfer": "adequacy"} | facts
    return Organisation(
        PEER_ID, "Peer", **{k: tuple(v) if isinstance(v, list) else v for k, v in given.items()}
    )


def recipients() -> list[Organisation]:
    """Every recipient that policies can tell apart."""
    return [
        recipient_of(communities=communities, client=client, suspended=suspended)
        for communities, client, suspended in itertools.product(
            ((), ("c1",), ("c1", "c2")), (False, True), (False, True)
        )
    ] + [
        OWN,
        Organisation(OWN_ID, "Own", own=True, suspended=True, communities=("c1",)),
        Organisation(OWN_ID, "Own", own=True, roles=("regulator", "law-enforcement")),
        recipient_of(communities=("c1",), roles=("csirt", "regulator")),
        recipient_of(communities=("c1",), roles=("law-enforcement",)),
        Organisation(PEER_ID, "Peer", "XC", communities=("c1",)),
        Organisation(PEER_ID, "Peer", communities=("c1",), client=True),
        *[recipient_of(communities=("c1",), transfer=ground) for ground in ("none", "unknown", "clauses")],
        recipient_of(communities=("c1",), trust="unverified"),
        recipient_of(communities=("c1",), trust="trusted", embargoed="an embargo"),
        recipient_of(communities=("c1",), encrypted=False),
        recipient_of(communities=("c1",), roles=("government",), transfer="none"),
        recipient_of(communities=("c1", "c7", "c8")),
    ]


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
        *[(marking, id_of(TLP.CLEAR)) for marking in HANDLING_IDS.values()],
        (HANDLING_IDS["to XB"], HANDLING_IDS["to XC and XD"], id_of(TLP.GREEN)),
        (HANDLING_IDS["PAP:GREEN"], HANDLING_IDS["PAP:RED"], id_of(TLP.GREEN)),
        (HANDLING_IDS["PAP:AMBER"], id_of(TLP.RED)),
        (HANDLING_IDS["IEP green"],),
    ]
    audiences = itertools.product(
        ((), ("c1",), ("c2",), ("c1", "c2")), ((), (PEER_ID,), (PEER_ID, THIRD_ID), (THIRD_ID,))
    )
    for (communities, named), marking, owner, assumed in itertools.product(
        list(audiences), markings, IDS.values(), (None, "clear", "amber", "white")
    ):
        yield label_for(marking, owner=owner, communities=communities, recipients=named, assumed=assumed)
    yield from holding()
    yield from agreed()


def holding() -> Iterator[Label]:
    """Every label set that holds something, at the levels and for the audiences that tell apart what that does."""
    held = [*((kind,) for kind in SENSITIVE), ("internal", "victim"), SENSITIVE]
    marked = [
        (id_of(TLP.CLEAR),),
        (id_of(TLP.GREEN),),
        (id_of(TLP.AMBER),),
        (HANDLING_IDS["no names"], id_of(TLP.GREEN)),
    ]
    for holds, markings, owner, named in itertools.product(held, marked, IDS.values(), ((), (PEER_ID,))):
        yield label_for(markings, owner=owner, communities=("c1",), recipients=named, holds=holds)


def agreed() -> Iterator[Label]:
    """Every label set that was shared under an agreement which says what may be done with it."""
    markings = [*((id_of(tlp),) for tlp in TLP), (id_of(TLP.CLEAR), HANDLING_IDS["no police"]), ()]
    communities = [("c7",), ("c8",), ("c9",), ("c1", "c7"), ("c8", "c9"), ("c7", "c9")]
    for marking, addressed, owner, named in itertools.product(
        markings, communities, IDS.values(), ((), (PEER_ID,))
    ):
        yield label_for(marking, owner=owner, communities=addressed, recipients=named)
    yield label_for(
        (HANDLING_IDS["members of c1"], id_of(TLP.CLEAR)), owner=THIRD_ID, communities=("c1", "c7")
    )
    yield label_for((HANDLING_IDS["members of c1"], id_of(TLP.CLEAR)), owner=THIRD_ID, communities=("c7",))
