"""Against OASIS's own server, medallion: push to it, poll from it, through its `next` that moves when it is asked.

It does not live with our dependencies, so `make test` puts it into `.tools/peers`; TOCSIN_PEERS names another environment.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from following import ORGANISATION
from test_node_push import keep
from test_node_sync import OWN

from tocsin.exchange.backoff import Patience
from tocsin.exchange.endpoint import Endpoint
from tocsin.exchange.taxii.chain import Bounds
from tocsin.exchange.taxii.client import Client
from tocsin.exchange.wire import Limits, Wire
from tocsin.node import links, outflow, sync
from tocsin.sharing.audience import Organisation
from tocsin.store import Store, collections, organisations, peers

COLLECTION = "91a7b528-80eb-42ed-a74d-c6fbd5a26116"
VENV = Path(os.environ.get("TOCSIN_PEERS") or Path(__file__).resolve().parents[2] / ".tools" / "peers")
MEDALLION = VENV / "bin" / "medallion"

pytestmark = pytest.mark.skipif(not MEDALLION.exists(), reason=f"medallion is not installed in {VENV}")


@pytest.fixture
def medallion(tmp_path: Path) -> Iterator[str]:
    """A running medallion with one empty collection, its pages no longer than 50; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    root = f"http://127.0.0.1:{port}/root/"
    kinds = ["application/stix+json;version=2.1"]
    described = {"id": COLLECTION, "title": "Feed", "can_read": True, "can_write": True, "media_types": kinds}
    data = {
        "/discovery": {"title": "medallion", "default": root, "api_roots": [root]},
        "root": {
            "information": {
                "title": "root",
                "versions": ["application/taxii+json;version=2.1"],
                "max_content_length": 20_000,
            },
            "status": [],
            "collections": [described | {"objects": [], "manifest": []}],
        },
    }
    (tmp_path / "data.json").write_text(json.dumps(data))
    config = {
        "backend": {
            "module": "medallion.backends.memory_backend",
            "module_class": "MemoryBackend",
            "filename": str(tmp_path / "data.json"),
        },
        "users": {"node": "pass word"},
        "taxii": {"max_page_size": 50},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            [MEDALLION, "--port", str(port), tmp_path / "config.json"], stdout=log, stderr=log, cwd=tmp_path
        )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            pytest.fail((tmp_path / "log").read_text())
        yield f"http://127.0.0.1:{port}/taxii2/"
    finally:
        running.kill()
        running.wait()


def open_wire(endpoint: Endpoint) -> Wire:
    return Wire(endpoint, limits=Limits(patience=Patience(attempts=2, base=0.1)))


def test_push_then_poll(store: Store, make_store: object, medallion: str) -> None:
    with store.transaction() as connection:
        organisations.put(connection, Organisation(OWN, "Us", own=True))
        organisations.put(connection, Organisation(ORGANISATION, "Medallion"))
        peers.add(
            connection, peers.Peer("medallion", medallion, ORGANISATION, username="node", secret="pass word")
        )
        collections.add(connection, collections.new("out"))
    names = keep(store, 130, "clear")
    keep(store, 5, "red")

    with store.connection() as connection:
        found = links.examine(peers.get(connection, "medallion"), open_wire)
    assert [(c.id, c.can_read, c.can_write, c.most, c.exact) for c in found.collections] == [
        (COLLECTION, True, True, 20_000, False)
    ]

    (sent,) = outflow.push(store, "medallion", [("out", COLLECTION)], open_wire=open_wire)
    assert (sent.error, sent.sent, sent.accepted, sum(w.count for w in sent.withheld)) == ("", 130, 130, 5)
    assert sent.envelopes > 1, "its max_content_length is small"

    with Wire(links.endpoint_of(_peer(store))) as wire:
        client = Client(wire)
        feed = client.find("Feed")
        assert sorted(e.id for e in client.manifest(feed)) == sorted(names)
        assert json.loads(client.get(feed, names[0])[0])["id"] == names[0]
        assert client.versions(feed, names[0]) == ["2026-02-01T00:00:00.000Z"]

    (echo,) = sync.poll(store, ["medallion"], bounds=Bounds(limit=50), open_wire=open_wire)
    assert (echo.error, echo.own, echo.new) == ("", 130, 0), "what we pushed comes back and stays one"

    other = make_store()  # type: ignore[operator]
    with other.transaction() as connection:
        organisations.put(
            connection, Organisation("identity--00000000-0000-4000-8000-0000000000bb", "Other", own=True)
        )
        organisations.put(connection, Organisation(ORGANISATION, "Medallion"))
        peers.add(connection, peers.Peer("m", medallion, ORGANISATION, username="node", secret="pass word"))
    (report,) = sync.poll(other, bounds=Bounds(limit=50), open_wire=open_wire)
    assert (report.error, report.new, report.refused) == ("", 130, 0), report
    (again,) = sync.poll(other, bounds=Bounds(limit=50, settle=0), open_wire=open_wire)
    assert (again.error, again.new) == ("", 0)


def _peer(store: Store) -> peers.Peer:
    with store.connection() as connection:
        return peers.get(connection, "medallion")
