"""What a summary of telemetry is as bytes: for each group of records a filter of its units, and between which times they lie.

    magic "TOCSINSU", version, length and checksum of the head (32 bits each, little-endian)
    head: JSON; fingerprint of the rules for units (`units.fingerprint`), and of each group what `Group` says
    fingerprints of the groups' filters (`fuse`), 16 bits each, one after the other

Reading checks every checksum: a filter that lost a bit could hide a hit.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np
from isal import isal_zlib

from tocsin.clock import Micros
from tocsin.errors import FormatError
from tocsin.matching import fuse
from tocsin.matching.units import Units, Wanted

MAGIC: Final = b"TOCSINSU"
VERSION: Final = 1
_HEAD = struct.Struct("<8sIII")
_LARGEST_HEAD = 1 << 24
_ALIGNED = 8


class Group(msgspec.Struct, frozen=True):
    """A group of records.

    Attributes:
        rows: how many records.
        size: bytes of them.
        first, last: earliest and latest time of a record; None where none has a time.
        untimed: how many have none.
        shape: of the filter.
        crc: checksum (CRC-32) of the filter.
    """

    rows: int
    size: int
    first: Micros | None
    last: Micros | None
    untimed: int
    shape: fuse.Shape
    crc: int

    def is_before(self, since: Micros | None) -> bool:
        """Return whether all its records are known to be from before `since`."""
        return since is not None and not self.untimed and self.last is not None and self.last < since


class _Head(msgspec.Struct, frozen=True):
    rules: int
    groups: list[Group]


class Summary:
    """The filters of some groups of records.

    Attributes:
        groups: what is known of each.
    """

    def __init__(self, groups: Sequence[Group], prints: Sequence[Any]) -> None:
        """Take groups and their filters, in order; `decode` makes them of bytes."""
        self.groups = groups
        self._prints = prints

    def may_name(self, wanted: Wanted) -> list[int]:
        """Return which groups may hold a record that names what is wanted, in order."""
        return [
            number
            for number, (group, prints) in enumerate(zip(self.groups, self._prints, strict=True))
            if group.rows and (wanted.anything or fuse.may_hold_any(group.shape, prints, wanted.hashes))
        ]


class Making:
    """A summary in the making."""

    def __init__(self, rules: int) -> None:
        """Start without groups; `rules` is what `units.fingerprint` returns."""
        self._rules = rules
        self._groups: list[Group] = []
        self._prints: list[Any] = []

    def add(self, units: Units, *, rows: int, size: int, times: Sequence[Micros], untimed: int) -> None:
        """Add a group, its records' units and times."""
        shape, prints = fuse.build(units.hashes())
        self._groups.append(
            Group(
                rows=rows,
                size=size,
                first=min(times, default=None),
                last=max(times, default=None),
                untimed=untimed,
                shape=shape,
                crc=isal_zlib.crc32(prints.view(np.uint8).data),
            )
        )
        self._prints.append(prints)

    def encode(self) -> Iterator[bytes]:
        """Yield the bytes of the summary."""
        return encode(self._rules, self._groups, self._prints)


def encode(rules: int, groups: Sequence[Group], prints: Sequence[Any]) -> Iterator[bytes]:
    """Yield the bytes of a summary: its groups and their filters."""
    head = msgspec.json.encode(_Head(rules, list(groups)))
    head += b" " * (-(_HEAD.size + len(head)) % _ALIGNED)
    yield _HEAD.pack(MAGIC, VERSION, len(head), isal_zlib.crc32(head)) + head
    for each in prints:
        yield each.tobytes()


def decode(data: Any, rules: int) -> Summary:
    """Return the summary in a buffer; it refers to the buffer and copies nothing.

    Args:
        data: the buffer.
        rules: what `units.fingerprint` returns.

    Raises:
        FormatError: this is no summary, of another version or other rules, cut short or damaged; the reason says which.
    """
    view = memoryview(data)
    if len(view) < _HEAD.size:
        raise FormatError("the summary ends before its head does")
    magic, version, length, crc = _HEAD.unpack_from(view)
    if magic != MAGIC:
        raise FormatError("this is no summary of telemetry")
    if version != VERSION:
        raise FormatError(f"the summary is of version {version}; {VERSION} is read")
    at = _HEAD.size + length
    if length > _LARGEST_HEAD or at > len(view):
        raise FormatError("the summary ends before its head does")
    raw = view[_HEAD.size : at]
    if isal_zlib.crc32(raw) != crc:
        raise FormatError("the head of the summary is damaged: its checksum is another")
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"the head of the summary cannot be read: {error}") from error
    if head.rules != rules:
        raise FormatError("the summary was made by other rules for what is looked for")
    prints = []
    for number, group in enumerate(head.groups):
        if not group.shape.is_sound():
            raise FormatError(f"the summary is damaged: the filter of group {number} has no such shape")
        end = at + 2 * group.shape.places
        if end > len(view):
            raise FormatError(f"the summary is cut short in group {number}, at byte {len(view):,}")
        if isal_zlib.crc32(view[at:end]) != group.crc:
            raise FormatError(f"the summary is damaged in group {number}: its checksum is another")
        prints.append(np.frombuffer(view[at:end], np.uint16))
        at = end
    return Summary(head.groups, prints)
