"""Syslog, NATS and Kafka as lines to be watched: messages by sender and format."""

from __future__ import annotations

import hashlib
import itertools
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from tocsin.errors import ConfigError, FormatError
from tocsin.exchange import kafka_topic
from tocsin.exchange.nats_stream import NEW, Stream, Subject
from tocsin.exchange.syslog import Address, Listener
from tocsin.node.watching import Messages
from tocsin.store import Store, watched
from tocsin.store.watched import Position
from tocsin.telemetry.plugin import HEAD, log_of, named

_RFC5424 = re.compile(rb"<\d{1,3}>1 ")
_RFC3164 = re.compile(rb"<\d{1,3}>")
_NATS, _KAFKA = -1, -2  # stand for the device of what is no file
_KEYS = re.compile(rb'"([\w@.-]{1,40})"\s{0,2}:')
_LETTERS, _DIGITS = re.compile(rb"[A-Za-z]+"), re.compile(rb"[0-9]+")
_SHAPED = 512  # bytes of a message by which its shape is told
_SHAPES = 4096
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

    def standing(self) -> Sequence[Position]:
        """Return nothing: what was sent is not kept anywhere."""
        return ()

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
        self._formats = Formats()
        self._stream = Stream(where, self._begin)

    def standing(self) -> Sequence[Position]:
        """Return where reading begins."""
        return (self._position(self._stream.identity, self._stream.begins - 1),)

    def take(self) -> Iterator[Messages]:
        """Yield what has come."""
        groups: dict[tuple[str, str], tuple[list[bytes], list[int]]] = {}
        found = self._stream.take()
        for each in found:
            _add(groups, each.subject, self._formats, each.data, each.number)
        if not found:
            return
        # the position covers all of what was taken: it goes with the last group, and all go into one commit
        end = self._position(self._stream.identity, found[-1].number)
        for number, ((subject, log), (lines, places)) in enumerate(groups.items(), 1):
            yield Messages(
                f"{self._where.shown}#{subject}", named(log), b"\n".join(lines) + b"\n", 0,
                end if number == len(groups) else None, self._stream.identity.hex()[:16], places,
            )  # fmt: skip

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


class Kafka:
    """A topic of Kafka whose messages are watched; after a restart each partition is read on behind the last that was dealt with."""

    dropped = 0

    def __init__(
        self, store: Store, topic: kafka_topic.Topic, settings: Mapping[str, str], *, from_start: bool
    ) -> None:
        """Connect; partitions that were never watched are read from now on, or from their start.

        Raises:
            ConfigError, ExchangeError: as `exchange.kafka_topic.Reader`.
        """
        self._topic = topic
        self._formats = Formats()
        with store.connection() as connection:
            known = {each.key: each for each in watched.everything(connection)}

        def start(cluster: str, partition: int) -> int | None:
            held = known.get(self._position(cluster, partition, 0).key)
            return None if held is None else held.place

        self._reader = kafka_topic.Reader(topic, settings, start, from_start=from_start)

    def standing(self) -> Sequence[Position]:
        """Return where reading begins."""
        return [self._position(self._reader.cluster, *each) for each in self._reader.begins.items()]

    def take(self) -> Iterator[Messages]:
        """Yield what has come."""
        groups: dict[tuple[int, str], tuple[list[bytes], list[int]]] = {}
        ends: dict[int, int] = {}
        for each in self._reader.take():
            _add(groups, each.partition, self._formats, each.data, each.offset)
            ends[each.partition] = each.offset + 1
        for (partition, log), (lines, places) in groups.items():
            # all that was taken goes into one commit, so it does not matter with which of its groups a position goes
            end = self._position(self._reader.cluster, partition, ends[partition])
            origin = end.fingerprint.hex()[:16]
            where = f"{self._topic.shown}/{partition}"
            yield Messages(where, named(log), b"\n".join(lines) + b"\n", 0, end, origin, places)

    def close(self) -> None:
        """Fetch nothing more."""
        self._reader.close()

    def _position(self, cluster: str, partition: int, offset: int) -> Position:
        # a cluster is known by its id: its brokers may be called otherwise next time
        identity = hashlib.sha256(
            "\0".join((cluster or self._topic.servers, self._topic.name, str(partition))).encode()
        ).digest()
        return Position(_KAFKA, partition, identity, len(identity), self._topic.shown, offset, 0)


class Formats:
    """Tells the formats of messages; those of one shape are asked once, since asking costs more than scanning."""

    def __init__(self) -> None:
        """Begin with none known."""
        self._known: dict[tuple[bytes, ...], str] = {}

    def name_of(self, message: bytes) -> str:
        """Return the name of a message's format."""
        head = message[:_SHAPED]
        shape: tuple[bytes, ...]
        if head[:1] == b"{":
            shape = tuple(_KEYS.findall(head))
        else:
            shape = (_DIGITS.sub(b"0", _LETTERS.sub(b"a", head[:96])), head[:8] if head[:1] != b"<" else b"")
        name = self._known.get(shape)
        if name is None:
            if len(self._known) >= _SHAPES:
                self._known.clear()
            name = self._known[shape] = _log_name(message)
        return name


_Sender = TypeVar("_Sender", str, int)


def _add(
    groups: dict[tuple[_Sender, str], tuple[list[bytes], list[int]]],
    sender: _Sender,
    formats: Formats,
    message: bytes,
    place: int,
) -> None:
    some = lines_of(message)
    lines, places = groups.setdefault((sender, formats.name_of(some[0])), ([], []))
    lines += some
    places += [place] * len(some)


def _log_name(message: bytes) -> str:
    try:
        return log_of(message[:HEAD]).name
    except FormatError:
        return "text"


def lines_of(message: bytes) -> list[bytes]:
    """Return the records of a message: its lines where each is a record of its own, else all of it as one line."""
    if b"\n" not in message:
        return [message]
    lines = [each.rstrip(b"\r") for each in message.split(b"\n") if each.strip()]
    if lines and (all(map(_is_object, lines)) or all(map(_RFC3164.match, lines))):
        return lines
    return [message.replace(b"\n", b" ")]


def _is_object(line: bytes) -> bool:
    return line.startswith(b"{") and line.endswith(b"}")


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
