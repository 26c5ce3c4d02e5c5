"""MITRE ATT&CK as it was published in STIX 2.0, brought to STIX 2.1.

The two differ little for what ATT&CK uses: every object names its `spec_version`, and malware says whether it is a
family (STIX 2.1 sections 3.2 and 4.11). MITRE publishes the same objects, under the same ids and times, as STIX 2.1.
General STIX 2.0 is not read: its observed data and patterns have other rules.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.formats.items import RawItem, Refusal, refuse

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode
_SAME_IN_BOTH = frozenset(
    {
        "attack-pattern",
        "campaign",
        "course-of-action",
        "identity",
        "intrusion-set",
        "malware",
        "marking-definition",
        "relationship",
        "tool",
    }
)


def upgrade(item: RawItem | Refusal) -> RawItem | Refusal:
    """Return an object of ATT&CK as STIX 2.1; one that is 2.1 already comes back as it is."""
    if isinstance(item, Refusal):
        return item
    try:
        data = _decode(item.raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return refuse(item.where, item.raw, "json", f"not JSON: {error}")
    if "spec_version" in data:
        return item
    kind = data.get("type")
    if kind not in _SAME_IN_BOTH and not str(kind).startswith("x-mitre-"):
        return refuse(
            item.where, item.raw, "spec-version", f"{kind!r} is STIX 2.0 and not among what ATT&CK uses"
        )
    data["spec_version"] = "2.1"
    if kind == "malware":
        data.setdefault("is_family", True)
    return RawItem(item.where, _encode(data))
