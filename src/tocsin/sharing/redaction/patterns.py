"""Patterns of forms: comparison by comparison, each kept, made coarser, or else the whole pattern goes.

Known are hashes, domain names, addresses, URLs, senders, ports and autonomous systems; a comparison that is dropped would change what a
pattern means, so one that is not known here takes the pattern with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tocsin.errors import InputError
from tocsin.sharing.redaction import values
from tocsin.stix.patterns import parse, render
from tocsin.stix.patterns.ast import (
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    Observation,
    Pattern,
    Qualified,
    StartStop,
    Test,
)

# One comparison with `=`, as most patterns are, and some joined by OR; there the name of a hash is quoted as the grammar asks
_KINDS = "(ipv4-addr|ipv6-addr|domain-name|url|email-addr|file)"
_HASHES = "(MD5|SHA-1|SHA-256|SHA-512)"
_EQUALITY = rf"{_KINDS}:(?:value|hashes\.'?{_HASHES}'?) = '([^'\\]*)'"
_QUOTED = rf"{_KINDS}:(?:value|hashes\.(?:MD5|'{_HASHES}')) = '[^'\\]*'"
_COMPARISON = re.compile(_EQUALITY)
_SIMPLE = re.compile(rf"\[{_EQUALITY}\]")
_JOINED = re.compile(rf"\[{_QUOTED}(?: OR {_QUOTED})+\]")
_LONGEST = 20_000
_PORT = 65_535


class Unknown(Exception):  # noqa: N818  (never leaves this module)
    """A comparison that no form may carry."""


def pattern(text: str, *, coarse: bool) -> str | None:
    """Return a pattern as a form may carry it; None where that is none.

    Args:
        text: a STIX pattern.
        coarse: personal values are to be made coarser.
    """
    simple = _SIMPLE.fullmatch(text)
    if simple is not None:
        alone = _one(*simple.groups(""), coarse=coarse)
        return None if alone is None else f"[{alone}]"
    if len(text) > _LONGEST:
        return None
    if _JOINED.fullmatch(text):
        made = [_one(*each, coarse=coarse) for each in _COMPARISON.findall(text)]
        return None if None in made else f"[{' OR '.join(map(str, made))}]"
    try:
        return render(Pattern(_expression(parse(text).expression, coarse)))
    except (InputError, Unknown):
        return None


def _one(kind: str, algorithm: str, value: str, *, coarse: bool) -> str | None:
    """What `_comparison` makes of a single equality, without a tree; `algorithm` of a hash, else ""."""
    kept: tuple[str, str] | None
    match kind, bool(algorithm):
        case "file", True:
            return f"file:hashes.{_KEYS[algorithm]} = '{value}'" if values.digest(algorithm, value) else None
        case "domain-name", False:
            kept = ("=", value) if values.domain(value) else None
        case "url", False:
            kept = _url(value, coarse)
        case "email-addr", False:
            kept = _email(value, coarse)
        case "ipv4-addr" | "ipv6-addr", False:
            kept = _network(kind, value, coarse)
        case _:
            return None
    return None if kept is None else f"{kind}:value {kept[0]} '{kept[1]}'"


_KEYS = {"MD5": "MD5", "SHA-1": "'SHA-1'", "SHA-256": "'SHA-256'", "SHA-512": "'SHA-512'"}


def _network(kind: str, value: str, coarse: bool) -> tuple[str, str] | None:
    kept = values.network(value, coarse=coarse)
    if kept is None or (":" in kept) != (kind == "ipv6-addr"):
        return None
    return ("ISSUBSET" if coarse else "=", kept)


def _email(value: str, coarse: bool) -> tuple[str, str] | None:
    kept = values.email(value, coarse=coarse)
    if kept is None or "\\" in kept:
        return None
    return ("LIKE", f"%{kept}") if coarse else ("=", kept)


def _url(value: str, coarse: bool) -> tuple[str, str] | None:
    kept = values.url(value, coarse=coarse)
    if kept is None or "'" in kept or "\\" in kept:
        return None
    # LIKE reads % as anything and _ as any character: wider than what was asked, never narrower
    return ("=", kept) if kept == value else ("LIKE", f"{kept}%")


def _expression(node: Expression, coarse: bool) -> Expression:
    match node:
        case Observation(test):
            return Observation(_test(test, coarse))
        case Qualified(expression, qualifiers):
            if any(isinstance(each, StartStop) for each in qualifiers):
                raise Unknown
            return Qualified(_expression(expression, coarse), qualifiers)
        case _:
            return type(node)(tuple(_expression(each, coarse) for each in node.operands))


def _test(node: Test, coarse: bool) -> Test:
    match node:
        case Comparison():
            return _comparison(node, coarse)
        case AllOf() | AnyOf():
            return type(node)(tuple(_test(each, coarse) for each in node.operands))


def _comparison(node: Comparison, coarse: bool) -> Comparison:
    path, steps = node.path, node.path.steps
    if node.negated or node.operator not in {"=", "IN", "ISSUBSET"}:
        raise Unknown
    given = node.value if isinstance(node.value, tuple) else (node.value,)
    rule = _rule(path.type, steps)
    if rule is None or (node.operator == "ISSUBSET" and not path.type.startswith("ipv")):
        raise Unknown
    made = [rule(value, coarse) for value in given]
    found = [each for each in made if each is not None]
    if len(found) != len(given):
        raise Unknown
    operators = {operator for operator, _ in found}
    if operators == {"="}:
        plain = tuple(value for _, value in found)
        return Comparison(path, node.operator, plain if node.operator == "IN" else plain[0])
    if len(found) > 1:  # an IN whose values became ranges is no list any more
        raise Unknown
    return Comparison(path, found[0][0], found[0][1])  # type: ignore[arg-type]


def _rule(kind: str, steps: tuple[Any, ...]) -> Callable[[Any, bool], tuple[str, Any] | None] | None:
    match (kind, *steps):
        case ("ipv4-addr" | "ipv6-addr", "value"):
            return lambda value, coarse: _network(kind, value, coarse) if type(value) is str else None
        case ("domain-name", "value"):
            return lambda value, _: ("=", value) if type(value) is str and values.domain(value) else None
        case ("url", "value"):
            return lambda value, coarse: _url(value, coarse) if type(value) is str else None
        case ("email-addr", "value"):
            return lambda value, coarse: _email(value, coarse) if type(value) is str else None
        case ("file" | "x509-certificate", "hashes", str(algorithm)):
            return lambda value, _: ("=", value) if values.digest(algorithm, value) else None
        case ("network-traffic", "dst_port" | "src_port"):
            return lambda value, _: ("=", value) if type(value) is int and 0 <= value <= _PORT else None
        case ("autonomous-system", "number"):
            return lambda value, _: ("=", value) if type(value) is int and 0 <= value < 2**32 else None
    return None
