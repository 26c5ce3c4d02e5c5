"""Sets of addresses (STIX 2.1 section 9.6.1, ISSUBSET and ISSUPERSET): one address is the range that holds it alone."""

from __future__ import annotations

from typing import TypeAlias

from tocsin.matching import addresses

Network: TypeAlias = tuple[int, int, int]
"""Version, first address as an integer, prefix length."""

BITS = {4: 32, 6: 128}
_LONGEST = 49  # characters of an IPv6 address with a quad, and its length


def network(text: object) -> Network | None:
    """Return the set that an address or CIDR range stands for, or None where it is neither."""
    if type(text) is not str or len(text) > _LONGEST:
        return None
    if "/" in text:
        return addresses.parse_network(text)
    number = addresses.parse_ipv4(text)
    if number is not None:
        return 4, number, 32
    number = addresses.parse_ipv6(text)
    return None if number is None else (6, number, 128)


def contains(outer: Network, inner: Network) -> bool:
    """Tell whether `inner` is a subset of `outer`, or the same."""
    version, first, bits = outer
    shift = BITS[version] - bits
    return inner[0] == version and inner[2] >= bits and inner[1] >> shift == first >> shift
