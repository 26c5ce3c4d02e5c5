"""Where to go on after a broken element of an array of objects.

First by its brackets: when they pair up and a comma or the array's end follows, only this element
is lost. Otherwise (a quote or bracket is missing) the next place where a complete object with
`type` and `id` stands is taken for the next element.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.formats.brackets import Brackets
from tocsin.formats.items import Limits
from tocsin.formats.window import Broken, Cut, TooLong, Window

_CANDIDATE = re.compile(rb"[,}\]\n]\s*(?=\{)")
_CANDIDATE_CUT = re.compile(rb"[,}\]\n]\s*\Z")


class _Named(msgspec.Struct):
    type: str
    id: str


_named = msgspec.json.Decoder(_Named).decode


def pass_broken(window: Window, limits: Limits) -> bool:
    """Go from the start of a broken element to right after it; False when nothing good follows.

    What is passed over is recorded by the window's `begin_discarding`, which the caller ends.
    """
    if _pass_by_brackets(window, limits):
        return True
    window.begin_discarding()
    return pass_to_object(window, limits)


def _pass_by_brackets(window: Window, limits: Limits) -> bool:
    start = window.hold()
    brackets = Brackets(strict=True)
    while True:
        stop = brackets.feed(memoryview(window.data)[window.pos :])
        if stop is not None:
            window.pos += stop
            end = window.at
            break
        window.pos = len(window.data)
        if brackets.mismatch or window.at - start > limits.object_bytes or not window.more():
            window.seek(start)
            return False
    follows = window.peek()
    if follows == ord(","):
        window.pos += 1
        good = window.peek() == ord("{")
    else:
        good = follows == ord("]")
    window.seek(end if good else start)
    if good:
        window.begin_discarding()
    return good


def pass_to_object(window: Window, limits: Limits) -> bool:
    """Go on to right before the next complete object with `type` and `id`; False if there is none."""
    for _ in range(limits.resync_trials):
        while (match := _CANDIDATE.search(window.data, window.pos)) is None:
            cut = _CANDIDATE_CUT.search(window.data, max(window.pos, len(window.data) - 4096))
            window.pos = cut.start() if cut else len(window.data)
            if not window.more():
                window.pos = len(window.data)
                return False
        window.pos = match.end()
        before = window.at
        try:
            raw = window.value(limits.object_bytes)
            _named(raw)
        except (Broken, Cut, TooLong, msgspec.DecodeError, UnicodeDecodeError):
            window.seek(before)
            continue
        window.seek(before)
        return True
    window.pass_all()
    return False
