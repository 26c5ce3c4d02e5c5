"""Messages of a NATS JetStream stream, read by their numbers: whoever keeps the number of the last one goes on behind it.

The messages are pulled, so a reader that is slow holds back nobody and loses nothing. Nothing is acknowledged: the reader's own record of how
far it came is what counts. Needs the extra `nats` (nats-py).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from tocsin.errors import ConfigError, ExchangeError

_log = logging.getLogger("tocsin.watch")

NEW: Final = 0
"""Instead of a number: only what comes from now on."""
QUEUED: Final = 20_000
"""Messages that wait at most."""
_BATCH = 1_000
_PULL = 0.5  # seconds that a pull waits for messages
_AGAIN = 1.0  # seconds before the next try to connect
_STARTS = 15.0


class Subject(msgspec.Struct, frozen=True):
    """Where messages come from: a server, a stream, and which of its subjects; `shown` is the address without credentials."""

    server: str
    stream: str
    subject: str
    shown: str


class Message(msgspec.Struct, frozen=True):
    """A message: its number in the stream, its subject, and what it says."""

    number: int
    subject: str
    data: bytes


def subject_of(url: str) -> Subject:
    """Return what `nats://user:password@host:4222/STREAM?subject=logs.>` names; without a subject, all of the stream.

    Raises:
        ConfigError: it names none.
    """
    try:
        parts = urlsplit(url)
        stream, wanted = parts.path.strip("/"), parse_qs(parts.query)
        host = f"{parts.hostname or ''}:{parts.port or 4222}"
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in {"nats", "tls"} or not parts.hostname or not stream or set(wanted) - {"subject"}:
        raise ConfigError(
            "that is no stream of NATS", hint="such as nats://127.0.0.1:4222/LOGS?subject=logs.>"
        )
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    subject = wanted.get("subject", [">"])[0]
    return Subject(f"{parts.scheme}://{user}{host}", stream, subject, f"{parts.scheme}://{host}/{stream}")


class Stream:
    """Pulls messages in a thread of its own.

    Attributes:
        identity: of the stream, 32 bytes: one that was deleted and made anew is another.
        begins: number of the first message that was asked for.
        fault: why there is no connection at the moment; empty if there is one.
    """

    def __init__(self, where: Subject, start: Callable[[bytes], int]) -> None:
        """Connect.

        Args:
            where: which messages.
            start: tells for a stream's identity the number of the first message that is wanted.

        Raises:
            ConfigError: the extra is not installed.
            ExchangeError: there is no such server or stream.
        """
        try:
            import nats  # noqa: F401, PLC0415 - an extra: only who reads from NATS has it
        except ImportError:
            raise ConfigError("reading from NATS needs nats-py", hint="pip install 'tocsin[nats]'") from None
        self.identity = b""
        self.begins = 0
        self.fault = ""
        self._where, self._start = where, start
        self._queue: queue.Queue[Message] = queue.Queue(QUEUED)
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._next = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._work()), name="nats", daemon=True)
        self._thread.start()
        if not self._ready.wait(_STARTS) or self.fault:
            self.close()
            raise ExchangeError(f"{where.shown}: {self.fault or 'no answer'}")

    def take(self, most: int = 10_000) -> list[Message]:
        """Return messages that have come, in the order of their numbers, at most so many."""
        found: list[Message] = []
        with suppress(queue.Empty):
            while len(found) < most:
                found.append(self._queue.get_nowait())
        return found

    def close(self) -> None:
        """Pull nothing more."""
        self._stopping.set()
        self._thread.join(5)

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                await self._pull()
            except Exception as error:  # noqa: BLE001 - whatever a client of the network raises: said, and tried again
                fault = f"{type(error).__name__}: {error}"[:200]
                # at the beginning whoever began is told; later nobody listens but the log
                if self._ready.is_set() and fault != self.fault:
                    _log.warning("%s: %s", self._where.shown, fault)
                self.fault = fault
                self._ready.set()
                await asyncio.sleep(_AGAIN)

    async def _pull(self) -> None:
        import nats  # noqa: PLC0415 - as above
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy  # noqa: PLC0415

        async def silent(_error: Exception) -> None:
            """Leave it to what is raised."""

        client = await nats.connect(
            self._where.server, allow_reconnect=False, error_cb=silent, connect_timeout=5
        )
        try:
            stream = client.jetstream()
            info = await stream.stream_info(self._where.stream)
            identity = _identity(self._where, info)
            if identity != self.identity:
                self.identity = identity
                self.begins = self._next = self._start(identity) or info.state.last_seq + 1
            config = ConsumerConfig(
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=max(self._next, 1),
                ack_policy=AckPolicy.NONE,
                inactive_threshold=60,
            )
            pulled = await stream.pull_subscribe(
                self._where.subject, stream=self._where.stream, config=config
            )
            if self.fault:
                _log.warning("%s: it answers again", self._where.shown)
            self.fault = ""
            self._ready.set()
            while not self._stopping.is_set():
                with suppress(TimeoutError):  # of the library, or of asyncio, which it lets through at times
                    for each in await pulled.fetch(_BATCH, timeout=_PULL):
                        await self._hold_back(each)
        finally:
            with suppress(Exception):
                await client.close()

    async def _hold_back(self, message: Any) -> None:
        number = message.metadata.sequence.stream
        made = Message(number, message.subject, message.data)
        while not self._stopping.is_set():
            try:
                self._queue.put_nowait(made)
            except queue.Full:
                await asyncio.sleep(0.01)
            else:
                self._next = number + 1
                return


def _identity(where: Subject, info: Any) -> bytes:
    return hashlib.sha256(f"{where.shown}|{where.subject}|{info.created}".encode()).digest()
