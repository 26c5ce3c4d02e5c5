"""A ransomware wave, written down as three organisations would know it.

"Glasshouse" is invented, its addresses are from the documentation ranges (RFC 5737, RFC 3849) and its
names from `.example` (RFC 2606), so that nothing here can hit anyone. The shape is that of real cases: a phishing
domain and sender, a loader, command and control, a hoster's range, an exfiltration site, a leak site, and two facts that
are too hot to pass on.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

_NAMESPACE = uuid.UUID("6f1f6f0e-5b2b-4c9a-9d5e-70c51a000001")
_SEEN = "2026-11-19T06:40:00.000Z"

# TLP 2.0 marking definitions (FIRST, OASIS extension)
TLP = {
    "CLEAR": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "GREEN": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "AMBER": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "AMBER+STRICT": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "RED": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
# the same GREEN under TLP 1, as MISP and older feeds still write it
TLP1_GREEN = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"
FOREIGN_MARKING = f"marking-definition--{uuid.uuid5(_NAMESPACE, 'marking nobody here has heard of')}"


@dataclass(frozen=True)
class Party:
    """One organisation of the story and the node it runs."""

    key: str
    name: str
    country: str
    sector: str
    role: str

    @property
    def id(self) -> str:
        """Its STIX identity, known to all three."""
        return f"identity--{uuid.uuid5(_NAMESPACE, self.key)}"


# XA and XB are codes that ISO 3166 leaves to users: two countries that do not exist
CSIRT = Party("csirt", "CSIRT Alderney", "XA", "government-national", "csirt")
BANK = Party("bank", "Harbour Bank", "XA", "financial-services", "company")
GRID = Party("grid", "Borealis Grid", "XB", "energy", "company")
PARTIES = (CSIRT, BANK, GRID)


def _id(kind: str, name: str) -> str:
    return f"{kind}--{uuid.uuid5(_NAMESPACE, name)}"


def _common(kind: str, name: str, marking: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": kind,
        "spec_version": "2.1",
        "id": _id(kind, name),
        "created_by_ref": CSIRT.id,
        "created": _SEEN,
        "modified": _SEEN,
    }
    if marking:
        made["object_marking_refs"] = [marking]
    return made


def _indicator(name: str, pattern: str, marking: str | None, confidence: int = 85) -> dict[str, Any]:
    return _common("indicator", name, marking) | {
        "name": name,
        "pattern": pattern,
        "pattern_type": "stix",
        "valid_from": _SEEN,
        "indicator_types": ["malicious-activity"],
        "confidence": confidence,
        "kill_chain_phases": [
            {"kill_chain_name": "mitre-attack", "phase_name": "command-and-control"},
        ],
    }


LOADER_SHA256 = "5d1b9c3fbb7e4a9f3c2f6c0b1d8e7a6f4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e"

PUBLIC = [
    _indicator(
        "Glasshouse loader, SHA-256",
        f"[file:hashes.'SHA-256' = '{LOADER_SHA256}']",
        TLP["CLEAR"],
        95,
    ),
    _indicator("Glasshouse leak site", "[domain-name:value = 'glasshouse-leaks.example']", TLP["CLEAR"], 95),
    _common("malware", "Glasshouse", TLP["CLEAR"])
    | {
        "name": "Glasshouse",
        "description": "Ransomware seen since November 2026; encrypts hypervisors, steals before it encrypts.",
        "malware_types": ["ransomware"],
        "is_family": True,
    },
]
COMMUNITY = [
    _indicator(
        "Glasshouse command and control, domain",
        "[domain-name:value = 'cdn-telemetry.example']",
        TLP["GREEN"],
    ),
    _indicator("Glasshouse command and control, address", "[ipv4-addr:value = '203.0.113.66']", TLP1_GREEN),
    _indicator(
        "Glasshouse exfiltration",
        "[url:value = 'https://files.drop-box.example/up/7f3a']",
        TLP["GREEN"],
    ),
    _indicator("Phishing sender", "[email-addr:value = 'invoice@fast-pay.example']", TLP["GREEN"], 70),
]
CONSTITUENCY = [
    _indicator(
        "Range of the hoster that carries Glasshouse",
        "[ipv4-addr:value ISSUBSET '198.51.100.0/25']",
        TLP["AMBER"],
        60,
    ),
]
FOR_THE_BANK = [
    _indicator(
        "Login page that imitates Harbour Bank",
        "[domain-name:value = 'login.harb0ur-bank.example']",
        TLP["AMBER+STRICT"],
    ),
]
STAYS_HOME = [
    _indicator("Mailbox of the negotiator", "[email-addr:value = 'k.m@proton.example']", TLP["RED"], 50),
    _indicator("Tip from a hotline, nobody marked it", "[domain-name:value = 'unmarked.example']", None, 30),
    _indicator(
        "From a feed with its own marking", "[domain-name:value = 'odd-marking.example']", FOREIGN_MARKING, 40
    ),
]


def bundle(name: str, objects: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a STIX bundle of `objects`, with the identity of their author first."""
    author = {
        "type": "identity",
        "spec_version": "2.1",
        "id": CSIRT.id,
        "created": "2026-01-05T00:00:00.000Z",
        "modified": "2026-01-05T00:00:00.000Z",
        "name": CSIRT.name,
        "identity_class": "organization",
        "object_marking_refs": [TLP["CLEAR"]],
    }
    return {"type": "bundle", "id": _id("bundle", name), "objects": [author, *objects]}
