"""Which values no list of a kind may hold, whoever shares them: what many use, what nobody can look for, and what is everybody's own network."""

from __future__ import annotations

from typing import Final

from tocsin.formats.outputs import RULES, Action
from tocsin.matching import addresses
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.values import Kind, is_private, split_url
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
                "192.0.0.0/24",
                "192.168.0.0/16",
                "198.18.0.0/15",
            ),
            *("224.0.0.0/4", "240.0.0.0/4", "::/127", "64:ff9b::/96", "fc00::/7", "fe80::/9", "ff00::/8"),
        ),
    )
    if found is not None
)
# RFC 6761 and 6762, RFC 8375, "internal" (ICANN 2024), and where addresses are looked up backwards
_OWN_NAMES: Final = frozenset(("localhost", "local", "internal", "home.arpa", "in-addr.arpa", "ip6.arpa"))
PRIVATE: Final = "private"


def unfit(kind: str, value: str, action: Action, lists: Warninglists) -> str:
    """Return why a value may stand in no list whose reader would do `action`; "" where it may.

    The reasons are `warninglist` (on one, or, to be blocked, holding something that is on one), `public-suffix`, `wide-range`, `own-network` and
    `private`: an address that each network has for itself, which nobody but its own organisation can look for.
    """
    if kind in RULES:
        return ""
    named: Kind = kind  # type: ignore[assignment]  # every kind that is no rule
    if kind == "domain" and is_public_suffix(value):
        return "public-suffix"
    if kind == "email" and is_public_suffix(value.rpartition("@")[2]):
        return "public-suffix"
    if kind == "url" and (why := _of_page(value)):
        return why
    if action == "match" and is_private(kind, value):
        return PRIVATE
    if action == "block":
        if why := _own(kind, value):
            return why
        if lists.within(named, value):
            return "warninglist"
    return "warninglist" if lists.names(named, value) else ""


def _of_page(value: str) -> str:
    """A device that drops the scheme and takes what begins so takes the first page of a host for all of the host, and of what is below it."""
    parts = split_url(value)
    alone = parts.rest.partition("/")[2] == ""
    return "public-suffix" if alone and is_public_suffix(parts.host) else ""


def _own(kind: str, value: str) -> str:
    if kind == "url":
        value = split_url(value).host.strip("[]")
    if kind in {"domain", "email", "url"} and _is_own_name(value.rpartition("@")[2]):
        return "own-network"
    return _of_network(value) if kind in {"ipv4", "ipv6", "cidr", "url"} else ""


def _is_own_name(name: str) -> bool:
    labels = name.split(".")
    return (len(labels) == 1 and ":" not in name) or not _OWN_NAMES.isdisjoint(
        (labels[-1], ".".join(labels[-2:]))
    )


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
