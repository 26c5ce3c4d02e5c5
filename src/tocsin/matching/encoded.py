"""What is encoded in a text: percent-encoding (RFC 3986), Base64 (RFC 4648, both alphabets) and hexadecimal, also one in another; texts in UTF-16 in the latter two.

Whether a run of letters is encoded cannot be seen, so each that may be is decoded; what then is neither text nor long is noise, and dropped. Work is bounded by the length of the text.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

_DEEPEST: Final = 3
_MOST: Final = 8  # times as much as the text itself may come of it: what is one deep always has room
_NEAR: Final = 64  # characters of a run in which a slash may be none of Base64, but stand before it
_STARTS: Final = 4
_SHORTEST: Final = 12
"""Characters of a run in Base64: those of `1.1.1.1`, which is the least that an indicator is."""

_LEAST: Final = 6
_LONG: Final = 48
"""Octets from which on something that is no text may still hold some."""

_MAYBE = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9+/_-]{10}|(?:\\x[0-9A-Fa-f]{2}){4}")
_NOISE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_TOKEN = re.compile(r"[^\s\"<>\x00]+")
_OCTET = re.compile(r"%[0-9A-Fa-f]{2}")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{10,}+={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x)?+((?:[0-9A-Fa-f]{2}){7,}+)(?![0-9A-Za-z])")
_ESCAPES = re.compile(r"(?:\\x[0-9A-Fa-f]{2}){4,}+")
_STANDARD = str.maketrans("-_", "+/")


class Piece(msgspec.Struct, frozen=True, gc=False):
    """A text that stood encoded in another; `how`: encodings from the outermost on, such as `percent|base64`."""

    text: str
    how: str


def may_hold(text: str) -> bool:
    """Return whether something may be encoded in a text, in a fraction of the time that decoding takes."""
    return len(text) > _LEAST and _MAYBE.search(text) is not None


def pieces(text: str) -> Iterator[Piece]:
    """Yield what is encoded in `text`, and in that, three deep."""
    room = _MOST * len(text)
    waiting = [Piece(text, "")]
    for _ in range(_DEEPEST):
        found = []
        for outer in waiting:
            for how, inner in _once(outer.text) if may_hold(outer.text) else ():
                if len(inner) < _LONG and how != "percent" and _NOISE.search(inner):
                    continue
                room -= len(inner)
                if room < 0:
                    return
                piece = Piece(inner, f"{outer.how}|{how}" if outer.how else how)
                found.append(piece)
                yield piece
        waiting = found


def _once(text: str) -> Iterator[tuple[str, str]]:
    if "%" in text:
        for token in _TOKEN.finditer(text):
            if _OCTET.search(token[0]):
                yield "percent", unquote_to_bytes(token[0].encode("utf-8", "surrogatepass")).decode("utf-8", "surrogateescape")  # fmt: skip
    for run in _HEX.finditer(text):
        yield "hex", _text(bytes.fromhex(run[1]))
    if "\\x" in text:
        for run in _ESCAPES.finditer(text):
            yield "hex", _text(bytes.fromhex(run[0].replace("\\x", "")))
    for run in _BASE64.finditer(text):
        for start in _starts(run[0]):
            yield "base64", _text(_unbased(run[0][start:]))


def _starts(run: str) -> Iterator[int]:
    """Yield where Base64 may begin in a run: at its start, or after a slash that belongs to a path."""
    yield 0
    at = run.find("/", 0, _NEAR) + 1
    for _ in range(_STARTS):
        if not at or len(run) - at < _SHORTEST:
            return
        yield at
        at = run.find("/", at, _NEAR) + 1


def _unbased(run: str) -> bytes:
    plain = run.rstrip("=").translate(_STANDARD)
    if len(plain) % 4 == 1:  # no octets make that: the last is not of it
        plain = plain[:-1]
    return binascii.a2b_base64(plain + "=" * (-len(plain) % 4))


def _text(octets: bytes) -> str:
    """Return octets as text: UTF-16, little-endian, where every other one, but not all, is mostly nothing, as PowerShell takes it; else UTF-8."""
    half = len(octets) // 2
    if half > 1 and 2 * octets[1::2].count(0) > half >= 2 * octets[::2].count(0):
        return octets[: len(octets) // 2 * 2].decode("utf-16-le", "replace")
    return octets.decode("utf-8", "surrogateescape")
