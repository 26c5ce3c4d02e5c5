"""Compiling to machine code (numba, LLVM), once it is needed.

Importing numba takes seconds and 175 MB, which a node that only serves should not pay. So nothing is compiled, and numba not imported, before one
of the functions here is called for the first time; modules then get the compiled functions in place of these.

Compiled code is kept beside the modules, or in the user's cache folder where the installation cannot be written, or in the node's home (`TOCSIN_HOME`: in a
container that is what stays); where none can be, each process compiles anew, for half a minute. `tocsin.node.scanner` has it done beforehand.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

WIDTH = 64
"""Bytes looked at in one step."""

COMPILED = (
    "collect",
    "colons",
    "counting",
    "fuse",
    "hashing",
    "instructions",
    "kernel",
    "letters",
    "lookup",
    "marks",
    "native",
    "packing",
    "steps",
    "tables",
    "tokens",
)
"""Modules whose functions are compiled, and those whose constants they hold."""


def folder() -> str:
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
    if home := os.environ.get("TOCSIN_HOME"):
        homes.append(Path(home, "compiled"))
    for each in homes:
        found = each / f"native-{state}"
        try:
            found.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(found, os.W_OK):
            return str(found)
    return ""


class _Later:
    """A function that is compiled when the first of them is called, or an instruction that compiled code knows by name."""

    __slots__ = ("made", "name", "options", "plain")

    def __init__(self, name: str, plain: Callable[..., Any] | None = None, **options: bool) -> None:
        self.name = name
        self.plain = plain
        self.options = options
        self.made: Any = None
        _waiting.append(self)

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        if self.made is None:
            _compile()
        return self.made(*arguments)


_waiting: list[_Later] = []
_lock = threading.Lock()


def _compile() -> None:
    """Have numba take over all functions; it compiles each when that is called, or takes it from the folder of compiled code."""
    with _lock:
        if not _waiting:
            return
        # all of them first: a module that is imported later would hold what was not taken over
        modules = [importlib.import_module(f"tocsin.matching.{name}") for name in COMPILED]
        import numba  # noqa: PLC0415 - as late as can be: see above

        kept = folder()
        config: Any = numba.config
        others = config.CACHE_DIR
        config.CACHE_DIR = kept  # read when a function is handed over; not ours to keep
        try:
            for each in _waiting:
                if each.plain is None:
                    each.made = getattr(importlib.import_module("tocsin.matching.instructions"), each.name)
                else:
                    options: dict[str, Any] = {"cache": bool(kept), "_nrt": False, **each.options}
                    each.made = numba.njit(**options)(each.plain)
        finally:
            config.CACHE_DIR = others
        for module in modules:
            for name, value in list(vars(module).items()):
                if isinstance(value, _Later):
                    setattr(module, name, value.made)
        _waiting.clear()


def compiled(function: F) -> F:
    """Return `function` as machine code. It makes no arrays, so none is counted (`_nrt`): counting took half of a scan's time."""
    return cast("F", _Later(function.__name__, function, nogil=False))


def inlined(function: F) -> F:
    """As `compiled`, for a part of one loop: it becomes part of what calls it."""
    return cast("F", _Later(function.__name__, function, nogil=False, forceinline=True))


def unlocked(function: F) -> F:
    """As `compiled`, for what takes long: it lets go of the interpreter's lock, so that threads run it side by side.

    For what takes a microsecond, waiting for the lock afterwards would cost a thousand times as much.
    """
    return cast("F", _Later(function.__name__, function, nogil=True))


# Reading is by address: a call that takes arrays copies seven words for each of them, which took most of a scan's time.
byte: Any = _Later("byte")
eight: Any = _Later("eight")
fetch: Any = _Later("fetch")
first_bit: Any = _Later("first_bit")
half: Any = _Later("half")
leading_zeros: Any = _Later("leading_zeros")
masks: Any = _Later("masks")
ones: Any = _Later("ones")
put: Any = _Later("put")
put_byte: Any = _Later("put_byte")
turned: Any = _Later("turned")
where: Any = _Later("where")
word: Any = _Later("word")


def address(array: Any) -> Any:
    """Return where an array begins; who calls keeps the array for as long as the address is used."""
    return np.uint64(array.__array_interface__["data"][0])  # `ctypes` would take three times as long
