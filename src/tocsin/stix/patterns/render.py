"""From the syntax tree back to text: `parse(render(pattern)) == pattern`."""

from __future__ import annotations

import base64
from decimal import Decimal

from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Binary,
    Both,
    Comparison,
    Constant,
    Either,
    Expression,
    FollowedBy,
    Hex,
    Observation,
    Path,
    Pattern,
    Qualified,
    Qualifier,
    Repeats,
    Test,
    Timestamp,
    Within,
)
from tocsin.stix.patterns.lexer import KEYWORDS

# How strongly a node binds; a child that binds no stronger than its parent needs parentheses.
_OBSERVATION, _BOTH, _EITHER, _FOLLOWED = 3, 2, 1, 0


def render(pattern: Pattern) -> str:
    """Return the text of a pattern in one spelling: single spaces, `=` and `!=`, no needless parentheses."""
    return _expression(pattern.expression)


def render_path(path: Path) -> str:
    """Return an object path in one spelling: quotes only where a key needs them."""
    parts = [path.type, ":"]
    for position, step in enumerate(path.steps):
        if isinstance(step, str):
            parts += ("." if position else "", _key(step))
        else:
            parts.append("[*]" if step is None else f"[{step}]")
    return "".join(parts)


def render_constant(value: Constant) -> str:
    """Return a constant as it stands in a pattern."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _quoted(value)
        case int():
            return str(value)
        case float():
            text = format(Decimal(repr(value)), "f")  # the grammar has no exponents
            return text if "." in text else f"{text}.0"
        case Binary():
            return f"b'{base64.b64encode(value.data).decode('ascii')}'"
        case Hex():
            return f"h'{value.data.hex()}'"
        case Timestamp():
            return f"t'{value.text}'"


def _key(name: str) -> str:
    plain = name.isascii() and name.replace("_", "a").isalnum() and not name[0].isdigit()
    return name if plain and name not in KEYWORDS else _quoted(name)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _expression(node: Expression) -> str:
    match node:
        case Observation():
            return f"[{_test(node.test)}]"
        case Qualified():
            inner = _expression(node.expression)
            if not isinstance(node.expression, Observation):
                inner = f"({inner})"
            return " ".join((inner, *map(_qualifier, node.qualifiers)))
        case FollowedBy():
            joint, binding = " FOLLOWEDBY ", _FOLLOWED
        case Either():
            joint, binding = " OR ", _EITHER
        case Both():
            joint, binding = " AND ", _BOTH
    return joint.join(
        _expression(child) if _binding(child) > binding else f"({_expression(child)})"
        for child in node.operands
    )


def _binding(node: Expression) -> int:
    match node:
        case FollowedBy():
            return _FOLLOWED
        case Either():
            return _EITHER
        case Both():
            return _BOTH
        case _:
            return _OBSERVATION


def _qualifier(qualifier: Qualifier) -> str:
    match qualifier:
        case Within():
            return f"WITHIN {render_constant(qualifier.seconds)} SECONDS"
        case Repeats():
            return f"REPEATS {qualifier.times} TIMES"
        case _:
            return f"START {render_constant(qualifier.start)} STOP {render_constant(qualifier.stop)}"


def _test(node: Test) -> str:
    match node:
        case Comparison():
            return _comparison(node)
        case AnyOf():
            return " OR ".join(
                f"({_test(child)})" if isinstance(child, AnyOf) else _test(child) for child in node.operands
            )
        case AllOf():
            return " AND ".join(
                _test(child) if isinstance(child, Comparison) else f"({_test(child)})"
                for child in node.operands
            )


def _comparison(node: Comparison) -> str:
    path = render_path(node.path)
    negation = "NOT " if node.negated else ""
    if node.value is None:
        return f"{negation}EXISTS {path}"
    if isinstance(node.value, tuple):
        return f"{path} {negation}IN ({', '.join(map(render_constant, node.value))})"
    return f"{path} {negation}{node.operator} {render_constant(node.value)}"
