"""The one place that turns a release into an HTTP response: media type, entity tag, compression.

A handler hands over `Released[bytes]` and cannot hand over anything else. What carries no intelligence (errors, descriptions of the
node) is released as public by the functions here that say so.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.formats import zstd
from tocsin.sharing.release import Released, public

TAXII = "application/taxii+json;version=2.1"
STIX = "application/stix+json;version=2.1"
T = TypeVar("T")
_COMPRESS_FROM = 1024
_VARY = "Accept, Accept-Encoding, Authorization"
_ENCODINGS = ("zstd", "gzip")  # the better first


def respond(
    request: Request,
    released: Released[bytes],
    *,
    media_type: str = TAXII,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    tag: str = "",
    weak: bool = False,
    lasting: bool = False,
) -> Response:
    """Return a response with what was released.

    The entity tag (RFC 9110 section 8.8.3) is made from the released content alone, so that it says nothing about what the
    reader may not see; each content coding has its own, as it must. Who has made one of that content already hands it over as `tag`;
    a `weak` one stands for bodies that differ in the moment at which they were handed out, and in nothing else. What is `lasting` is one of few
    bodies that are handed out again and again: each is packed once, as small as it goes.
    """
    body = released.value
    fields = {"Content-Type": media_type, "Cache-Control": "private, no-cache", "Vary": _VARY}
    if headers:
        fields |= headers
    encoding = ""
    if len(body) >= _COMPRESS_FROM and (accepted := request.headers.get("accept-encoding")):
        encoding = accepted_encoding(accepted)
    if status == 200 and request.method in {"GET", "HEAD"}:
        tag = tag or tag_of(body)
        fields["ETag"] = ("W/" if weak else "") + (f'"{tag}-{encoding}"' if encoding else f'"{tag}"')
        if _matches(request.headers.get("if-none-match"), tag):
            del fields["Content-Type"]
            return Response(status_code=304, headers=fields)
    if encoding:
        body = _pack_well(body, encoding) if lasting else _pack(body, encoding)
        fields["Content-Encoding"] = encoding
    return Response(body, status_code=status, headers=fields)


def tag_of(body: bytes) -> str:
    """Return the entity tag of an answer, without quotes and content coding."""
    return hashlib.sha256(body).hexdigest()[:32]


def describe(document: Mapping[str, Any]) -> Released[bytes]:
    """Release a description of the node itself: it carries no intelligence."""
    return public(msgspec.json.encode(document))


def echo(document: Mapping[str, Any], *, recipient: str) -> Released[bytes]:
    """Release to an organisation what it said itself: the ids of what it posted, and what became of it."""
    return public(msgspec.json.encode(document), recipient=recipient)


def said(value: T, *, recipient: str) -> Released[T]:
    """Release to an organisation what the operator's records say to it: who is who here, agreements, its own doings; no content of objects."""
    return public(value, recipient=recipient)


def plain(text: str) -> Released[bytes]:
    """Release text about the node itself (health, figures)."""
    return public(text.encode())


def fixed(value: T) -> Released[T]:
    """Release what is the same on every node or was said by whom it goes to: styles, scripts, and the words of a page around no intelligence."""
    return public(value)


def accepted_encoding(accepted: str) -> str:
    """Return the content coding that a client likes best of ours, or "" for none (RFC 9110 section 12.5.3)."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, parameter = part.strip().partition(";")
        weight = parameter.strip().removeprefix("q=")
        try:
            weights[name.strip()] = float(weight) if weight else 1.0
        except ValueError:
            weights[name.strip()] = 0.0
    usable = {name: weights.get(name, weights.get("*", 0.0)) for name in _ENCODINGS}
    best = max(usable, key=lambda name: usable[name])
    return best if usable[best] > 0 else ""


def _pack(body: bytes, encoding: str) -> bytes:
    # the fastest levels: STIX shrinks five times and more even so
    if encoding == "zstd":
        return zstd.compress(body, level=1)
    return gzip.compress(body, compresslevel=1, mtime=0)


@lru_cache(maxsize=128)
def _pack_well(body: bytes, encoding: str) -> bytes:
    if encoding == "zstd":
        return zstd.compress(body, level=19)
    return gzip.compress(body, mtime=0)


def _matches(condition: str | None, tag: str) -> bool:
    if condition is None:
        return False
    known = {f'"{tag}"', "*", *(f'"{tag}-{name}"' for name in _ENCODINGS)}
    return any(part.strip().removeprefix("W/") in known for part in condition.split(","))
