"""Sigma rules as STIX indicators (`pattern_type` sigma): one for each document of a file, its pattern the document as it is written.

What a rule says about itself becomes the indicator's: title, description, dates, tags as labels, techniques of ATT&CK and its references as external
references. A rule that is no Sigma is refused; one that only this node cannot evaluate (`expand` without values) is carried.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Iterator

from tocsin.errors import FormatError, LimitError
from tocsin.formats._rule_indicators import day, indicator, technique, whole
from tocsin.formats.items import DEFAULT, Limits, RawItem, Refusal, refuse
from tocsin.formats.plugin import Format
from tocsin.matching.sigma.documents import Broken, Document, parts
from tocsin.matching.sigma.rules import Head, Refused, evaluated, head

_TITLE = re.compile(rb"^title[ \t]*:", re.MULTILINE)
_BODY = re.compile(rb"^(?:detection|correlation|filter|logsource)[ \t]*:", re.MULTILINE)
_CARRIED = {"sigma-placeholder", "sigma-regex"}


def _sniff(start: bytes) -> bool:
    return _TITLE.search(start) is not None and _BODY.search(start) is not None


def _read(chunks: Iterable[bytes], where: str, limits: Limits = DEFAULT) -> Iterator[RawItem | Refusal]:
    raw = whole(chunks, where, limits)
    if isinstance(raw, Refusal):
        yield raw
        return
    try:
        found = parts(raw, where)
    except LimitError as error:
        yield refuse(where, raw, "size", str(error))
        return
    except FormatError as error:
        yield refuse(where, raw, "sigma-yaml", str(error))
        return
    lines = raw.decode("utf-8-sig").splitlines(keepends=True)
    for number, document in enumerate(found):
        last = found[number + 1].first - 1 if number + 1 < len(found) else len(lines)
        text = _text(lines[document.first - 1 : last]) if len(found) > 1 else "".join(lines)
        if isinstance(document, Broken):
            yield refuse(document.where, text.encode(), "sigma-yaml", document.reason)
        else:
            yield _item(document, text, where)


def _text(lines: list[str]) -> str:
    """Return a document without the lines that part it from others."""
    return "".join(line for line in lines if line.rstrip() not in {"---", "..."})


def _item(document: Document, text: str, where: str) -> RawItem | Refusal:
    about = head(document, where)
    asked = evaluated(document, where)
    bad = (
        about
        if isinstance(about, Refused)
        else asked
        if isinstance(asked, Refused) and asked.rule not in _CARRIED
        else None
    )
    if bad is not None or isinstance(about, Refused):
        assert isinstance(bad, Refused)
        return refuse(bad.where, text.encode(), bad.rule, bad.reason)
    return RawItem(about.where, _indicator(about, text))


def _indicator(about: Head, text: str) -> bytes:
    references = [technique(each) for each in about.techniques]
    if about.id:
        references.append({"source_name": "sigma", "external_id": about.id})
    references += [
        {"source_name": "reference", "url": each}
        for each in about.references
        if each.startswith(("https://", "http://"))
    ]
    labels = [
        *about.tags,
        *(f"level:{about.level}" for _ in about.level[:1]),
        *(f"status:{about.status}" for _ in about.status[:1]),
    ]
    return indicator(
        "sigma",
        about.id
        or f"{about.name}:{about.title}:{uuid.uuid5(uuid.NAMESPACE_OID, text) if not about.name else ''}",
        text,
        name=about.title,
        description=about.description,
        created=day(about.date),
        modified=day(about.modified),
        labels=labels,
        references=references,
    )


FORMAT = Format(name="sigma", suffixes=(".yml", ".yaml"), sniff=_sniff, read=_read)
