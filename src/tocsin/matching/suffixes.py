"""Public suffixes: names below which names belong to different people (publicsuffix.org, both sections of the list)."""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _rules() -> frozenset[str]:
    """Return every name that some rule is about: without `*.` and `!`."""
    return frozenset(rule.removeprefix("!").removeprefix("*.") for rule in _list()._publicsuffix)  # noqa: SLF001 - there is no other way


def is_public_suffix(name: str) -> bool:
    """Return whether names below `name` belong to different people."""
    rules = _rules()
    # asking the list takes 5 µs, and a million names are asked about when an index is built
    if "." in name and name not in rules and name.partition(".")[2] not in rules:
        return False
    return bool(_list().privatesuffix(name) is None)
