"""TLP 2.0 between organisations in plain Python: the oracle of tests.

Written from FIRST's text and the marking ids of the OASIS specifications, not from our policies: nothing of `tocsin.sharing` but the
values that are asked about is used, and none of `tocsin.stix.markings`.
"""

from __future__ import annotations

from collections.abc import Mapping

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


def level(label: Label) -> int | None:
    """The strictest level an object carries, else what was vouched for, else nothing."""
    carried = [LEVELS[m] for m in label.markings if m in LEVELS]
    if carried:
        return max(carried)
    if label.assumed is None:
        return None
    return WORDS.index(label.assumed) if label.assumed in WORDS else RED


def understood(label: Label, kinds: Mapping[tuple[str, str], str], own: str) -> bool:
    """`kinds`: (marking, who defines it) -> kind. This node's word goes before the owner's; nobody else's counts."""
    for marking in label.markings:
        if marking in LEVELS:
            continue
        said = [kinds[marking, who] for who in (own, label.owner) if (marking, who) in kinds]
        if not said or said[0] != "statement":
            return False
    return True


def may(
    recipient: Organisation, action: str, label: Label, kinds: Mapping[tuple[str, str], str], own: str
) -> bool:
    """Whether `recipient` may do `action` with an object under `label` on the node of `own`."""
    if recipient.suspended:
        return False
    if recipient.own:
        return action in ("receive", "match")
    if action != "receive":
        return False
    if label.owner == recipient.id:
        return True
    tlp = level(label)
    if tlp is None or not understood(label, kinds, own):
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
    if tlp == AMBER:
        return recipient.client and (member or not any(LEVELS.get(m) == GREEN for m in label.markings))
    return named
