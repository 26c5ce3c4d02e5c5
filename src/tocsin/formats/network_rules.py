"""Suricata and Snort rules as STIX indicators (`pattern_type` suricata or snort): one for each rule, as it is written in one line.

The two languages are one for the most part and no file says which it is in: what only Snort 3 has (a header without addresses, `service`, options of
`content` after commas) makes a rule Snort's, all others are taken for Suricata's. A higher `rev` is a newer version of the same indicator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.formats._rule_indicators import day, indicator, technique, whole, written
from tocsin.formats.items import DEFAULT, Limits, RawItem, Refusal, refuse
from tocsin.formats.plugin import Format
from tocsin.matching.network_rules import ACTIONS, NetworkRule, parse

_HEADER = rf"^[ \t]*(?:{'|'.join(sorted(ACTIONS))})[ \t]+[a-z][a-z0-9_.-]*[ \t]*[^\n]{{0,2000}}\("
_SNIFFED = re.compile(_HEADER.encode(), re.MULTILINE)
_SNORT = re.compile(
    r"[;(]\s*service\s*:|content\s*:\s*!?\"(?:[^\"\\]|\\.)*\"\s*,|^\s*[a-z]+\s+[a-z0-9_.-]+\s*\("
)
_TECHNIQUE = re.compile(r"T\d{4}(?:[._]\d{3})?")
_URLS = {"url": "https://", "cve": "https://www.cve.org/CVERecord?id=CVE-"}


def _sniff(start: bytes) -> bool:
    return _SNIFFED.search(start) is not None and re.search(rb"[;(]\s*sid\s*:", start) is not None


def _read(chunks: Iterable[bytes], where: str, limits: Limits = DEFAULT) -> Iterator[RawItem | Refusal]:
    raw = whole(chunks, where, limits)
    if isinstance(raw, Refusal):
        yield raw
        return
    text = written(raw, where, "network-rule")
    if isinstance(text, Refusal):
        yield text
        return
    for found in parse(text, where):
        if isinstance(found, NetworkRule):
            yield RawItem(f"{where}:{found.line}", _indicator(found))
        else:
            yield refuse(found.where, found.title.encode(), found.rule, found.reason)


def _indicator(rule: NetworkRule) -> bytes:
    language = "snort" if _SNORT.search(rule.text) else "suricata"
    metadata = dict(rule.metadata)
    labels = [f"classtype:{rule.classtype}"] if rule.classtype else []
    labels += [
        f"{name}:{value}"
        for name, value in rule.metadata
        if value and name not in {"created_at", "updated_at"}
    ]
    techniques = dict.fromkeys(
        found[0].replace("_", ".") for _, value in rule.metadata if (found := _TECHNIQUE.fullmatch(value))
    )
    return indicator(
        language,
        f"{rule.gid}:{rule.sid}:{rule.message}",
        rule.text,
        name=rule.message or f"{rule.gid}:{rule.sid}",
        created=day(metadata.get("created_at", "")),
        modified=day(metadata.get("updated_at", "")),
        revision=rule.rev,
        labels=labels,
        references=[
            *map(technique, techniques),
            *(_reference(kind, value) for kind, value in rule.references),
        ],
    )


def _reference(kind: str, value: str) -> dict[str, str]:
    low = kind.lower()
    if low in _URLS:
        address = value if value.startswith(("http://", "https://")) else _URLS[low] + value
        return {"source_name": low, "url": address}
    return {"source_name": kind, "external_id": value}


FORMAT = Format(name="network_rules", suffixes=(".rules",), sniff=_sniff, read=_read)
