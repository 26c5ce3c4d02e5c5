"""Deterministic ids of cyber-observable objects (STIX 2.1 section 2.9).

The id of an SCO is a UUIDv5 over the RFC 8785 form of its "ID Contributing Properties" (the table of each object in section 6), so
that two producers who saw the same thing name it alike.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from typing import Any, Final

from tocsin.stix.canonical import canonical

NAMESPACE: Final = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace of all SCO ids; nothing else may use it."""

CONTRIBUTING: Final[Mapping[str, tuple[str, ...]]] = {
    "artifact": ("hashes", "payload_bin"),
    "autonomous-system": ("number",),
    "directory": ("path",),
    "domain-name": ("value",),
    "email-addr": ("value",),
    "email-message": ("from_ref", "subject", "body"),
    "file": ("hashes", "name", "parent_directory_ref", "extensions"),
    "ipv4-addr": ("value",),
    "ipv6-addr": ("value",),
    "mac-addr": ("value",),
    "mutex": ("name",),
    "network-traffic": (
        "start",
        "end",
        "src_ref",
        "dst_ref",
        "src_port",
        "dst_port",
        "protocols",
        "extensions",
    ),
    "process": (),
    "software": ("name", "cpe", "swid", "vendor", "version"),
    "url": ("value",),
    "user-account": ("account_type", "user_id", "account_login"),
    "windows-registry-key": ("key", "values"),
    "x509-certificate": ("hashes", "serial_number"),
}
"""The ID contributing properties of each SCO type of the specification."""

_PREFERRED = ("MD5", "SHA-1", "SHA-256", "SHA-512")


def sco_id(data: Mapping[str, Any]) -> str | None:
    """Return the deterministic id of an SCO, `<type>--<uuid>`.

    Values count as they are written: the specification hashes the JSON text, so `12:00:00Z` and `12:00:00.000Z` differ.

    Args:
        data: the object as parsed JSON; only `type` and the contributing properties are looked at.

    Returns:
        None where section 2.9 has no such id: no contributing property is present (the id must then be a UUIDv4), or
        the type is not an SCO of the specification.

    Raises:
        ParseError: a contributing value has no canonical form (see `canonical`).
        LimitError: it nests too deep.
    """
    kind = data.get("type")
    if not isinstance(kind, str):
        return None
    name: dict[str, Any] = {}
    for key in CONTRIBUTING.get(kind, ()):
        if key in data:
            value = data[key]
            if key == "hashes":
                value = _one_hash(value)
                if value is None:
                    continue
            name[key] = value
    if not name:
        return None
    digest = hashlib.sha1(NAMESPACE.bytes + canonical(name), usedforsecurity=False).digest()
    return f"{kind}--{uuid.UUID(bytes=digest[:16], version=5)}"


def _one_hash(hashes: Any) -> dict[str, Any] | None:
    """Return the one hash that counts: the first of the preferred, else the first name in code point order.

    The specification leaves the order of other hashes open; an order that does not depend on how the JSON was written is the
    only deterministic choice.
    """
    if not isinstance(hashes, dict) or not hashes:
        return None
    chosen = next((name for name in _PREFERRED if name in hashes), None) or min(hashes)
    return {chosen: hashes[chosen]}
