"""Correlation rules as they are written (Sigma correlation rules specification 2.1, with the types that pySigma has beyond it)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, cast

import msgspec

from tocsin.errors import ParseError
from tocsin.matching.sigma import conditions
from tocsin.matching.sigma.expressions import Expression, Match
from tocsin.matching.sigma.rules import Head, Refused, Unread
from tocsin.matching.sigma.tests import Exists

Type: TypeAlias = Literal[
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_median",
    "value_percentile",
    "temporal",
    "temporal_ordered",
]
TYPES: Final = (
    "event_count",
    "value_count",
    "value_sum",
    "value_avg",
    "value_median",
    "value_percentile",
    "temporal",
    "temporal_ordered",
)
MAX_RULES: Final = 1_000
MAX_FIELDS: Final = 50
_TIMESPAN = re.compile(r"([1-9][0-9]{0,6})(s|m|h|d|w|M|y)")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "M": 30 * 86400, "y": 365 * 86400}
_ORDERS = ("lt", "lte", "gt", "gte", "eq", "neq")


class Correlation(msgspec.Struct, frozen=True):
    """What has to come together.

    Attributes:
        head: what it says about itself.
        type: what is counted.
        rules: ids or names of rules and correlations.
        group_by: fields, or aliases of fields, that must agree.
        span: µs within which it has to happen.
        bounds: order and number, all of which must hold of what is counted.
        fields: of values that are counted or added up.
        percentile: for `value_percentile`, 0 to 100.
        aliases: name, then rule, then the field that it is there.
        present: for `temporal`, which rules must have hit (`Exists`), if that is written as an expression.
        generate: whether hits of `rules` are reported for themselves as well.
    """

    head: Head
    type: Type
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    span: int
    bounds: tuple[tuple[str, int | float], ...]
    fields: tuple[str, ...] = ()
    percentile: float = 50.0
    aliases: Mapping[str, Mapping[str, str]] = {}
    present: Expression | None = None
    generate: bool = False


def read(unread: Unread) -> Correlation | Refused:
    """Return the correlation rule that a document is, or why it is none."""
    document, head = unread.document, unread.head
    try:
        return _read(document.value["correlation"], head)
    except _FaultError as fault:
        where = f"{head.where.rpartition(':')[0]}:{document.line('correlation', *fault.path)}"
        return Refused(where, "sigma-correlation", fault.reason, head.title)


class _FaultError(Exception):
    def __init__(self, reason: str, *path: str) -> None:
        super().__init__(reason)
        self.reason, self.path = reason, path


def _read(value: Any, head: Head) -> Correlation:
    if not isinstance(value, dict):
        raise _FaultError("correlation is no map")
    kind = value.get("type")
    if kind not in TYPES:
        raise _FaultError(f"type {str(kind)[:40]!r} is none of {', '.join(TYPES)}", "type")
    rules = _names(value, "rules", MAX_RULES)
    condition = value.get("condition")
    temporal = kind.startswith("temporal")
    if condition is None and not temporal:
        raise _FaultError("there is no condition")
    present = None
    if isinstance(condition, str):
        if not temporal:
            raise _FaultError("only temporal correlations take an expression as their condition", "condition")
        present, rules = _present(condition, rules)
        condition = {}
    if not rules:
        raise _FaultError("it names no rules", "rules")
    if condition is not None and not isinstance(condition, dict):
        raise _FaultError("condition is no map", "condition")
    aliases = _aliases(value.get("aliases"))
    generate = value.get("generate", False)
    if not isinstance(generate, bool):
        raise _FaultError("generate is neither true nor false", "generate")
    if present is not None and kind == "temporal_ordered":
        raise _FaultError("temporal_ordered needs a list of rules, not an expression", "condition")
    return Correlation(
        head=head,
        type=cast("Type", kind),
        rules=rules,
        group_by=_names(value, "group-by", MAX_FIELDS),
        span=_span(value.get("timespan")),
        bounds=_bounds(condition or {}, ("gte", len(rules)) if temporal and present is None else None),
        fields=_fields(condition or {}, kind),
        percentile=_percentile(condition or {}, kind),
        aliases=aliases,
        present=present,
        generate=generate,
    )


def _names(value: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    found = value.get(name)
    if found is None:
        return ()
    members = found if isinstance(found, list) else [found]
    if not all(isinstance(each, str) and each for each in members):
        raise _FaultError(f"{name} has something that is no name", name)
    if len(members) > most:
        raise _FaultError(f"{name} has more than {most:,} members", name)
    return tuple(members)


def _span(value: Any) -> int:
    found = _TIMESPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _FaultError("timespan is no number followed by s, m, h, d, w, M or y", "timespan")
    return int(found[1]) * _SECONDS[found[2]] * 1_000_000


def _bounds(
    condition: Mapping[str, Any], otherwise: tuple[str, int] | None
) -> tuple[tuple[str, int | float], ...]:
    found: list[tuple[str, int | float]] = []
    for name, number in condition.items():
        if name in {"field", "percentile"}:
            continue
        if name not in _ORDERS:
            raise _FaultError(f"{name[:40]!r} is none of {', '.join(_ORDERS)}", "condition", name)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise _FaultError(f"{name} is no number", "condition", name)
        found.append((name, number))
    if not found and otherwise is not None:
        found.append(otherwise)
    if not found and condition:
        raise _FaultError("the condition compares with nothing", "condition")
    return tuple(found)


def _fields(condition: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    found = _names(condition, "field", MAX_FIELDS)
    if kind.startswith("value_") and not found:
        raise _FaultError(f"{kind} needs a field in its condition", "condition")
    if kind.startswith("value_") and kind != "value_count" and len(found) > 1:
        raise _FaultError(f"{kind} takes one field", "condition", "field")
    return found


def _percentile(condition: Mapping[str, Any], kind: str) -> float:
    found = condition.get("percentile", 50)
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 <= found <= 100:
        raise _FaultError("percentile is no number from 0 to 100", "condition", "percentile")
    if kind == "value_percentile" and "percentile" not in condition:
        raise _FaultError("value_percentile needs a percentile in its condition", "condition")
    return float(found)


def _aliases(value: Any) -> dict[str, dict[str, str]]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
        isinstance(inner, dict) and all(isinstance(field, str) for field in inner.values())
        for inner in value.values()
    ):
        raise _FaultError("aliases is no map from names to rules and fields", "aliases")
    return value


def _present(condition: str, rules: tuple[str, ...]) -> tuple[Expression, tuple[str, ...]]:
    """Return which rules must have hit, as tests `Exists` on their names, and the rules."""
    words = re.findall(r"[^\s()]+", condition)
    named = dict.fromkeys(
        (
            *rules,
            *(
                word
                for word in words
                if word.lower() not in {"and", "or", "not", "1", "all", "any", "of", "them"}
                and "*" not in word
            ),
        )
    )
    try:
        expression = conditions.parse(condition, {name: Match(name, Exists(value=True)) for name in named})
    except ParseError as error:
        raise _FaultError(str(error), "condition") from None
    return expression, tuple(named)
