"""Webhooks against a receiver that checks signatures with the reference library."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook as Checker
from standardwebhooks import WebhookVerificationError

from factories import FRIEND, IMPORT, indicator, place, settle, version
from serving import Node, serving
from tocsin.errors import ConfigError, ExchangeError
from tocsin.exchange import hook as wire
from tocsin.node.clearances import Clearances
from tocsin.node.webhooks import PAUSES, Dispatcher
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts, collections, objects, organisations, receipts

CIRCLE = str(uuid.UUID(int=1 << 64))
HOOKS = "/api/v1/webhooks"


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.status = 204

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.now = 1_800_000_000_000_000

    def __call__(self) -> int:
        self.now += 1
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def node(dsn: str, tmp_path: Path, receiver: Receiver, clock: Clock) -> Iterator[Node]:
    with Store(dsn, clock=clock, pool_size=6) as store:
        settle(store)
        with serving(store, tmp_path, webhook_origins=receiver.origin) as served:
            # the test itself says when: the thread of the node would be at it as well
            yield served


@pytest.fixture
def friend(node: Node) -> Iterator[httpx.Client]:
    with node.client(
        "friend", **{"Accept": "application/json", "Content-Type": "application/json"}
    ) as client:
        yield client


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.server.messenger.Messenger.start", lambda _self: None)


def _keep(node: Node, *made: dict[str, Any]) -> None:
    with node.store.connection() as connection:
        intel = collections.get(connection, "intel").id
    objects.put(node.store, intel, [place(each, communities=(CIRCLE,)) for each in made], origin=IMPORT)


def _dispatch(node: Node, receiver: Receiver) -> None:
    dispatcher = Dispatcher(node.store, Clearances(node.store), (receiver.origin,), dice=lambda: 0.0)
    dispatcher.gather()
    while dispatcher.deliver():
        pass


def _made(friend: httpx.Client, receiver: Receiver, query: str = "type:indicator") -> dict[str, Any]:
    answer = friend.post(HOOKS, json={"url": f"{receiver.origin}/in", "query": query})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _checked(monkeypatch: pytest.MonkeyPatch, secret: str, got: tuple[dict[str, str], bytes]) -> Any:
    # the library compares with the wall clock; what is tested is the signature
    monkeypatch.setattr(
        Checker,
        "_Webhook__verify_timestamp",
        lambda _self, header: datetime.fromtimestamp(float(header), UTC),
    )
    return Checker(secret).verify(got[1], got[0])


def test_what_a_query_finds_is_told_signed_and_within_policy(
    node: Node, friend: httpx.Client, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(node, indicator(1, tlp=TLP.GREEN))  # before there was a hook
    made = _made(friend, receiver)
    _keep(node, indicator(2, tlp=TLP.GREEN), indicator(3, tlp=TLP.RED))
    _dispatch(node, receiver)
    assert len(receiver.got) == 1
    told = _checked(monkeypatch, made["secret"], receiver.got[0])
    assert [each["object"]["id"] for each in told["data"]["items"]] == [indicator(2)["id"]]
    with pytest.raises(WebhookVerificationError):
        Checker(made["secret"]).verify(receiver.got[0][1] + b" ", receiver.got[0][0])
    log = friend.get(f"{HOOKS}/{made['id']}/deliveries").json()["items"]
    assert [(each["state"], each["attempts"], each["objects"]) for each in log] == [("delivered", 1, 1)]
    assert friend.get(HOOKS).json()["items"][0]["secret"] is None
    with node.store.connection() as connection:
        handed = [receipts.of_object(connection, indicator(each)["id"]) for each in (1, 2, 3)]
    assert [[(each.action, each.target) for each in found] for found in handed] == [
        [],
        [("webhook", made["id"])],
        [],
    ]
    _dispatch(node, receiver)
    assert len(receiver.got) == 1


def test_what_may_not_go_any_more_does_not(
    node: Node, friend: httpx.Client, receiver: Receiver, clock: Clock
) -> None:
    made = _made(friend, receiver)
    receiver.status = 503
    _keep(node, indicator(2, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    assert len(receiver.got) == 1
    with node.store.transaction() as connection:
        circle = organisations.community(connection, "circle")
        organisations.leave(connection, circle, FRIEND)
    clock.now += (PAUSES[0] + 1) * 1_000_000
    _dispatch(node, receiver)
    assert len(receiver.got) == 1
    assert "nothing" in friend.get(f"{HOOKS}/{made['id']}/deliveries").json()["items"][0]["said"]


def test_a_receiver_that_fails_is_tried_again_and_then_given_up(
    node: Node, friend: httpx.Client, receiver: Receiver, clock: Clock
) -> None:
    made = _made(friend, receiver)
    receiver.status = 500
    _keep(node, indicator(2, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    for pause in PAUSES:
        seen = len(receiver.got)
        clock.now += (pause - 2) * 1_000_000
        _dispatch(node, receiver)
        assert len(receiver.got) == seen  # not before its time
        clock.now += 4_000_000
        _dispatch(node, receiver)
        assert len(receiver.got) == seen + 1
    path = f"{HOOKS}/{made['id']}/deliveries"
    delivery = friend.get(path).json()["items"][0]
    assert (delivery["state"], delivery["attempts"]) == ("failed", len(PAUSES) + 1)
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    receiver.status = 200
    assert friend.post(f"{path}/{delivery['id']}/replay").status_code == 201
    _dispatch(node, receiver)
    assert friend.get(path).json()["items"][0]["state"] == "delivered"
    assert receiver.got[-1][0]["webhook-id"] == receiver.got[0][0]["webhook-id"]


def test_after_a_rotation_both_secrets_hold_for_a_day(
    node: Node, friend: httpx.Client, receiver: Receiver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = _made(friend, receiver)
    newer = friend.post(f"{HOOKS}/{made['id']}/rotation").json()
    _keep(node, version(2, 1, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    for secret in (made["secret"], newer["secret"]):
        _checked(monkeypatch, secret, receiver.got[-1])
    clock.now += 25 * 3_600_000_000
    _keep(node, version(2, 2, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    _checked(monkeypatch, newer["secret"], receiver.got[-1])
    with pytest.raises(WebhookVerificationError):
        _checked(monkeypatch, made["secret"], receiver.got[-1])


def test_a_receiver_that_is_gone_is_left_alone(node: Node, friend: httpx.Client, receiver: Receiver) -> None:
    _made(friend, receiver)
    receiver.status = 410
    _keep(node, indicator(2, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    assert friend.get(HOOKS).json()["items"][0]["enabled"] is False
    _keep(node, indicator(3, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    assert len(receiver.got) == 1


def test_redirects_are_not_followed(node: Node, friend: httpx.Client, receiver: Receiver) -> None:
    made = _made(friend, receiver)
    receiver.status = 307
    _keep(node, indicator(2, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    assert friend.get(f"{HOOKS}/{made['id']}/deliveries").json()["items"][0]["said"].startswith("307")
    assert len(receiver.got) == 1


def test_hooks_go_where_the_operator_says_and_nowhere_else(friend: httpx.Client, receiver: Receiver) -> None:
    port = receiver.server_address[1]
    for url in (
        "http://169.254.169.254/latest/meta-data/",
        f"http://127.0.0.1:{port + 1}/",
        f"http://localhost:{port}/",
        f"http://x@127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}@evil.example/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "https://[::1]/",
        "//x",
        f"http://127.0.0.1:{port}\\@evil.example/",
        f"http://127.0.0.1:{port}/ x",
    ):
        assert friend.post(HOOKS, json={"url": url}).status_code == 422, url
    assert friend.get(HOOKS).json()["items"] == []


def test_hooks_of_others_are_not_there(node: Node, friend: httpx.Client, receiver: Receiver) -> None:
    made = _made(friend, receiver)
    with node.client("stranger", **{"Content-Type": "application/json"}) as other:
        nothing = str(uuid.uuid4())
        for method, tail in (("GET", "/deliveries"), ("POST", "/rotation"), ("DELETE", "")):
            one, two = (other.request(method, f"{HOOKS}/{each}{tail}") for each in (made["id"], nothing))
            assert one.status_code == two.status_code == 404
            assert one.content == two.content
        assert other.get(HOOKS).json()["items"] == []
    assert friend.delete(f"{HOOKS}/{made['id']}").status_code == 200
    assert friend.get(HOOKS).json()["items"] == []


def test_a_disabled_account_is_told_nothing(node: Node, friend: httpx.Client, receiver: Receiver) -> None:
    _made(friend, receiver)
    with node.store.connection() as connection:
        accounts.disable(connection, "friend")
    _keep(node, indicator(2, tlp=TLP.GREEN))
    _dispatch(node, receiver)
    assert receiver.got == []


def test_origins_are_checked_when_the_node_starts() -> None:
    assert wire.origins(" https://a.example/x , http://127.0.0.1:80/") == (
        "https://a.example",
        "http://127.0.0.1",
    )
    with pytest.raises(ConfigError):
        wire.origins("http://a.example")
    with pytest.raises(ExchangeError):
        wire.require_allowed("https://b.example/", ("https://a.example",))
    assert wire.secret_text(b"x" * 32).startswith("whsec_")


def test_a_hook_is_made_from_the_facet_bar_and_watched_over(node: Node, receiver: Receiver) -> None:
    with node.browser("friend") as friend:
        query = "type:indicator tlp:green"
        found = friend.get("/search", params={"q": query}).text
        assert (
            "/subscriptions?q=type%3Aindicator+tlp%3Agreen" in found
            or "/subscriptions?q=type%3Aindicator%20tlp%3Agreen" in found
        )
        wrong = friend.post("/subscriptions", data={"url": "https://elsewhere.example/", "query": query})
        assert wrong.status_code == 422
        assert "https://elsewhere.example/" in wrong.text
        made = friend.post("/subscriptions", data={"url": f"{receiver.origin}/in", "query": query})
        assert made.status_code == 200, made.text
        assert made.headers["cache-control"] == "no-store"
        assert "whsec_" in made.text
        assert "whsec_" not in friend.get("/subscriptions").text
        hook = re.findall(r'href="/subscriptions/hooks/([0-9a-f-]+)"', made.text)[0]
        _keep(node, indicator(2, tlp=TLP.GREEN))
        _dispatch(node, receiver)
        assert len(receiver.got) == 1
        log = friend.get(f"/subscriptions/hooks/{hook}").text
        assert "delivered" in log
        delivery = re.findall(r'name="delivery" value="([0-9a-f-]+)"', log)[0]
        assert friend.post(f"/subscriptions/hooks/{hook}", data={"delivery": delivery}).status_code == 303
        _dispatch(node, receiver)
        assert len(receiver.got) == 2
        assert "whsec_" in friend.post("/subscriptions/act", data={"webhook": hook, "do": "rotate"}).text
        assert friend.post("/subscriptions/act", data={"webhook": hook, "do": "x"}).status_code == 422
        with node.browser("stranger") as stranger:
            assert hook not in stranger.get("/subscriptions").text
            assert stranger.get(f"/subscriptions/hooks/{hook}").status_code == 404
            assert (
                stranger.post("/subscriptions/act", data={"webhook": hook, "do": "remove"}).status_code == 404
            )
        assert friend.post("/subscriptions/act", data={"webhook": hook, "do": "remove"}).status_code == 303
        assert friend.get(f"/subscriptions/hooks/{hook}").status_code == 404
