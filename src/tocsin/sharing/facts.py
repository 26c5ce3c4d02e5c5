"""From a label set to the facts that policies ask about (entity `LabelSet` of policies/schema.cedarschema)."""

from __future__ import annotations

import msgspec

from tocsin.clock import Micros
from tocsin.sharing.agreements import Terms
from tocsin.sharing.labels import Definitions, Label
from tocsin.stix.handling import PAP, Handling, from_kind, together
from tocsin.stix.markings import TLP, tlp_of
from tocsin.stix.sensitive import PERSONAL

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
# How policies write permissible actions, in the order of strictness; and where nobody has said.
PAP_WORDS = {pap: pap.name.lower() for pap in PAP}
NO_PAP = "unsaid"
_NOTHING = Handling()
CURRENT, EMBARGOED, EXPIRED = "current", "embargoed", "expired"


class Facts(msgspec.Struct, frozen=True):
    """What a policy may know of a label set. Field names are those of the Cedar schema.

    Attributes:
        tlp: "clear" ... "red", the strictest; or "none" where nobody has said.
        levels: all levels it carries: what stands beside the strictest holds as well.
        understood: every marking is known and defined by someone entitled to.
        owner: id of the organisation that asserted it to this node.
        ours: the owner runs this node.
        communities: ids of the communities it is addressed to.
        recipients: ids of the organisations its owner named.
        pap: "clear" ... "red", "nothing": what may be done with it; "unsaid" where no marking says.
        timing: "embargoed" before the latest date that a marking sets, "expired" from the earliest end on, else "current".
        limited: markings name the countries it may go to.
        countries: those that all of them name.
        no_regulators, no_law_enforcement, hide_source: uses that a marking excludes.
        circled, circles: it may go to members of certain communities only, and which all markings name.
        reserved, reserved_for: it may go to certain organisations only, and which.
        professional, professions: it may go to organisations of certain roles only, and which.
        encrypted: it may go over encrypted channels only.
        holds: what was found in it that needs care, of `tocsin.stix.sensitive.SENSITIVE`.
        personal: some of that are personal data.
        barred: actions that an agreement under which it was shared does not permit, of `tocsin.sharing.agreements.USES`.
        consented: all agreements under which it was shared permit use in proceedings.
    """

    tlp: str
    levels: frozenset[str]
    understood: bool
    owner: str
    ours: bool
    communities: frozenset[str]
    recipients: frozenset[str]
    pap: str = NO_PAP
    timing: str = CURRENT
    limited: bool = False
    countries: frozenset[str] = frozenset()
    no_regulators: bool = False
    no_law_enforcement: bool = False
    hide_source: bool = False
    circled: bool = False
    circles: frozenset[str] = frozenset()
    reserved: bool = False
    reserved_for: frozenset[str] = frozenset()
    professional: bool = False
    professions: frozenset[str] = frozenset()
    encrypted: bool = False
    holds: frozenset[str] = frozenset()
    personal: bool = False
    barred: frozenset[str] = frozenset()
    consented: bool = False


def facts_of(label: Label, definitions: Definitions, *, own: str, now: Micros) -> Facts:
    """Return the facts of `label` on the node of organisation `own` at the moment `now`.

    Several TLP markings join to the strictest, and so does all else that markings ask for. A TLP that the importer vouched for
    counts only where the object carries none. A statement marking neither permits nor forbids; any other marking that
    nobody entitled has defined makes the whole label set not understood.
    """
    tlps = []
    handlings: list[Handling] = []
    understood = True
    for marking in label.markings:
        tlp = tlp_of(marking)
        if tlp is not None:
            tlps.append(tlp)
        understood = understood and is_understood(marking, label, definitions, own=own)
        handlings += handlings_of(marking, label, definitions, own=own)
    tlps += [_BY_WORD.get(each.tlp, TLP.RED) for each in handlings if each.tlp is not None]
    asked = together(handlings) if handlings else _NOTHING
    if tlps:
        levels = frozenset(TLP_WORDS[tlp] for tlp in tlps)
        word = TLP_WORDS[max(tlps)]
    else:
        word = _vouched(label.assumed)
        levels = frozenset() if word == NO_TLP else frozenset((word,))
    if asked.not_public and levels:  # GREEN stands beside what else it carries
        clear, green = TLP_WORDS[TLP.CLEAR], TLP_WORDS[TLP.GREEN]
        levels = levels - {clear} | {green}
        word = green if word == clear else word
    agreed = terms_of(label, definitions, own=own)
    circles = None if asked.communities is None else frozenset(asked.communities)
    if any(each.closed for each in agreed):
        addressed = frozenset(label.communities)
        circles = addressed if circles is None else circles & addressed
    return Facts(
        tlp=word,
        levels=levels,
        understood=understood,
        owner=label.owner,
        ours=label.owner == own,
        communities=frozenset(label.communities),
        recipients=frozenset(label.recipients),
        pap=NO_PAP if asked.pap is None else PAP_WORDS[asked.pap],
        timing=_timing(asked, now),
        limited=asked.countries is not None,
        countries=frozenset(asked.countries or ()),
        no_regulators=asked.no_regulators,
        no_law_enforcement=asked.no_law_enforcement,
        hide_source=asked.hide_source,
        circled=circles is not None,
        circles=circles or frozenset(),
        reserved=asked.organisations is not None,
        reserved_for=frozenset(asked.organisations or ()),
        professional=asked.roles is not None,
        professions=frozenset(asked.roles or ()),
        encrypted=asked.encrypted,
        holds=frozenset(label.holds),
        personal=not PERSONAL.isdisjoint(label.holds),
        barred=frozenset().union(*(each.barred for each in agreed)),
        consented=bool(agreed)
        and len(agreed) == len(label.communities)
        and all("use_in_proceedings" in (each.permitted or ()) for each in agreed),
    )


def terms_of(label: Label, definitions: Definitions, *, own: str) -> list[Terms]:
    """Return what was agreed for an object of this label: nothing, where it is this node's own, for agreements bind who got something."""
    if label.owner == own:
        return []
    found = map(definitions.terms, label.communities)
    return [each for each in found if each is not None]


def _timing(asked: Handling, now: Micros) -> str:
    if asked.not_after is not None and now >= asked.not_after:
        return EXPIRED
    return EMBARGOED if asked.not_before is not None and now < asked.not_before else CURRENT


def turns_of(label: Label, definitions: Definitions, *, own: str, now: Micros) -> Micros | None:
    """Return the next moment after `now` at which the facts of `label` change by themselves; None if they never do."""
    handlings = [
        each for marking in label.markings for each in handlings_of(marking, label, definitions, own=own)
    ]
    if not handlings:  # as of most
        return None
    asked = together(handlings)
    later = [date for date in (asked.not_before, asked.not_after) if date is not None and date > now]
    return min(later, default=None)


def handlings_of(marking: str, label: Label, definitions: Definitions, *, own: str) -> list[Handling]:
    """Return what `marking` asks for beside TLP on an object of this label, as said by those who may say so."""
    if tlp_of(marking) is not None:
        return []
    said = definitions.kinds(marking, owner=label.owner, own=own)
    return [part for part in map(from_kind, said) if part is not None]


def _vouched(assumed: str | None) -> str:
    if assumed is None:
        return NO_TLP
    return assumed if assumed in _BY_WORD else TLP_WORDS[TLP.RED]


def is_understood(marking: str, label: Label, definitions: Definitions, *, own: str) -> bool:
    """Return whether it is known what `marking` asks for on an object of this label: TLP, handling, or a statement that asks for nothing."""
    if tlp_of(marking) is not None:
        return True
    said = definitions.kinds(marking, owner=label.owner, own=own)
    return bool(said) and all(kind == "statement" or from_kind(kind) is not None for kind in said)
