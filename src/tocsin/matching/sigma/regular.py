"""The modifier `re`: expressions searched in time linear in the text, by RE2.

Case counts unless `i` is set. RE2 has no look-around, back references, possessive quantifiers or atomic groups; the specification allows
none of them. What RE2 does not take, a rule is refused for.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import re2

from tocsin.errors import ParseError
from tocsin.matching.sigma.tests import Regex

MAX_EXPRESSION: Final = 10_000
MAX_MEMORY: Final = 8 << 20
"""Bytes that one compiled expression may take, its caches included."""


@lru_cache(maxsize=1)
def options() -> Any:
    """Return how every expression is compiled; flags stand in the expression itself."""
    made = re2.Options()
    made.never_capture = True
    made.log_errors = False
    made.max_mem = MAX_MEMORY
    return made


def spelled(regex: Regex) -> str:
    """Return an expression with its flags in it."""
    return f"(?{regex.flags}){regex.expression}" if regex.flags else regex.expression


@lru_cache(maxsize=4096)
def searcher(regex: Regex) -> Callable[[str], bool]:
    """Return what searches a text.

    Raises:
        ParseError: RE2 does not take the expression (`sigma-regex`).
    """
    if len(regex.expression) > MAX_EXPRESSION:
        raise ParseError(
            f"a regular expression of {len(regex.expression):,} characters; {MAX_EXPRESSION:,} are the most that is read",
            rule="sigma-regex",
        )
    try:
        find = re2.compile(spelled(regex), options()).search
    except (re2.error, UnicodeError) as error:
        told = error.args[0] if error.args else error
        why = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
        raise ParseError(
            f"the regular expression {regex.expression[:80]!r} cannot be evaluated in bounded time: {why}",
            rule="sigma-regex",
            hint="write it without look-around, back references, possessive quantifiers and atomic groups",
        ) from None
    return lambda text: find(text) is not None
