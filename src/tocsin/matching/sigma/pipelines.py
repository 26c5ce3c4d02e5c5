"""Processing pipelines: rules fitted to other names of fields and other log sources, as pySigma's YAML has them.

Read are the transformations that make sense for rules evaluated here: `field_name_mapping`, `field_name_prefix`, `field_name_suffix`,
`field_name_prefix_mapping`, `drop_detection_item`, `add_condition`, `change_logsource`, `value_placeholders`, `rule_failure`. What makes queries of another
system (`query_expression_placeholders` and the like) is refused: it would change what a rule finds without anybody noticing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from tocsin.errors import FormatError, ParseError
from tocsin.matching.sigma import modifiers
from tocsin.matching.sigma.documents import Document, documents
from tocsin.matching.sigma.expressions import TRUE, Expression, Match, both, either, negated, replaced
from tocsin.matching.sigma.rules import LogSource, Refused, Rule

_FIELDS: Final = {"include_fields", "exclude_fields"}


class _Step(msgspec.Struct, frozen=True):
    type: str
    value: Mapping[str, Any]
    sources: tuple[LogSource, ...]
    every_source: bool
    includes: frozenset[str] | None
    excludes: frozenset[str]
    where: str


class Pipeline(msgspec.Struct, frozen=True):
    """A pipeline as it is written: its name, its priority (lower is applied first), and its steps."""

    name: str
    priority: int
    steps: tuple[Any, ...]
    placeholders: Mapping[str, tuple[str, ...]] = {}


def read(raw: bytes, where: str) -> Pipeline:
    """Return the pipeline in a file.

    Raises:
        FormatError: it is none, or has what is not read; says on which line.
        LimitError: as in `documents.documents`.
    """
    found = documents(raw, where)
    if len(found) != 1 or not isinstance(found[0].value, dict):
        raise FormatError("a pipeline is one document with a map", where=where)
    document = found[0]
    listed = document.value.get("transformations", [])
    priority = document.value.get("priority", 0)
    if not isinstance(listed, list) or isinstance(priority, bool) or not isinstance(priority, int):
        raise FormatError("transformations is no list, or priority no whole number", where=where)
    steps = tuple(_step(document, number, each, where) for number, each in enumerate(listed))
    return Pipeline(str(document.value.get("name", where)), priority, steps, _vars(document, where))


def _vars(document: Document, where: str) -> dict[str, tuple[str, ...]]:
    value = document.value.get("vars", {})
    if not isinstance(value, dict):
        raise FormatError("vars is no map", where=f"{where}:{document.line('vars')}")
    return {
        name: tuple(str(each) for each in (inner if isinstance(inner, list) else [inner]))
        for name, inner in value.items()
    }


def _step(document: Document, number: int, value: Any, where: str) -> _Step:
    at = f"{where}:{document.line('transformations', number)}"
    if not isinstance(value, dict):
        raise FormatError("a transformation is no map", where=at)
    kind = value.get("type")
    if kind not in _APPLIED and kind not in {"value_placeholders", "set_state"}:
        raise FormatError(
            f"the transformation {str(kind)[:60]!r} is not read",
            where=at,
            hint=f"there are {', '.join(_APPLIED)}",
        )
    sources = []
    for each in _maps(value.get("rule_conditions", []), at):
        if each.get("type") != "logsource":
            raise FormatError(
                f"the rule condition {str(each.get('type'))[:60]!r} is not read; logsource is", where=at
            )
        sources.append(
            LogSource(*(str(each.get(name) or "").lower() for name in ("product", "category", "service")))
        )
    includes: set[str] | None = None
    excludes: set[str] = set()
    for each in _maps(value.get("field_name_conditions", []), at):
        named = each.get("fields", [])
        if each.get("type") not in _FIELDS or not isinstance(named, list):
            raise FormatError(
                f"the field condition {str(each.get('type'))[:60]!r} is not read; {', '.join(sorted(_FIELDS))} are",
                where=at,
            )
        if each["type"] == "include_fields":
            includes = {*map(str, named)} if includes is None else includes & {*map(str, named)}
        else:
            excludes |= {*map(str, named)}
    for name in value:
        if name.endswith("_conditions") and name not in {"rule_conditions", "field_name_conditions"}:
            raise FormatError(f"{name} is not read", where=at)
    included = None if includes is None else frozenset(includes)
    every = value.get("rule_cond_op", "and") != "or"
    return _Step(str(kind), value, tuple(sources), every, included, frozenset(excludes), at)


def _maps(value: Any, where: str) -> list[dict[str, Any]]:
    found = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise FormatError("conditions are no list of maps", where=where)
    return found


def apply(rules: Iterable[Rule], pipelines: Iterable[Pipeline]) -> list[Rule | Refused]:
    """Return rules as pipelines leave them, those with lower priority first; a rule that one refuses is refused."""
    steps = [step for each in sorted(pipelines, key=lambda each: each.priority) for step in each.steps]
    return [_applied(rule, steps) for rule in rules]


def _applied(rule: Rule, steps: Iterable[_Step]) -> Rule | Refused:
    try:
        for step in steps:
            if step.type in _APPLIED and _is_for(step, rule.source):
                rule = _APPLIED[step.type](rule, step)
    except (FormatError, ParseError) as error:
        return Refused(rule.head.where, "sigma-pipeline", str(error), rule.head.title)
    return rule


def _is_for(step: _Step, source: LogSource) -> bool:
    if not step.sources:
        return True
    fits = (
        (not each.product or each.product == source.product)
        and (not each.category or each.category == source.category)
        and (not each.service or each.service == source.service)
        for each in step.sources
    )
    return all(fits) if step.every_source else any(fits)


def _renamed(rule: Rule, step: _Step, names: Callable[[str], list[str]]) -> Rule:
    def of(match: Match) -> Expression:
        field = match.field
        if field is None or not _concerns(step, field):
            return match
        return either(Match(name, match.test) for name in names(field))

    return msgspec.structs.replace(rule, condition=replaced(rule.condition, of))


def _concerns(step: _Step, field: str) -> bool:
    return (step.includes is None or field in step.includes) and field not in step.excludes


def _map(step: _Step, name: str) -> Mapping[str, Any]:
    found = step.value.get(name)
    if not isinstance(found, dict):
        raise FormatError(f"{name} is no map", where=step.where)
    return found


def _mapping(rule: Rule, step: _Step) -> Rule:
    mapping = _map(step, "mapping")

    def names(field: str) -> list[str]:
        to = mapping.get(field, field)
        return [str(each) for each in to] if isinstance(to, list) else [str(to)]

    return _renamed(rule, step, names)


def _prefix_mapping(rule: Rule, step: _Step) -> Rule:
    mapping = _map(step, "mapping")

    def names(field: str) -> list[str]:
        prefix = next((each for each in mapping if field.startswith(each)), None)
        if prefix is None:
            return [field]
        to = mapping[prefix]
        return [f"{each}{field[len(prefix) :]}" for each in (to if isinstance(to, list) else [to])]

    return _renamed(rule, step, names)


def _prefix(rule: Rule, step: _Step) -> Rule:
    return _renamed(rule, step, lambda field: [f"{step.value.get('prefix', '')}{field}"])


def _suffix(rule: Rule, step: _Step) -> Rule:
    return _renamed(rule, step, lambda field: [f"{field}{step.value.get('suffix', '')}"])


def _drop(rule: Rule, step: _Step) -> Rule:
    if step.includes is None:
        raise FormatError(
            "drop_detection_item without include_fields would drop everything", where=step.where
        )

    def of(match: Match) -> Expression:
        return TRUE if match.field is not None and _concerns(step, match.field) else match

    return msgspec.structs.replace(rule, condition=replaced(rule.condition, of))


def _add(rule: Rule, step: _Step) -> Rule:
    added = both(modifiers.item(name, value) for name, value in _map(step, "conditions").items())
    if step.value.get("negated") is True:
        added = negated(added)
    return msgspec.structs.replace(rule, condition=both((rule.condition, added)))


def _change(rule: Rule, step: _Step) -> Rule:
    names = ("product", "category", "service")
    return msgspec.structs.replace(
        rule, source=LogSource(*(str(step.value.get(name) or "").lower() for name in names))
    )


def _fail(rule: Rule, step: _Step) -> Rule:  # noqa: ARG001 - all transformations are called alike
    raise FormatError(str(step.value.get("message", "refused by a pipeline")), where=step.where)


_APPLIED: Final[Mapping[str, Callable[[Rule, _Step], Rule]]] = {
    "field_name_mapping": _mapping,
    "field_name_prefix": _prefix,
    "field_name_suffix": _suffix,
    "field_name_prefix_mapping": _prefix_mapping,
    "drop_detection_item": _drop,
    "add_condition": _add,
    "change_logsource": _change,
    "rule_failure": _fail,
}
