"""The words of forms are those of STIX 2.1, as `stix2-validator` lists them."""

from __future__ import annotations

import pytest
from stix2validator.v21 import enums

from tocsin.sharing.redaction import vocabulary as words

LISTED = {
    "INDICATOR_TYPES": "INDICATOR_TYPE_OV",
    "MALWARE_TYPES": "MALWARE_TYPE_OV",
    "CAPABILITIES": "MALWARE_CAPABILITIES_OV",
    "LANGUAGES": "IMPLEMENTATION_LANGUAGES_OV",
    "ARCHITECTURES": "PROCESSOR_ARCHITECTURE_OV",
    "TOOL_TYPES": "TOOL_TYPE_OV",
    "REPORT_TYPES": "REPORT_TYPE_OV",
    "ACTOR_TYPES": "THREAT_ACTOR_TYPE_OV",
    "ACTOR_ROLES": "THREAT_ACTOR_ROLE_OV",
    "SOPHISTICATION": "THREAT_ACTOR_SOPHISTICATION_OV",
    "RESOURCE_LEVELS": "ATTACK_RESOURCE_LEVEL_OV",
    "MOTIVATIONS": "ATTACK_MOTIVATION_OV",
    "CONTEXTS": "GROUPING_CONTEXT_OV",
    "IDENTITY_CLASSES": "IDENTITY_CLASS_OV",
    "SECTORS": "INDUSTRY_SECTOR_OV",
    "REGIONS": "REGION_OV",
}


@pytest.mark.parametrize("name", LISTED)
def test_vocabularies(name: str) -> None:
    assert getattr(words, name) == set(getattr(enums, LISTED[name]))


def test_infrastructure() -> None:
    """`undefined` is what section 10.10 has; the validator says `unknown`."""
    assert words.INFRASTRUCTURE_TYPES ^ set(enums.INFRASTRUCTURE_TYPE_OV) == {"undefined", "unknown"}
    assert "undefined" in words.INFRASTRUCTURE_TYPES


def test_opinions() -> None:
    assert {"strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"} == words.OPINIONS


def test_relationships() -> None:
    listed = {each for kinds in enums.RELATIONSHIPS.values() for each in kinds} | set(
        enums.COMMON_RELATIONSHIPS
    )
    # between observables, of ATT&CK, and as some write those of the specification; `impacts` is of an extension
    assert words.RELATIONSHIPS - listed == {"subtechnique-of", "hosted-on", "contains", "av-analysis-of"}
    assert listed - words.RELATIONSHIPS == {"impacts"}


def test_kill_chains() -> None:
    assert set(words.PHASES) == {"mitre-attack", "lockheed-martin-cyber-kill-chain"}
    assert words.PHASES["lockheed-martin-cyber-kill-chain"] == {
        *("reconnaissance", "weaponization", "delivery", "exploitation", "installation"),
        *("command-and-control", "actions-on-objectives"),
    }
    assert words.PHASES["mitre-attack"] == {
        *("reconnaissance", "resource-development", "initial-access", "execution", "persistence", "impact"),
        *("privilege-escalation", "defense-evasion", "credential-access", "discovery", "lateral-movement"),
        *("collection", "command-and-control", "exfiltration", "stealth", "defense-impairment"),
    }


def test_protocols() -> None:
    assert {
        *("ipv4", "ipv6", "tcp", "udp", "icmp", "icmp6", "http", "https", "tls", "ssl", "dns", "ftp"),
        *("smtp", "imap", "pop3", "ssh", "smb", "rdp", "telnet", "ntp", "snmp", "irc", "quic"),
    } == words.PROTOCOLS
