"""Compiling to machine code (numba, LLVM), and looking at 64 bytes in one step.

Compiled code is kept beside the module, or in the user's cache folder where the installation cannot be written; where neither can
be, each process compiles anew (about 2 s). It lets go of the interpreter's lock, so that threads run side by side.
Whatever imports this pays 0.5 s once: only what scans or builds an index should.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba
from llvmlite import ir
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

WIDTH = 64
"""Bytes looked at in one step."""


def compiled(function: F) -> F:
    """Return `function` as machine code."""
    try:
        return numba.njit(nogil=True, cache=True)(function)  # type: ignore[no-any-return]
    except RuntimeError:  # "no locator available": there is no folder for compiled code that can be written
        return numba.njit(nogil=True)(function)  # type: ignore[no-any-return]


@intrinsic  # type: ignore[untyped-decorator]
def masks(_context: Any, _address: Any) -> Any:
    """Return seven sets of 64 bits, one bit for each byte from `address` on.

    They say where there are: bytes of words (letters, digits, `_`, `-`, `.`), dots, hexadecimal digits, colons, brackets and
    backslashes, bytes beyond ASCII, line feeds. LLVM makes of this what the processor has: SSE2, AVX2, AVX-512 or NEON.
    """
    word = numba.types.uint64
    signature = numba.types.UniTuple(word, 7)(word)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(8), WIDTH)
        data = builder.load(builder.inttoptr(arguments[0], vector.as_pointer()), align=1)

        def const(number: int) -> Any:
            return ir.Constant(vector, [number] * WIDTH)

        def is_(*numbers: int) -> Any:
            found = builder.icmp_unsigned("==", data, const(numbers[0]))
            for number in numbers[1:]:
                found = builder.or_(found, builder.icmp_unsigned("==", data, const(number)))
            return found

        def among(values: Any, first: int, count: int) -> Any:
            return builder.icmp_unsigned("<", builder.sub(values, const(first)), const(count))

        lower = builder.or_(data, const(0x20))
        digit = among(data, ord("0"), 10)
        dot = is_(ord("."))
        sets = (
            builder.or_(builder.or_(among(lower, ord("a"), 26), digit), builder.or_(dot, is_(ord("-"), ord("_")))),
            dot,
            builder.or_(among(lower, ord("a"), 6), digit),
            is_(ord(":")),
            is_(ord("["), ord("("), ord("{"), ord("\\")),
            builder.icmp_signed("<", data, const(0)),
            is_(ord("\n")),
        )
        bits = [builder.bitcast(each, ir.IntType(WIDTH)) for each in sets]
        return context.make_tuple(builder, signature.return_type, bits)

    return signature, codegen


@intrinsic  # type: ignore[untyped-decorator]
def first_bit(_context: Any, _bits: Any) -> Any:
    """Return the position of the lowest bit that is set; 64 if none is."""
    signature = numba.types.int64(numba.types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return signature, codegen


@intrinsic  # type: ignore[untyped-decorator]
def leading_zeros(_context: Any, _bits: Any) -> Any:
    """Return how many bits above the highest one that is set are not; 64 if none is."""
    signature = numba.types.int64(numba.types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return signature, codegen
