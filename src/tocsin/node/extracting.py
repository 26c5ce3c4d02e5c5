"""Indicators in a text that somebody pastes: a report, a mail, a list. Each with where it stands, so that a person can judge it.

A word counts when it is a value by its form (`matching.values`), defanged or not. Names under no public suffix are words such as `invoice.pdf`; addresses
that nobody is reached at from outside, and values of warninglists, are shown but not chosen.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

import msgspec

from tocsin.errors import FormatError
from tocsin.matching.suffixes import has_public_suffix
from tocsin.matching.values import HASH_KINDS, Kind, classify
from tocsin.matching.warninglists import Warninglists

TEXT_AT_MOST = 2_000_000
"""Characters that are read."""
FOUND_AT_MOST = 2000
"""Values that are offered."""
_WORD = re.compile(r"[^\s\"'<>|`“”„«»]{4,2048}")
_SENTENCE = ".,;:!?*…·"
_BRACKETS = "()[]{}"
_CONTEXT = 60

_PATHS: dict[Kind, str] = {
    "ipv4": "ipv4-addr:value",
    "ipv6": "ipv6-addr:value",
    "domain": "domain-name:value",
    "url": "url:value",
    "email": "email-addr:value",
    "md5": "file:hashes.MD5",
    "sha1": "file:hashes.'SHA-1'",
    "sha256": "file:hashes.'SHA-256'",
    "sha512": "file:hashes.'SHA-512'",
}


class Extracted(msgspec.Struct, frozen=True):
    """A value in a text: its kind and normal spelling, as it stands there, the text around it, how often, and why it may be none."""

    kind: Kind
    value: str
    written: str
    before: str
    after: str
    times: int
    doubt: str


def extract(text: str, lists: Warninglists) -> tuple[Extracted, ...]:
    """Return the values in a text, in the order in which they first stand there."""
    found: dict[tuple[Kind, str], Extracted] = {}
    for word in _WORD.finditer(text[:TEXT_AT_MOST]):
        read = _read(word[0])
        if read is None:
            continue
        written, kind, normal = read
        known = found.get((kind, normal))
        if known is not None:
            found[kind, normal] = msgspec.structs.replace(known, times=known.times + 1)
        elif len(found) < FOUND_AT_MOST:
            start, end = word.span()
            before, after = text[max(0, start - _CONTEXT) : start], text[end : end + _CONTEXT]
            doubt = _doubt(kind, normal, lists)
            found[kind, normal] = Extracted(kind, normal, written, _line(before), _line(after), 1, doubt)
    return tuple(found.values())


def pattern_of(kind: str, value: str) -> str:
    """Return the STIX pattern that a value is looked for by.

    Raises:
        FormatError: there is none for this kind.
    """
    path = next((path for each, path in _PATHS.items() if each == kind), None)
    if path is None:
        raise FormatError(f"{kind[:40]!r} is no kind of value that a pattern is made for")
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"[{path} = '{quoted}']"


def _read(word: str) -> tuple[str, Kind, str] | None:
    """Return a value as it stands in a word, its kind and its normal spelling: the longest part of the word that is one."""
    for written in dict.fromkeys(_parts(word)):
        try:
            value = classify(written)
        except FormatError:
            continue
        if value.kind == "domain" and not ("." in value.text and has_public_suffix(value.text)):
            continue
        if value.kind in _PATHS:
            return written, value.kind, value.text
    return None


def _parts(word: str) -> Iterator[str]:
    """Yield a word with less and less of the signs of the sentence around it."""
    plain = word.strip(_SENTENCE)
    for opening, closing in ("()", "[]", "{}"):
        if plain.endswith(closing) and plain.count(closing) > plain.count(opening):
            plain = plain[:-1].rstrip(_SENTENCE)
    yield plain
    yield plain.strip(_BRACKETS + _SENTENCE)


def _doubt(kind: Kind, value: str, lists: Warninglists) -> str:
    if listed := lists.names(kind, value):
        return f"on the warninglist {listed[0]}"
    if kind in ("ipv4", "ipv6") and not ipaddress.ip_address(value).is_global:
        return "an address that is not reached from outside"
    if kind == HASH_KINDS[32] and len(set(value)) == 1:
        return "a digest of one sign"
    return ""


def _line(text: str) -> str:
    return " ".join(text.split())
