"""What can be looked up in an index on behalf of a pattern: its positive comparisons with plain values.

A hunt puts the atoms of all patterns into one index. Where an atom is `sufficient`, finding its value is a match. Elsewhere the
hit makes the pattern a candidate, to be evaluated in full; `covered` tells whether that way finds every match.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Literal

import msgspec

from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Both,
    Comparison,
    Constant,
    Either,
    Expression,
    FollowedBy,
    Observation,
    Pattern,
    Qualified,
    Repeats,
    StartStop,
    Test,
)
from tocsin.stix.patterns.render import render_path


class Atom(msgspec.Struct, frozen=True, gc=False):
    """One value to look for.

    Attributes:
        path: the object path in its one spelling, such as `file:hashes.'SHA-256'` or `network-traffic:dst_ref.value`.
        value: the constant compared with; a string with an address or CIDR range where `relation` is `within`.
        relation: `equal`, or `within` for ISSUBSET: any address in the range.
        sufficient: an observation in which the path has this value is a match of the whole pattern.
    """

    path: str
    value: Constant
    relation: Literal["equal", "within"] = "equal"
    sufficient: bool = False


def atoms(pattern: Pattern) -> tuple[Atom, ...]:
    """Return the atoms of a pattern in the order written: from `=`, IN and ISSUBSET that are not negated."""
    return tuple(_of_expression(pattern.expression, sufficient=True))


def covered(pattern: Pattern) -> bool:
    """Tell whether every match of the pattern holds at least one of its atoms.

    If not, part of the pattern matches without any (`!=`, LIKE, MATCHES, a negation), and an index cannot find it.
    """
    return _expression_covered(pattern.expression)


def whole(pattern: Pattern) -> bool:
    """Tell whether every match of the pattern is the finding of one of its sufficient atoms: there is nothing to evaluate."""
    return _expression_whole(pattern.expression)


def _of_expression(node: Expression, *, sufficient: bool) -> Iterator[Atom]:
    match node:
        case Observation():
            yield from _of_test(node.test, sufficient=sufficient)
        case Qualified():
            yield from _of_expression(node.expression, sufficient=sufficient and _alone(node))
        case Either():
            for child in node.operands:
                yield from _of_expression(child, sufficient=sufficient)
        case Both() | FollowedBy():
            for child in node.operands:
                yield from _of_expression(child, sufficient=False)


def _of_test(node: Test, *, sufficient: bool) -> Iterator[Atom]:
    match node:
        case Comparison():
            yield from _of_comparison(node, sufficient=sufficient)
        case AnyOf():
            for child in node.operands:
                yield from _of_test(child, sufficient=sufficient)
        case AllOf():
            telling = _telling(node)
            for child in telling:
                yield from _of_test(child, sufficient=sufficient and len(telling) == 1)


def _alone(node: Qualified) -> bool:
    """Tell whether qualifiers say nothing of a single observation: it lies within any time window, but does not repeat, and its time is to be looked at."""
    return not any(
        isinstance(qualifier, StartStop) or (isinstance(qualifier, Repeats) and qualifier.times > 1)
        for qualifier in node.qualifiers
    )


def _telling(node: AllOf) -> list[Test]:
    return [child for child in node.operands if not _says_only_type(child, node)]


def _of_comparison(node: Comparison, *, sufficient: bool) -> Iterator[Atom]:
    if node.operator == "IN":
        members = node.value if isinstance(node.value, tuple) and not node.negated else ()
        for value in members:
            yield Atom(render_path(node.path), value, "equal", sufficient)
    elif isinstance(node.value, tuple) or node.value is None:
        return
    elif node.operator == ("!=" if node.negated else "="):
        yield Atom(render_path(node.path), node.value, "equal", sufficient)
    elif node.operator == "ISSUBSET" and not node.negated:
        yield Atom(render_path(node.path), node.value, "within", sufficient)


def _says_only_type(node: Test, whole: AllOf) -> bool:
    """Tell whether `node` is `x_ref.type = 'ipv4-addr'` beside `x_ref.value = <IPv4 address>`, which says it already.

    Converters from MISP write every address of a connection in this form.
    """
    if (
        not isinstance(node, Comparison)
        or node.operator != "="
        or node.negated
        or node.path.steps[-1] != "type"
    ):
        return False
    partner = (*node.path.steps[:-1], "value")
    return len(partner) > 1 and any(
        isinstance(other, Comparison)
        and other.path.type == node.path.type
        and other.path.steps == partner
        and not other.negated
        and other.operator in {"=", "ISSUBSET"}
        and isinstance(other.value, str)
        and node.value == _type_of(other.value)
        for other in whole.operands
    )


def _type_of(value: str) -> str:
    try:
        return f"ipv{ipaddress.ip_network(value, strict=False).version}-addr"
    except ValueError:
        return "url" if "://" in value else "email-addr" if "@" in value else "domain-name"


def _expression_covered(node: Expression) -> bool:
    match node:
        case Observation():
            return _test_covered(node.test)
        case Qualified():
            return _expression_covered(node.expression)
        case Either():
            return all(map(_expression_covered, node.operands))
        case Both() | FollowedBy():
            return any(map(_expression_covered, node.operands))


def _test_covered(node: Test) -> bool:
    match node:
        case Comparison():
            return (node.operator == "IN" and not node.negated) or any(
                True for _ in _of_comparison(node, sufficient=False)
            )
        case AnyOf():
            return all(map(_test_covered, node.operands))
        case AllOf():
            return any(map(_test_covered, node.operands))


def _expression_whole(node: Expression) -> bool:
    match node:
        case Observation():
            return _test_whole(node.test)
        case Qualified():
            return _alone(node) and _expression_whole(node.expression)
        case Either():
            return all(map(_expression_whole, node.operands))
        case Both() | FollowedBy():
            return False


def _test_whole(node: Test) -> bool:
    match node:
        case Comparison():
            return any(True for _ in _of_comparison(node, sufficient=True))
        case AnyOf():
            return all(map(_test_whole, node.operands))
        case AllOf():
            telling = _telling(node)
            return len(telling) == 1 and _test_whole(telling[0])
