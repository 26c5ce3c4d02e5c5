"""From which address a request really comes, where a proxy of the operator's stands between (setting `trusted_proxies`).

Only what a trusted peer says is read, from one header that the operator names: a proxy that writes one lets the other through as the client
sent it. Each proxy adds on the right whom it heard from, so the client is the rightmost address that is no trusted proxy; what stands left
of that anybody may have written.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from starlette.datastructures import Headers

ADDRESS = "tocsin.address"
"""Key in the ASGI scope: the address that counts, as `client_of` tells it."""
_HOPS = 50  # the rightmost; more is nobody's chain of proxies
_PORT = re.compile(r"(?:\[(?P<six>[^\]]+)\]|(?P<four>[0-9.]+))(?::[0-9]{1,5})?")
_FOR = re.compile(r'(?:^|;)\s*for\s*=\s*("(?:[^"\\]|\\.)*"|[^;,\s]*)', re.IGNORECASE)
_PARTS = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^",])+')

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(text: str) -> tuple[Network, ...]:
    """Return the addresses and networks that a setting lists, separated by commas.

    Raises:
        ValueError: one is none.
    """
    return tuple(ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip())


def client_of(peer: str, headers: Headers, trusted: Sequence[Network], header: str) -> str:
    """Return the address that counts: that of the peer, unless a trusted proxy says for whom it asks.

    Args:
        peer: the address at the other end of the connection.
        headers: of the request.
        trusted: the operator's proxies.
        header: the one that they write: "x-forwarded-for" or "forwarded" (RFC 7239).
    """
    found = _address(peer)
    if found is None or not _among(found, trusted):
        return peer
    text = ",".join(headers.getlist(header))
    hops = list(_of_forwarded(text) if header == "forwarded" else text.split(","))
    for hop in reversed(hops[-_HOPS:]):
        said = _address(hop)
        if said is None:  # unknown, hidden or nonsense: nobody nearer than this proxy can be told apart
            break
        found = said
        if not _among(found, trusted):
            break
    return str(found)


def _of_forwarded(text: str) -> Iterator[str]:
    for part in _PARTS.findall(text):
        named = _FOR.search(part)
        yield named[1].strip('"') if named else ""


def _address(text: str) -> Address | None:
    """Return an address that may have a port, and brackets around what has colons (RFC 7239 section 6)."""
    bare = text.strip().strip('"')
    named = _PORT.fullmatch(bare)
    if named is not None:
        bare = named["six"] or named["four"]
    try:
        found = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _among(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == each.version and address in each for each in trusted)
