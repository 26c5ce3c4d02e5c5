"""From a label set to the facts that policies ask about (entity `LabelSet` of policies/schema.cedarschema)."""

from __future__ import annotations

import msgspec

from tocsin.sharing.labels import Definitions, Label
from tocsin.stix.markings import TLP, TLP2_EXTENSION, TLP_DEFINITIONS, strictest, tlp_of

# How policies write the levels, in the order of strictness.
TLP_WORDS = {
    TLP.CLEAR: "clear",
    TLP.GREEN: "green",
    TLP.AMBER: "amber",
    TLP.AMBER_STRICT: "amber+strict",
    TLP.RED: "red",
}
_BY_WORD = {word: tlp for tlp, word in TLP_WORDS.items()}
NO_TLP = "none"
_MARKING_OF_WORD = {
    definition["extensions"][TLP2_EXTENSION]["tlp_2_0"]: marking
    for marking, definition in TLP_DEFINITIONS.items()
    if "extensions" in definition
}


class Facts(msgspec.Struct, frozen=True):
    """What a policy may know of a label set. Field names are those of the Cedar schema."""

    tlp: str
    understood: bool
    owner: str
    ours: bool
    communities: frozenset[str]
    recipients: frozenset[str]


def facts_of(label: Label, definitions: Definitions, *, own: str) -> Facts:
    """Return the facts of `label` on the node of organisation `own`.

    Several TLP markings join to the strictest. A TLP that the importer vouched for counts only where the object carries
    none. A statement marking neither permits nor forbids; any other marking that nobody entitled has
    defined makes the whole label set not understood.
    """
    tlps = []
    understood = True
    for marking in label.markings:
        tlp = tlp_of(marking)
        if tlp is not None:
            tlps.append(tlp)
        elif definitions.kind(marking, owner=label.owner, own=own) != "statement":
            understood = False
    strict = strictest(tlps)
    if strict is not None:
        word = TLP_WORDS[strict]
    elif label.assumed is not None:
        word = label.assumed if label.assumed in _BY_WORD else TLP_WORDS[TLP.RED]
    else:
        word = NO_TLP
    return Facts(
        tlp=word,
        understood=understood,
        owner=label.owner,
        ours=label.owner == own,
        communities=frozenset(label.communities),
        recipients=frozenset(label.recipients),
    )


def join(labels: list[Label]) -> Label:
    """Return the label of something that rests on all of `labels`: never freer than any of them.

    All markings hold together, audiences intersect, and where owners differ none of them is the owner: such a label is
    nobody's to address, so only markings that need no owner (CLEAR, GREEN) can let it go.

    Raises:
        ValueError: nothing to join.
    """
    if not labels:
        raise ValueError("a derived thing rests on something")
    communities, recipients = set(labels[0].communities), set(labels[0].recipients)
    markings: set[str] = set()
    for label in labels:
        communities &= set(label.communities)
        recipients &= set(label.recipients)
        markings.update(label.markings)
        if not any(tlp_of(marking) is not None for marking in label.markings):
            # what was vouched for becomes a marking; a part that nobody marked makes the whole not understood
            markings.add(_MARKING_OF_WORD.get(label.assumed or "", UNMARKED_PART))
    owners = {label.owner for label in labels}
    return Label(
        markings=tuple(sorted(markings)),
        owner=owners.pop() if len(owners) == 1 else NO_OWNER,
        communities=tuple(sorted(communities)),
        recipients=tuple(sorted(recipients)),
    )


# Ids that nothing can have: a part that nobody marked, and the owner of what several own.
UNMARKED_PART = "marking-definition--00000000-0000-0000-0000-000000000000"
NO_OWNER = "identity--00000000-0000-0000-0000-000000000000"
