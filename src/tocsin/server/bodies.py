"""Reads request bodies under limits: size on the wire, size unpacked, time."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable

import zstandard
from starlette.requests import ClientDisconnect, Request

from tocsin.server.problems import RequestError

_CHUNK = 1 << 16


async def read(request: Request, *, limit: int, seconds: float) -> bytes:
    """Return the body, unpacked.

    Raises:
        RequestError: 413 larger than `limit` packed or unpacked; 415 an encoding that is not gzip or zstd; 400 a body
            that does not unpack or whose client went away; 408 slower than `seconds`.
    """
    declared = request.headers.get("content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "x-gzip", "zstd"}:
        raise RequestError(
            415,
            f"content encoding {encoding!r:.40}: send gzip, zstd or none",
            headers={"Accept-Encoding": "gzip, zstd"},
        )
    try:
        async with asyncio.timeout(seconds):
            packed = await _collect(request, limit)
    except TimeoutError:
        raise RequestError(
            408, f"the body took longer than {seconds:.0f} s", headers={"Connection": "close"}
        ) from None
    except ClientDisconnect:
        raise RequestError(400, "the client went away") from None
    if encoding == "identity":
        return packed
    unpack = _unpack_zstd if encoding == "zstd" else _unpack_gzip
    return await asyncio.to_thread(unpack, packed, limit)


async def _collect(request: Request, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
    return b"".join(parts)


def _unpack_gzip(packed: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        body = unpacker.decompress(packed, limit + 1)
    except zlib.error:
        raise RequestError(400, "the body is not gzip") from None
    if len(body) > limit:
        raise _too_large(limit)
    if not unpacker.eof:
        raise RequestError(400, "the gzip body is cut off")
    return body


def _unpack_zstd(packed: bytes, limit: int) -> bytes:
    parts, size = [], 0
    read_on: Callable[[int], bytes] = (
        zstandard.ZstdDecompressor(max_window_size=1 << 27).stream_reader(packed).read
    )
    try:
        while part := read_on(_CHUNK):
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
    except zstandard.ZstdError:
        raise RequestError(400, "the body is not zstd") from None
    return b"".join(parts)


def _too_large(limit: int) -> RequestError:
    return RequestError(413, f"the body is larger than {limit:,} bytes", headers={"Connection": "close"})
