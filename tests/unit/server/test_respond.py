"""Responses: media type, entity tags, compression."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
import zstandard
from starlette.requests import Request

from tocsin.server.respond import TAXII, accepted_encoding, describe, echo, plain, respond

TEXT = "x" * 5000


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


@pytest.mark.parametrize(
    ("header", "best"),
    [
        ("gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("GZIP ; q=0.3", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "gzip"),
        ("br, deflate", ""),
        ("gzip;q=0", ""),
        ("gzip;q=much", ""),
        ("identity", ""),
        ("", ""),
        (",;,=", ""),
    ],
)
def test_the_coding_a_client_likes_best(header: str, best: str) -> None:
    assert accepted_encoding(header) == best


def test_packing_keeps_every_byte() -> None:
    packed = respond(request(accept_encoding="gzip"), plain(TEXT))
    assert gzip.decompress(packed.body) == TEXT.encode()
    assert packed.headers["content-encoding"] == "gzip"
    packed = respond(request(accept_encoding="zstd"), plain(TEXT))
    assert zstandard.decompress(packed.body) == TEXT.encode()
    assert "content-encoding" not in respond(request(accept_encoding="gzip"), plain("short")).headers
    assert "content-encoding" not in respond(request(), plain(TEXT)).headers
    assert packed.headers["vary"] == "Accept, Accept-Encoding, Authorization"
    assert packed.headers["content-type"] == TAXII


@pytest.mark.parametrize(("encoding", "unpack"), [("gzip", gzip.decompress), ("zstd", zstandard.decompress)])
def test_what_lasts_is_packed_smaller_and_the_same(encoding: str, unpack: Callable[[bytes], bytes]) -> None:
    text = plain(" ".join(f"{number * number:x}" for number in range(5000)))
    once, lasting = (respond(request(accept_encoding=encoding), text, lasting=each) for each in (False, True))
    assert unpack(bytes(lasting.body)) == unpack(bytes(once.body)) == text.value
    assert len(lasting.body) < len(once.body)
    assert lasting.headers["etag"] == once.headers["etag"]


def test_each_coding_has_its_own_tag_and_any_of_them_is_recognised() -> None:
    answers = [
        respond(request(**h), plain(TEXT))
        for h in ({}, {"accept_encoding": "gzip"}, {"accept_encoding": "zstd"})
    ]
    tags = [a.headers["etag"] for a in answers]
    assert len(set(tags)) == 3
    for tag in (*tags, f"W/{tags[0]}", f'"other", {tags[1]}', "*"):
        again = respond(request(if_none_match=tag), plain(TEXT))
        assert (again.status_code, again.body) == (304, b"")
        assert again.headers["etag"] == tags[0]
        assert "content-type" not in again.headers
        assert "content-length" not in again.headers
    assert respond(request(if_none_match='"other"'), plain(TEXT)).status_code == 200
    assert respond(request(if_none_match=tags[0]), plain(TEXT + "y")).status_code == 200


def test_only_a_good_answer_to_a_reader_is_tagged() -> None:
    assert "etag" not in respond(request(), plain("x"), status=202).headers
    assert "etag" not in respond(request(), plain("x"), status=404).headers


def test_what_is_released_says_to_whom() -> None:
    assert describe({"a": 1}).recipient == "*"
    assert echo({"a": 1}, recipient="identity--1").recipient == "identity--1"
    assert echo({"ä": [1, None]}, recipient="x").value == '{"ä":[1,null]}'.encode()
