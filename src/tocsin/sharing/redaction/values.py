"""Single values of a form: kept when they are what they should be, made coarser, or gone (None)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from ipaddress import IPv6Address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

INSIDE: Final = re.compile(
    r"(?:^|\.)(?:local|internal|intranet|lan|corp|home\.arpa|localhost|localdomain)\.?$", re.IGNORECASE
)
_DOMAIN: Final = re.compile(
    r"(?=.{1,253}\.?$)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]\.?"
)
_EMAIL: Final = re.compile(r"[^@\s\"'<>]{1,64}@([A-Za-z0-9.-]{1,253})")
HASHES: Final = {"MD5": 32, "SHA-1": 40, "SHA-256": 64, "SHA-512": 128, "SHA3-256": 64, "SHA3-512": 128}
_HEX: Final = re.compile(r"[0-9A-Fa-f]+")
_EXTERNAL: Final = {
    "cve": re.compile(r"CVE-[0-9]{4}-[0-9]{4,7}"),
    "cwe": re.compile(r"CWE-[0-9]{1,5}"),
    "capec": re.compile(r"CAPEC-[0-9]{1,5}"),
    "mitre-attack": re.compile(r"(?:TA?[0-9]{4}(?:\.[0-9]{3})?|[CGMS][0-9]{4})"),
}
_DAY: Final = timedelta(days=1)
_SAFE_INTEGER: Final = 2**53 - 1
_COARSE: Final = {4: 24, 6: 48}
_BITS: Final = {4: 32, 6: 128}
_TEXT: Final[dict[int, Callable[[int], str]]] = {
    4: lambda address: ".".join(map(str, address.to_bytes(4, "big"))),
    6: lambda address: str(IPv6Address(address)),
}
_OCTET: Final = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4: Final = re.compile(r"\.".join([_OCTET] * 4))


def _ranges(*texts: str) -> tuple[tuple[int, int], ...]:
    """Return the first and the last address of networks."""
    every = map(ip_network, texts)
    return tuple((int(each.network_address), int(each.broadcast_address)) for each in every)


# Private, shared, local and unspecified addresses (RFC 6890, 6598, 3879), and those of IPv6 with one of IPv4 in them, which may be one of
# inside (RFC 4291, 6052, 8215, 3056, 4380). Ranges for documentation and benchmarks stand for public addresses
_INSIDE: Final = {
    4: _ranges(
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.168.0.0/16"),
    ),
    6: _ranges(
        *("::/96", "::ffff:0:0/96", "fc00::/7", "fe80::/10", "fec0::/10"),
        *("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
    ),
}


def network(text: str, *, coarse: bool) -> str | None:
    """Return an address or a CIDR range, made /24 or /48 at the least when `coarse`; None where it is none, or lies inside a network."""
    found = _parsed(text)
    if found is None:
        return None
    version, first, prefix = found
    bits = _BITS[version]
    last = first | ((1 << bits - prefix) - 1)
    for low, high in _INSIDE[version]:
        if low <= first and last <= high:
            return None
    if not coarse:
        return text
    prefix = min(prefix, _COARSE[version])
    base = first >> bits - prefix << bits - prefix
    return f"{_TEXT[version](base)}/{prefix}"


def _parsed(text: str) -> tuple[int, int, int] | None:
    """Return version, first address and prefix of an address or a CIDR range; None where it is none."""
    plain = _IPV4.fullmatch(text)
    if plain is not None:  # as most are; `ip_network` takes ten times as long
        a, b, c, d = map(int, plain.groups())
        return 4, a << 24 | b << 16 | c << 8 | d, 32
    if "%" in text:  # a zone (RFC 4007, section 11) is a word of anybody's choice
        return None
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    return found.version, int(found.network_address), found.prefixlen


def domain(text: str) -> str | None:
    """Return a domain name, None where it is none or lies inside a network."""
    return text if _DOMAIN.fullmatch(text) and not INSIDE.search(text) else None


def email(text: str, *, coarse: bool) -> str | None:
    """Return an e-mail address, or only `@` and its domain when `coarse`."""
    found = _EMAIL.fullmatch(text)
    if found is None or domain(found[1]) is None:
        return None
    return f"@{found[1]}" if coarse else text


def url(text: str, *, coarse: bool) -> str | None:
    """Return scheme, host, port and path of a URL, without path and for names as hosts only when `coarse`.

    Query, fragment and login are where names stand, and so is a path with an at-sign.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https", "ftp", "ftps"} or not host or not text.isascii():
        return None
    if domain(host) is None and (coarse or network(host, coarse=False) is None):
        return None
    shown = f"[{host}]" if ":" in host else host
    path = "/" if coarse or "@" in parts.path or "%40" in parts.path else parts.path
    return f"{parts.scheme.lower()}://{shown}{f':{port}' if port else ''}{path}"


def digest(algorithm: str, text: object) -> str | None:
    """Return a hash that has the length of its algorithm, None for all else."""
    if type(text) is str and HASHES.get(algorithm) == len(text) and _HEX.fullmatch(text):
        return text
    return None


def hashes(value: object) -> dict[str, str] | None:
    """Return the well-known hashes of a dictionary; None where there is none."""
    if type(value) is not dict:
        return None
    found = {name: kept for name, each in value.items() if (kept := digest(name, each)) is not None}
    return found or None


def day(value: object) -> str | None:
    """Return the beginning of the day of a timestamp."""
    found = _date(value)
    return None if found is None else f"{found}T00:00:00Z"


def next_day(value: object) -> str | None:
    """Return the end of the day of a timestamp, the timestamp itself where it is one."""
    found = _date(value)
    if found is None:
        return None
    if not str(value)[11:].strip("0:.Z"):  # midnight, however many digits say so
        return f"{found}T00:00:00Z"
    try:
        return f"{found + _DAY}T00:00:00Z"
    except OverflowError:
        return None


def _date(value: object) -> date | None:
    """Return the date that a timestamp begins with, None where it is no timestamp."""
    try:
        return date.fromisoformat(value[:10]) if type(value) is str else None
    except ValueError:
        return None


def flag(value: object) -> bool | None:
    """Return a boolean."""
    return value if type(value) is bool else None


def count(value: object) -> int | None:
    """Return a whole number that is no other number in disguise of many digits."""
    return value if type(value) is int and 0 <= value <= _SAFE_INTEGER else None


def small(most: int) -> Callable[[object], int | None]:
    """Return a check for whole numbers from 0 to `most`."""
    return lambda value: value if type(value) is int and 0 <= value <= most else None


def word_of(vocabulary: frozenset[str]) -> Callable[[object], str | None]:
    """Return a check for one word of a vocabulary."""
    return lambda value: value if type(value) is str and value in vocabulary else None


def words_of(vocabulary: frozenset[str]) -> Callable[[object], list[str] | None]:
    """Return what keeps of a list the words of a vocabulary."""

    def keep(value: object) -> list[str] | None:
        found = (
            [each for each in value if type(each) is str and each in vocabulary]
            if type(value) is list
            else []
        )
        return found or None

    return keep


def phases(known: dict[str, frozenset[str]]) -> Callable[[object], list[dict[str, str]] | None]:
    """Return what keeps of kill chain phases those of well-known kill chains."""

    def keep(value: object) -> list[dict[str, str]] | None:
        found = [
            {"kill_chain_name": each["kill_chain_name"], "phase_name": each["phase_name"]}
            for each in (value if type(value) is list else ())
            if type(each) is dict
            and each.get("phase_name") in known.get(str(each.get("kill_chain_name")), ())
        ]
        return found or None

    return keep


def external(value: object) -> list[dict[str, str]] | None:
    """Return of external references the ids of public catalogues, without the rest."""
    found = []
    for each in value if type(value) is list else ():
        source, name = (
            (each.get("source_name"), each.get("external_id")) if type(each) is dict else (None, None)
        )
        form = _EXTERNAL.get(source) if type(source) is str else None
        if form is not None and type(name) is str and form.fullmatch(name):
            found.append({"external_id": name, "source_name": str(source)})
    return found or None


def country(value: object) -> str | None:
    """Return an ISO 3166-1 alpha-2 code."""
    return value if type(value) is str and re.fullmatch(r"[A-Z]{2}", value) else None


def published_name(data: dict[str, Any]) -> str | None:
    """Return the id of the public catalogue that an object comes from; its name there is public, too, but nobody can check that here."""
    found = external(data.get("external_references"))
    return found[0]["external_id"] if found else None
