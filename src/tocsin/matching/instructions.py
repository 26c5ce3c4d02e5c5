"""What compiled code does in one instruction or a few of the processor's: for `native`, which loads this when something is compiled."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.extending import intrinsic

from tocsin.matching.native import WIDTH

types: Any = numba.types


def _instruction(function: Any) -> Any:
    """Return a function that compiled code can call; the first parameter is not the caller's."""
    return intrinsic(function)


@_instruction
def masks(_context: Any, _address: Any) -> Any:
    """Return nine sets of 64 bits, one bit for each byte from `address` on.

    They say where there are: bytes of words (letters, digits, `_`, `-`, `.`); dots; dots and dashes; digits; hexadecimal digits; colons;
    brackets and backslashes with a byte behind them that can be a defanged form's or an escape's (or is not seen); bytes beyond ASCII; letters.
    LLVM makes of this what the processor has: SSE2, AVX2, AVX-512 or NEON.
    """
    word = types.uint64
    signature = types.UniTuple(word, 9)(word)

    def codegen(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(8), WIDTH)
        data = builder.load(builder.inttoptr(arguments[0], vector.as_pointer()), align=1)

        def const(number: int) -> Any:
            return ir.Constant(vector, [number] * WIDTH)

        def is_(values: Any, letters: str) -> Any:
            found = builder.icmp_unsigned("==", values, const(ord(letters[0])))
            for letter in letters[1:]:
                found = builder.or_(found, builder.icmp_unsigned("==", values, const(ord(letter))))
            return found

        def among(values: Any, first: int, count: int) -> Any:
            return builder.icmp_unsigned("<", builder.sub(values, const(first)), const(count))

        def bits(lanes: Any) -> Any:
            return builder.bitcast(lanes, ir.IntType(WIDTH))

        lower = builder.or_(data, const(0x20))
        digit = among(data, ord("0"), 10)
        dot = is_(data, ".")
        edge = builder.or_(dot, is_(data, "-"))
        letter = among(lower, ord("a"), 26)
        named = builder.or_(letter, is_(data, "_"))
        # behind them: `[.]` `[:]` `[/` `[at` `[dot`, and `\\u0041` `\\x41`
        behind = bits(builder.or_(is_(data, ".:/@"), is_(lower, "adux")))
        one = ir.Constant(ir.IntType(WIDTH), 1)
        unseen = ir.Constant(ir.IntType(WIDTH), 1 << (WIDTH - 1))
        mark = builder.and_(bits(is_(data, "[({\\")), builder.or_(builder.lshr(behind, one), unseen))
        sets = (
            bits(builder.or_(builder.or_(named, digit), edge)),
            bits(dot),
            bits(edge),
            bits(digit),
            bits(builder.or_(among(lower, ord("a"), 6), digit)),
            bits(is_(data, ":")),
            mark,
            bits(builder.icmp_signed("<", data, const(0))),
            bits(letter),
        )
        return context.make_tuple(builder, signature.return_type, sets)

    return signature, codegen


def _reading(width: int) -> Any:
    def read(_context: Any, _address: Any, _position: Any) -> Any:
        kind = getattr(types, f"uint{width}")
        signature = kind(types.uint64, types.int64)

        def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            start = builder.inttoptr(arguments[0], ir.IntType(width).as_pointer())
            return builder.load(builder.gep(start, [arguments[1]]))

        return signature, codegen

    return _instruction(read)


byte = _reading(8)
half = _reading(32)
word = _reading(64)


def _writing(width: int) -> Any:
    def write(_context: Any, _address: Any, _position: Any, _value: Any) -> Any:
        kind = getattr(types, f"uint{width}")
        signature = types.void(types.uint64, types.int64, kind)

        def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            start = builder.inttoptr(arguments[0], ir.IntType(width).as_pointer())
            builder.store(arguments[2], builder.gep(start, [arguments[1]]))
            return context.get_dummy_value()

        return signature, codegen

    return _instruction(write)


put_byte = _writing(8)
put = _writing(64)


@_instruction
def eight(_context: Any, _address: Any, _at: Any) -> Any:
    """Return the eight bytes that begin `at` bytes behind an address, the first of them lowest."""
    signature = types.uint64(types.uint64, types.int64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        start = builder.inttoptr(builder.add(*arguments), ir.IntType(64).as_pointer())
        return builder.load(start, align=1)

    return signature, codegen


@_instruction
def fetch(_context: Any, _address: Any, _position: Any) -> Any:
    """Have a number of 64 bits in an array brought near, to be read soon."""
    signature = types.void(types.uint64, types.int64)

    def codegen(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        integer = ir.IntType(32)
        pointer = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [pointer, integer, integer, integer])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        start = builder.inttoptr(arguments[0], ir.IntType(64).as_pointer())
        place = builder.bitcast(builder.gep(start, [arguments[1]]), pointer)
        builder.call(
            prefetch, [place, ir.Constant(integer, 0), ir.Constant(integer, 3), ir.Constant(integer, 1)]
        )
        return context.get_dummy_value()

    return signature, codegen


@_instruction
def turned(_context: Any, _bits: Any) -> Any:
    """Return eight bytes in the opposite order."""
    signature = types.uint64(types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bswap(arguments[0])

    return signature, codegen


@_instruction
def first_bit(_context: Any, _bits: Any) -> Any:
    """Return the position of the lowest bit that is set; 64 if none is."""
    signature = types.int64(types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return signature, codegen


@_instruction
def leading_zeros(_context: Any, _bits: Any) -> Any:
    """Return how many bits above the highest one that is set are not; 64 if none is."""
    signature = types.int64(types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return signature, codegen


@_instruction
def where(_context: Any, _address: Any, _letter: Any) -> Any:
    """Return 64 bits: which bytes from an address on are the byte given."""
    signature = types.uint64(types.uint64, types.uint8)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        vector = ir.VectorType(ir.IntType(8), WIDTH)
        data = builder.load(builder.inttoptr(arguments[0], vector.as_pointer()), align=1)
        one = builder.insert_element(
            ir.Constant(vector, ir.Undefined), arguments[1], ir.Constant(ir.IntType(32), 0)
        )
        lanes = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        every = builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), lanes)
        return builder.bitcast(builder.icmp_unsigned("==", data, every), ir.IntType(WIDTH))

    return signature, codegen


@_instruction
def ones(_context: Any, _bits: Any) -> Any:
    """Return how many bits are set."""
    signature = types.int64(types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return signature, codegen
