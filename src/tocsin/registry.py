"""Plug-ins: a module in a package that exposes one attribute with a name of its own.

`scan("tocsin.formats", "FORMAT")` imports each public module of the package and returns what
they expose, by name. Two plug-ins of one name are an error, and so is a module without one.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from tocsin.errors import ConfigError


def names(package: str) -> list[str]:
    """Return the names of the public modules of `package` without importing them."""
    found = importlib.import_module(package)
    return sorted(m.name for m in pkgutil.iter_modules(found.__path__) if not m.name.startswith("_"))


def scan(package: str, attribute: str) -> dict[str, Any]:
    """Return the plug-ins of `package` by their own `name`.

    Raises:
        ConfigError: two plug-ins share a name.
    """
    plugins: dict[str, Any] = {}
    for module_name in names(package):
        plugin = getattr(importlib.import_module(f"{package}.{module_name}"), attribute, None)
        if plugin is None:
            continue
        if plugin.name in plugins:
            raise ConfigError(f"two plug-ins of {package} are called {plugin.name!r}")
        plugins[plugin.name] = plugin
    return plugins
