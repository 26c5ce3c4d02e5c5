"""Takes in request bodies under limits: bytes on the wire, bytes unpacked, seconds, and bytes of all requests together.

A body that is refused is not read to its end: the answer goes out at once, the connection throws away what still
comes, and closes when that takes longer than headers may (`protocol`). So a client that sends all before it reads sees the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from tocsin.errors import FormatError, LimitError
from tocsin.formats import packing
from tocsin.formats.items import Limits
from tocsin.server.problems import RequestError

_RATIO = 500  # JSON of STIX packs 5 to 30 times; zeros in gzip about 1,000 times, in Zstandard far more
_RATIO_SPAN = 4 * 1024 * 1024
_ENCODINGS = {"": "", "identity": "", "gzip": "gzip", "x-gzip": "gzip", "zstd": "zstd"}
_TOGETHER = 3  # bodies of the largest size that are held at once


class Bodies:
    """Takes in bodies for one application; lives on its event loop."""

    def __init__(self, executor: Executor, *, limit: int, seconds: float) -> None:
        """Bind.

        Args:
            executor: unpacks bodies.
            limit: most bytes of one body, packed or unpacked.
            seconds: that a client may take to send one.
        """
        self._executor = executor
        self._limit = limit
        self._seconds = seconds
        self._held = 0

    @asynccontextmanager
    async def of(self, request: Request, limit: int | None = None) -> AsyncIterator[bytes]:
        """Lend the body of `request`, unpacked; its bytes count as held until the block ends.

        Raises:
            RequestError: 413 larger than the limit, packed or unpacked; 415 a content encoding other than gzip and zstd;
                400 a body that does not unpack, or whose client went away; 408 too slow; 503 too many bodies at once.
        """
        most = self._limit if limit is None else min(limit, self._limit)
        how = _encoding(request)
        share = _Share(self)
        try:
            body = await self._read(request, share, most)
            if how:
                loop = asyncio.get_running_loop()
                body = await loop.run_in_executor(self._executor, _unpack, body, how, most)
                share.add(len(body))
            yield body
        finally:
            share.release()

    async def _read(self, request: Request, share: _Share, most: int) -> bytes:
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared[:18]) > most:
            raise _too_large(most)
        parts = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > most:
                        raise _too_large(most)
                    share.add(len(part))
                    parts.append(part)
        except TimeoutError:
            raise RequestError(
                408, f"the body took longer than {self._seconds:.0f} s", headers={"Connection": "close"}
            ) from None
        except ClientDisconnect:
            raise RequestError(400, "the client went away") from None
        return b"".join(parts)

    def hold(self, size: int) -> None:
        """Count `size` more bytes as held; a negative number gives them back.

        Raises:
            RequestError: 503, that would be too much.
        """
        if self._held + size > _TOGETHER * self._limit:
            raise RequestError(503, "too many large requests at once", headers={"Retry-After": "5"})
        self._held += size


class _Share:
    """What one request holds."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._size = 0

    def add(self, size: int) -> None:
        self._bodies.hold(size)
        self._size += size

    def release(self) -> None:
        self._bodies.hold(-self._size)


def _encoding(request: Request) -> str:
    name = request.headers.get("content-encoding", "").strip().lower()
    if name not in _ENCODINGS:
        raise RequestError(
            415,
            f"content encoding {name!r:.40}: send gzip, zstd or none",
            headers={"Accept-Encoding": "gzip, zstd"},
        )
    return _ENCODINGS[name]


def _unpack(packed: bytes, how: str, most: int) -> bytes:
    limits = Limits(unpacked_bytes=most, ratio=_RATIO, ratio_span=_RATIO_SPAN)
    try:
        if packing.kind(packed[:6]) != how:
            raise RequestError(400, f"the body is not {how}")
        return b"".join(packing.unpack([packed], limits))
    except FormatError as error:
        raise RequestError(400, f"the body does not unpack: {error}") from None
    except LimitError as error:
        raise RequestError(413, f"the body {error}") from None


def _too_large(limit: int) -> RequestError:
    return RequestError(413, f"the body is larger than {limit:,} bytes")
