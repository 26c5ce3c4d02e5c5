"""What a summary of telemetry is as bytes: for each group of records a filter of its units, and between which times they lie.

    magic "TOCSINSU", version, length and checksum of the head (32 bits each, little-endian)
    head: JSON; fingerprint of the rules for units (`units.fingerprint`), of each group what `Group` says, and the checksum of what follows
    checksums (CRC-32, 32 bits each) of the groups' filters in blocks of 4,096 bytes, and zeros up to where filters begin
    fingerprints of the groups' filters (`fuse`), 16 bits each, one after the other

A filter that lost a bit could hide a hit: each block is checked before it is believed. Only blocks that are asked are read, so a question about few values
costs a few pages of each filter. Files of version 1 have one checksum for each filter, and are read whole.
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
VERSION: Final = 2
_HEAD = struct.Struct("<8sIII")
_LARGEST_HEAD = 1 << 24
_ALIGNED = 8
_BLOCK = 4096
_LARGE = 1 << 16  # bytes of filters from which they begin at a page


class Group(msgspec.Struct, frozen=True):
    """A group of records.

    Attributes:
        rows: how many records.
        size: bytes of them.
        first, last: earliest and latest time of a record; None where none has a time.
        untimed: how many have none.
        shape: of the filter.
        crc: checksum (CRC-32) of the whole filter.
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
    checks: int = 0


class _Filter:
    """A filter, of which each block is checked when it is asked for the first time."""

    def __init__(self, number: int, shape: fuse.Shape, view: memoryview, checks: list[int] | None) -> None:
        self._number, self._shape, self._view = number, shape, view
        self._prints = np.frombuffer(view, np.uint16)
        self._unchecked = None if checks is None else dict(enumerate(checks))

    def may_hold_any(self, hashes: Any) -> bool:
        if self._unchecked:
            for block in np.unique(fuse.places(self._shape, hashes) // (_BLOCK // 2)).tolist():
                self._check(block)
        return fuse.may_hold_any(self._shape, self._prints, hashes)

    def _check(self, block: int) -> None:
        wanted = self._unchecked.get(block) if self._unchecked is not None else None
        if self._unchecked is None or wanted is None:
            return
        if isal_zlib.crc32(self._view[block * _BLOCK : (block + 1) * _BLOCK]) != wanted:
            raise FormatError(f"the summary is damaged in group {self._number}: a checksum is another")
        del self._unchecked[block]


class Summary:
    """The filters of some groups of records; `decode` makes them of bytes.

    Attributes:
        groups: what is known of each.
    """

    def __init__(self, groups: Sequence[Group], filters: Sequence[_Filter]) -> None:
        """Take groups and their filters, in order."""
        self.groups = groups
        self._filters = filters

    def may_name(self, wanted: Wanted) -> list[int]:
        """Return which groups may hold a record that names what is wanted, in order.

        Raises:
            FormatError: what was asked of the summary is damaged.
        """
        return [
            number
            for number, (group, its) in enumerate(zip(self.groups, self._filters, strict=True))
            if group.rows and (wanted.anything or its.may_hold_any(wanted.hashes))
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
    filters = [each.tobytes() for each in prints]
    checks = np.array([check for each in filters for check in _checks(each)], "<u4").tobytes()
    head = msgspec.json.encode(_Head(rules, list(groups), isal_zlib.crc32(checks)))
    head += b" " * (-(_HEAD.size + len(head)) % _ALIGNED)
    yield _HEAD.pack(MAGIC, VERSION, len(head), isal_zlib.crc32(head)) + head + checks
    at = _HEAD.size + len(head) + len(checks)
    yield b"\0" * (_start(at, groups) - at)
    yield from filters


def _checks(filter_: bytes) -> list[int]:
    return [isal_zlib.crc32(filter_[at : at + _BLOCK]) for at in range(0, len(filter_), _BLOCK)]


def _start(at: int, groups: Sequence[Group]) -> int:
    """Return where filters begin, if what is before them ends at `at`."""
    whole = sum(2 * group.shape.places for group in groups)
    return at + -at % (_BLOCK if whole >= _LARGE else _ALIGNED)


def decode(data: Any, rules: int) -> Summary:
    """Return the summary in a buffer; it refers to the buffer and copies nothing.

    Args:
        data: the buffer.
        rules: what `units.fingerprint` returns.

    Raises:
        FormatError: this is no summary, of another version or other rules, cut short or damaged; the reason says which. Damage of a filter is told when
            it is asked (`Summary.may_name`).
    """
    view = memoryview(data)
    if len(view) < _HEAD.size:
        raise FormatError("the summary ends before its head does")
    magic, version, length, crc = _HEAD.unpack_from(view)
    if magic != MAGIC:
        raise FormatError("this is no summary of telemetry")
    if version not in {1, VERSION}:
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
    for number, group in enumerate(head.groups):
        if not group.shape.is_sound():
            raise FormatError(f"the summary is damaged: the filter of group {number} has no such shape")
    return Summary(head.groups, list(_filters(view, at, head, blocks=version > 1)))


def _filters(view: memoryview, at: int, head: _Head, *, blocks: bool) -> Iterator[_Filter]:
    counts = [-(-2 * group.shape.places // _BLOCK) for group in head.groups]
    checks: list[int] = []
    if blocks:
        raw = view[at : at + 4 * sum(counts)]
        if isal_zlib.crc32(raw) != head.checks or len(raw) < 4 * sum(counts):
            raise FormatError("the summary is damaged or cut short: the checksum of its checksums is another")
        checks = np.frombuffer(raw, "<u4").tolist()
        at = _start(at + len(raw), head.groups)
    done = 0
    for number, (group, count) in enumerate(zip(head.groups, counts, strict=True)):
        end = at + 2 * group.shape.places
        if end > len(view):
            raise FormatError(f"the summary is cut short in group {number}, at byte {len(view):,}")
        if not blocks and isal_zlib.crc32(view[at:end]) != group.crc:
            raise FormatError(f"the summary is damaged in group {number}: its checksum is another")
        yield _Filter(number, group.shape, view[at:end], checks[done : done + count] if blocks else None)
        at, done = end, done + count
