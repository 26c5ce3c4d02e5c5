"""Comparison operators on one value (STIX 2.1 sections 9.2 and 9.6).

Values are what JSON has, and octets where the path is binary. Constants and values that cannot be compared compare as unequal and
unordered; `!=` is then true (9.6.1). Strings are compared by code points without normalisation, LIKE and MATCHES after NFC (9.6.2). A string
constant stands for octets if all its code points are below U+0100, and octets for such a string (9.2, 9.6.4).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable
from typing import Any, TypeAlias
from unicodedata import normalize

from tocsin.errors import ParseError
from tocsin.matching.patterns import networks
from tocsin.matching.patterns.like import like
from tocsin.matching.patterns.regular import search
from tocsin.stix.patterns.ast import Binary, Comparison, Constant, Hex, Timestamp
from tocsin.stix.timestamps import micros_or_none

Predicate: TypeAlias = Callable[[Any], bool]
"""Whether one value passes; the NOT of a comparison is not in it."""

_NUMBERS = (int, float)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_FRACTION = 20  # where the fraction of a timestamp begins
_MICROS = 6


def predicate(comparison: Comparison, *, binary: bool) -> Predicate:
    """Return the test of a comparison on one value.

    Args:
        comparison: any but EXISTS, which looks at no value.
        binary: whether the values of its path are octets.

    Raises:
        ParseError: an expression of MATCHES cannot be evaluated in bounded time (`pattern-regex`), or a constant is no
            address (`pattern-set`).
    """
    value = comparison.value
    match comparison.operator:
        case "=":
            return _equal(value, binary=binary)
        case "!=":
            same = _equal(value, binary=binary)
            return lambda found: not same(found)
        case "IN":
            assert isinstance(value, tuple)
            tests = [_equal(each, binary=binary) for each in value]
            return lambda found: any(test(found) for test in tests)
        case "LIKE":
            return _like(str(value), binary=binary)
        case "MATCHES":
            return _matches(str(value), binary=binary)
        case "ISSUBSET" | "ISSUPERSET":
            return _set(comparison)
        case name:
            return _ordered(_ORDERS[name], value, binary=binary)


def key_of(found: Any) -> Hashable:
    """Return what stands for a value in a table of constants; None for a value that no constant equals."""
    kind = type(found)
    if kind is str or kind is int or kind is float or kind is bytes:
        return found  # type: ignore[no-any-return]
    return (found,) if kind is bool else None  # True is equal to 1 and has its hash


def constant_key(constant: Constant, *, binary: bool) -> Hashable:
    """Return the key of the values that equal a constant; None if there are none, or if they are not all one text (timestamps)."""
    native = _native(constant, binary=binary)
    return None if isinstance(native, Timestamp) else key_of(native)


def _native(constant: Any, *, binary: bool) -> Any:
    """Return a constant in the form that values of the path have: octets or string; None where it has none."""
    if isinstance(constant, Binary | Hex):
        return constant.data if binary else constant.data.decode("latin-1")
    if binary and type(constant) is str:
        try:
            return constant.encode("latin-1")
        except UnicodeEncodeError:
            return None
    return constant


def _equal(constant: Any, *, binary: bool) -> Predicate:
    native = _native(constant, binary=binary)
    if isinstance(native, Timestamp):
        at = _moment(native.text)
        return lambda found: _moment(found) == at
    if native is None:
        return lambda _: False
    key = key_of(native)
    return lambda found: key_of(found) == key


def _ordered(order: Callable[[Any, Any], bool], constant: Any, *, binary: bool) -> Predicate:
    native = _native(constant, binary=binary)
    if isinstance(native, Timestamp):
        at = _moment(native.text)

        def timed(found: Any) -> bool:
            moment = _moment(found)
            return moment is not None and order(moment, at)

        return timed
    if native is None:
        return lambda _: False
    if type(native) in _NUMBERS:
        return lambda found: type(found) in _NUMBERS and order(found, native)
    kind = type(native)
    if isinstance(constant, Binary | Hex) and kind is str:
        return lambda found: type(found) is str and _is_octets(found) and order(found, native)
    return lambda found: type(found) is kind and order(found, native)


def _is_octets(text: str) -> bool:
    return text.isascii() or max(text) < "\u0100"


def _moment(text: Any) -> tuple[int, str] | None:
    """Return a timestamp to its last digit: microseconds, and the digits beyond them."""
    micros = micros_or_none(text)
    return None if micros is None else (micros, text[_FRACTION + _MICROS : -1].rstrip("0"))


def _like(pattern: str, *, binary: bool) -> Predicate:
    pattern = normalize("NFC", pattern)
    test = like(pattern)
    if binary:
        possible = _is_octets(pattern)
        return lambda found: possible and type(found) is bytes and test(found.decode("latin-1"))
    return lambda found: type(found) is str and test(found if found.isascii() else normalize("NFC", found))


def _matches(expression: str, *, binary: bool) -> Predicate:
    expression = normalize("NFC", expression)
    if binary:
        if not _is_octets(expression):
            return lambda _: False
        test = search(expression, binary=True)
        return lambda found: type(found) is bytes and test(found)
    test = search(expression, binary=False)

    def matches(found: Any) -> bool:
        if type(found) is not str:
            return False
        text = found if found.isascii() else normalize("NFC", found)
        return test(text.encode("utf-8", "surrogatepass"))

    return matches


def _set(comparison: Comparison) -> Predicate:
    own = networks.network(comparison.value)
    if own is None:
        raise ParseError(
            f"{comparison.operator} {str(comparison.value)[:60]!r} is no address or CIDR range",
            rule="pattern-set",
        )
    known: networks.Network = own
    subset = comparison.operator == "ISSUBSET"

    def test(found: Any) -> bool:
        other = networks.network(found)
        if other is None:
            return False
        return networks.contains(known, other) if subset else networks.contains(other, known)

    return test
