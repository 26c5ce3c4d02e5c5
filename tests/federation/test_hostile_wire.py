"""The wire against a peer that lies about everything below paging: bodies, statuses, redirects, time, TLS."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
from following import Reader, wire_for
from hostile import TOKEN, Peer, serving, with_faults

from tocsin.errors import ConfigError, ExchangeError, NotFoundError
from tocsin.exchange.backoff import Patience
from tocsin.exchange.taxii import resources
from tocsin.exchange.taxii.client import Client
from tocsin.exchange.tls import pins_of
from tocsin.exchange.wire import Failure

TLS = Path(__file__).resolve().parents[1] / "vectors" / "exchange" / "tls"
OTHER_PIN = "sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def refused(peer: Peer, **changes: Any) -> str:
    with pytest.raises(ExchangeError) as caught:
        Reader().poll(peer, **changes)
    assert TOKEN not in str(caught.value) + caught.value.hint()
    return str(caught.value)


BODIES = [
    ({"media_type": "text/html"}, "text/html, which is not TAXII"),
    ({"media_type": "application/json"}, "not TAXII"),
    ({"media_type": "application/taxii+json;version=2.0"}, "not TAXII"),
    ({"media_type": ""}, "nothing in particular"),
    ({"body": "html"}, "no TAXII resource"),
    ({"body": "list"}, "no TAXII resource"),
    ({"body": "deep"}, "no TAXII resource"),
    ({"body": "number-next"}, "no TAXII resource"),
    ({"garble_rate": 1.0}, "no TAXII resource"),
    ({"cut_rate": 1.0}, "not answered to the end"),
    ({"reset_rate": 1.0}, "not answered to the end"),
    ({"packing": "liar"}, "is gzip and is not"),
    ({"packing": "unknown"}, "which was not asked for"),
    ({"packing": "gzip-bomb"}, "too much"),
    ({"packing": "zstd-bomb"}, "too much"),
    ({"body": "endless"}, "too much"),
    ({"body": "huge-length"}, "announces 1,099,511,627,776 bytes"),
    ({"status_rate": 1.0, "status": 500}, "500 Internal Server Error"),
    ({"status_rate": 1.0, "status": 503}, "503 Service Unavailable"),
    ({"status_rate": 1.0, "status": 403}, "403 Forbidden"),
    ({"status_rate": 1.0, "status": 599}, "599"),
    ({"redirect": "http://169.254.169.254/latest/meta-data/"}, "not its own origin"),
    ({"redirect": "http://user:pass@127.0.0.1/"}, "no web address"),
    ({"redirect": "file:///etc/passwd"}, "no web address"),
    ({"redirect": "//elsewhere.example/objects/"}, "not its own origin"),
    ({"api_roots": ("https://elsewhere.example/api/",)}, "not its own origin"),
    ({"api_roots": ("gopher://127.0.0.1/",)}, "no web address"),
    ({"api_roots": ("/nowhere/",)}, "404"),
]


@pytest.mark.parametrize(("faults", "said"), BODIES, ids=lambda v: re.sub(r"\W+", "-", str(v))[:60])
def test_each_lie_is_a_clear_error(faults: dict[str, Any], said: str) -> None:
    peer = with_faults(Peer(), **faults)
    peer.add(5)
    began = time.perf_counter()
    with serving(peer):
        assert said in refused(peer)
    assert time.perf_counter() - began < 4


def test_packed_pages_are_read() -> None:
    for packing in ("gzip", "zstd"):
        peer = with_faults(Peer(), packing=packing)
        made = peer.add(30)
        reader = Reader()
        with serving(peer):
            reader.poll(peer)
        assert set(reader.objects) == set(made)


def test_bad_bytes_in_an_object_are_the_intakes_business() -> None:
    peer = with_faults(Peer(), body="bad-utf8")
    peer.add(5)
    reader = Reader()
    with serving(peer):
        reader.poll(peer)
    assert len(reader.objects) == 5


@pytest.mark.parametrize("fault", ["drip_headers", "drip_body"])
def test_a_slow_drip_ends_with_the_deadline(fault: str) -> None:
    """Each byte comes well within the read timeout: only the deadline for the whole exchange ends it."""
    peer = with_faults(Peer(), **{fault: 0.02})
    peer.add(5)
    began = time.perf_counter()
    with serving(peer):
        assert "takes too long" in refused(peer, total=0.4, read=2.0, patience=Patience(attempts=1))
    assert time.perf_counter() - began < 3


def test_a_silent_peer_ends_with_the_read_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        peer = Peer(port=silent.getsockname()[1])
        assert "takes too long" in refused(peer, read=0.1, patience=Patience(attempts=1))


def test_nobody_there_is_said_and_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    sleeps: list[float] = []
    assert "cannot be sent" in refused(Peer(port=port), sleeps=sleeps)
    assert sleeps == [0.5, 1.0, 2.0], "full jitter: half of 1, 2 and 4 s with dice that show one half"


def test_retry_after_is_honoured_up_to_a_limit() -> None:
    peer = with_faults(Peer(), status_rate=1.0, status=429, retry_after="7")
    sleeps: list[float] = []
    with serving(peer):
        refused(peer, sleeps=sleeps)
        assert sleeps == [7.0, 7.0, 7.0]
        with_faults(peer, retry_after="3600")
        assert "come back in 3600 s" in refused(peer, sleeps=sleeps)
        with_faults(peer, retry_after="whenever")
        del sleeps[:]
        refused(peer, sleeps=sleeps)
    assert sleeps == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(("status", "asked"), [(400, 1), (401, 1), (403, 1), (500, 4), (503, 4), (429, 4)])
def test_only_what_may_pass_is_tried_again(status: int, asked: int) -> None:
    peer = with_faults(Peer(), status_rate=1.0, status=status)
    with serving(peer):
        refused(peer)
    assert peer.requests["page"] == asked


def test_a_redirect_on_the_same_origin_is_followed() -> None:
    peer = Peer()
    made = peer.add(3)
    reader = Reader()
    with serving(peer):
        reader.poll(peer, url=peer.url.rstrip("/"))
    assert set(reader.objects) == set(made)
    looping = with_faults(Peer(), redirect="?again")
    with serving(looping):
        assert "in circles" in refused(looping)


def test_another_origin_is_asked_only_when_the_operator_allows_it() -> None:
    with serving(Peer()) as other, serving(Peer()) as peer:
        made = other.add(4)
        with_faults(peer, api_roots=(f"http://127.0.0.1:{other.port}/api/",))
        assert "not its own origin" in refused(peer)
        assert not other.requests, "nothing, and no token above all, was sent there"
        reader = Reader()
        reader.poll(peer, allowed=(f"http://127.0.0.1:{other.port}",))
    assert set(reader.objects) == set(made)


def test_secrets_show_up_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    peer = with_faults(Peer(), status_rate=1.0, error_echoes_token=True)
    with serving(peer):
        said = refused(peer)
        wire = wire_for(peer)
        shown = f"{wire.endpoint!r} {wire!r}"
        basic = refused(peer, username="node-7")
    assert "***" in said
    assert "\x1b" not in said
    for text in (said, basic, shown, caplog.text):
        assert TOKEN not in text
        assert "bm9kZS03" not in text


def test_wrong_credentials_say_what_to_do() -> None:
    with serving(Peer()) as peer, pytest.raises(ExchangeError, match="401") as caught:
        Reader().poll(peer, secret="wrong")
    assert "tocsin peer change" in caught.value.hint()


def test_one_connection_serves_a_whole_poll() -> None:
    peer = Peer()
    peer.add(100)
    with serving(peer), wire_for(peer) as wire:
        client = Client(wire)
        for _ in range(3):
            client.find("feed")
        assert wire.requests == 9


def test_the_rest_of_the_specification_is_spoken() -> None:
    peer = Peer()
    made = peer.add(3)
    with serving(peer), wire_for(peer) as wire:
        client = Client(wire)
        feed = client.find("Feed")
        assert client.find(feed.id) == client.find(feed.url) == feed
        name = [e.id for e in client.manifest(feed)][1]
        assert client.get(feed, name) == (made[1],)
        assert client.versions(feed, name) == ["2026-01-01T00:00:00.000Z"]
        client.delete(feed, name)
        for ask in (client.get, client.versions, client.delete):
            with pytest.raises(NotFoundError):
                ask(feed, name)
        with pytest.raises(NotFoundError, match="no collection") as caught:
            client.find("else")
        assert "feed" in caught.value.hint()
    sent = peer.seen_headers[0]
    assert sent["Accept"] == "application/taxii+json;version=2.1"
    assert "Cookie" not in sent


# --- TLS ---------------------------------------------------------------------------------------------------------


def server_tls(name: str = "server", *, client_ca: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / f"{name}.pem", TLS / f"{name}.key")
    if client_ca:
        context.load_verify_locations(TLS / "ca.pem")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def ca() -> str:
    return str(TLS / "ca.pem")


def test_a_trusted_certificate_is_accepted_and_its_pin_told() -> None:
    with serving(Peer(), server_tls()) as peer, wire_for(peer, ca=ca()) as wire:
        assert Client(wire).find("feed").alias == "feed"
        assert wire.certificate is not None
        pin, fingerprint = pins_of(wire.certificate)
    assert pin == f"sha256/{(TLS / 'server.spki').read_text().strip()}"
    with serving(Peer(), server_tls()) as peer:
        for good in (pin, fingerprint, f"{OTHER_PIN},{pin}", fingerprint.upper().replace("SHA256", "sha256")):
            with wire_for(peer, ca=ca(), pin=good) as wire:
                assert Client(wire).find("feed")


@pytest.mark.parametrize(
    ("server", "changes", "said"),
    [
        ("server", {}, "certificate"),
        ("wrong-name", {"ca": ca()}, "IP address mismatch"),
        ("server", {"ca": ca(), "pin": OTHER_PIN}, "pinned"),
        ("server", {"ca": ca(), "pin": "sha256:" + "ab" * 32}, "pinned"),
    ],
    ids=["unknown authority", "wrong name", "another key", "another certificate"],
)
def test_no_other_certificate_is(server: str, changes: dict[str, Any], said: str) -> None:
    with serving(Peer(), server_tls(server)) as peer:
        sleeps: list[float] = []
        assert said in refused(peer, sleeps=sleeps, **changes)
        assert not sleeps, "it would be the same the next time"
    assert not peer.requests, "nothing was sent"


def test_a_client_certificate_is_shown_when_there_is_one() -> None:
    with serving(Peer(), server_tls(client_ca=True)) as peer:
        said = refused(peer, ca=ca(), patience=Patience(attempts=1))
        assert "TLS" in said or "not answered" in said
        changes = {"ca": ca(), "certificate": str(TLS / "client.pem"), "key": str(TLS / "client.key")}
        with wire_for(peer, **changes) as wire:
            assert Client(wire).find("feed")


def test_plain_http_where_tls_was_expected() -> None:
    with serving(Peer()) as peer:
        assert "TLS" in refused(peer, url=peer.url.replace("http:", "https:"))


@pytest.mark.parametrize(
    "changes",
    [
        {"ca": "/nowhere.pem"},
        {"ca": str(TLS / "server.key")},
        {"certificate": str(TLS / "client.pem"), "key": str(TLS / "server.key")},
        {"certificate": str(TLS / "client.pem"), "key": str(TLS / "locked.key")},
        {"pin": "sha256/short"},
        {"pin": "md5:00"},
        {"pin": " , "},
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_sent(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        wire_for(Peer(), url="https://127.0.0.1:1/", **changes)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_dates_that_lead_out_of_the_years_there_are_are_none(text: str) -> None:
    assert resources.moment(text) is None


def test_a_next_that_nobody_could_ask_for_is_a_clear_error() -> None:
    with pytest.raises(ValueError, match="70,000 characters"):
        resources.read_envelope(b'{"more":true,"next":"' + b"x" * 70_000 + b'"}')


def test_an_address_that_cannot_be_one_is_a_failure_and_no_crash() -> None:
    peer = Peer()
    with serving(peer), wire_for(peer) as wire:
        found = wire.get(f"{wire.endpoint.url}objects/", lambda raw: raw, params={"next": "x" * 70_000})
    assert isinstance(found, Failure)


def test_names_that_a_peer_gives_are_cleaned_before_anybody_sees_them() -> None:
    peer = Peer()
    with serving(peer), wire_for(peer) as wire:
        usual = wire.endpoint.redact(f"\x1b]0;{TOKEN}\x07")
    assert TOKEN not in usual
    assert usual.isprintable()
