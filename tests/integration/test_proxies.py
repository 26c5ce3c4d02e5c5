"""Failures count against the client, not against the proxy it comes through; and never against an address of its own choosing."""

from __future__ import annotations

from pathlib import Path

import httpx

from factories import settle
from serving import Node, serving
from tocsin.store import Store

_ALLOWED = 20  # failures a minute (`server.patience`)


def _wrong(client: httpx.Client, said: str) -> int:
    headers = {"Authorization": "Bearer toc_wrong", "X-Forwarded-For": said}
    return client.get("/api/v1/status", headers=headers).status_code


def _last_address(node: Node) -> str:
    with node.store.connection() as connection:
        row = connection.execute(
            "SELECT detail ->> 'address' FROM journal ORDER BY id DESC LIMIT 1"
        ).fetchone()
    assert row is not None
    return str(row[0])


def test_behind_a_trusted_proxy_each_client_counts_alone(store: Store, tmp_path: Path) -> None:
    settle(store)
    proxied = serving(store, tmp_path, trusted_proxies="127.0.0.1")
    with proxied as node, node.client(None, Accept="*/*") as client:
        # what a client writes itself stands on the left, and changes nothing
        found = [_wrong(client, f"198.51.100.{number}, 203.0.113.7") for number in range(_ALLOWED + 1)]
        assert found == [401] * _ALLOWED + [429]
        assert _wrong(client, "203.0.113.8") == 401
    assert _last_address(node) == "203.0.113.8"  # written when the node stopped, at the latest


def test_without_the_setting_nothing_that_is_said_counts(store: Store, tmp_path: Path) -> None:
    settle(store)
    with serving(store, tmp_path) as node, node.client(None, Accept="*/*") as client:
        found = [_wrong(client, f"198.51.100.{number}") for number in range(_ALLOWED + 1)]
        assert found == [401] * _ALLOWED + [429]
    assert _last_address(node) == "127.0.0.1"
