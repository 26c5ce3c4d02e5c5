"""Windows event files with chosen events, written byte by byte: what no Windows is at hand for.

After libevtx, "Windows XML Event Log (EVTX) format". Every name stands where it is used, templates are not used, one chunk holds all.
"""

from __future__ import annotations

import struct
import zlib

Node = tuple[str, dict[str, str], "str | list[Node]"]

_CHUNK = 65_536
_EPOCH = 116_444_736_000_000_000  # 1970 in units of 100 ns since 1601


def event(number: int, source: tuple[str, str, str], when: str, data: dict[str, str]) -> Node:
    """Return an event as a tree; `source` is provider, channel and computer."""
    provider, channel, computer = source
    system: list[Node] = [
        ("Provider", {"Name": provider}, ""),
        ("EventID", {}, str(number)),
        ("TimeCreated", {"SystemTime": when}, ""),
        ("Channel", {}, channel),
        ("Computer", {}, computer),
    ]
    return (
        "Event",
        {},
        [("System", {}, system), ("EventData", {}, [("Data", {"Name": k}, v) for k, v in data.items()])],
    )


def _name(text: str, at: int) -> bytes:
    raw = text.encode("utf-16-le")
    hashed = 0
    for unit in struct.unpack(f"<{len(text)}H", raw):
        hashed = (hashed * 65599 + unit) & 0xFFFFFFFF
    return struct.pack("<I", at + 4) + struct.pack("<IHH", 0, hashed & 0xFFFF, len(text)) + raw + b"\0\0"


def _value(text: str) -> bytes:
    return b"\x05\x01" + struct.pack("<H", len(text)) + text.encode("utf-16-le")


def _element(node: Node, at: int) -> bytes:
    name, attributes, content = node
    out = bytes([0x41 if attributes else 0x01]) + struct.pack("<I", 0)
    out += _name(name, at + len(out))
    if attributes:
        size_at = len(out)
        out += struct.pack("<I", 0)
        for position, (key, value) in enumerate(attributes.items()):
            out += b"\x46" if position + 1 < len(attributes) else b"\x06"
            out += _name(key, at + len(out)) + _value(value)
        out = out[:size_at] + struct.pack("<I", len(out) - size_at - 4) + out[size_at + 4 :]
    out += b"\x02"
    if isinstance(content, str):
        out += _value(content) if content else b""
    else:
        for child in content:
            out += _element(child, at + len(out))
    out += b"\x04"
    return out[:1] + struct.pack("<I", len(out) - 5) + out[5:]


def write(events: list[Node], *, at: int = 1_795_161_600) -> bytes:
    """Return a file of one chunk that holds `events`; `at` is when they were written, in seconds."""
    records = b""
    last = 512
    for number, node in enumerate(events, 1):
        last = 512 + len(records)
        body = b"\x0f\x01\x01\x00"
        body += _element(node, last + 24 + len(body)) + b"\x00"
        size = 24 + len(body) + 4
        records += (
            struct.pack("<IIQQ", 0x2A2A, size, number, at * 10_000_000 + _EPOCH)
            + body
            + struct.pack("<I", size)
        )
    free = 512 + len(records)
    count = len(events)
    head = struct.pack("<8sQQQQIIII", b"ElfChnk\0", 1, count, 1, count, 128, last, free, zlib.crc32(records))
    head = head.ljust(120, b"\0")
    tables = b"\0" * (512 - 128)
    chunk = head + struct.pack("<II", 0, zlib.crc32(head + tables)) + tables + records
    top = struct.pack("<8sQQQIHHHH", b"ElfFile\0", 0, 0, count + 1, 128, 1, 3, 4096, 1).ljust(120, b"\0")
    return (top + struct.pack("<II", 0, zlib.crc32(top))).ljust(4096, b"\0") + chunk.ljust(_CHUNK, b"\0")
