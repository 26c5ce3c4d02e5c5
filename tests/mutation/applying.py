"""Put a fault into the running program, in a process that ends afterwards."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import CodeType, FunctionType, ModuleType
from typing import Any

from mutation.mutants import Mutant


def module_name(file: str) -> str:
    """Return what `file` (below `src/tocsin`) is imported as."""
    return ("tocsin." + file.removesuffix(".py").replace("/", ".")).removesuffix(".__init__")


def into_function(mutant: Mutant) -> None:
    """Give the live function the code with the fault: whoever imported it, or a method of it, runs that from now on."""
    live = _function(sys.modules[module_name(mutant.module)], mutant.function)
    live.__code__ = _code(mutant.code, mutant.function)


def before_import(mutant: Mutant) -> None:
    """Let the module be imported with the fault; nothing of Tocsin may have been imported yet."""
    sys.meta_path.insert(0, _Finder(mutant))


def _function(module: ModuleType, path: str) -> FunctionType:
    found: Any = module
    for name in path.split("."):
        found = vars(found)[name]
    found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    while hasattr(found, "__wrapped__"):  # a cache or a context manager around it
        if hasattr(found, "cache_clear"):
            found.cache_clear()
        found = found.__wrapped__
    assert isinstance(found, FunctionType)
    return found


def _code(module: CodeType, path: str) -> CodeType:
    for each in module.co_consts:
        if isinstance(each, CodeType):
            if each.co_qualname == path:
                return each
            if path.startswith(f"{each.co_qualname}."):
                return _code(each, path)
    raise LookupError(path)


class _Finder(MetaPathFinder, Loader):
    def __init__(self, mutant: Mutant) -> None:
        self._name = module_name(mutant.module)
        self._code = mutant.code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Answer for the one module; where its data lies is asked of the real one."""
        if fullname != self._name:
            return None
        sys.meta_path.remove(self)
        real = importlib.util.find_spec(fullname)
        sys.meta_path.insert(0, self)
        assert real is not None
        spec = spec_from_loader(
            fullname, self, origin=real.origin, is_package=real.submodule_search_locations is not None
        )
        assert spec is not None
        spec.submodule_search_locations = real.submodule_search_locations
        spec.has_location = real.has_location
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(self._code, module.__dict__)
