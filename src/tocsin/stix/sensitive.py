"""What an object holds that needs care before it crosses a border or names a victim.

Three looks: what the type says, what keys say (custom properties and inline objects at any depth), and what is written in any
string or inner key (`stix.sensitive_text`).

Rather too much than too little: what is named here goes only where care is taken. Not seen is what no text shows: names of persons in
prose without a title or a label, and values that are compressed, encoded or split.

This runs on every object at intake. Properties whose form the specification fixes (ids, times, numbers) are not read at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tocsin.stix.sensitive_text import (
    ACCOUNT,
    CONTACT,
    CONTENT,
    CREDENTIAL,
    DEVICE,
    EMAIL,
    NAME,
    NETWORK,
    OFFENCE,
    SENSITIVE,
    VICTIM,
    WALLET,
    in_text,
)
from tocsin.stix.spec import values as v
from tocsin.stix.validation import TYPES

__all__ = ["PERSONAL", "SENSITIVE", "kinds"]

PERSONAL = frozenset(SENSITIVE) - {"internal", "victim"}
"""Those that are personal data (GDPR article 4(1))."""

_NAMES = [
    tuple(name for place, name in enumerate(SENSITIVE) if bits >> place & 1)
    for bits in range(1 << len(SENSITIVE))
]

_BY_TYPE = {
    "ipv4-addr": NETWORK,
    "ipv6-addr": NETWORK,
    "network-traffic": NETWORK,
    "email-addr": EMAIL,
    "email-message": EMAIL,
    "user-account": ACCOUNT,
    "mac-addr": DEVICE,
    "cryptocurrency-wallet": WALLET,
    "incident": VICTIM,  # it happened to somebody
}
_OFFENDERS = (
    "offender",
    "suspect",
    "criminal",
    "perpetrator",
    "accused",
    "convict",
    "threat-actor",
    "attacker",
)

# What part of a key's name means what (`_of_key`)
_KEY_PARTS = {
    "victim": VICTIM,
    "credential": CREDENTIAL,
    "password": CREDENTIAL,
    "passwd": CREDENTIAL,
    "contact_info": CONTACT,
    "phone": CONTACT,
    "display_name": NAME,
    "payload_bin": CONTENT,
    "payload_ref": CONTENT,
    "raw_email_ref": CONTENT,
    "body_raw_ref": CONTENT,
    "message_body_data_ref": CONTENT,
    "account_login": ACCOUNT,
    "username": ACCOUNT,
    "owner_sid": ACCOUNT,
    "imei": DEVICE,
    "imsi": DEVICE,
    "mac_addr": DEVICE,
    "wallet": WALLET,
}
# By type: properties that the validator lets hold nothing but ids, times, numbers, true and false
_FIXED = {v.timestamp, v.version_time, v.boolean, v.integer}
_HARMLESS = {
    kind: frozenset(
        name
        for name, check in spec.properties.items()
        if (name in {"type", "id", "spec_version"} or check in _FIXED or name.endswith(("_ref", "_refs")))
        and not any(part in name for part in _KEY_PARTS)
    )
    for kind, spec in TYPES.items()
}
_NOTHING: frozenset[str] = frozenset()
_KEYS: dict[str, int] = {}
_KEYS_KEPT, _KEY_LENGTH = 4096, 64
_VERSIONED = frozenset(("software", "vulnerability"))
_IN_PATTERN = re.compile(r"-(?:addr|message|account|traffic|wallet)")
_PATTERN_PARTS = (
    ("ipv4-addr", NETWORK),
    ("ipv6-addr", NETWORK),
    ("email-", EMAIL),
    ("user-account", ACCOUNT),
    ("mac-addr", DEVICE),
    ("-wallet:", WALLET),
    ("payload_", CONTENT),
)


def kinds(data: Mapping[str, Any], body: bytes) -> tuple[str, ...]:
    """Return what of `SENSITIVE` an object holds, sorted, each once.

    Args:
        data: the parsed object, one that `tocsin.stix.parse` has passed.
        body: its canonical UTF-8 JSON. Time is linear in its length.
    """
    kind = data["type"]
    found = _of_object(data, kind)
    harmless = _HARMLESS.get(kind, _NOTHING)
    texts: list[str] = []
    for key, value in data.items():
        if key in harmless:
            continue
        found |= _KEYS[key] if key in _KEYS else _of_key(key)
        if type(value) is str:
            texts.append(value)
        elif type(value) is dict or type(value) is list:
            found |= _of_inner(value, texts)
    if kind == "process":  # services have display names
        found &= ~NAME
    if texts:
        text = "\n".join(texts)
        wide = not body.isascii() and b"\xef\xbc" in body  # where UTF-8 has U+FF00 to U+FF3F
        found |= in_text(text, versions=kind in _VERSIONED, wide=wide)
    return _NAMES[found]


def _of_object(data: Mapping[str, Any], kind: str) -> int:
    """Return what the type says, and the properties that mean something only in this type."""
    found = _BY_TYPE.get(kind, 0)
    look = _BY_PROPERTIES.get(kind)
    if look is not None:
        found |= look(data)
    elif "wallet" in kind:
        found |= WALLET
    return found


def _of_indicator(data: Mapping[str, Any]) -> int:
    pattern = data.get("pattern")
    if type(pattern) is not str:
        return 0
    found = 0
    if _IN_PATTERN.search(pattern):
        for part, bits in _PATTERN_PARTS:
            if part in pattern:
                found |= bits
        if "network-traffic" in pattern and "_ref" in pattern:
            found |= NETWORK
        if found & EMAIL and "email-message" in pattern and "body" in pattern:
            found |= CONTENT
        if found & (ACCOUNT | EMAIL):
            found |= NAME if "display_name" in pattern else 0
            found |= CREDENTIAL if "credential" in pattern else 0
    return found


def _of_identity(data: Mapping[str, Any]) -> int:
    roles = data.get("roles")
    said = " ".join(role.lower() for role in roles if type(role) is str) if type(roles) is list else ""
    found = VICTIM if "victim" in said else 0
    if data.get("identity_class") == "individual":
        found |= NAME
        if any(word in said for word in _OFFENDERS):
            found |= OFFENCE
    return found


def _of_relationship(data: Mapping[str, Any]) -> int:
    target = data.get("target_ref")
    at_somebody = type(target) is str and target.startswith("identity--")
    return VICTIM if at_somebody and data.get("relationship_type") == "targets" else 0


def _of_sighting(data: Mapping[str, Any]) -> int:
    where, author = data.get("where_sighted_refs"), data.get("created_by_ref")
    for ref in where if type(where) is list else ():
        if ref != author and type(ref) is str and ref.startswith("identity--"):
            return VICTIM
    return 0


def _of_actor(data: Mapping[str, Any]) -> int:
    return OFFENCE if data.get("resource_level") == "individual" else 0


def _of_message(data: Mapping[str, Any]) -> int:
    return CONTENT if "body" in data or "body_multipart" in data else 0


_BY_PROPERTIES: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "indicator": _of_indicator,
    "identity": _of_identity,
    "relationship": _of_relationship,
    "sighting": _of_sighting,
    "threat-actor": _of_actor,
    "email-message": _of_message,
}


def _of_inner(value: Any, texts: list[str]) -> int:
    """Return what keys and objects inside a value say; its strings and keys go to `texts`."""
    found = 0
    left = [value]
    while left:
        one = left.pop()
        if type(one) is dict:
            kind = one.get("type")
            if type(kind) is str:
                found |= _of_object(one, kind)
            for key in one:
                found |= _KEYS[key] if key in _KEYS else _of_key(key)
            texts += one
            one = one.values()
        for each in one:
            if type(each) is str:
                texts.append(each)
            elif type(each) is dict or type(each) is list:
                left.append(each)
    return found


def _of_key(key: str) -> int:
    folded = key.lower()
    found = 0
    for part, bits in _KEY_PARTS.items():
        if part in folded and folded != "credential_last_changed":  # a time
            found |= bits
    if len(key) <= _KEY_LENGTH:
        if len(_KEYS) >= _KEYS_KEPT:  # keys are anybody's to invent; memory stays bounded
            _KEYS.clear()
        _KEYS[key] = found
    return found
