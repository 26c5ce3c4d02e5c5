"""Bodies under limits: size on the wire, size unpacked, ratio, time, and all of them together."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
import zstandard
from starlette.requests import Request

from tocsin.server.bodies import Bodies
from tocsin.server.problems import RequestError

LIMIT = 100_000


def request(parts: Iterable[bytes], pause: float = 0, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    coming = iter(parts)

    async def receive():
        await asyncio.sleep(pause)
        part = next(coming, None)
        if part == b"gone":
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": raw}
    return Request(scope, receive)


def take(*requests: Request, limit: int | None = None, seconds: float = 5) -> list[bytes]:
    """Take in all of them at once, holding each until all are there."""

    async def run() -> list[bytes]:
        with ThreadPoolExecutor(2) as pool:
            bodies = Bodies(pool, limit=LIMIT, seconds=seconds)
            started = asyncio.Barrier(len(requests))

            async def one(each: Request) -> bytes:
                async with bodies.of(each, limit) as body:
                    await started.wait()
                    return body

            try:
                return list(await asyncio.gather(*map(one, requests)))
            finally:
                await asyncio.sleep(0)
                assert bodies._held == 0 or len(requests) > 1

    return asyncio.run(run())


def refusal(*requests: Request, **how) -> int:
    with pytest.raises(RequestError) as caught:
        take(*requests, **how)
    return caught.value.status


def test_parts_make_the_whole() -> None:
    assert take(request([b"ab", b"", b"c"])) == [b"abc"]
    assert take(request([])) == [b""]
    assert take(request([b"x" * LIMIT], content_length=str(LIMIT))) == [b"x" * LIMIT]


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "zstd", "GZIP"])
def test_packed_bodies_are_unpacked(encoding: str) -> None:
    body = b'{"objects":[]}' * 1000
    packed = zstandard.compress(body) if encoding == "zstd" else gzip.compress(body)
    halves = [packed[:10], packed[10:]]
    assert take(request(halves, content_encoding=encoding)) == [body]


def test_several_members_are_one_body() -> None:
    assert take(request([gzip.compress(b"a") + gzip.compress(b"b")], content_encoding="gzip")) == [b"ab"]


@pytest.mark.parametrize(
    ("parts", "headers", "status"),
    [
        ([], {"content_length": str(LIMIT + 1)}, 413),
        ([], {"content_length": "9" * 40}, 413),
        ([b"x" * 60_000] * 2, {}, 413),
        ([gzip.compress(b"x" * (LIMIT + 1))], {"content_encoding": "gzip"}, 413),
        ([zstandard.compress(b"x" * (LIMIT + 1))], {"content_encoding": "zstd"}, 413),
        ([b"plain"], {"content_encoding": "gzip"}, 400),
        ([b""], {"content_encoding": "gzip"}, 400),
        ([zstandard.compress(b"x")], {"content_encoding": "gzip"}, 400),
        ([gzip.compress(b"x")], {"content_encoding": "zstd"}, 400),
        ([gzip.compress(b"x" * 5000)[:-9]], {"content_encoding": "gzip"}, 400),
        ([zstandard.compress(bytes(range(256)) * 90)[:-5]], {"content_encoding": "zstd"}, 400),
        ([gzip.compress(b"x") + b"and more"], {"content_encoding": "gzip"}, 400),
        ([zlib.compress(b"x")], {"content_encoding": "deflate"}, 415),
        ([b"x"], {"content_encoding": "gzip, gzip"}, 415),
        ([b"x"], {"content_encoding": "br"}, 415),
        ([b"x", b"gone"], {}, 400),
    ],
)
def test_what_is_refused(parts: list[bytes], headers: dict[str, str], status: int) -> None:
    assert refusal(request(parts, **headers)) == status


def test_a_route_may_take_less() -> None:
    assert refusal(request([b"x" * 101]), limit=100) == 413
    assert take(request([b"x" * 100]), limit=100) == [b"x" * 100]


def test_a_slow_body_is_given_up() -> None:
    assert refusal(request([b"x"] * 100, pause=0.05), seconds=0.2) == 408


def test_bodies_together_are_bounded() -> None:
    large = [b"x" * LIMIT]
    assert len(take(*(request(large) for _ in range(3)))) == 3
    assert refusal(*(request(large) for _ in range(4))) == 503
