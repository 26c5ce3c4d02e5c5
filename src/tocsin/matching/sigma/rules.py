"""Sigma rules: what one document says (Sigma rules specification 2.1).

A file may hold several documents: rules, correlation rules and filters. One that cannot be read costs itself: it comes back as a `Refused` that
says on which line and why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeAlias

import msgspec

from tocsin.errors import InputError, ParseError
from tocsin.matching.sigma import conditions, modifiers
from tocsin.matching.sigma.documents import Broken, Document, Path, parts
from tocsin.matching.sigma.expressions import Expression, both, either
from tocsin.matching.sigma.modifiers import Placeholders

LEVELS: Final = ("informational", "low", "medium", "high", "critical")
STATUSES: Final = ("stable", "test", "experimental", "deprecated", "unsupported")
_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)
_NOT_SEARCHED = {"condition", "timeframe"}
_LONGEST_TITLE = 1_000
_SPELLED = re.compile(r"[a-z0-9_.\-]{1,100}", re.IGNORECASE)


class LogSource(msgspec.Struct, frozen=True):
    """Which logs a rule is for; empty is any. One of the three is set."""

    product: str = ""
    category: str = ""
    service: str = ""

    def __str__(self) -> str:
        """Return it for people."""
        said = (("product", self.product), ("category", self.category), ("service", self.service))
        return ", ".join(f"{name} {value}" for name, value in said if value)


class Head(msgspec.Struct, frozen=True):
    """What rules of all kinds say about themselves.

    Attributes:
        title, id, name, description, author, status, level: as written; empty if not there.
        date, modified: YYYY-MM-DD as written, or empty.
        tags, references, falsepositives: as written.
        where: file, or file and line of the document.
    """

    title: str
    id: str = ""
    name: str = ""
    description: str = ""
    author: str = ""
    status: str = ""
    level: str = ""
    date: str = ""
    modified: str = ""
    tags: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    falsepositives: tuple[str, ...] = ()
    where: str = ""

    @property
    def techniques(self) -> tuple[str, ...]:
        """The techniques of ATT&CK among its tags, such as T1059.001."""
        return tuple(found[1].upper() for tag in self.tags if (found := _TECHNIQUE.fullmatch(tag)))

    @property
    def names(self) -> tuple[str, ...]:
        """What other rules may call it."""
        return tuple(each for each in (self.id, self.name) if each)


class Rule(msgspec.Struct, frozen=True):
    """A rule about single records."""

    head: Head
    source: LogSource
    condition: Expression
    fields: tuple[str, ...] = ()


class Filter(msgspec.Struct, frozen=True):
    """A condition that is added to other rules (Sigma filters specification 2.0)."""

    head: Head
    source: LogSource
    rules: tuple[str, ...]
    condition: Expression


class Unread(msgspec.Struct, frozen=True):
    """A correlation rule as its document has it; `correlations.read` reads it."""

    head: Head
    document: Document


class Refused(msgspec.Struct, frozen=True):
    """A document that is no rule that can be evaluated: where, by which stable rule, and why."""

    where: str
    rule: str
    reason: str
    title: str = ""


Parsed: TypeAlias = Rule | Filter | Unread | Refused


def head(document: Document, where: str) -> Head | Refused:
    """Return what a document says about itself, or why it is no Sigma rule at all."""
    try:
        return _head(document, f"{where}:{document.line()}")
    except _FaultError as fault:
        return Refused(f"{where}:{document.line(*fault.path)}", fault.rule, fault.reason)


def evaluated(document: Document, where: str) -> Parsed:
    """Return what a document asks for; see `parse`."""
    return _document(document, where, {})


def parse(raw: bytes, where: str, *, placeholders: Placeholders | None = None) -> list[Parsed]:
    """Return what each document of a file says; never raises for its content.

    Args:
        raw: the file.
        where: its name, for messages.
        placeholders: values for `expand`.
    """
    try:
        found = parts(raw, where)
    except InputError as error:
        return [Refused(where, "sigma-yaml", str(error))]
    if not found:
        return [Refused(where, "sigma-yaml", "there is nothing in it")]
    return [
        Refused(each.where, "sigma-yaml", each.reason)
        if isinstance(each, Broken)
        else _document(each, where, placeholders or {})
        for each in found
    ]


def _document(document: Document, where: str, placeholders: Placeholders) -> Parsed:
    title = ""
    try:
        head = _head(document, f"{where}:{document.line()}")
        title = head.title
        if "correlation" in document.value:
            return Unread(head, document)
        if "filter" in document.value:
            return _filter(document, head, placeholders)
        source = _source(document)
        condition = _detection(document, ("detection",), placeholders)
        return Rule(head, source, condition, _texts(document, "fields"))
    except _FaultError as fault:
        return Refused(f"{where}:{document.line(*fault.path)}", fault.rule, fault.reason, title)


class _FaultError(Exception):
    def __init__(self, reason: str, path: Path, rule: str = "sigma-rule") -> None:
        super().__init__(reason)
        self.reason, self.path, self.rule = reason, path, rule


def _kind(value: Any) -> str:
    names = {dict: "a map", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
    return names.get(type(value), "a number")


def _text(document: Document, name: str) -> str:
    value = document.value.get(name)
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise _FaultError(f"{name} is {_kind(value)}, not text", (name,))
    return str(value).strip()


def _texts(document: Document, name: str) -> tuple[str, ...]:
    value = document.value.get(name)
    if value is None:
        return ()
    members = value if isinstance(value, list) else [value]
    return tuple(
        str(each).strip() for each in members if not isinstance(each, (dict, list)) and each is not None
    )


def _head(document: Document, where: str) -> Head:
    if not isinstance(document.value, dict):
        raise _FaultError(f"a rule is a map, not {_kind(document.value)}", ())
    if not {"detection", "correlation", "filter"}.intersection(document.value):
        raise _FaultError("there is no detection, correlation or filter: this is no Sigma rule", ())
    title = _text(document, "title")
    if not title:
        raise _FaultError("the rule has no title", ("title",))
    level, status = _text(document, "level").lower(), _text(document, "status").lower()
    if level and level not in LEVELS:
        raise _FaultError(f"level {level[:40]!r} is none of {', '.join(LEVELS)}", ("level",))
    if status and status not in STATUSES:
        raise _FaultError(f"status {status[:40]!r} is none of {', '.join(STATUSES)}", ("status",))
    return Head(
        title=title[:_LONGEST_TITLE],
        id=_text(document, "id").lower(),
        name=_text(document, "name"),
        description=_text(document, "description"),
        author=", ".join(_texts(document, "author")),
        status=status,
        level=level,
        date=_text(document, "date").replace("/", "-"),
        modified=_text(document, "modified").replace("/", "-"),
        tags=_texts(document, "tags"),
        references=_texts(document, "references"),
        falsepositives=_texts(document, "falsepositives"),
        where=where,
    )


def _source(document: Document) -> LogSource:
    value = document.value.get("logsource")
    if not isinstance(value, dict):
        raise _FaultError("the rule has no logsource", ("logsource",))
    found: dict[str, str] = {}
    for name in ("product", "category", "service"):
        text = value.get(name)
        if text is None:
            continue
        if not isinstance(text, str) or not _SPELLED.fullmatch(text):
            raise _FaultError(f"{name} is no name of letters, digits, `_`, `.` and `-`", ("logsource", name))
        found[name] = text.lower()
    if not found:
        raise _FaultError("logsource names neither product nor category nor service", ("logsource",))
    return LogSource(**found)


def _filter(document: Document, head: Head, placeholders: Placeholders) -> Filter:
    value = document.value["filter"]
    if not isinstance(value, dict):
        raise _FaultError("filter is no map", ("filter",))
    rules = value.get("rules", "any")
    named = rules if isinstance(rules, list) else [rules]
    if not all(isinstance(each, str) for each in named):
        raise _FaultError("rules of a filter are ids or names", ("filter", "rules"))
    condition = _detection(document, ("filter",), placeholders, without={"rules"})
    return Filter(head, _source(document), tuple(named), condition)


def _detection(
    document: Document, path: Path, placeholders: Placeholders, *, without: set[str] | None = None
) -> Expression:
    value = document.value[path[0]]
    if not isinstance(value, dict):
        raise _FaultError(f"{path[0]} is {_kind(value)}, not a map", path)
    if "timeframe" in value:
        raise _FaultError(
            "timeframe is no longer part of Sigma: write a correlation rule", (*path, "timeframe")
        )
    passed = _NOT_SEARCHED | (without or set())
    named = {
        name: _search(document, each, (*path, name), placeholders)
        for name, each in value.items()
        if name not in passed
    }
    if not named:
        raise _FaultError("there is no search identifier", path)
    return _condition(value.get("condition"), named, (*path, "condition"))


def _condition(value: Any, named: Mapping[str, Expression], path: Path) -> Expression:
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(each, str) for each in texts):
        raise _FaultError("there is no condition", path)
    try:
        return either(conditions.parse(each, named) for each in texts)
    except ParseError as error:
        raise _FaultError(str(error), path, error.rule) from None


def _search(document: Document, value: Any, path: Path, placeholders: Placeholders) -> Expression:
    """Return what a search identifier asks for: a map, a list of maps, or keywords."""
    if isinstance(value, dict):
        if not value:
            raise _FaultError("an empty search", path)
        return both(_item(key, each, (*path, key), placeholders) for key, each in value.items())
    if not isinstance(value, list):
        return _item("", value, path, placeholders)
    if not value:
        raise _FaultError("an empty search", path)
    return either(
        _search(document, each, (*path, number), placeholders)
        if isinstance(each, dict)
        else _item("", each, (*path, number), placeholders)
        for number, each in enumerate(value)
    )


def _item(key: str, values: Any, path: Path, placeholders: Placeholders) -> Expression:
    try:
        return modifiers.item(key, values, placeholders=placeholders)
    except ParseError as error:
        raise _FaultError(str(error), path, error.rule) from None
