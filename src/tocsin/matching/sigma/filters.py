"""Filters: conditions added to rules, to fit them to where they run (Sigma filters specification 2.0).

What a filter's condition says must hold besides the rule's own. A filter that is to keep hits away says `not selection`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tocsin.matching.sigma.expressions import both
from tocsin.matching.sigma.rules import Filter, LogSource, Rule


def filtered(rules: Iterable[Rule], filters: Sequence[Filter]) -> list[Rule]:
    """Return rules with the filters that name them, or name `any` and are for the same logs."""
    return [_filtered(rule, filters) for rule in rules]


def _filtered(rule: Rule, filters: Sequence[Filter]) -> Rule:
    mine = [each.condition for each in filters if _is_for(each, rule)]
    return msgspec.structs.replace(rule, condition=both((rule.condition, *mine))) if mine else rule


def _is_for(each: Filter, rule: Rule) -> bool:
    named = "any" in each.rules or bool(
        {name.lower() for name in each.rules}.intersection(map(str.lower, rule.head.names))
    )
    return named and _covers(each.source, rule.source)


def _covers(wide: LogSource, narrow: LogSource) -> bool:
    return (
        wide.product in {"", narrow.product}
        and wide.category in {"", narrow.category}
        and wide.service in {"", narrow.service}
    )
