"""TLP 2.0, PAP and other handling between organisations in plain Python: the oracle of tests.

Written from FIRST's text and the marking ids of the OASIS specifications, not from our policies: nothing of `tocsin.sharing` but the
values that are asked about is used, and none of `tocsin.stix.markings`.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.sharing.audience import Organisation
from tocsin.sharing.labels import Label

LEVELS = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": 0,
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": 1,
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": 2,
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": 4,
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": 0,
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": 1,
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": 2,
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": 3,
    "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37": 3,
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": 4,
}
WORDS = ["clear", "green", "amber", "amber+strict", "red"]
CLEAR, GREEN, AMBER, AMBER_STRICT, RED = range(5)


Kinds = Mapping[tuple[str, str], str]
HANDLING = "handling:"
PAP_CLEAR, PAP_GREEN, PAP_AMBER, PAP_RED, ASK_FIRST = range(5)
NOW = 1_795_000_000_000_000


_read = functools.cache(json.loads)  # what comes of it is only read


def said(marking: str, label: Label, kinds: Kinds, own: str) -> list[str]:
    """`kinds`: (marking, who defines it) -> kind. This node's word and the owner's both count; nobody else's does."""
    return [kinds[marking, who] for who in {own, label.owner} if (marking, who) in kinds]


def asked(label: Label, kinds: Kinds, own: str) -> list[dict[str, Any]]:
    """What each marking beside TLP asks for."""
    words = [w for m in label.markings if m not in LEVELS for w in said(m, label, kinds, own)]
    return [_read(w[len(HANDLING) :]) for w in words if w.startswith(HANDLING)]


def agreed(label: Label, kinds: Kinds, own: str) -> list[dict[str, Any]]:
    """What the agreements say under which somebody else shared it with this node, one for each community that rests on one."""
    if label.owner == own:
        return []
    return [_read(kinds[each, "agreed"]) for each in label.communities if (each, "agreed") in kinds]


def level(label: Label, kinds: Kinds | None = None, own: str = "") -> int | None:
    """The strictest level an object carries, else what was vouched for, else nothing."""
    carried = [LEVELS[m] for m in label.markings if m in LEVELS]
    carried += [WORDS.index(a["tlp"]) for a in asked(label, kinds or {}, own) if "tlp" in a]
    if carried:
        return max(carried)
    if label.assumed is None:
        return None
    return WORDS.index(label.assumed) if label.assumed in WORDS else RED


def understood(label: Label, kinds: Kinds, own: str) -> bool:
    """Whether every marking is TLP, a statement, or something whose demands are known."""
    for marking in label.markings:
        words = said(marking, label, kinds, own)
        if marking not in LEVELS and not (
            words and all(w == "statement" or w.startswith(HANDLING) for w in words)
        ):
            return False
    return True


def pap(label: Label, kinds: Kinds, own: str) -> int | None:
    """The strictest of what may be done; None where nobody says."""
    return max((a["pap"] for a in asked(label, kinds, own) if "pap" in a), default=None)


def kept_back(recipient: Organisation, label: Label, kinds: Kinds, own: str) -> bool:
    """Whether dates, countries, uses or the channel stand against it in any form, whoever else may have it."""
    for wish in asked(label, kinds, own):
        if wish.get("encrypted") and not recipient.encrypted and not recipient.own:
            return True
        if label.owner == recipient.id:
            continue
        if wish.get("not_after", NOW + 1) <= NOW:
            return True
        nobody_knows = not recipient.roles and not recipient.own
        if wish.get("no_regulators") and ("regulator" in recipient.roles or nobody_knows):
            return True
        if wish.get("no_law_enforcement") and ("law-enforcement" in recipient.roles or nobody_knows):
            return True
        if not recipient.own and (wish.get("not_before", NOW) > NOW or outside(recipient, wish)):
            return True
    if recipient.own or label.owner == recipient.id:
        return False
    closed = any(each.get("closed") for each in agreed(label, kinds, own))
    wished = [set(w["communities"]) for w in asked(label, kinds, own) if "communities" in w]
    circle = set(label.communities).intersection(*wished)
    return closed and not circle & set(recipient.communities)


def outside(recipient: Organisation, wish: Mapping[str, Any]) -> bool:
    """Whether a marking lets it go to others only."""
    return (
        ("countries" in wish and recipient.country not in wish["countries"])
        or ("communities" in wish and not set(wish["communities"]) & set(recipient.communities))
        or ("organisations" in wish and recipient.id not in wish["organisations"])
        or ("roles" in wish and not set(wish["roles"]) & set(recipient.roles))
    )


WHOLE = ("receive", "see_metadata", "redistribute")
WITH_PERSONAL_DATA = (*WHOLE, "receive_redacted")


def too_much(recipient: Organisation, action: str, label: Label, kinds: Kinds, own: str) -> bool:
    """Whether what it holds, or whom it comes from, stands against this form of it."""
    if recipient.own or label.owner == recipient.id:
        return False
    named = label.owner == own and recipient.id in label.recipients
    holds = set(label.holds)
    if action in WHOLE:
        if any(a.get("hide_source") for a in asked(label, kinds, own)):
            return True
        if holds & {"victim", "internal"} and not named and level(label, kinds, own) != CLEAR:
            return True
    if action in WITH_PERSONAL_DATA:
        if holds - {"victim", "internal"} and recipient.transfer in ("none", "unknown"):
            return True
        if "credential" in holds and not named:
            return True
        authority = set(recipient.roles) & {"law-enforcement", "government", "csirt"}
        if "offence" in holds and level(label, kinds, own) != CLEAR and not authority:
            return True
    return False


def may(recipient: Organisation, action: str, label: Label, kinds: Kinds, own: str) -> bool:
    """Whether `recipient` may do `action` with an object under `label` on the node of `own`."""
    if recipient.suspended or (recipient.embargoed and not recipient.own):
        return False
    barred = recipient.trust == "unverified" and level(label, kinds, own) != CLEAR
    if barred and not recipient.own and label.owner != recipient.id:
        return False
    if kept_back(recipient, label, kinds, own) or too_much(recipient, action, label, kinds, own):
        return False
    if action in ("receive", "see_metadata"):
        return recipient.own or may_have(recipient, label, kinds, own)
    if action in ("receive_redacted", "receive_minimised"):
        return may_have_by_level(recipient, label, kinds, own)
    if not_agreed(recipient, action, label, kinds, own):
        return False
    if action == "match":
        return recipient.own
    if action == "redistribute":
        return may_pass_on(recipient, label, kinds, own)
    return recipient.own and understood(label, kinds, own) and may_use(action, label, kinds, own)


def not_agreed(recipient: Organisation, action: str, label: Label, kinds: Kinds, own: str) -> bool:
    """Whether an agreement stands against what somebody would do with what was shared under it."""
    if action == "use_in_proceedings" or label.owner == recipient.id:
        return False
    said = agreed(label, kinds, own)
    if action == "redistribute" and any(each.get("closed") for each in said):
        return True
    return any("permitted" in each and action not in each["permitted"] for each in said)


def may_use(action: str, label: Label, kinds: Kinds, own: str) -> bool:
    """What the organisation that runs the node may do with what it holds."""
    allowed = pap(label, kinds, own)
    if action == "attribute_source":
        return not any(a.get("hide_source") for a in asked(label, kinds, own))
    if allowed == ASK_FIRST:
        return False
    if action == "use_in_proceedings":
        if label.owner == own:
            return True
        said = agreed(label, kinds, own)
        excluded = any(
            a.get("no_regulators") or a.get("no_law_enforcement") for a in asked(label, kinds, own)
        )
        consent = [each for each in said if action in each.get("permitted", ())]
        return not excluded and bool(consent) and len(consent) == len(label.communities)
    if action == "block":
        return allowed is None or allowed <= PAP_GREEN
    if allowed is None:
        return level(label, kinds, own) == CLEAR
    return allowed <= PAP_AMBER


def may_pass_on(recipient: Organisation, label: Label, kinds: Kinds, own: str) -> bool:
    if not understood(label, kinds, own):
        return False
    tlp = level(label, kinds, own)
    if recipient.own and label.owner == own:
        return True
    if tlp is None and not recipient.own:
        return False
    member = any(c in label.communities for c in recipient.communities)
    return tlp == CLEAR or (tlp == GREEN and (recipient.own or member))


def may_have(recipient: Organisation, label: Label, kinds: Kinds, own: str) -> bool:
    return label.owner == recipient.id or may_have_by_level(recipient, label, kinds, own)


def may_have_by_level(recipient: Organisation, label: Label, kinds: Kinds, own: str) -> bool:
    tlp = level(label, kinds, own)
    own_or_owner = recipient.own or label.owner == recipient.id
    if (tlp is None or not understood(label, kinds, own)) and not own_or_owner:
        return False
    ours = label.owner == own
    named = ours and recipient.id in label.recipients
    member = any(c in label.communities for c in recipient.communities)
    if tlp == CLEAR:
        return True
    if tlp == GREEN:
        return member or named
    if tlp == AMBER and ours:
        return member or named
    if tlp is None:
        return False
    if tlp == AMBER:
        green = any(LEVELS.get(m) == GREEN for m in label.markings)
        green = green or any(a.get("tlp") == "green" for a in asked(label, kinds, own))
        return recipient.client and (member or not green)
    return named


def forms_of(allowed: Sequence[set[int]], labels: Mapping[int, Label]) -> list[set[int]]:
    """In which form each label set goes: the fullest that is allowed and that all it rests on lets it have.

    `allowed`: by form, the fullest first. Whole only where something of each thing it rests on goes whole; in another form where
    something of each goes in any.
    """
    form: dict[int, int] = {}
    for number, label in labels.items():  # what one rests on has a smaller number
        best = [min((form[n] for n in one if n in form), default=None) for one in label.rests]
        if None in best:
            continue
        for place, some in enumerate(allowed):
            if number in some and (place > 0 or not any(best)):
                form[number] = place
                break
    return [{number for number, place in form.items() if place == each} for each in range(3)]
