"""Topics of Kafka that are watched, over TCP with the brokers that librdkafka has for tests (`test.mock.num.brokers`); skipped without the extra `kafka`."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hunting import CSIRT, GREEN, indicator, prepare, take
from tocsin.errors import ConfigError, ExchangeError, StoreUnavailableError
from tocsin.exchange import kafka_topic
from tocsin.exchange.kafka_topic import topic_of
from tocsin.node.clearances import Clearances
from tocsin.node.listening import Kafka
from tocsin.node.watching import Setup, Watch
from tocsin.store import Store

PARTITIONS = 4  # that a topic of these brokers has


class Brokers:
    """Two brokers, and who sends to them."""

    def __init__(self) -> None:
        confluent_kafka = pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
        self._producer = confluent_kafka.Producer({"test.mock.num.brokers": 2, "log_level": 0})
        found = self._producer.list_topics(timeout=20).brokers.values()
        self.servers = ",".join(f"{each.host}:{each.port}" for each in found)

    def url(self, topic: str = "logs") -> str:
        return f"kafka://{self.servers}/{topic}"

    def send(self, *messages: str | bytes | None, partition: int = 0, topic: str = "logs") -> None:
        for each in messages:
            self._producer.produce(
                topic, each.encode() if isinstance(each, str) else each, partition=partition
            )
        assert self._producer.flush(20) == 0


@pytest.fixture(scope="module")
def cluster() -> Brokers:
    return Brokers()


@pytest.fixture
def node(store: Store) -> Store:
    prepare(store)
    take(
        store,
        indicator("bad", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )
    return store


@pytest.fixture
def topic(cluster: Brokers, request: pytest.FixtureRequest) -> str:
    name = request.node.name.split("[")[0][:200]
    cluster.send("first", topic=name)
    return name


def _kept(store: Store) -> list[tuple[str, str, int]]:
    with store.connection() as connection:
        rows = connection.execute(
            "SELECT value, detail->>'file', (detail->>'line')::int FROM hit ORDER BY 1, 2, 3"
        ).fetchall()
    return [(value, file.rpartition("/")[2], line) for value, file, line in rows]


def _watch(store: Store, url: str, *, from_start: bool = False) -> Watch:
    source = Kafka(store, topic_of(url), {}, from_start=from_start)
    return Watch(store, Clearances(store), Setup(inputs=(source,), tell=False), on_hits=lambda _: None)


def _until(done: Callable[[], bool], watch: Watch | None = None) -> None:
    until = time.monotonic() + 60
    while not done():
        assert time.monotonic() < until
        if watch is not None:
            watch.step()
        time.sleep(0.01)


def _leave(watch: Watch) -> None:
    """End as if killed: nothing is committed."""
    for each in watch._setup.inputs:
        each.close()


def test_each_message_is_one_hit_across_restarts(node: Store, cluster: Brokers, topic: str) -> None:
    url = cluster.url(topic)
    cluster.send("before evil.example", topic=topic)
    _leave(_watch(node, url))  # it comes to no message, and yet what is sent now is not passed over
    cluster.send("a.evil.example", "quiet", "a.evil.example", topic=topic)
    cluster.send('{"x": "b.evil.example"}', None, b"\xff\0 b2.evil.example", topic=topic, partition=2)
    watch = _watch(node, url)
    _until(lambda: len(_kept(node)) == 4, watch)
    expected = [
        ("a.evil.example", "0", 2),
        ("a.evil.example", "0", 4),
        ("b.evil.example", "2", 0),
        ("b2.evil.example", "2", 2),
    ]
    assert _kept(node) == expected
    cluster.send("c.evil.example", topic=topic)
    cluster.send("c.evil.example", topic=topic, partition=3)
    found: list[Any] = []
    _until(
        lambda: len(found) == 2 or bool(found.extend(watch._take().hits))
    )  # looked at, and then it was killed
    _leave(watch)
    cluster.send("d.evil.example", topic=topic)  # nobody is there
    again = _watch(node, url)
    _until(lambda: len(_kept(node)) == 7, again)
    again.step()
    again.close()
    assert _kept(node) == [
        *expected,
        ("c.evil.example", "0", 5),
        ("c.evil.example", "3", 0),
        ("d.evil.example", "0", 6),
    ]


def test_killed_as_a_process(node: Store, dsn: str, cluster: Brokers, topic: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TOCSIN_DATABASE_URL": dsn, "TOCSIN_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "tocsin.cli", "watch", "--kafka", cluster.url(topic), "--json"]
    sent = 0

    def send(count: int) -> None:
        nonlocal sent
        for partition in range(PARTITIONS):
            numbers = range(sent + partition, sent + count, PARTITIONS)
            cluster.send(*(f"{n:05} h{n:05}.evil.example" for n in numbers), topic=topic, partition=partition)
        sent += count

    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    assert json.loads(process.stdout.readline())["watching"] == []
    for _ in range(20):
        send(50)
        if len(_kept(node)) > 200:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    send(50)  # nobody is there
    final = _watch(node, cluster.url(topic))
    _until(lambda: len(_kept(node)) == sent, final)
    final.close()
    assert [value for value, _, _ in _kept(node)] == [f"h{n:05}.evil.example" for n in range(sent)]
    with node.connection() as connection:
        assert connection.execute("SELECT sum(hits) FROM alert_source").fetchone() == (sent,)


def test_messages_of_several_lines(node: Store, cluster: Brokers, topic: str) -> None:
    watch = _watch(node, cluster.url(topic), from_start=True)
    cluster.send(
        '{"q": "a.evil.example"}\n{"q": "b.evil.example"}\n{"q": "a.evil.example"}\n{"q": "a.evil.example"}',
        '{\n  "q": "c.evil.example",\n  "again": "c.evil.example"\n}',
        "Traceback\n  at d.evil.example\n  at d.evil.example",
        topic=topic,
    )
    _until(lambda: any(value.startswith("d") for value, _, _ in _kept(node)), watch)
    watch.close()
    values = [(value[0], line) for value, _, line in _kept(node)]
    assert values == [("a", 1), ("a", 1), ("a", 1), ("b", 1), ("c", 2), ("d", 3)]


def test_messages_that_were_deleted_are_told(
    node: Store, cluster: Brokers, topic: str, caplog: pytest.LogCaptureFixture
) -> None:
    watch = _watch(node, cluster.url(topic))
    reader = watch._setup.inputs[0]._reader
    reader._next[0] = 500  # as if the topic had been made anew
    reader._assign()
    cluster.send("a.evil.example", topic=topic)
    with caplog.at_level(logging.WARNING, "tocsin.watch"):
        _until(lambda: bool(_kept(node)), watch)
    assert "partition 0 was made anew" in caplog.text
    watch.close()


def test_a_partition_that_is_added_is_read_from_its_beginning(
    node: Store, cluster: Brokers, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.send("a.evil.example", topic=topic, partition=1)
    real = kafka_topic.Reader._metadata
    some = [(0, 2, 3)]

    def metadata(self: Any) -> tuple[str, list[int]]:
        name, found = real(self)
        return name, [each for each in found if each in some[-1]]

    monkeypatch.setattr(kafka_topic.Reader, "_metadata", metadata)
    monkeypatch.setattr(kafka_topic, "_LOOKS_EVERY", 0.01)
    watch = _watch(node, cluster.url(topic))
    for _ in range(20):
        watch.step()
    assert _kept(node) == []
    some.append((0, 1, 2, 3))
    _until(lambda: bool(_kept(node)), watch)
    watch.close()
    assert _kept(node) == [("a.evil.example", "1", 0)]


def test_while_the_database_is_away_messages_wait_in_the_topic(
    node: Store, cluster: Brokers, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_topic, "TAKEN", 2000)
    watch = _watch(node, cluster.url(topic))
    cluster.send(*(f"{n} h{n:04}.evil.example {'x' * 500}" for n in range(2500)), topic=topic)

    def away(*args: Any, **more: Any) -> None:
        raise StoreUnavailableError("gone")

    real = node.transaction
    monkeypatch.setattr(node, "transaction", away)
    monkeypatch.setattr(watch._stopping, "wait", lambda seconds: time.sleep(0.01))
    _until(lambda: watch._pending is not None, watch)
    for _ in range(20):
        watch.step()
    assert 0 < len(watch._pending.hits) <= 500  # a bite was taken and no more
    monkeypatch.setattr(node, "transaction", real)
    _until(lambda: len(_kept(node)) == 2500, watch)
    watch.close()


def test_what_is_not_there_is_said(node: Store, cluster: Brokers, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ExchangeError, match="Unknown topic"):
        Kafka(node, topic_of(cluster.url("nothing")), {}, from_start=False)
    monkeypatch.setattr(kafka_topic, "_STARTS", 1.0)
    with pytest.raises(ExchangeError, match=r"127\.0\.0\.1:1/x: "):
        Kafka(node, topic_of("kafka://127.0.0.1:1/x"), {}, from_start=False)


def test_brokers_that_are_away_are_told_once(monkeypatch, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    monkeypatch.setattr(kafka_topic, "_STARTS", 2.0)
    with caplog.at_level(logging.WARNING, "tocsin.watch"), pytest.raises(ExchangeError):
        kafka_topic.Reader(topic_of("kafka://127.0.0.1:1/logs"), {}, lambda *_: None, from_start=True)
    assert "Connection refused" in caplog.text
    assert len({each.getMessage() for each in caplog.records}) == len(caplog.records) <= 3


def test_settings_that_mean_nothing_are_refused_without_secrets(node: Store, cluster: Brokers) -> None:
    with pytest.raises(ConfigError, match=r"security\.protocol") as caught:
        Kafka(
            node,
            topic_of(cluster.url()),
            {"security.protocol": "NONE", "sasl.password": "s3cret"},
            from_start=False,
        )
    assert "s3cret" not in str(caught.value)


def test_tls_is_asked_of_a_broker_that_has_none(
    node: Store, cluster: Brokers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_topic, "_STARTS", 3.0)
    with pytest.raises(ExchangeError, match=r"(?i)ssl|handshake|timed out|down"):
        Kafka(node, topic_of(cluster.url()), {"security.protocol": "SSL"}, from_start=False)
