from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.errors import ConfigError
from tocsin.exchange.kafka_topic import properties, topic_of


@pytest.mark.parametrize(
    ("url", "servers", "name"),
    [
        ("kafka://127.0.0.1:9093/logs", "127.0.0.1:9093", "logs"),
        ("kafka://a.example,b.example:9095/soc.dns-1_x", "a.example:9092,b.example:9095", "soc.dns-1_x"),
        ("kafka://[::1]:9092,[2001:db8::1]/t", "[::1]:9092,[2001:db8::1]:9092", "t"),
    ],
)
def test_topics(url: str, servers: str, name: str) -> None:
    topic = topic_of(url)
    assert (topic.servers, topic.name, topic.shown) == (servers, name, f"kafka://{servers}/{name}")


@pytest.mark.parametrize(
    "url",
    [
        "http://x/t", "kafka://x", "kafka:///t", "kafka://x/", "kafka://x/a/b", "kafka://x:y/t", "kafka://x:0/t", "kafka://x:70000/t",
        "kafka://x,/t", "kafka://x/..", "kafka://x/t?y=1", "kafka://x/" + "t" * 250, "kafka://x/t\u00e4", "kafka://x y/t", "kafka://[::1/t",
    ],
)  # fmt: skip
def test_what_is_no_topic_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        topic_of(url)


def test_credentials_in_an_address_are_refused_and_not_repeated() -> None:
    with pytest.raises(ConfigError) as caught:
        topic_of("kafka://ann:s3cret@x/t")
    assert "s3cret" not in str(caught.value)
    assert "kafka_properties" in (caught.value.hint() or "")


def test_properties_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("# how\n\nsecurity.protocol = SASL_SSL\nsasl.username=ann\nsasl.password=a=b #c\n!x\n")
    assert properties(str(file)) == {
        "security.protocol": "SASL_SSL",
        "sasl.username": "ann",
        "sasl.password": "a=b #c",
    }
    assert properties(str(file), "other")["sasl.password"] == "other"
    assert properties("") == {}


@pytest.mark.parametrize(
    "line",
    [
        "sasl.kerberos.kinit.cmd = rm -rf /", "plugin.library.paths = x.so", "ssl.engine.location=x", "enable.ssl.certificate.verification=false",
        "bootstrap.servers=x:1", "auto.offset.reset=latest", "sasl.username", "nonsense",
    ],
)  # fmt: skip
def test_what_may_not_be_set_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text(f"# first\n{line}\n")
    with pytest.raises(ConfigError, match=r"kafka\.properties:2: "):
        properties(str(file))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing: No such file"):
        properties(str(tmp_path / "nothing"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="UTF-8"):
        properties(str(tmp_path / "bytes"))
