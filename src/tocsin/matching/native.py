"""Compiling to machine code (numba, LLVM), and looking at 64 bytes in one step.

Compiled code is kept beside the modules, or in the user's cache folder where the installation cannot be written; where neither can
be, each process compiles anew (about 6 s).
Whatever imports this pays half a second once: only what scans or builds an index should.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np
from llvmlite import ir
from numba.extending import intrinsic

F = TypeVar("F", bound=Callable[..., Any])

WIDTH = 64
"""Bytes looked at in one step."""


def _intrinsic(function: Any) -> Any:
    """Return a function that compiled code calls as one instruction or a few; the first parameter is not the caller's."""
    return intrinsic(function)


def _cache() -> str:
    """Return the folder of compiled code, or "" if there is none that can be written.

    numba looks whether the file of a function has changed, but compiled code holds that of functions in other files, too. A folder for
    each state of all the files together never mixes two: hashes that differ between building and scanning would lose hits.
    """
    here = Path(__file__).parent
    sources = b"".join((here / f"{name}.py").read_bytes() for name in COMPILED)
    state = hashlib.sha256(sources).hexdigest()[:16]
    homes = [here / "__pycache__"]
    if home := os.environ.get("XDG_CACHE_HOME") or os.environ.get("HOME"):
        homes.append(
            Path(home, "tocsin") if "XDG_CACHE_HOME" in os.environ else Path(home, ".cache", "tocsin")
        )
    for each in homes:
        folder = each / f"native-{state}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return str(folder)
    return ""


COMPILED = (
    "collect",
    "colons",
    "counting",
    "fuse",
    "hashing",
    "kernel",
    "letters",
    "lookup",
    "native",
    "packing",
    "tables",
    "tokens",
)
"""Modules whose functions are compiled, and those whose constants they hold."""
_FOLDER = _cache()
_config: Any = numba.config
_types: Any = numba.types


def compiled(function: F) -> F:
    """Return `function` as machine code. It makes no arrays, so none is counted (`_nrt`): counting took half of a scan's time."""
    return _compile(function, nogil=False)


def inlined(function: F) -> F:
    """As `compiled`, for a part of one loop: it becomes part of what calls it."""
    return _compile(function, nogil=False, forceinline=True)


def unlocked(function: F) -> F:
    """As `compiled`, for what takes long: it lets go of the interpreter's lock, so that threads run it side by side.

    For what takes a microsecond, waiting for the lock afterwards would cost a thousand times as much.
    """
    return _compile(function, nogil=True)


def _compile(function: F, *, nogil: bool, **more: bool) -> F:
    options: dict[str, Any] = {"nogil": nogil, "cache": bool(_FOLDER), "_nrt": False, **more}
    others = _config.CACHE_DIR
    _config.CACHE_DIR = _FOLDER  # read when a function is decorated; not ours to keep
    try:
        return numba.njit(**options)(function)  # type: ignore[no-any-return]
    finally:
        _config.CACHE_DIR = others


@_intrinsic
def masks(_context: Any, _address: Any) -> Any:
    """Return seven sets of 64 bits, one bit for each byte from `address` on.

    They say where there are: bytes of words (letters, digits, `_`, `-`, `.`), dots, hexadecimal digits, colons, brackets and
    backslashes, bytes beyond ASCII, line feeds. LLVM makes of this what the processor has: SSE2, AVX2, AVX-512 or NEON.
    """
    word = _types.uint64
    signature = _types.UniTuple(word, 7)(word)

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
            builder.or_(
                builder.or_(among(lower, ord("a"), 26), digit), builder.or_(dot, is_(ord("-"), ord("_")))
            ),
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


def _reading(width: int) -> Any:
    def read(_context: Any, _address: Any, _position: Any) -> Any:
        kind = getattr(_types, f"uint{width}")
        signature = kind(_types.uint64, _types.int64)

        def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            start = builder.inttoptr(arguments[0], ir.IntType(width).as_pointer())
            return builder.load(builder.gep(start, [arguments[1]]))

        return signature, codegen

    return _intrinsic(read)


# Reading by address: a call that takes arrays copies seven words for each of them, which took most of a scan's time.
byte = _reading(8)
half = _reading(32)
word = _reading(64)


def address(array: Any) -> Any:
    """Return where an array begins; who calls keeps the array for as long as the address is used."""
    return np.uint64(array.ctypes.data)


@_intrinsic
def first_bit(_context: Any, _bits: Any) -> Any:
    """Return the position of the lowest bit that is set; 64 if none is."""
    signature = _types.int64(_types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return signature, codegen


@_intrinsic
def leading_zeros(_context: Any, _bits: Any) -> Any:
    """Return how many bits above the highest one that is set are not; 64 if none is."""
    signature = _types.int64(_types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return signature, codegen


@_intrinsic
def where(_context: Any, _address: Any, _letter: Any) -> Any:
    """Return 64 bits: which bytes from an address on are the byte given."""
    signature = _types.uint64(_types.uint64, _types.uint8)

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


@_intrinsic
def ones(_context: Any, _bits: Any) -> Any:
    """Return how many bits are set."""
    signature = _types.int64(_types.uint64)

    def codegen(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return signature, codegen
