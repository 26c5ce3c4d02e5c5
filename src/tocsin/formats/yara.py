"""YARA rules as STIX indicators (`pattern_type` yara): one for each file, since rules of one file may ask for each other.

Only names and `meta` of the rules are read here; whether they compile is for `tocsin yara check`. A file is known again by the names of its rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.formats._rule_indicators import day, indicator, technique, whole, written
from tocsin.formats.items import DEFAULT, Limits, RawItem, Refusal, refuse
from tocsin.formats.plugin import Format

_RULE = re.compile(
    r"^[ \t]*(?:(?:private|global)[ \t]+)*rule[ \t]+([A-Za-z_][A-Za-z0-9_]{0,127})[ \t]*(?::([^{\n]{0,1000}))?\s*\{",
    re.MULTILINE,
)
_SNIFFED = re.compile(_RULE.pattern.encode(), re.MULTILINE)
_HIDDEN = re.compile(r"\"(?:[^\"\\\n]|\\.)*+\"|//[^\n]*+|/\*.*?\*/", re.DOTALL)
_META = re.compile(
    r"^[ \t]*(description|date|modified|last_modified|author|reference|threat_name)[ \t]*=[ \t]*\"((?:[^\"\\\n]|\\.){0,10000})\"",
    re.MULTILINE,
)
_TECHNIQUE = re.compile(r"\b(T\d{4}(?:\.\d{3})?)\b")
_MOST = 100


def _sniff(start: bytes) -> bool:
    return _SNIFFED.search(start) is not None and b"condition" in start


def _read(chunks: Iterable[bytes], where: str, limits: Limits = DEFAULT) -> Iterator[RawItem | Refusal]:
    raw = whole(chunks, where, limits)
    if isinstance(raw, Refusal):
        yield raw
        return
    text = written(raw, where, "yara")
    if isinstance(text, Refusal):
        yield text
        return
    # what stands in comments is no rule; strings are kept, or a // in one would hide the rest of its line
    bare = _HIDDEN.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)
    rules = list(_RULE.finditer(bare))
    if not rules:
        yield refuse(where, raw, "yara", "no rule begins in it")
        return
    yield RawItem(where, _indicator(text, bare, rules))


def _indicator(text: str, bare: str, rules: list[re.Match[str]]) -> bytes:
    meta: dict[str, list[str]] = {}
    for found in _META.finditer(bare):
        meta.setdefault(found[1], []).append(re.sub(r"\\(.)", r"\1", found[2]))
    names = [rule[1] for rule in rules]
    tags = [tag for rule in rules for tag in (rule[2] or "").split()]
    dates = sorted(filter(None, map(day, meta.get("date", []))))
    changed = sorted(
        filter(None, map(day, (*meta.get("modified", []), *meta.get("last_modified", []), *dates)))
    )
    techniques = dict.fromkeys(_TECHNIQUE.findall(" ".join((*tags, *meta.get("reference", [])))))
    links = [
        {"source_name": "reference", "url": each}
        for each in dict.fromkeys(meta.get("reference", []))
        if each.startswith(("https://", "http://"))
    ]
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return indicator(
        "yara",
        ",".join(sorted(names)),
        text,
        name=names[0] + more,
        description="\n".join(meta.get("description", [])[:_MOST]),
        created=dates[0] if dates else None,
        modified=changed[-1] if changed else None,
        labels=tags[:_MOST],
        references=[*map(technique, techniques), *links[:_MOST]],
    )


FORMAT = Format(name="yara", suffixes=(".yar", ".yara"), sniff=_sniff, read=_read)
