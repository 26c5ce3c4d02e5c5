"""What an import brought that nobody will look for: indicators whose values are refused, told to whoever imports them."""

from __future__ import annotations

from collections import Counter

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
