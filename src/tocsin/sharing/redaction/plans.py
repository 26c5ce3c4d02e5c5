"""Which properties of which type a form may carry, and how. What is not here goes: whole types, custom properties, extensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tocsin.sharing.redaction import values
from tocsin.sharing.redaction import vocabulary as words
from tocsin.sharing.redaction.values import count, day, flag, next_day, small, word_of, words_of

Keep = Callable[[Any], Any]


class Plan(msgspec.Struct, frozen=True):
    """How a form of a type is made.

    Attributes:
        keep: what to do with each property that may stay.
        references: properties that refer to objects: one id or a list.
        needs: properties without which there is no form.
        named: it has to have a name.
        personal: it is nothing but a personal value, so there is no minimised form.
        dated: it has `created` and `modified`.
    """

    keep: Mapping[str, Keep] = {}
    references: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    named: bool = False
    personal: bool = False
    dated: bool = True


_phases = values.phases(words.PHASES)
_seen: dict[str, Keep] = {"first_seen": day, "last_seen": next_day}
_common: dict[str, Keep] = {"confidence": small(100), "revoked": flag, "external_references": values.external}
_actor: dict[str, Keep] = {
    **_seen,
    "resource_level": word_of(words.RESOURCE_LEVELS),
    "primary_motivation": word_of(words.MOTIVATIONS),
    "secondary_motivations": words_of(words.MOTIVATIONS),
}
_port = small(65535)


def _sdo(**keep: Keep) -> dict[str, Keep]:
    return _common | keep


PLANS: Final[Mapping[str, Plan]] = {
    "attack-pattern": Plan(_sdo(kill_chain_phases=_phases), named=True),
    "campaign": Plan(_sdo(**_seen), named=True),
    "course-of-action": Plan(_sdo(), named=True),
    "grouping": Plan(_sdo(context=word_of(words.CONTEXTS)), ("object_refs",), ("context", "object_refs")),
    "identity": Plan(
        _sdo(identity_class=word_of(words.IDENTITY_CLASSES), sectors=words_of(words.SECTORS)), named=True
    ),
    "incident": Plan(_sdo(), named=True),
    "indicator": Plan(
        _sdo(
            indicator_types=words_of(words.INDICATOR_TYPES),
            pattern_type=word_of(frozenset(("stix",))),
            valid_from=day,
            valid_until=next_day,
            kill_chain_phases=_phases,
        ),
        needs=("pattern", "pattern_type", "valid_from"),
    ),
    "infrastructure": Plan(
        _sdo(infrastructure_types=words_of(words.INFRASTRUCTURE_TYPES), kill_chain_phases=_phases, **_seen),
        named=True,
    ),
    "intrusion-set": Plan(_sdo(**_actor), named=True),
    "location": Plan(_sdo(country=values.country, region=word_of(words.REGIONS))),
    "malware": Plan(
        _sdo(
            malware_types=words_of(words.MALWARE_TYPES),
            is_family=flag,
            kill_chain_phases=_phases,
            architecture_execution_envs=words_of(words.ARCHITECTURES),
            implementation_languages=words_of(words.LANGUAGES),
            capabilities=words_of(words.CAPABILITIES),
            **_seen,
        ),
        ("sample_refs",),
        ("is_family",),
        named=True,
    ),
    "observed-data": Plan(
        _sdo(first_observed=day, last_observed=next_day, number_observed=small(999_999_999)),
        ("object_refs",),
        ("first_observed", "last_observed", "number_observed", "object_refs"),
    ),
    "opinion": Plan(_sdo(opinion=word_of(words.OPINIONS)), ("object_refs",), ("opinion", "object_refs")),
    "report": Plan(
        _sdo(report_types=words_of(words.REPORT_TYPES), published=day),
        ("object_refs",),
        ("published", "object_refs"),
        named=True,
    ),
    "threat-actor": Plan(
        _sdo(
            threat_actor_types=words_of(words.ACTOR_TYPES),
            roles=words_of(words.ACTOR_ROLES),
            sophistication=word_of(words.SOPHISTICATION),
            **_actor,
        ),
        named=True,
        personal=True,
    ),
    "tool": Plan(_sdo(tool_types=words_of(words.TOOL_TYPES), kill_chain_phases=_phases), named=True),
    "vulnerability": Plan(_sdo(), named=True),
    "relationship": Plan(
        _sdo(relationship_type=word_of(words.RELATIONSHIPS), start_time=day, stop_time=next_day),
        ("source_ref", "target_ref"),
        ("relationship_type", "source_ref", "target_ref"),
    ),
    "sighting": Plan(
        _sdo(count=small(999_999_999), summary=flag, **_seen),
        ("sighting_of_ref", "observed_data_refs"),
        ("sighting_of_ref",),
    ),
    "autonomous-system": Plan({"number": small(2**32 - 1)}, needs=("number",), dated=False),
    "domain-name": Plan(
        {"value": lambda value: values.domain(value) if type(value) is str else None},
        needs=("value",),
        dated=False,
    ),
    "email-addr": Plan(
        {"value": lambda value: values.email(value, coarse=False) if type(value) is str else None},
        needs=("value",),
        personal=True,
        dated=False,
    ),
    "file": Plan({"hashes": values.hashes, "size": count}, needs=("hashes",), dated=False),
    "ipv4-addr": Plan(needs=("value",), dated=False),
    "ipv6-addr": Plan(needs=("value",), dated=False),
    "network-traffic": Plan(
        {
            "start": day,
            "end": next_day,
            "src_port": _port,
            "dst_port": _port,
            "src_byte_count": count,
            "dst_byte_count": count,
            "src_packets": count,
            "dst_packets": count,
            "protocols": words_of(words.PROTOCOLS),
        },
        ("src_ref", "dst_ref"),
        ("protocols",),
        personal=True,
        dated=False,
    ),
    "url": Plan(needs=("value",), dated=False),
    "x509-certificate": Plan({"hashes": values.hashes}, needs=("hashes",), dated=False),
}
