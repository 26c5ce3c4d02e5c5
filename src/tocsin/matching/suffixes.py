"""Public suffixes: names below which names belong to different people (publicsuffix.org, both sections of the list)."""

from __future__ import annotations

from functools import cache

from publicsuffixlist import PublicSuffixList


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def rules() -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that rules are about, and those below which each label is a suffix (`*.ck`)."""
    rules = _list()._publicsuffix  # noqa: SLF001 - there is no other way
    wild = frozenset(rule[2:] for rule in rules if rule.startswith("*."))
    return frozenset(rule.removeprefix("!") for rule in rules), wild


def is_public_suffix(name: str) -> bool:
    """Return whether names below `name` belong to different people."""
    named, wild = rules()
    # asking the list takes 4 µs, and a million names are asked about when an index is built
    if name not in named and "." in name and name.partition(".")[2] not in wild:
        return False
    return bool(_list().privatesuffix(name) is None)


def has_public_suffix(name: str) -> bool:
    """Return whether a name ends in a label that somebody registers names below: `evil.example.com` does, `invoice.pdf` does not."""
    named, wild = rules()
    last = name.rpartition(".")[2]
    return last in named or last in wild
