"""An index as bytes: what a file of it holds, so that processes can map one copy into memory.

    magic "TOCSINIX", version, length and checksum of the head (32 bits each, little-endian)
    head: JSON; kinds by their codes, name, type, offset, length and checksum (CRC-32) of each section
    sections, each at a multiple of 64 bytes

Sections are the arrays of `packed.Packed`, the indicators (one after the other as MessagePack, and where each begins), and what the caller
adds. Reading checks every checksum and every number that is used as a position, since compiled code does not.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, overload

import msgspec
import numpy as np
from isal import isal_zlib

from tocsin.errors import FormatError
from tocsin.matching.clues import CLUE
from tocsin.matching.entries import Indicator
from tocsin.matching.index import Index, Part
from tocsin.matching.packed import CODES, DTYPES, Packed

MAGIC: Final = b"TOCSINIX"
VERSION: Final = 4
_HEAD = struct.Struct("<8sIII")
_ALIGNED = 64
_LARGEST_HEAD = 1 << 20


class _Section(msgspec.Struct, frozen=True, array_like=True):
    name: str
    type: str
    offset: int
    length: int
    crc: int


class _Head(msgspec.Struct, frozen=True):
    kinds: list[str]
    sections: list[_Section]


class _Stored(Sequence[Indicator]):
    """Indicators that are decoded when they are asked for."""

    def __init__(self, data: Any, starts: Any) -> None:
        self._data = data
        self._starts: memoryview = starts.data  # an array takes several times as long to give one number
        self._length = len(starts) - 1
        self._decode = msgspec.msgpack.Decoder(tuple[Any, ...]).decode

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, number: int) -> Indicator: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Indicator]: ...
    def __getitem__(self, number: int | slice) -> Indicator | Sequence[Indicator]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self._length))]
        if not 0 <= number < self._length:
            raise IndexError(number)
        raw = self._data[self._starts[number] : self._starts[number + 1]]
        found = Indicator(*self._decode(raw))
        return CLUE if found == CLUE else found  # whose clues are is told by identity


def encode(index: Index, extra: Mapping[str, bytes] | None = None) -> Iterator[bytes]:
    """Yield the bytes of an index that nothing was added to or removed from; `extra` are further sections.

    Raises:
        ValueError: something was added to the index, or removed.
    """
    if not index.is_whole:
        raise ValueError("an index that was changed is built anew before it is kept")
    part = index.base
    arrays: dict[str, Any] = dict(part.packed._asdict())
    arrays["indicators"], arrays["indicator_starts"] = _indicators(part.indicators)
    arrays |= {f"extra:{name}": np.frombuffer(data, np.uint8) for name, data in (extra or {}).items()}
    # offsets count from the end of the head, which has to be known before its length is
    sections, at = [], 0
    for name, array in arrays.items():
        flat = np.ascontiguousarray(array)
        sections.append(_Section(name, flat.dtype.str, at, flat.nbytes, isal_zlib.crc32(_view(flat))))
        at += -(-flat.nbytes // _ALIGNED) * _ALIGNED
    head = msgspec.json.encode(_Head(list(CODES), sections))
    head += b" " * (-(_HEAD.size + len(head)) % _ALIGNED)
    yield _HEAD.pack(MAGIC, VERSION, len(head), isal_zlib.crc32(head)) + head
    for array in arrays.values():
        flat = np.ascontiguousarray(array)
        yield _view(flat)
        yield b"\0" * (-flat.nbytes % _ALIGNED)


def decode(data: Any) -> tuple[Index, dict[str, memoryview]]:
    """Return the index in a buffer, and what the caller added to it. Both refer to the buffer; nothing is copied.

    Raises:
        FormatError: this is no index, of another version, cut short or damaged; the reason says which.
    """
    view = memoryview(data)
    head, begin = _head(view)
    if head.kinds != list(CODES):
        raise FormatError("the index knows other kinds of values", hint="it is built again by the next hunt")
    arrays = {section.name: _array(view, begin, section) for section in head.sections}
    missing = {*Packed._fields, "indicators", "indicator_starts"} - arrays.keys()
    if missing:
        raise FormatError(f"the index is damaged: it has no section {min(missing)!r}")
    packed = Packed(**{name: arrays[name] for name in Packed._fields})
    indicators, starts = arrays["indicators"], arrays["indicator_starts"]
    _check(packed, indicators, starts)
    extra = {
        name.removeprefix("extra:"): array.data if len(array) else memoryview(b"")
        for name, array in arrays.items()
        if name.startswith("extra:")
    }
    return Index((Part(packed, _Stored(indicators.data, starts), 0),)), extra


def _view(array: Any) -> Any:
    return array.view(np.uint8).data if array.nbytes else b""


def _indicators(indicators: Sequence[Indicator]) -> tuple[Any, Any]:
    encoded = msgspec.msgpack.Encoder()
    buffer = bytearray()
    starts = np.zeros(len(indicators) + 1, np.uint64)
    for number, each in enumerate(indicators):
        encoded.encode_into(msgspec.structs.astuple(each), buffer, len(buffer))
        starts[number + 1] = len(buffer)
    return np.frombuffer(bytes(buffer), np.uint8), starts


def _head(view: memoryview) -> tuple[_Head, int]:
    if len(view) < _HEAD.size:
        raise FormatError("the index ends before its head does")
    magic, version, length, crc = _HEAD.unpack_from(view)
    if magic != MAGIC:
        raise FormatError("this is no index of Tocsin")
    if version != VERSION:
        raise FormatError(f"the index is of version {version}; {VERSION} is read")
    if length > _LARGEST_HEAD or _HEAD.size + length > len(view):
        raise FormatError("the index ends before its head does")
    raw = view[_HEAD.size : _HEAD.size + length]
    if isal_zlib.crc32(raw) != crc:
        raise FormatError("the head of the index is damaged: its checksum is another")
    try:
        head = msgspec.json.decode(raw, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"the head of the index cannot be read: {error}") from error
    return head, _HEAD.size + length


def _array(view: memoryview, begin: int, section: _Section) -> Any:
    start, end = begin + section.offset, begin + section.offset + section.length
    wanted = DTYPES.get(section.name, np.dtype(np.uint8))
    if section.offset < 0 or section.length < 0 or end > len(view):
        raise FormatError(f"the index is cut short in section {section.name!r}, at byte {len(view):,}")
    if section.type != wanted.str or section.length % wanted.itemsize:
        raise FormatError(f"the index is damaged: section {section.name!r} is of type {section.type!r}")
    raw = view[start:end]
    if isal_zlib.crc32(raw) != section.crc:
        raise FormatError(f"the index is damaged in section {section.name!r}: its checksum is another")
    array = np.frombuffer(raw, wanted)
    if not array.flags.aligned:
        raise FormatError(f"the index is damaged: section {section.name!r} begins between two numbers")
    return array


def _check(packed: Packed, indicators: Any, starts: Any) -> None:
    """Make sure that whatever is used as a position or a length is one."""
    count = len(packed.kinds)
    right = (
        len(packed.starts) == count + 1
        and len(packed.tags) == len(packed.prints) == len(packed.order) == count
        and _rises(packed.starts, len(packed.data))
        and len(starts) > 0
        and _rises(starts, len(indicators))
        and _below(packed.kinds, len(CODES))
        and _below(packed.tags, len(starts) - 1)
        and all(_below(each, count) for each in (packed.order, packed.odd_entries, packed.word_entries))
        and len(packed.odd_prints) == len(packed.odd_entries)
        and len(packed.word_prints) == len(packed.word_entries)
        and all(len(each) == 1024 for each in (packed.lasts, packed.near4, packed.near6))
        and _below(packed.bits4, 33)
        and _below(packed.bits6, 129)
        and len(packed.flags) == 5
        and 0 < len(packed.filter) < 1 << 32
    )
    if not right:
        raise FormatError("the index is damaged: its sections do not fit one another")


def _rises(starts: Any, end: int) -> bool:
    return bool(starts[0] == 0 and starts[-1] == end and np.all(starts[1:] >= starts[:-1]))


def _below(numbers: Any, bound: int) -> bool:
    return len(numbers) == 0 or bool(numbers.max() < bound)
