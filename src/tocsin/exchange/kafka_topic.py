"""Messages of a Kafka topic, read by partition and offset: whoever keeps how far it came goes on there.

Partitions are assigned, not subscribed to, and no offset is committed to the brokers: the reader's own record is what counts, and no group moves partitions
away from it. librdkafka fetches ahead into a queue that is bounded in bytes, so a slow reader holds back nobody and loses nothing. Needs the extra `kafka`
(confluent-kafka).
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec

from tocsin.errors import ConfigError, ExchangeError

if TYPE_CHECKING:
    from confluent_kafka import Consumer, TopicPartition

_log = logging.getLogger("tocsin.watch")
_AFTER = re.compile(r" \(after \d+ms[^)]*\)$")
_MOST_TOLD = 100

PROPERTIES: Final = frozenset(
    {
        "security.protocol", "sasl.mechanism", "sasl.mechanisms", "sasl.username", "sasl.password",
        "ssl.ca.location", "ssl.certificate.location", "ssl.key.location", "ssl.key.password",
        "group.id", "client.id", "client.rack",
    }
)  # fmt: skip
"""What a file of properties may set, by librdkafka's names: nothing that runs a command, loads a library or stops certificates from being checked."""
QUEUED: Final = 16 * 1024 * 1024
"""Bytes of messages that wait at most, and one message more."""
TAKEN: Final = 8 * 1024 * 1024
"""Bytes of messages that are taken at once, and the messages of one bite more."""
_BITE = 500
_STARTS = 15.0
_LOOKS_EVERY = 30.0  # seconds between looks for new partitions
_LONGEST_SETTINGS = 64 * 1024


class Topic(msgspec.Struct, frozen=True):
    """A topic: its brokers (`host:port,host:port`), its name, and its address for people."""

    servers: str
    name: str

    @property
    def shown(self) -> str:
        """Its address."""
        return f"kafka://{self.servers}/{self.name}"


class Message(msgspec.Struct, frozen=True):
    """A message: where it is, and what it says."""

    partition: int
    offset: int
    data: bytes


def topic_of(url: str) -> Topic:
    """Return what `kafka://host:9092,host:9092/TOPIC` names.

    Raises:
        ConfigError: it names none, or holds a secret, which others on this machine could read.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigError(f"that is no address: {error}") from None
    name = parts.path.strip("/")
    hosts = [each if _has_port(each) else f"{each}:9092" for each in parts.netloc.split(",")]
    if "@" in parts.netloc:
        raise ConfigError(
            "an address of Kafka holds no credentials",
            hint="the setting kafka_properties names a file of them",
        )
    if parts.scheme != "kafka" or not all(map(_is_host, hosts)) or not _is_name(name) or parts.query:
        raise ConfigError(
            "that is no topic of Kafka", hint="such as kafka://10.0.0.7:9092,10.0.0.8:9092/logs"
        )
    return Topic(",".join(hosts), name)


def _has_port(host: str) -> bool:
    return host.rpartition("]")[2].count(":") == 1


def _is_host(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(host) and not set(host) & set("/?#\\ ,") and port.isdecimal() and 0 < int(port) < 65536


def _is_name(text: str) -> bool:
    # Kafka's own rule: kafka.common.internals.Topic
    return (
        0 < len(text) < 250
        and text not in {".", ".."}
        and all(c.isascii() and (c.isalnum() or c in "._-") for c in text)
    )


def properties(file: str, password: str = "") -> dict[str, str]:
    """Read how brokers are to be spoken to: `name = value` lines by librdkafka's names, `#` before a remark.

    Args:
        file: its name; empty for none.
        password: stands for `sasl.password`.

    Raises:
        ConfigError: it cannot be read, or sets what it may not.
    """
    found: dict[str, str] = {}
    if file:
        try:
            with Path(file).open("rb") as opened:
                text = opened.read(_LONGEST_SETTINGS).decode()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
            raise ConfigError(f"{file}: {reason}") from error
        for number, line in enumerate(text.splitlines(), 1):
            name, equals, value = (each.strip() for each in line.partition("="))
            if not name or name.startswith(("#", "!")):
                continue
            if not equals or name not in PROPERTIES:
                raise ConfigError(
                    f"{file}:{number}: {name[:60]!r} cannot be set here",
                    hint=f"there are {', '.join(sorted(PROPERTIES))}",
                )
            found[name] = value
    if password:
        found["sasl.password"] = password
    return found


class Reader:
    """Reads all partitions of a topic.

    Attributes:
        begins: by partition, the offset of the first message that will be read, of those whose place was not known.
        fault: why nothing comes at the moment, as far as that is known; empty if nothing is wrong.
    """

    def __init__(
        self,
        topic: Topic,
        settings: Mapping[str, str],
        start: Callable[[str, int], int | None],
        *,
        from_start: bool,
    ) -> None:
        """Connect.

        Args:
            topic: which.
            settings: as `properties` returns them.
            start: tells for the cluster's id and a partition the offset of the first message that is wanted, if it knows.
            from_start: read partitions that it does not know from their beginning; else only what comes.

        Raises:
            ConfigError: the extra is not installed, or a setting has no such value.
            ExchangeError: there is no such broker or topic.
        """
        self.begins: dict[int, int] = {}
        self.fault = ""
        self._told: set[str] = set()  # since messages came last
        self._topic = topic
        self._consumer = self._made(settings)
        self._next: dict[int, int] = {}
        self._anew: set[int] = set()
        try:
            self.cluster = self._begin(start, from_start=from_start)
        except ExchangeError as error:
            self._consumer.poll(0)  # hands over what has failed before, such as a password
            self._consumer.close()
            if self.fault:
                raise ExchangeError(f"{topic.shown}: {self.fault}") from error
            raise
        self._stopping = threading.Event()
        self._partitions = frozenset(self._next)
        self._looker = threading.Thread(target=self._look, name="kafka", daemon=True)
        self._looker.start()

    def take(self) -> list[Message]:
        """Return messages that have come, those of a partition in their order; at most `TAKEN` bytes and a bite."""
        if fresh := self._partitions - self._next.keys():
            # what is there came since the watch began
            self._next |= dict.fromkeys(fresh, 0)
            self._anew |= fresh
            self._assign()
        found: list[Message] = []
        size = 0
        while size < TAKEN:
            bite = self._consumer.consume(_BITE, timeout=0)
            for each in bite:
                if (made := self._checked(each)) is not None:
                    found.append(made)
                    size += len(made.data)
            if len(bite) < _BITE:
                break
        return found

    def close(self) -> None:
        """Fetch nothing more."""
        self._stopping.set()
        self._looker.join(2 * _STARTS)
        self._consumer.close()

    def _made(self, settings: Mapping[str, str]) -> Consumer:
        try:
            from confluent_kafka import Consumer, KafkaException  # noqa: PLC0415 - an extra: only who reads from Kafka has it
        except ImportError:
            raise ConfigError(
                "reading from Kafka needs confluent-kafka", hint="pip install 'tocsin[kafka]'"
            ) from None
        fixed: dict[str, Any] = {
            "bootstrap.servers": self._topic.servers,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",  # what is gone is to be said
            "allow.auto.create.topics": False,
            "check.crcs": True,
            "queued.max.messages.kbytes": QUEUED // 1024,
            "fetch.wait.max.ms": 100,
            "error_cb": self._failed,
            "logger": _log,
        }
        try:
            # what goes wrong comes to `_failed` as well: the library would write it a hundred times while a broker is away
            return Consumer({"group.id": "tocsin", "log_level": 2, **settings, **fixed})
        except KafkaException as error:
            raise ConfigError(f"Kafka: {error.args[0].str()}") from None

    def _failed(self, error: Any) -> None:
        self.fault = _AFTER.sub("", str(error.str()))[:200]
        if self.fault not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(self.fault)
            _log.warning("%s: %s", self._topic.shown, self.fault)

    def _begin(self, start: Callable[[str, int], int | None], *, from_start: bool) -> str:
        cluster, partitions = self._metadata()
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 - as above

        for each in partitions:
            known = start(cluster, each)
            if known is None:
                try:
                    low, high = self._consumer.get_watermark_offsets(
                        TopicPartition(self._topic.name, each), timeout=_STARTS
                    )
                except KafkaException as error:
                    raise ExchangeError(f"{self._topic.shown}: {error.args[0].str()}") from None
                known = self.begins[each] = low if from_start else high
            self._next[each] = known
        self._assign()
        return cluster

    def _metadata(self) -> tuple[str, list[int]]:
        from confluent_kafka import KafkaException  # noqa: PLC0415 - as above

        try:
            found = self._consumer.list_topics(self._topic.name, timeout=_STARTS)
        except KafkaException as error:
            raise ExchangeError(f"{self._topic.shown}: {error.args[0].str()}") from None
        about = found.topics[self._topic.name]
        if about.error is not None:
            raise ExchangeError(f"{self._topic.shown}: {about.error.str()}")
        return found.cluster_id or "", sorted(about.partitions)

    def _assign(self) -> None:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition  # noqa: PLC0415 - as above

        def at(partition: int) -> TopicPartition:
            offset = OFFSET_BEGINNING if partition in self._anew else self._next[partition]
            return TopicPartition(self._topic.name, partition, offset)

        self._consumer.assign([at(each) for each in self._next])

    def _checked(self, message: Any) -> Message | None:
        """Return a message that is one, and deal with errors, which come like messages."""
        from confluent_kafka import KafkaError  # noqa: PLC0415 - as above

        partition, error = message.partition(), message.error()
        if error is not None:
            if error.code() == KafkaError._AUTO_OFFSET_RESET and partition in self._next:  # noqa: SLF001 - its public name
                self._anew.add(partition)
                self._assign()
            else:
                self._failed(error)
            return None
        self.fault = ""
        self._told.clear()
        offset = message.offset()
        wanted = self._next[partition]
        if partition in self._anew:
            self._anew.discard(partition)
            if offset > wanted:
                _log.error("%s: messages %d to %d of partition %d were deleted before they were read",
                           self._topic.shown, wanted, offset - 1, partition)  # fmt: skip
            elif offset < wanted:
                _log.warning(
                    "%s: partition %d was made anew: it is read from its beginning",
                    self._topic.shown,
                    partition,
                )
        elif offset < wanted:
            return None  # fetched before partitions were assigned again
        self._next[partition] = offset + 1
        return Message(partition, offset, message.value() or b"")

    def _look(self) -> None:
        """Look for partitions that were added; asking may take long, so it does not stand in the way of reading."""
        while not self._stopping.wait(_LOOKS_EVERY):
            try:
                self._partitions = frozenset(self._metadata()[1])
            except ExchangeError as error:
                _log.warning("%s", error)
