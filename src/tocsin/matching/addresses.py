"""Internet addresses and ranges as integers: strict parsing, and one spelling for each.

Leading zeros in IPv4 are refused, since some systems read them as octal (RFC 6943 section 3.1.1). IPv6 text is read in every form
of RFC 4291 section 2.2 and written as RFC 5952 asks. Zones (`%eth0`) are not part of an address that is shared.
"""

from __future__ import annotations

import ipaddress
import re

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
QUAD = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}", re.ASCII)
_GROUPS = re.compile(r"[0-9A-Fa-f]{1,4}(?::[0-9A-Fa-f]{1,4})*", re.ASCII)

WIDEST = {4: 8, 6: 16}
"""Shortest prefix of a range that may be hunted for, by version: wider ones name whole registries, not hosts."""


def parse_ipv4(text: str) -> int | None:
    """Return a dotted quad as an integer, or None."""
    if QUAD.fullmatch(text) is None:
        return None
    a, b, c, d = text.split(".")
    return int(a) << 24 | int(b) << 16 | int(c) << 8 | int(d)


def parse_ipv6(text: str) -> int | None:
    """Return an IPv6 address in any of its spellings as an integer, or None."""
    if not 2 <= len(text) <= 45:
        return None
    if "." in text:
        head, colon, quad = text.rpartition(":")
        low = parse_ipv4(quad)
        if not colon or low is None:
            return None
        text = f"{head}:{low >> 16:x}:{low & 0xFFFF:x}"
    left, gap, right = text.partition("::")
    before, after = _groups(left), _groups(right)
    if before is None or after is None:
        return None
    missing = 8 - len(before) - len(after)
    # "::" stands for at least one group; RFC 4291 section 2.2 lets it appear once, and _groups refuses a second
    if missing < 1 if gap else missing != 0:
        return None
    number = 0
    for group in (*before, *([0] * missing), *after):
        number = number << 16 | group
    return number


def _groups(text: str) -> list[int] | None:
    if not text:
        return []
    if _GROUPS.fullmatch(text) is None:
        return None
    return [int(group, 16) for group in text.split(":")]


def format_ipv4(number: int) -> str:
    """Return the dotted quad of an integer."""
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def format_ipv6(number: int) -> str:
    """Return the spelling of RFC 5952: lower case, no leading zeros, the longest run of zeros shortened, `::ffff:192.0.2.1`."""
    if number >> 32 == 0xFFFF:  # Python writes this one differently from 3.13 on
        return f"::ffff:{format_ipv4(number & 0xFFFFFFFF)}"
    return ipaddress.IPv6Address(number).compressed


def parse_network(text: str) -> tuple[int, int, int] | None:
    """Return version, first address and prefix length of `address/length`, or None; bits beyond the length are dropped."""
    address, slash, length = text.partition("/")
    if not slash or not length.isascii() or not length.isdigit() or len(length) > 3:
        return None
    bits = int(length)
    number = parse_ipv4(address)
    if number is not None:
        return (4, number >> 32 - bits << 32 - bits, bits) if bits <= 32 else None
    number = parse_ipv6(address)
    if number is not None:
        return (6, number >> 128 - bits << 128 - bits, bits) if bits <= 128 else None
    return None


def unmapped(text: str) -> tuple[int, int, int]:
    """Return version, first address and prefix length of an address or a range; `::ffff:192.0.2.0/120` is `192.0.2.0/24` (RFC 4291 section 2.5.5.2).

    Raises:
        ValueError: it is neither.
    """
    number = parse_ipv4(text)
    if number is not None:
        return 4, number, 32
    found = parse_network(text if "/" in text else f"{text}/128")
    if found is None:
        raise ValueError(text)
    version, first, bits = found
    if version == 6 and first >> 32 == 0xFFFF and bits >= 96:
        return 4, first & 0xFFFFFFFF, bits - 96
    return found


def is_no_host(text: str) -> bool:
    """Return whether an address or a range names no other machine anywhere: this host, a loopback, multicast or the broadcast (RFC 6890)."""
    return _within(text, _NO_HOSTS)


def is_private(text: str) -> bool:
    """Return whether an address or a range is one that each network has for itself (RFC 1918, 3927, 4193, 4291, 6598): the same number is another machine elsewhere."""
    return _within(text, _PRIVATE)


def _within(text: str, ranges: tuple[tuple[int, int, int], ...]) -> bool:
    try:
        version, first, bits = unmapped(text)
    except ValueError:
        return False
    width = 32 if version == 4 else 128
    for its, start, length in ranges:
        if its == version and bits >= length and (first ^ start) >> width - length == 0:
            return True
    return False


def format_network(version: int, first: int, bits: int) -> str:
    """Return a range as `address/length`."""
    return f"{format_ipv4(first) if version == 4 else format_ipv6(first)}/{bits}"


def _ranges(*texts: str) -> tuple[tuple[int, int, int], ...]:
    return tuple(found for found in map(parse_network, texts) if found is not None)


_NO_HOSTS = _ranges("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", "::/127", "ff00::/8")
_PRIVATE = _ranges(
    "10.0.0.0/8",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "fc00::/7",
    "fe80::/10",
)
