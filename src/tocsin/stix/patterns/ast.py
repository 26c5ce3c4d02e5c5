"""The syntax tree of a STIX pattern (STIX 2.1 section 9): frozen values, nothing but data.

Chains of one operator without parentheses are flat (`a OR b OR c` is one `AnyOf` of three); parentheses that
change nothing are dropped, others show as nesting. `==` is read as `=` and `<>` as `!=`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from tocsin.clock import Micros


class Binary(msgspec.Struct, frozen=True, gc=False):
    """A constant `b'...'`: octets written in base64."""

    data: bytes


class Hex(msgspec.Struct, frozen=True, gc=False):
    """A constant `h'...'`: octets written in hexadecimal."""

    data: bytes


class Timestamp(msgspec.Struct, frozen=True, gc=False):
    """A constant `t'...'`: `text` as written, `at` in microseconds since 1970."""

    text: str
    at: Micros


Constant: TypeAlias = str | int | float | bool | Binary | Hex | Timestamp
Step: TypeAlias = str | int | None
"""One step of an object path: a property or dictionary key, a list index, or None for `[*]`."""

Operator: TypeAlias = Literal[
    "=", "!=", "<", "<=", ">", ">=", "IN", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "EXISTS"
]


class Path(msgspec.Struct, frozen=True, gc=False):
    """An object path (section 9.7): `file:hashes.'SHA-256'` is type `file`, steps `hashes` and `SHA-256`."""

    type: str
    steps: tuple[Step, ...]


class Comparison(msgspec.Struct, frozen=True, gc=False):
    """A comparison expression (section 9.6).

    `value` is one constant, a tuple of constants for IN, None for EXISTS.
    """

    path: Path
    operator: Operator
    value: Constant | tuple[Constant, ...] | None
    negated: bool = False


class AllOf(msgspec.Struct, frozen=True, gc=False):
    """Comparisons joined by AND: true of one and the same object."""

    operands: tuple[Test, ...]


class AnyOf(msgspec.Struct, frozen=True, gc=False):
    """Comparisons joined by OR."""

    operands: tuple[Test, ...]


Test: TypeAlias = Comparison | AllOf | AnyOf


class Observation(msgspec.Struct, frozen=True, gc=False):
    """`[...]`: a test that one observation must pass."""

    test: Test


class Within(msgspec.Struct, frozen=True, gc=False):
    """`WITHIN seconds SECONDS`."""

    seconds: int | float


class Repeats(msgspec.Struct, frozen=True, gc=False):
    """`REPEATS times TIMES`."""

    times: int


class StartStop(msgspec.Struct, frozen=True, gc=False):
    """`START t'...' STOP t'...'`: from `start` on and before `stop`."""

    start: Timestamp
    stop: Timestamp


Qualifier: TypeAlias = Within | Repeats | StartStop


class Qualified(msgspec.Struct, frozen=True, gc=False):
    """An observation expression with its qualifiers in the order written, at most one of each kind."""

    expression: Expression
    qualifiers: tuple[Qualifier, ...]


class Both(msgspec.Struct, frozen=True, gc=False):
    """Observation expressions joined by AND: each true of a different observation."""

    operands: tuple[Expression, ...]


class Either(msgspec.Struct, frozen=True, gc=False):
    """Observation expressions joined by OR."""

    operands: tuple[Expression, ...]


class FollowedBy(msgspec.Struct, frozen=True, gc=False):
    """Observation expressions joined by FOLLOWEDBY: each no earlier than the one before it."""

    operands: tuple[Expression, ...]


Expression: TypeAlias = Observation | Qualified | Both | Either | FollowedBy


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """A whole pattern expression."""

    expression: Expression
