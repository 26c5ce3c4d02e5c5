"""What is wrong with an object, and where."""

from __future__ import annotations

import msgspec


class Issue(msgspec.Struct, frozen=True):
    """One broken rule.

    Attributes:
        pointer: RFC 6901 JSON pointer of the offending value; "" is the whole object.
        rule: stable name of the rule, such as `required` or `id-type`.
        message: what is wrong, for people.
    """

    pointer: str
    rule: str
    message: str


Faults = list[Issue] | None


def fault(rule: str, message: str, pointer: str = "") -> list[Issue]:
    """Return one issue as a list, the form in which checks report."""
    return [Issue(pointer, rule, message)]


def below(name: str | int, found: list[Issue]) -> list[Issue]:
    """Move issues under a member or element."""
    step = "/" + str(name).replace("~", "~0").replace("/", "~1")
    return [Issue(step + issue.pointer, issue.rule, issue.message) for issue in found]
