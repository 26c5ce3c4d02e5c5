"""Canonical bytes of JSON values: RFC 8785, the JSON Canonicalization Scheme.

The bytes of an object are what the node stores, hashes, signs and serves, so they must be the same wherever
they are made. Nearly every STIX object holds only strings, booleans, safe integers, lists and objects with
ASCII keys; for those, sorting keys by code point is sorting them by UTF-16 unit (RFC 8785 section 3.2.3) and
orjson writes exactly the escapes of section 3.2.2.2. `measure` proves that an object is of that sort in
one walk, which also counts keys and bounds depth for the parser. Everything else (floats, other keys) goes
through `_ordered`, which sorts and writes numbers itself (section 3.2.2.3, ECMA-262 Number::toString).

One thing is refused that RFC 8785 can write: whole floats such as 1e17, whose canonical text is a plain integer beyond
±(2^53-1). No I-JSON reader may take that for exact (RFC 7493 section 2.2), ours included: what is canonical must read back.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import orjson

from tocsin.errors import LimitError, ParseError

MAX_DEPTH = 64
"""Containers one inside the other that an object may have; the outermost counts."""

_SAFE = 2**53 - 1  # RFC 7493 section 2.2
_EDGE = 2.0**53  # from here on every float is whole,
_EXPONENT = 1e21  # and from here on it is written with an exponent
_INEXACT = "whole number beyond ±(2^53-1), which JSON readers cannot take for exact"
_SLOW = 1 << 44  # added to the key count wherever the fast path would be wrong; no object has that many keys


class _UnfitError(Exception):
    """The value cannot be canonical or is too deep; `_blame` finds out where."""


def canonical(value: Any, *, max_depth: int = MAX_DEPTH) -> bytes:
    """Return the RFC 8785 bytes of a JSON value.

    Args:
        value: what a JSON parser returns: dict, list, str, int, float, bool or None.
        max_depth: containers that may nest.

    Raises:
        ParseError: a whole number beyond ±(2^53-1), NaN or an infinity, a lone surrogate, a key that is no string
            or a value JSON does not have; the pointer says where.
        LimitError: containers nest deeper than `max_depth`.
    """
    fast, _ = measure(value, max_depth)
    return encode(value, fast=fast)


def measure(value: Any, max_depth: int = MAX_DEPTH) -> tuple[bool, int]:
    """Walk a JSON value once: whether `encode` may take the fast path, and how many object keys it holds.

    The count lets a parser detect duplicate keys without a second walk: the text of a document holds more keys
    than what was parsed out of it exactly when some were dropped.

    Raises:
        ParseError: as `canonical`, lone surrogates apart (`encode` reports them).
        LimitError: as `canonical`.
    """
    kind = type(value)
    if kind is dict or kind is list:
        try:
            total = _walk(value, max_depth)
        except (_UnfitError, TypeError):
            _blame(value, "", max_depth)
            raise
        return total < _SLOW, total % _SLOW
    _blame(value, "", max_depth)
    return kind is not float, 0


def encode(value: Any, *, fast: bool) -> bytes:
    """Return the RFC 8785 bytes of a value that `measure` has passed, `fast` being its first answer.

    Raises:
        ParseError: a string holds a lone surrogate.
    """
    try:
        if fast:
            return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        return orjson.dumps(_ordered(value))
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        _blame(value, "", sys.maxsize)  # `measure` has seen to the depth
        raise ParseError(f"cannot be written as canonical JSON: {error}", rule="canonical") from error


def _walk(value: Any, left: int) -> int:
    """Return the keys in and below a dict or list, plus `_SLOW` for each reason against the fast path."""
    if not left:
        raise _UnfitError
    if type(value) is dict:
        total = len(value)
        if not "".join(value).isascii():  # one pass in C; a key that is no string is a TypeError
            total += _SLOW
        members = value.values()
    else:
        total = 0
        members = value
    for member in members:
        kind = type(member)
        if kind is str:
            continue
        if kind is dict or kind is list:
            if member:
                total += _walk(member, left - 1)
            elif left == 1:
                raise _UnfitError
        elif kind is int:
            if not -_SAFE <= member <= _SAFE:
                raise _UnfitError
        elif kind is float:
            if not -_EDGE < member < _EDGE and not _EXPONENT <= abs(member) < math.inf:
                raise _UnfitError
            total += _SLOW
        elif kind is not bool and member is not None:
            raise _UnfitError
    return total


def _ordered(value: Any) -> Any:
    """Return a copy whose dumping, keys as they come, is canonical."""
    kind = type(value)
    if kind is dict:
        return {key: _ordered(value[key]) for key in sorted(value, key=_utf16)}
    if kind is list:
        return [_ordered(member) for member in value]
    if kind is float:
        return orjson.Fragment(number(value))
    return value


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def number(value: float) -> str:
    """Return a finite float as ECMA-262 Number::toString writes it (RFC 8785 section 3.2.2.3).

    Python's `repr` gives the same shortest digits and differs only in where the exponent starts.
    """
    if value == 0:
        return "0"  # also for -0
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    # The value is 0.DIGITS times ten to the power of `point`; ECMA-262 calls it n.
    point = int(exponent or 0) + len(whole) - (len(whole + fraction) - len(digits) if whole == "0" else 0)
    digits = digits.rstrip("0")
    count = len(digits)
    if count <= point <= 21:
        return f"{sign}{digits}{'0' * (point - count)}"
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = point - 1
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if power > 0 else '-'}{abs(power)}"


def _blame(value: Any, pointer: str, left: int) -> None:
    """Raise the error for the first value that cannot be canonical, if there is one."""
    kind = type(value)
    if kind is str:
        _blame_text(value, pointer, "string")
    elif kind is int:
        if not -_SAFE <= value <= _SAFE:
            raise ParseError(_INEXACT, pointer=pointer, rule="json-integer")
    elif kind is float:
        if not math.isfinite(value):
            raise ParseError(f"{value} is not a JSON number", pointer=pointer, rule="json-number")
        if _EDGE <= abs(value) < _EXPONENT:
            raise ParseError(_INEXACT, pointer=pointer, rule="json-integer")
    elif kind is dict or kind is list:
        if not left:
            raise LimitError(f"nested too deep at {_short(pointer)}")
        for key, member in value.items() if kind is dict else enumerate(value):
            if kind is list:
                _blame(member, f"{pointer}/{key}", left - 1)
                continue
            if type(key) is not str:
                raise ParseError(f"object key {key!r} is not a string", pointer=pointer, rule="json-key")
            _blame_text(key, pointer, "object key")
            _blame(member, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}", left - 1)
    elif kind is not bool and value is not None:
        raise ParseError(f"a value of type {kind.__name__} is not JSON", pointer=pointer, rule="json-type")


def _blame_text(text: str, pointer: str, what: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ParseError(
            f"{what} holds a lone surrogate at character {error.start + 1}",
            pointer=pointer,
            rule="json-surrogate",
        ) from error


def _short(pointer: str) -> str:
    return pointer if len(pointer) <= 120 else f"{pointer[:120]}..."
