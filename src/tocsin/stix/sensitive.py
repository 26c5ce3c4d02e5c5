"""What an object holds that needs care: personal data, victims, the inside of networks, credentials.

Found by the type of an object, by what a pattern asks for, and by looking into everything that stands in it: free text, custom
properties, extensions. Looking is by form, so it errs towards finding: a version number of four parts is taken for an address. Names of
persons in free text have no form and are not found.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, Final

SENSITIVE: Final = (
    *("account", "contact", "content", "credential", "device", "email-address", "internal", "name"),
    *("network-address", "offence", "victim", "wallet"),
)
"""Everything that `kinds` can find."""
PERSONAL: Final = frozenset(SENSITIVE) - {"internal", "victim"}
"""Those that are personal data (GDPR article 4(1))."""

_BY_TYPE: Final = {
    "ipv4-addr": "network-address",
    "ipv6-addr": "network-address",
    "network-traffic": "network-address",
    "email-addr": "email-address",
    "email-message": "email-address",
    "user-account": "account",
    "mac-addr": "device",
    "cryptocurrency-wallet": "wallet",
}
# what a key anywhere, or the path of a comparison in a pattern, tells
_BY_WORD: Final = {
    "ipv4-addr": "network-address",
    "ipv6-addr": "network-address",
    "email-addr": "email-address",
    "email-message": "email-address",
    "email": "email-address",
    "user-account": "account",
    "mac-addr": "device",
    "cryptocurrency-wallet": "wallet",
    "contact": "contact",
    "payload_bin": "content",
    "credential": "credential",
    "password": "credential",
    "imei": "device",
    "imsi": "device",
    "phone": "contact",
    "victim": "victim",
    "account": "account",
    "wallet": "wallet",
    "display_name": "name",
}
# structures of the specification that hold nothing of that
_PLAIN: Final = frozenset(
    (
        "external_references",
        "kill_chain_phases",
        "object_marking_refs",
        "granular_markings",
        "labels",
        "hashes",
        "aliases",
    )
)
# Each begins with a byte that is seldom, which the engine finds quickly; what they find is looked at closely.
_FOUR: Final = re.compile(rb"\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]")
_IPV4: Final = re.compile(rb"(?<![0-9])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])")
_COLONS: Final = re.compile(rb":(?::[0-9A-Fa-f]|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:)")
_IPV6: Final = re.compile(rb"(?<![0-9A-Za-z:])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![0-9A-Za-z:])")
_EMAIL: Final = re.compile(rb"@[A-Za-z0-9\x80-\xff][A-Za-z0-9\x80-\xff-]{0,62}\.[A-Za-z0-9\x80-\xff]")
_LOGIN: Final = re.compile(rb"://[^/\s\"@:]{1,200}:[^/\s\"@]{0,200}@")
_INSIDE: Final = re.compile(rb"\.(?:local|internal|intranet|lan|corp|home\.arpa)(?![a-z0-9_-])")
_SHARE: Final = re.compile(rb"\\\\\\\\[A-Za-z0-9_.-]{2,}\\\\")
_USER: Final = rb"(?:\\\\|/)+[^\\/\"'\s%]{2,}"
_PROFILES: Final = tuple(re.compile(each + _USER) for each in (rb"users", rb"settings", rb"/home"))
# users that every system has
_NOBODY: Final = re.compile(rb"(?:\\\\|/)+(?:public|default|all|\*|\$|%|<|\[)")
# how people write dots and at-signs so that nobody clicks
_DEFANGED: Final = re.compile(rb"[\[({](?:(\.|dot)|@|at)[\])}]|%(2e)|%40")
_DEFANGED_QUICKLY: Final = tuple(
    map(
        re.compile,
        (rb"\[(?:at|dot|@|\.)\]", rb"\((?:at|dot|@|\.)\)", rb"\{(?:at|dot|@|\.)\}", rb"%(?:2e|40)"),
    )
)
_SLASHED: Final = re.compile(rb"/(?:users|home)/")
_BACKSLASHED: Final = re.compile(rb"\\\\")
_VERSIONED: Final = frozenset(("software", "vulnerability"))


def kinds(data: Mapping[str, Any], body: bytes) -> tuple[str, ...]:
    """Return what was found in an object, of `SENSITIVE`, sorted.

    Args:
        data: the object.
        body: its canonical bytes.
    """
    found: set[str] = set()
    kind = data["type"]
    if kind in _BY_TYPE:
        found.add(_BY_TYPE[kind])
    _structure(kind, data, found)
    _words(data, found)
    pattern = data.get("pattern")
    if type(pattern) is str:
        _pattern(pattern, found)
    _text(kind, body, found)
    return tuple(sorted(found))


def _structure(kind: str, data: Mapping[str, Any], found: set[str]) -> None:
    """Look at what properties of certain types mean."""
    match kind:
        case "identity":
            roles = " ".join(each for each in data.get("roles", ()) if type(each) is str).lower()
            if data.get("identity_class") in ("individual", None):
                found.add("name")
            if "victim" in roles:
                found.add("victim")
            if "offender" in roles or "suspect" in roles:
                found.add("offence")
        case "relationship":
            if data.get("relationship_type") == "targets" and str(data.get("target_ref")).startswith(
                "identity--"
            ):
                found.add("victim")
        case "sighting":
            seen = data.get("where_sighted_refs") or ()
            if any(
                each != data.get("created_by_ref") and str(each).startswith("identity--") for each in seen
            ):
                found.add("victim")
        case "threat-actor":
            if data.get("resource_level") == "individual":
                found.update(("offence", "name"))
        case "email-message":
            if "body" in data or "body_multipart" in data or "raw_email_ref" in data:
                found.add("content")
        case "artifact":
            found.add("content")
        case "network-traffic":
            if "src_payload_ref" in data or "dst_payload_ref" in data:
                found.add("content")


def _text(kind: str, body: bytes, found: set[str]) -> None:
    """Look into everything, by form. Each closer look is begun only where what it needs is there."""
    lower = body.lower()
    if any(quick.search(lower) for quick in _DEFANGED_QUICKLY):
        lower = _DEFANGED.sub(_refanged, lower)
    if kind not in _VERSIONED and _FOUR.search(lower):
        for match in _IPV4.finditer(lower):
            _address(match[0], found)
    if _COLONS.search(lower):
        for match in _IPV6.finditer(lower):
            _address(match[0], found)
    if b"@" in lower:
        if _EMAIL.search(lower):
            found.add("email-address")
        if b"://" in lower and _LOGIN.search(lower):
            found.add("credential")
    if _INSIDE.search(lower):
        found.add("internal")
    if _BACKSLASHED.search(lower) or _SLASHED.search(lower):
        _paths(lower, found)


def _paths(lower: bytes, found: set[str]) -> None:
    if _SHARE.search(lower):
        found.add("internal")
    for profile in _PROFILES:
        if any(not _NOBODY.search(match[0]) for match in profile.finditer(lower)):
            found.update(("internal", "account"))


def _words(data: Mapping[str, Any], found: set[str]) -> None:
    """Look at every key, however deep."""
    waiting: list[Any] = [data]
    while waiting:
        node = waiting.pop()
        if type(node) is dict:
            for key, value in node.items():
                found.update(_of_key(key))
                if (type(value) is dict or type(value) is list) and key not in _PLAIN:
                    waiting.append(value)
        else:
            waiting.extend(each for each in node if type(each) is dict or type(each) is list)


@lru_cache(4096)
def _of_key(key: str) -> frozenset[str]:
    lower = key.lower()
    return frozenset(kind for word, kind in _BY_WORD.items() if word in lower)


_PATHS: Final = re.compile(
    r"\b(ipv[46]-addr|email-addr|email-message|user-account|mac-addr|cryptocurrency-wallet)\s*:"
)
_PATH_WORDS: Final = ("addr", "email", "account", "wallet", "credential")


def _pattern(pattern: str, found: set[str]) -> None:
    """Look at what a pattern compares."""
    if any(map(pattern.__contains__, _PATH_WORDS)):
        found.update(_BY_WORD[each] for each in _PATHS.findall(pattern))
        if "credential" in pattern:
            found.add("credential")


def _refanged(match: re.Match[bytes]) -> bytes:
    return b"." if match[1] or match[2] else b"@"


def _address(text: bytes, found: set[str]) -> None:
    plain = text.decode()
    if ":" not in plain:
        plain = ".".join(part.lstrip("0") or "0" for part in plain.split("."))
    try:
        address = ip_address(plain)
    except ValueError:
        return
    inside = address.is_loopback or address.is_link_local or (address.is_private and _private(plain))
    found.add("internal" if inside else "network-address")


def _private(plain: str) -> bool:
    """Whether an address that `ipaddress` calls private belongs to somebody's inside; documentation and benchmark ranges do not."""
    return plain.startswith(("10.", "192.168.", "172.", "fc", "fd"))
