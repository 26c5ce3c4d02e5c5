"""Sigma rules, evaluated here: thousands of them together on each record of a log.

`documents` reads YAML within limits; `rules`, `modifiers`, `conditions`, `wildcards` and `tests` make expressions of it; `correlations`, `filters` and
`pipelines` are the other documents there are, `ruleset` ties all of them together. `kinds`, `windows` and `sources` say which rules are for which record.
`guards`, `values`, `keywords` and `groups` find the few rules worth evaluating; `engine` is the front, `correlating` puts hits together.
"""

from tocsin.matching.sigma.correlating import Event, Found, correlate
from tocsin.matching.sigma.engine import Engine
from tocsin.matching.sigma.rules import Refused, Rule
from tocsin.matching.sigma.ruleset import RuleSet, read

__all__ = ["Engine", "Event", "Found", "Refused", "Rule", "RuleSet", "correlate", "read"]
