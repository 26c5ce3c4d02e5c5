"""Rules of other languages as STIX indicators: what the three formats that read them share.

Ids and times are made of the rule alone, so that reading a file again, here or at another node, makes the same objects.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from tocsin.errors import FormatError, LimitError
from tocsin.formats.items import Discarded, Limits, Refusal, refuse

NAMESPACE: Final = uuid.UUID("6f1d1c0e-6f0a-5d0a-9a53-0d3a7f0b7c11")
EPOCH: Final = "2017-01-01"
"""Day of a rule that names none."""
_DAY = re.compile(r"(\d{4})[-/_](\d{1,2})[-/_](\d{1,2})")
_LONGEST = 10_000
_encode = msgspec.json.Encoder().encode


def day(text: str) -> str | None:
    """Return a day as YYYY-MM-DD, or None if a text does not begin with one."""
    found = _DAY.match(text.strip())
    if found is None:
        return None
    year, month, number = (int(each) for each in found.groups())
    good = (
        1990 <= year <= 2100
        and 1 <= month <= 12
        and 1 <= number <= 28 + (month != 2) * 2 + (month in {1, 3, 5, 7, 8, 10, 12})
    )
    return f"{year:04}-{month:02}-{number:02}" if good else None


def indicator(
    language: str,
    key: str,
    pattern: str,
    *,
    name: str,
    description: str = "",
    created: str | None = None,
    modified: str | None = None,
    revision: int = 0,
    labels: Iterable[str] = (),
    references: Sequence[dict[str, str]] = (),
) -> bytes:
    """Return an indicator as JSON.

    Args:
        language: its `pattern_type`.
        key: what tells the rule from others of its language.
        pattern: the rule as it is written.
        name: for people.
        description: for people.
        created: a day.
        modified: a day; one before `created` does not count.
        revision: rises with each change; seconds that are added to `modified`.
        labels: as they are.
        references: external references.
    """
    first = created or modified or EPOCH
    last = max(first, modified or first)
    at = min(max(revision, 0), 86_399)
    made: dict[str, Any] = {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{uuid.uuid5(NAMESPACE, f'{language}:{key}')}",
        "created": f"{first}T00:00:00.000Z",
        "modified": f"{last}T{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}.000Z",
        "name": name[:_LONGEST],
        "indicator_types": ["malicious-activity"],
        "pattern": pattern,
        "pattern_type": language,
        "valid_from": f"{first}T00:00:00Z",
    }
    if description:
        made["description"] = description[:_LONGEST]
    if found := list(dict.fromkeys(labels)):
        made["labels"] = found
    if references:
        made["external_references"] = list(references)
    return _encode(made)


def technique(number: str) -> dict[str, str]:
    """Return the reference to a technique of ATT&CK."""
    path = number.replace(".", "/")
    return {
        "source_name": "mitre-attack",
        "external_id": number,
        "url": f"https://attack.mitre.org/techniques/{path}",
    }


def whole(chunks: Iterable[bytes], where: str, limits: Limits) -> bytes | Refusal:
    """Return a file of rules in one piece, or why it is not taken: its packing is broken, or it is longer than an object may be."""
    try:
        held = _gathered(chunks, limits)
    except (FormatError, LimitError) as error:
        return refuse(where, b"", "packing", str(error))
    if isinstance(held, Discarded):
        return held.refusal(where, "size", f"longer than {limits.object_bytes:,} bytes")
    return held


def written(raw: bytes, where: str, rule: str) -> str | Refusal:
    """Return the text of a file of rules, or why there is none."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return refuse(where, raw, rule, f"not UTF-8 at byte {error.start:,}")


def _gathered(chunks: Iterable[bytes], limits: Limits) -> bytes | Discarded:
    """Return a stream in one piece, or what is told of it if it is longer than an object may be."""
    held = bytearray()
    passed: Discarded | None = None
    for chunk in chunks:
        if passed is None and len(held) + len(chunk) <= limits.object_bytes:
            held += chunk
            continue
        if passed is None:
            passed = Discarded()
            passed.add(bytes(held))
        passed.add(chunk)
    return bytes(held) if passed is None else passed
