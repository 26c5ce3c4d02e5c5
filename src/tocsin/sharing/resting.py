"""What rests on something else goes no further than that: relationships, sightings, notes and containers.

An object that refers to others tells that they are there. So it goes to whoever may have each of them, under some label set of those
that their owner asserts them under; as it is only where they go as they are, because it carries their ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from tocsin.sharing.release import Forms

Resting: TypeAlias = tuple[int, tuple[tuple[int, ...], ...]]


def resolve(allowed: Sequence[Sequence[int]], resting: Sequence[Resting]) -> Forms:
    """Return in which form each label set goes: as it is, redacted, minimised.

    Args:
        allowed: ids that may go by themselves: for one action, or for each form, the fullest first.
        resting: ids of label sets that rest on others, and on which, ascending: what one rests on comes before it.

    Returns:
        Ids by form, ascending, each in the fullest form that it may have.
    """
    free = {number for number, _ in resting}
    forms: list[set[int]] = []
    visible: set[int] = set()
    for some in allowed:
        forms.append(set(some).difference(visible, free))
        visible |= forms[-1]
    able = [free.intersection(some) for some in allowed]
    for number, grounds in resting:
        whole = all(not forms[0].isdisjoint(labels) for labels in grounds)
        known = all(not visible.isdisjoint(labels) for labels in grounds)
        for place, form in enumerate(forms):
            if number in able[place] and (whole if place == 0 else known):
                form.add(number)
                visible.add(number)
                break
    ordered = [tuple(sorted(form)) for form in forms] + [(), ()]
    return ordered[0], ordered[1], ordered[2]
