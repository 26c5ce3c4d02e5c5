"""Rules of many files made one set: filters and pipelines applied, correlations tied to what they ask for, everything refused told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from tocsin.matching.sigma import correlations, pipelines
from tocsin.matching.sigma.correlating import inner_first
from tocsin.matching.sigma.correlations import Correlation
from tocsin.matching.sigma.filters import filtered
from tocsin.matching.sigma.modifiers import Placeholders
from tocsin.matching.sigma.pipelines import Pipeline
from tocsin.matching.sigma.rules import Filter, Refused, Rule, Unread, parse


class RuleSet(msgspec.Struct, frozen=True):
    """Rules that can be evaluated together.

    Attributes:
        rules: about single records.
        correlations: about several; what they ask for is in the set.
        filters: how many were applied.
        refused: what cannot be evaluated, and why.
        silent: names of rules that only serve correlations (`generate` is false): their hits are not reported.
    """

    rules: tuple[Rule, ...] = ()
    correlations: tuple[Correlation, ...] = ()
    filters: int = 0
    refused: tuple[Refused, ...] = ()
    silent: frozenset[str] = frozenset()

    def reported(self, rule: Rule | Correlation) -> bool:
        """Tell whether hits are to be shown, or only serve correlations."""
        return self.silent.isdisjoint(rule.head.names) or not rule.head.names


def read(
    files: Iterable[tuple[str, bytes]],
    *,
    placeholders: Placeholders | None = None,
    applied: Sequence[Pipeline] = (),
) -> RuleSet:
    """Return the rules in files, each given by its name and bytes; never raises for what they hold."""
    known: dict[str, Sequence[str]] = {
        name: values for each in applied for name, values in each.placeholders.items()
    }
    known |= placeholders or {}
    rules: list[Rule] = []
    filters: list[Filter] = []
    unread: list[Unread] = []
    refused: list[Refused] = []
    for where, raw in files:
        for found in parse(raw, where, placeholders=known):
            match found:
                case Rule():
                    rules.append(found)
                case Filter():
                    filters.append(found)
                case Unread():
                    unread.append(found)
                case Refused():
                    refused.append(found)
    piped = pipelines.apply(filtered(rules, filters), applied)
    refused += [each for each in piped if isinstance(each, Refused)]
    kept_rules = _unique([each for each in piped if isinstance(each, Rule)], refused)
    tied = _tied([correlations.read(each) for each in unread], kept_rules, refused)
    silent = frozenset(name for each in tied if not each.generate for name in each.rules)
    return RuleSet(tuple(kept_rules), tuple(tied), len(filters), tuple(refused), silent)


def _unique(rules: list[Rule], refused: list[Refused]) -> list[Rule]:
    """Return rules without those whose id another has already: which of them hit could not be told."""
    seen: set[str] = set()
    kept = []
    for rule in rules:
        if rule.head.id and rule.head.id in seen:
            refused.append(
                Refused(
                    rule.head.where, "sigma-id", f"another rule has the id {rule.head.id}", rule.head.title
                )
            )
            continue
        seen.add(rule.head.id)
        kept.append(rule)
    return kept


def _tied(
    read_: Iterable[Correlation | Refused], rules: Sequence[Rule], refused: list[Refused]
) -> list[Correlation]:
    found: list[Correlation] = []
    for each in read_:
        (refused if isinstance(each, Refused) else found).append(each)  # type: ignore[arg-type]
    heads = [*(rule.head for rule in rules), *(each.head for each in found)]
    names = Counter(name for head in heads for name in set(head.names))
    good: list[Correlation] = []
    for each in found:
        missing = [name for name in each.rules if names[name] != 1]
        # an alias for a rule that is not there would never be met, and nobody would know
        missing += [name for fields in each.aliases.values() for name in fields if not names[name]]
        if missing:
            why = "stands for several rules" if names[missing[0]] else "is no rule of this set"
            refused.append(
                Refused(each.head.where, "sigma-correlation", f"{missing[0][:80]!r} {why}", each.head.title)
            )
        else:
            good.append(each)
    ordered = inner_first(good)
    left_out = {each.head.where for each in ordered}
    circular = "it asks for itself, by way of others"
    refused += [
        Refused(each.head.where, "sigma-correlation", circular, each.head.title)
        for each in good
        if each.head.where not in left_out
    ]
    return ordered
