"""What an import brought that nobody will look for: indicators whose values are refused, told to whoever imports them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tocsin.matching.entries import Indicator, passed_over
from tocsin.node.intake import Committed


class Unsought:
    """Counts indicators that hunts and lists take nothing of, by the rule (`matching.entries.Passed`); `examples` has the first of each."""

    def __init__(self) -> None:
        """Begin with none."""
        self.counts: Counter[str] = Counter()
        self.examples: dict[str, tuple[str, str]] = {}

    def take(self, batch: Committed) -> None:
        """Look at what a batch changed."""
        for found, outcome in zip(batch.objects, batch.outcomes, strict=True):
            if found.type != "indicator" or found.revoked or outcome.kind == "same":
                continue
            pattern, kind = str(found.data.get("pattern", "")), str(found.data.get("pattern_type", ""))
            for passed in passed_over(Indicator(found.id, pattern=pattern, pattern_type=kind))[:1]:
                self.counts[passed.rule] += 1
                self.examples.setdefault(passed.rule, (found.id, passed.reason))

    def told(self) -> list[dict[str, Any]]:
        """Return the rules, those of most indicators first, each with the first indicator and why it is not looked for."""
        return [
            {
                "rule": rule,
                "count": count,
                "where": self.examples[rule][0],
                "reason": self.examples[rule][1],
            }
            for rule, count in self.counts.most_common()
        ]
