"""Syslog and NATS as lines to be watched: messages by sender and format."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit

from tocsin.errors import ConfigError, FormatError
from tocsin.exchange.nats_stream import NEW, Message, Stream, Subject
from tocsin.exchange.syslog import Address, Listener
from tocsin.node.watching import Messages
from tocsin.store import Store, watched
from tocsin.store.watched import Position
from tocsin.telemetry.plugin import HEAD, log_of, named

_RFC5424 = re.compile(rb"<\d{1,3}>1 ")
_RFC3164 = re.compile(rb"<\d{1,3}>")
_NATS = -1  # stands for the device of what is no file
_PORTS = {"udp": 514, "tcp": 514, "tls": 6514}


class Syslog:
    """A listener whose messages are watched; `dropped` counts what UDP brought too fast."""

    def __init__(self, listener: Listener) -> None:
        """Bind."""
        self._listener = listener
        # unlike a file, a connection has no place to go on from: numbers only have to differ from those of any other run
        self._numbers = itertools.count(uuid.uuid4().int >> 66 << 32)

    @property
    def dropped(self) -> int:
        """Messages that found no room."""
        return self._listener.dropped

    @property
    def port(self) -> int:
        """Port that it listens on."""
        return self._listener.port

    def take(self) -> Iterator[Messages]:
        """Yield what has come, the messages of one sender and format together."""
        groups: dict[tuple[str, str], list[bytes]] = {}
        for name, message in self._listener.take():
            groups.setdefault((name, _format(message)), []).append(message)
        for (name, log), messages in groups.items():
            first = next(self._numbers)
            for _ in messages[1:]:
                next(self._numbers)
            yield Messages(name, named(log), b"\n".join(messages) + b"\n", first)

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()


class Nats:
    """A stream of NATS whose messages are watched, each a line; after a restart it goes on behind the last that was dealt with."""

    dropped = 0

    def __init__(self, store: Store, where: Subject, *, from_start: bool) -> None:
        """Connect; a stream that was never watched is read from now on, or from its start.

        Raises:
            ConfigError, ExchangeError: as `exchange.nats_stream.Stream`.
        """
        self._store, self._where, self._from_start = store, where, from_start
        self._stream = Stream(where, self._begin)

    def take(self) -> Iterator[Messages]:
        """Yield what has come."""
        groups: dict[tuple[str, str], list[Message]] = {}
        found = self._stream.take()
        for each in found:
            groups.setdefault((each.subject, _log_name(each.data)), []).append(each)
        if not found:
            return
        # the position covers all of what was taken: it goes with the last group, and all go into one commit
        end = self._position(self._stream.identity, found[-1].number)
        for number, ((subject, log), messages) in enumerate(groups.items(), 1):
            data = b"\n".join(each.data.replace(b"\n", b" ") for each in messages) + b"\n"
            where = f"{self._where.shown}#{subject}"
            yield Messages(
                where, named(log), data, messages[0].number, end if number == len(groups) else None
            )

    def close(self) -> None:
        """Pull nothing more."""
        self._stream.close()

    def _begin(self, identity: bytes) -> int:
        with self._store.connection() as connection:
            key = self._position(identity, 0).key
            known = next((each for each in watched.everything(connection) if each.key == key), None)
        if known is not None:
            return known.place + 1
        return 1 if self._from_start else NEW

    def _position(self, identity: bytes, number: int) -> Position:
        return Position(_NATS, 0, identity, len(identity), self._where.shown, number, 0)


def _log_name(message: bytes) -> str:
    try:
        return log_of(message[:HEAD]).name
    except FormatError:
        return "text"


def address_of(url: str, *, certificate: str = "", key: str = "", ca: str = "") -> Address:
    """Return the address that `udp://127.0.0.1:5514`, `tcp://[::]:514` or `tls://0.0.0.0:6514` names.

    Raises:
        ConfigError: it names none, or TLS has no certificate.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ConfigError(f"{url!r} is no address: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.path not in {"", "/"}:
        raise ConfigError(
            f"{url!r} is no address to listen on", hint="such as udp://127.0.0.1:5514 or tls://0.0.0.0:6514"
        )
    if parts.scheme == "tls" and not certificate:
        raise ConfigError("syslog over TLS needs a certificate", hint="--certificate FILE and --key FILE")
    return Address(
        parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port, certificate, key, ca
    )


def _format(message: bytes) -> str:
    if _RFC5424.match(message):
        return "syslog_rfc5424"
    return "syslog_rfc3164" if _RFC3164.match(message) else "text"
