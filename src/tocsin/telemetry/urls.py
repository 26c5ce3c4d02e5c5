"""What a web request asked for, put together from the fields that hold its parts.

A log of requests gives host and path apart and does not say which scheme: `host/path` is what matching reads as a URL of either.
"""

from __future__ import annotations

from typing import Any

_USUAL = {"", "80", "443"}


def requested(name: str, host: Any, path: Any, port: Any = None) -> list[tuple[str, str]]:
    """Return a field `name` with host and path as one, and a second with the port where that is not a usual one."""
    if not isinstance(host, str) or not isinstance(path, str) or not host or not path.startswith("/"):
        return []
    found = [(name, host + path)]
    number = str(port if port is not None else "")
    if number not in _USUAL and ":" not in host:
        found.append((name, f"{host}:{number}{path}"))
    return found
