"""Damaged requests over a real connection: each gets an answer that is no 500, or a closed connection, and the node lives."""

from __future__ import annotations

import json
import os
import re
import socket
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from factories import IMPORT, indicator, place, settle
from fuzz.mutating import mutants
from serving import MEDIA, serving
from tocsin.store import Store, objects

ROUNDS = int(os.environ.get("FUZZ_ROUNDS", "250"))
_INTEL = "/taxii2/node/collections/intel"


def _requests(token: str) -> list[bytes]:
    head = f"Host: x\r\nAuthorization: Bearer {token}\r\nAccept: {MEDIA}\r\nConnection: close\r\n"
    body = json.dumps({"objects": [indicator(700), indicator(701)]})
    gets = [
        f"{_INTEL}/objects/?limit=2&match[version]=all&match[type]=indicator,malware&added_after=2026-01-01T00:00:00Z",
        f"{_INTEL}/objects/{indicator(1)['id']}/versions/?match[spec_version]=2.1",
        f"{_INTEL}/manifest/?next=n5&match[id]={indicator(1)['id']}",
        "/taxii2/node/status/2c9d0e7e-3d0b-4a5e-9d2b-6a2a4f0f5a11/",
        "/taxii2/",
    ]
    found = [f"GET {path} HTTP/1.1\r\n{head}\r\n" for path in gets]
    post = f"POST {_INTEL}/objects/ HTTP/1.1\r\n{head}Content-Type: {MEDIA}\r\n"
    found += [
        f"{post}Content-Length: {len(body)}\r\n\r\n{body}",
        f"{post}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n{body}\r\n0\r\n\r\n",
        f"{post}Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n{body}",
        f"DELETE {_INTEL}/objects/{indicator(1)['id']}/?match[version]=first HTTP/1.1\r\n{head}\r\n",
        'POST /claim HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 26\r\n\r\n{"code": "a", "name": "b"}',
    ]
    return [text.encode() for text in found]


def _said(address: tuple[str, int], data: bytes, patience: float) -> bytes:
    """Send and return what comes back within `patience` seconds of silence; nothing for a request that is not complete."""
    answer = b""
    with suppress(ConnectionError, TimeoutError), socket.create_connection(address, timeout=10) as sock:
        sock.settimeout(patience)
        sock.sendall(data)
        while chunk := sock.recv(65536):
            answer += chunk
    return answer


def test_damaged_requests(store: Store, tmp_path: Path) -> None:
    collection = settle(store)
    batch = [place(indicator(n), communities=(str(collection.community),)) for n in range(3)]
    objects.put(store, collection.id, batch, origin=IMPORT)
    answered = 0
    with serving(store, tmp_path, request_timeout=2, max_content_length=100_000) as node:
        parts = urlsplit(node.url)
        address = (str(parts.hostname), int(parts.port or 0))
        originals = _requests(node.tokens["friend"])
        for whole in originals[:-1]:
            assert re.match(rb"HTTP/1\.1 (200|202|4\d\d) ", _said(address, whole, 10)), whole
        for data in mutants(originals, ROUNDS, seed=7):
            answer = _said(address, data, 0.1)
            if answer:
                answered += 1
                assert re.match(rb"HTTP/1\.[01] (?!500)[2345]\d\d", answer), (data, answer[:300])
        with node.client("friend") as client:
            assert client.get(f"{_INTEL}/objects/").status_code == 200
    assert answered > ROUNDS // 4
