"""What Suricata's and Snort's rules share: numbers, contents, messages, and rules that others wrote.

A rule of somebody else is text that runs in a sensor. Only what alerts is carried: `pass` would blind the sensor, `drop` and `reject` would block under a
release that permits to look; options that run scripts, touch files or take a flow out of inspection (`bypass`) are not carried either.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Final

from tocsin.formats.outputs.plugin import Item
from tocsin.formats.outputs.text import ascii_line

_FIRST: Final = 1_000_000_000
_HIGHEST: Final = 0xFFFFFFFF
_PLAIN = re.compile(rb"[A-Za-z0-9._/-]")
_HEADER = re.compile(r"alert [^()\"\\;#]+ (?:->|<>) [^()\"\\;#]+")
_SID = re.compile(r"[1-9][0-9]{0,9}")
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_.-]*")
_REFUSED: Final = frozenset(
    ("lua", "luajit", "luaxform", "dataset", "datajson", "datarep", "bypass", "logto", "filestore", "filemd5", "filesha1", "filesha256", "include", "replace", "resp", "react", "so", "file", "script")
)  # fmt: skip
_LONGEST = 16_384
_MOST = 100


class Sids:
    """Numbers for generated rules: made of the value, so that a value keeps its number; one that is taken gives way to the next."""

    def __init__(self) -> None:
        """Begin with no number taken."""
        self._taken: set[int] = set()

    def of(self, *parts: str) -> int:
        """Return a number from 1,000,000,000 to 1,999,999,999."""
        digest = hashlib.sha256("\0".join(parts).encode()).digest()
        number = _FIRST + int.from_bytes(digest[:8], "big") % _FIRST
        while number in self._taken:
            number = _FIRST + (number + 1) % _FIRST
        self._taken.add(number)
        return number


class Theirs:
    """Rules that others wrote, as one list: of those with the same number the first is in it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._numbers: set[int] = set()

    def lines(self, item: Item) -> Iterator[str]:
        """Yield the lines of an item's rules."""
        for number, line in carried(item.value) or ():
            if number in self._numbers:
                yield f"# left out: there is a rule {number} already\n"
            else:
                self._numbers.add(number)
                yield f"{line}\n"


def content(value: bytes) -> str:
    """Return bytes as the text of a `content` option: whatever has a meaning of its own in hexadecimal."""
    made = ""
    for byte in value:
        one = bytes((byte,))
        made += one.decode() if _PLAIN.match(one) else f"|{byte:02X}|"
    return made.replace("||", " ")


def message(item: Item) -> str:
    """Return the words of an alert, which no option can begin in."""
    said = ascii_line(f"{item.kind} {item.value}"[:120]).replace(":", " ")
    name = ascii_line(item.name)[:80].replace(":", " ")
    return f"Tocsin {said}" + (f" - {name}" if name and name != item.value else "")


def about(item: Item) -> str:
    """Return the `metadata` option."""
    return f"metadata:confidence {item.confidence}, indicator {ascii_line(item.indicator)};"


def carried(text: str) -> list[tuple[int, str]] | None:
    """Return the rules of a pattern with their numbers, one line each; None if one of them is not to be carried.

    A number of `Sids` is not: of two rules of a number a sensor keeps one, so a rule more, and nobody looks for the value any more.
    """
    found = rules_in(text)
    return None if found is None or any(_FIRST <= number < 2 * _FIRST for number, _ in found) else found


def rules_in(text: str) -> list[tuple[int, str]] | None:
    """Return the rules of a text with their numbers, one line each; None if one of them cannot be told apart for certain, or does more than alert."""
    if len(text) > _LONGEST * 4:
        return None
    joined = re.sub(r"\\[ \t]*\r?\n[ \t]*", " ", text)
    lines = [line.strip() for line in joined.split("\n")]
    lines = [line for line in lines if line and not line.startswith("#")]
    found = [_rule(line) for line in lines]
    if not 0 < len(found) <= _MOST or None in found:
        return None
    return [each for each in found if each is not None]


def _rule(line: str) -> tuple[int, str] | None:
    if len(line) > _LONGEST or not line.isprintable():
        return None
    header, bracket, rest = line.partition("(")
    if not bracket or not _HEADER.fullmatch(" ".join(header.split())) or not rest.endswith(")"):
        return None
    options = _options(rest[:-1])
    if options is None:
        return None
    names = [name for name, _ in options]
    numbers = [value for name, value in options if name == "sid"]
    if len(numbers) != 1 or not _SID.fullmatch(numbers[0]) or not _REFUSED.isdisjoint(names):
        return None
    number = int(numbers[0])
    return None if number > _HIGHEST else (number, line)


def _options(text: str) -> list[tuple[str, str]] | None:
    """Return the options of a rule; None where they cannot be told apart for certain."""
    parts: list[str] = []
    start, at, quoted = 0, 0, False
    while at < len(text):
        sign = text[at]
        if sign == "\\":
            at += 1
        elif sign == '"':
            quoted = not quoted
        elif sign == ";" and not quoted:
            parts.append(text[start:at])
            start = at + 1
        at += 1
    if quoted or text[start:].strip():
        return None
    found = []
    for part in parts:
        name, _, value = part.strip().partition(":")
        if not _OPTION.fullmatch(name.strip()):
            return None
        found.append((name.strip().lower(), value.strip()))
    return found
