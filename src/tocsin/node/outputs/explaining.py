"""Why a value stands where it does in a list, or does not stand in it. Known is only what the organisation may use so: everything else does not exist."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec

from tocsin.clock import Micros
from tocsin.errors import FormatError, InputError
from tocsin.formats.outputs import RULES, Item, Output
from tocsin.matching import values
from tocsin.matching.decay import LIFETIME
from tocsin.matching.entries import refusal
from tocsin.node.outputs.choosing import choose
from tocsin.node.outputs.pool import Pool
from tocsin.node.outputs.ranking import HOUR, Ranked, Wanted

REASONS: Final = {
    "unknown": "no indicator names it that may be used so",
    "another-type": "the list holds no values of this type",
    "elsewhere": "its indicators are not of the levels or collections that were asked for",
    "not-valid": "none of its indicators holds now: it is before valid_from, from valid_until on, or revoked",
    "faded": "its confidence has decayed below what was asked for, or to nothing",
    "warninglist": "it is on a warninglist, or to block it would block what is on one",
    "public-suffix": "names below it belong to different people",
    "wide-range": "it is too wide: it would hit what belongs to many others",
    "own-network": "it names nothing on the public Internet: to block it would cut off one's own network",
    "private": "each network has such addresses for itself: where others saw it, it was another machine",
    "no-host": "it is no other machine: it stands in everyone's logs",
    "empty-file": "it is the digest of an empty file: everyone has some",
    "single-label": "it is one label: it would hit ordinary words",
    "no-word": "it holds no word of two letters or more to find it by",
    "value": "it is not what its property holds",
    "kind": "values of its property are not looked for",
    "pattern": "the pattern cannot be read",
    "pattern-type": "the pattern is in another language",
    "pattern-needs-evaluation": "no value alone is what the pattern means",
    "unwritable": "it cannot be written in this format without changing what it says",
    "covered": "the list holds a range that it lies in",
    "beyond-limit": "there is no room for it",
}
"""Why a value is not in a list; those from `no-host` to `pattern-needs-evaluation` are of `matching.entries`."""


class NoValueError(InputError):
    """What was asked about is no value that a list could hold."""


class Standing(msgspec.Struct, frozen=True):
    """Whether a value is in a list, and where.

    Attributes:
        value, kind: in normal spelling.
        place: from 1; None where it is not in it.
        of: how many the list holds.
        reason: of `REASONS` where it is not in it, else "".
        item: what its rank rests on, if it has one.
    """

    value: str
    kind: str
    place: int | None
    of: int
    reason: str
    item: Item | None


class Looked(msgspec.Struct, frozen=True):
    """What is in a list, for people.

    Attributes:
        items: how many it holds.
        left_out: how many values it does not hold, by reason.
        first: the best of it.
        standing: of the value that was asked about.
    """

    items: int
    left_out: dict[str, int]
    first: tuple[Item, ...]
    standing: Standing | None


def look(
    ranked: Ranked, pool: Pool, output: Output, wanted: Wanted, *, value: str, first: int, now: Micros
) -> Looked:
    """Return what is in a list, its `first` items, and where the value stands that a text names ("" for none).

    Raises:
        NoValueError: the text names none.
    """
    left_out = Counter(ranked.left_out)
    items = choose(ranked, output, wanted.limit, left_out)
    standing = _standing(value, items, ranked, pool, output=output, wanted=wanted, now=now) if value else None
    counted = {reason: left_out[reason] for reason in sorted(left_out)}
    return Looked(len(items), counted, tuple(items[:first]), standing)


def _standing(
    text: str, items: list[Item], ranked: Ranked, pool: Pool, *, output: Output, wanted: Wanted, now: Micros
) -> Standing:
    kind, value = _named(text, pool)
    for place, item in enumerate(items, 1):
        if item.kind == kind and item.value == value:
            return Standing(value, kind, place, len(items), "", item)
    for item in ranked:
        if item.kind == kind and item.value == value:
            reason = _unchosen(item, items, output)
            return Standing(value, kind, None, len(items), reason, item)
    return Standing(value, kind, None, len(items), _unranked(kind, value, pool, wanted, now), None)


def _named(text: str, pool: Pool) -> tuple[str, str]:
    try:
        found = values.classify(text)
    except FormatError:
        for kind in values.KINDS:
            if pool.find(kind, text) is not None:
                return kind, text
        raise NoValueError(
            f"{text[:200]!r} is no value of a list", hint="write it as it stands in the list"
        ) from None
    return found.kind, found.text


def _unchosen(item: Item, items: list[Item], output: Output) -> str:
    if not output.fits(item):
        return "unwritable"
    alone: Counter[str] = Counter()
    choose([*items, item], output, len(items) + 1, alone)
    return "covered" if alone["covered"] else "beyond-limit"


def _unranked(kind: str, value: str, pool: Pool, wanted: Wanted, now: Micros) -> str:
    number = pool.find(kind, value)
    if number is None:
        refused = refusal(kind, value) if kind not in RULES else None
        return refused[0] if refused else pool.unfit(kind, value) or "unknown"
    if kind not in wanted.kinds:
        return "another-type"
    if pool.reasons[number]:
        return pool.reasons[number]
    rows = [
        at for at, each in enumerate(pool.row_value) if each == number and pool.alive[pool.row_placement[at]]
    ]
    held = [at for at in rows if pool.since[at] <= now < pool.until[at]]
    if not held:
        return "not-valid"
    narrow = bool(wanted.tlp) or wanted.collections is not None
    fresh = [at for at in held if not pool.decays[at] or now - now % HOUR - pool.since[at] < LIFETIME]
    return "elsewhere" if narrow and fresh else "faded"
