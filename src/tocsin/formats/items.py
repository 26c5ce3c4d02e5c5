"""What reading yields: the bytes of one object, or what could not be read and why.

A reader never raises on what it reads. It yields a `Refusal` and goes on where the next object
begins, so that one bad object never costs a good one.
"""

from __future__ import annotations

import hashlib

import msgspec

HEAD = 64 * 1024
"""Bytes of refused input that are kept when the whole was too large to hold."""


class RawItem(msgspec.Struct, frozen=True, gc=False):
    """The bytes of one STIX object, not yet parsed.

    Attributes:
        where: file and place in it: `a.json#/objects/12` (JSON pointer), `b.ndjson:7` (line),
            `c.ndjson:7#/objects/0` (a bundle in a line).
        raw: the object's JSON text in UTF-8 (not checked), without white space around it.
    """

    where: str
    raw: bytes


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """Something that was not taken, and why.

    Attributes:
        where: as in `RawItem`, or `file@123` where only a byte offset is known.
        pointer: JSON pointer inside the object; "" is the whole of it.
        rule: stable name of the rule it breaks: `json`, `truncated`, `size`, `format`, ...
        reason: one sentence for people.
        raw: the bytes, or the first `HEAD` of them when `length` says that there were more.
        length: bytes refused in all.
        digest: SHA-256 (hex) of all the bytes refused: the same bad input is told again by it.
    """

    where: str
    pointer: str
    rule: str
    reason: str
    raw: bytes
    length: int
    digest: str


class Limits(msgspec.Struct, frozen=True, gc=False):
    """What reading may cost.

    Attributes:
        object_bytes: a longer object is skipped without holding it.
        whole_bytes: a bundle up to this long is held whole, a longer one read in passing.
        unpacked_bytes: most bytes one compressed file may unpack to; None is no limit, since
            memory stays flat however long the stream is.
        ratio: most unpacked bytes for one packed byte, over every `ratio_span` unpacked bytes.
            Deflate cannot exceed 1032; Zstandard can reach 32768 on a bomb.
        ratio_span: see `ratio`.
        resync_trials: candidates tried for the next object after a broken one before the rest
            of the file is given up.
    """

    object_bytes: int = 16 * 1024 * 1024
    whole_bytes: int = 4 * 1024 * 1024
    unpacked_bytes: int | None = None
    ratio: int = 2000
    ratio_span: int = 64 * 1024 * 1024
    resync_trials: int = 2000


DEFAULT = Limits()


class Discarded:
    """Bytes passed over: their head, length and digest, never the whole."""

    def __init__(self) -> None:
        self.head = b""
        self.length = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes | memoryview) -> None:
        """Pass over `piece`."""
        if len(self.head) < HEAD:
            self.head += bytes(piece[: HEAD - len(self.head)])
        self.length += len(piece)
        self._digest.update(piece)

    def refusal(self, where: str, rule: str, reason: str) -> Refusal:
        """Return what was passed over as a refusal."""
        return Refusal(where, "", rule, reason, self.head, self.length, self._digest.hexdigest())


def refuse(where: str, raw: bytes, rule: str, reason: str, *, pointer: str = "") -> Refusal:
    """Return the refusal of `raw`, which is held whole."""
    return Refusal(where, pointer, rule, reason, raw, len(raw), hashlib.sha256(raw).hexdigest())
