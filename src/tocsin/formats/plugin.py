"""What an intelligence format is: a module that exposes `FORMAT`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

import msgspec

from tocsin.formats.items import Limits, RawItem, Refusal

Read: TypeAlias = Callable[[Iterable[bytes], str, Limits], Iterator[RawItem | Refusal]]


class Format(msgspec.Struct, frozen=True):
    """One way intelligence is written down.

    Attributes:
        name: unique; also the name of its vectors' folder.
        suffixes: file name endings that folders are searched for, before any `.gz` or `.zst`.
        sniff: tells by the first bytes (64 KiB, unpacked) whether a file is of this format.
        read: yields the STIX objects of a stream of bytes; never raises for what it reads.
        last_resort: asked only when no other format recognises the file.
    """

    name: str
    suffixes: tuple[str, ...]
    sniff: Callable[[bytes], bool]
    read: Read
    last_resort: bool = False
