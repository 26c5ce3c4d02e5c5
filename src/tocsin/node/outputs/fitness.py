"""Which values no list of a kind may hold, whoever shares them: what many use, what nobody can look for, and what is everybody's own network."""

from __future__ import annotations

from typing import Final

from tocsin.formats.outputs import RULES, Action
from tocsin.matching import addresses
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.values import Kind, split_url
from tocsin.matching.warninglists import Warninglists

BLOCKED_WIDEST: Final = {4: 16, 6: 32}
"""Shortest prefix of a range that may be blocked, by version: a wider one holds tens of thousands of networks of others."""

# RFC 6890 and its registry, without what is set aside for documentation: nobody has those, so they cut nobody off
_OWN_NETWORKS: Final = tuple(
    found
    for found in map(
        addresses.parse_network,
        (
            *(
                "0.0.0.0/8",
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "169.254.0.0/16",
                "172.16.0.0/12",
                "192.168.0.0/16",
            ),
            *("224.0.0.0/4", "240.0.0.0/4", "::/127", "64:ff9b::/96", "fc00::/7", "fe80::/10", "ff00::/8"),
        ),
    )
    if found is not None
)


def unfit(kind: str, value: str, action: Action, lists: Warninglists) -> str:
    """Return why a value may stand in no list whose reader would do `action`; "" where it may.

    The reasons are `warninglist` (on one, or, to be blocked, holding something that is on one), `public-suffix`, `wide-range` and `own-network`.
    """
    if kind in RULES:
        return ""
    named: Kind = kind  # type: ignore[assignment]  # every kind that is no rule
    if kind == "domain" and is_public_suffix(value):
        return "public-suffix"
    if kind == "email" and is_public_suffix(value.rpartition("@")[2]):
        return "public-suffix"
    if action == "block":
        if kind in {"ipv4", "ipv6", "cidr"} and (why := _of_network(value)):
            return why
        if kind == "url" and (why := _of_network(split_url(value).host.strip("[]"))):
            return why
        if lists.within(named, value):
            return "warninglist"
    return "warninglist" if lists.names(named, value) else ""


def _of_network(value: str) -> str:
    found = network_of(value)
    if found is None:
        return ""
    version, first, bits = found
    width = 32 if version == 4 else 128
    for its, start, length in _OWN_NETWORKS:
        shared = min(bits, length)
        if its == version and first >> width - shared == start >> width - shared:
            return "own-network"
    return "wide-range" if bits < BLOCKED_WIDEST[version] else ""


def network_of(value: str) -> tuple[int, int, int] | None:
    """Return version, first address and prefix of an address or a range; None if it is neither."""
    if "/" in value:
        return addresses.parse_network(value)
    number = addresses.parse_ipv4(value)
    if number is not None:
        return 4, number, 32
    number = addresses.parse_ipv6(value)
    return None if number is None else (6, number, 128)
