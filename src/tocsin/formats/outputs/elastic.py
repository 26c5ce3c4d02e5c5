"""Documents for Elastic's indicator match rules: newline-delimited JSON in the Elastic Common Schema (ECS 8, "Threat Fields")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import moment, one_line
from tocsin.matching.values import split_url

_TYPES: Final = {
    "ipv4": "ipv4-addr", "ipv6": "ipv6-addr", "domain": "domain-name", "url": "url", "email": "email-addr",
    "md5": "file", "sha1": "file", "sha256": "file", "sha512": "file", "file_name": "file", "registry_key": "windows-registry-key",
}  # fmt: skip


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield msgspec.json.encode(_document(item)).decode() + "\n"


def _document(item: Item) -> dict[str, Any]:
    indicator: dict[str, Any] = {"type": _TYPES[item.kind], **_observed(item)}
    indicator |= {
        "confidence": _words(item.confidence),
        "sightings": item.sightings,
        "modified_at": moment(item.modified),
    }
    indicator |= {"provider": "tocsin", "reference": item.indicator}
    if name := one_line(item.name):
        indicator["description"] = name
    if item.since is not None:
        indicator["first_seen"] = moment(item.since)
    if item.tlp:
        indicator["marking"] = {"tlp": item.tlp}
    return {
        "@timestamp": moment(item.modified),
        "event": {"kind": "enrichment", "category": ["threat"], "type": ["indicator"], "module": "tocsin", "dataset": "tocsin.indicator"},
        "threat": {"feed": {"name": "tocsin"}, "indicator": indicator},
    }  # fmt: skip


def _observed(item: Item) -> dict[str, Any]:
    match item.kind:
        case "ipv4" | "ipv6":
            return {"ip": item.value, "name": item.value}
        case "domain":
            return {"url": {"domain": item.value}, "name": item.value}
        case "url":
            return {"url": {"full": item.value, "domain": split_url(item.value).host}, "name": item.value}
        case "email":
            return {"email": {"address": item.value}, "name": item.value}
        case "file_name":
            return {"file": {"name": item.value}, "name": item.value}
        case "registry_key":
            return {"registry": {"path": item.value}, "name": item.value}
        case digest:
            return {"file": {"hash": {digest: item.value}}, "name": item.value}


def _words(confidence: int) -> str:
    """STIX 2.1 appendix A.1, "None / Low / Med / High"."""
    for least, word in ((70, "High"), (30, "Medium"), (1, "Low")):
        if confidence >= least:
            return word
    return "None"


OUTPUT = Output(
    name="elastic",
    summary="Indicators for Elastic (NDJSON, ECS)",
    action="match",
    types=("ip", "domain", "url", "email", "hash", "file", "registry"),
    without=frozenset(("cidr",)),
    media_type="application/x-ndjson",
    suffix=".ndjson",
    capacity=1_000_000,
    write=_write,
)
