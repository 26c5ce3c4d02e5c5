"""The one place that turns a release into an HTTP response: media type, entity tag, compression.

A handler hands over `Released[bytes]` and cannot hand over anything else. What carries no intelligence (errors, descriptions of the
node) is released as public by the functions here that say so.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import zstandard
from starlette.requests import Request
from starlette.responses import Response

from tocsin.sharing.release import Released, public

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
_COMPRESS_FROM = 1024


def respond(
    request: Request,
    released: Released[bytes],
    *,
    media_type: str = TAXII,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a response with what was released.

    The entity tag is made from the content alone, so that it says nothing about what the reader may not see.
    """
    body = released.value
    fields = {"Content-Type": media_type, "Cache-Control": "private, no-cache", **(headers or {})}
    if status == 200 and request.method in {"GET", "HEAD"}:
        tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        fields["ETag"] = tag
        fields["Vary"] = "Accept, Accept-Encoding, Authorization"
        if _matches(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers={k: v for k, v in fields.items() if k != "Content-Type"})
    encoding = _encoding(request.headers.get("accept-encoding", "")) if len(body) >= _COMPRESS_FROM else None
    if encoding == "zstd":
        body = zstandard.ZstdCompressor(level=1).compress(body)
    elif encoding == "gzip":
        body = gzip.compress(body, compresslevel=1, mtime=0)
    if encoding:
        fields["Content-Encoding"] = encoding
    return Response(body, status_code=status, headers=fields)


def describe(document: Mapping[str, Any]) -> Released[bytes]:
    """Release a description of the node itself: it carries no intelligence."""
    return public(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def plain(text: str) -> Released[bytes]:
    """Release text about the node itself (health, figures)."""
    return public(text.encode())


def _matches(condition: str | None, tag: str) -> bool:
    if condition is None:
        return False
    return any(part.strip().removeprefix("W/") in {tag, "*"} for part in condition.split(","))


def _encoding(accepted: str) -> str | None:
    """Return the better of the encodings that the client takes (RFC 9110 section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    usable = {e: weights.get(e, weights.get("*", 0.0)) for e in ("zstd", "gzip")}
    best = max(usable, key=lambda e: usable[e])
    return best if usable[best] > 0 else None
