"""STIX patterns (STIX 2.1 section 9), evaluated: thousands compiled together, over batches or streams of observations.

`observed` says what an observation is; `paths`, `comparing` and `leaves` evaluate what stands in square brackets; `guards` and `index` find the
few tests worth evaluating; `shapes`, `binding` and `flow` put observations together under AND, FOLLOWEDBY and qualifiers; `stream` keeps
what later observations may complete; `compiled` is the front.
"""

from tocsin.matching.patterns.compiled import PatternSet, Refused, compile_patterns
from tocsin.matching.patterns.observed import Objects, Observed, observations, observed
from tocsin.matching.patterns.stream import Binding, PatternHit, Stream

__all__ = [
    "Binding",
    "Objects",
    "Observed",
    "PatternHit",
    "PatternSet",
    "Refused",
    "Stream",
    "compile_patterns",
    "observations",
    "observed",
]
