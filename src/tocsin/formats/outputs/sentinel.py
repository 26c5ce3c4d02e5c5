"""Bodies for the upload API of Microsoft Sentinel: STIX indicators of one value each, a hundred in a request, a request a line.

Source: Microsoft Learn, "Import threat intelligence to Microsoft Sentinel with the upload API": `sourcesystem` and `stixobjects`, at most 100 objects a call.
The id of an indicator is made of its value, so uploading again replaces.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import moment, one_line

_AT_ONCE = 100
_NAMESPACE: Final = uuid.UUID("5b0c2b9e-6a3e-5d0c-9f0b-70c51000a0b1")
_PATHS: Final = {
    "ipv4": "ipv4-addr:value",
    "ipv6": "ipv6-addr:value",
    "domain": "domain-name:value",
    "url": "url:value",
    "email": "email-addr:value",
    "md5": "file:hashes.'MD5'",
    "sha1": "file:hashes.'SHA-1'",
    "sha256": "file:hashes.'SHA-256'",
    "sha512": "file:hashes.'SHA-512'",
}


def _fits(item: Item) -> bool:
    return item.value.isprintable() and item.since is not None


def _write(items: Iterable[Item]) -> Iterator[str]:
    waiting: list[dict[str, Any]] = []
    for item in items:
        waiting.append(_indicator(item))
        if len(waiting) == _AT_ONCE:
            yield _request(waiting)
            waiting = []
    if waiting:
        yield _request(waiting)


def _request(objects: list[dict[str, Any]]) -> str:
    return msgspec.json.encode({"sourcesystem": "Tocsin", "stixobjects": objects}).decode() + "\n"


def _indicator(item: Item) -> dict[str, Any]:
    kind = (
        "ipv4-addr:value"
        if item.kind == "cidr" and ":" not in item.value
        else _PATHS.get(item.kind, "ipv6-addr:value")
    )
    value = item.value.replace("\\", "\\\\").replace("'", "\\'")  # STIX 2.1 section 9.2
    made: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(_NAMESPACE, f'{item.kind}:{item.value}')}",
        "created": moment(item.since),
        "modified": moment(max(item.modified, item.since or 0)),
        "name": one_line(item.name) or item.value,
        "pattern": f"[{kind} = '{value}']",
        "pattern_type": "stix",
        "valid_from": moment(item.since),
        "confidence": item.confidence,
    }
    if item.until is not None:
        made["valid_until"] = moment(item.until)
    return made


OUTPUT = Output(
    name="sentinel",
    summary="Upload bodies for Microsoft Sentinel (STIX, 100 a line)",
    action="match",
    types=("ip", "domain", "url", "email", "hash"),
    media_type="application/x-ndjson",
    suffix=".ndjson",
    fits=_fits,
    write=_write,
)
