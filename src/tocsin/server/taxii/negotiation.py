"""Media types of TAXII 2.1 (section 1.6.8): what a client accepts and what it sends."""

from __future__ import annotations

from functools import lru_cache

from starlette.requests import Request

from tocsin.server.problems import RequestError
from tocsin.server.respond import TAXII

_KIND = "application/taxii+json"
_VERSION = "2.1"


def require_acceptable(request: Request) -> None:
    """Make sure that the client takes TAXII 2.1.

    No Accept header means that anything will do (RFC 9110 section 12.5.1).

    Raises:
        RequestError: 406, it takes something else only.
    """
    header = request.headers.get("accept")
    if header is not None and header.strip() and not accepts(header):
        raise RequestError(406, f"this server speaks {TAXII}, the client accepts {header!r:.100}")


def require_envelope(request: Request) -> None:
    """Make sure that a POST says it carries a TAXII 2.1 envelope.

    Raises:
        RequestError: 415.
    """
    header = request.headers.get("content-type", "")
    if not is_envelope(header):
        raise RequestError(415, f"send {TAXII}, not {header!r:.100}", headers={"Accept-Post": TAXII})


@lru_cache(maxsize=256)
def accepts(header: str) -> bool:
    """Return whether an Accept header allows TAXII 2.1.

    Lists, weights, wildcards, a type without version and any case are understood; of several ranges that match, the most
    specific decides (RFC 9110 section 12.5.1).
    """
    best, weight = -1, 0.0
    for part in header.lower().split(","):
        kind, given = _parse(part)
        version = given.get("version")
        if kind == _KIND and version == _VERSION:
            rank = 3
        elif kind == _KIND and version is None:
            rank = 2
        elif kind in {"application/*", "*/*"}:
            rank = int(kind != "*/*")
        else:
            continue
        if rank > best:
            best, weight = rank, _weight(given.get("q"))
    return weight > 0


@lru_cache(maxsize=256)
def is_envelope(header: str) -> bool:
    """Return whether a Content-Type header means TAXII 2.1."""
    kind, given = _parse(header.lower())
    return kind == _KIND and given.get("version", _VERSION) == _VERSION


def _parse(text: str) -> tuple[str, dict[str, str]]:
    kind, *parameters = (part.strip() for part in text.split(";"))
    pairs = (parameter.partition("=") for parameter in parameters)
    return kind, {name.strip(): value.strip().strip('"') for name, _, value in pairs}


def _weight(text: str | None) -> float:
    try:
        return 1.0 if text is None else float(text)
    except ValueError:
        return 0.0
