"""A JetStream stream that is watched, with a real server; skipped where there is none (Debian: `nats-server`)."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hunting import CSIRT, GREEN, indicator, prepare, take
from tocsin.errors import ConfigError, ExchangeError
from tocsin.exchange.nats_stream import subject_of
from tocsin.node.clearances import Clearances
from tocsin.node.listening import Nats
from tocsin.node.watching import Setup, Watch
from tocsin.store import Store

SERVER = os.environ.get("NATS_SERVER") or shutil.which("nats-server")


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    if SERVER is None:
        pytest.skip("there is no nats-server")
    nats = pytest.importorskip("nats")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [SERVER, "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(tmp_path / "nats")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address = f"nats://127.0.0.1:{port}"

    async def make() -> None:
        for _ in range(100):
            try:
                client = await nats.connect(address, allow_reconnect=False)
                break
            except OSError:
                await asyncio.sleep(0.1)
        await client.jetstream().add_stream(name="LOGS", subjects=["logs.>"])
        await client.close()

    try:
        asyncio.run(make())
        yield address
    finally:
        process.kill()
        process.wait()


def _publish(address: str, *messages: str, subject: str = "logs.web") -> None:
    import nats

    async def send() -> None:
        client = await nats.connect(address)
        for each in messages:
            await client.jetstream().publish(subject, each.encode())
        await client.close()

    asyncio.run(send())


def _kept(store: Store) -> list[tuple[Any, ...]]:
    with store.connection() as connection:
        return connection.execute("SELECT value, detail->>'file' FROM hit ORDER BY 1").fetchall()


def _watch(store: Store, address: str, **options: Any) -> Watch:
    source = Nats(store, subject_of(f"{address}/LOGS"), from_start=False)
    return Watch(
        store, Clearances(store), Setup(inputs=(source,), tell=False), on_hits=lambda _: None, **options
    )


def _until(watch: Watch, store: Store, count: int) -> None:
    until = time.monotonic() + 60
    while len(_kept(store)) < count and time.monotonic() < until:
        watch.step()
        time.sleep(0.01)


def test_each_message_is_one_hit_across_restarts(store: Store, url: str) -> None:
    prepare(store)
    take(
        store,
        indicator("bad", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )
    _publish(url, "before evil.example")
    watch = _watch(store, url)
    _publish(url, '{"x": "a1.evil.example"}', "quiet", "a2.evil.example\nin two lines")
    _until(watch, store, 2)
    assert [value for value, _ in _kept(store)] == ["a1.evil.example", "a2.evil.example"]
    assert _kept(store)[0][1].endswith("/LOGS#logs.web")
    _publish(url, "a3.evil.example", "a4.evil.example")
    until = time.monotonic() + 60
    while not watch._take().hits and time.monotonic() < until:  # looked at, and then it was killed
        time.sleep(0.01)
    for each in watch._setup.inputs:
        each.close()
    _publish(url, "a5.evil.example")  # nobody is there
    again = _watch(store, url)
    _until(again, store, 5)
    again.close()
    assert [value for value, _ in _kept(store)] == [f"a{number}.evil.example" for number in range(1, 6)]


def test_what_is_not_there_is_said(store: Store, url: str) -> None:
    prepare(store)
    with pytest.raises(ExchangeError, match="NOTHING"):
        Nats(store, subject_of(f"{url}/NOTHING"), from_start=False)


@pytest.mark.parametrize("text", ["http://x/S", "nats://x", "nats:///S", "nats://x/S?y=1", "nats://x:y/S"])
def test_what_is_no_stream_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        subject_of(text)


def test_credentials_are_not_shown() -> None:
    found = subject_of("nats://ann:secret@host:4222/S?subject=a.>")
    assert found.server == "nats://ann:secret@host:4222"
    assert (found.shown, found.subject) == ("nats://host:4222/S", "a.>")
