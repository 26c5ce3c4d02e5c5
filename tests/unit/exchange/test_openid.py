"""What is believed of a provider: the answer to this very question, signed by its key, for this node; from a hostile one nothing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tocsin.errors import ConfigError, ExchangeError, UnauthenticatedError
from tocsin.exchange.openid import Attempt, Provider, Subject

NOW = 1_790_000_000
CLIENT, SECRET, BACK = "tocsin", "s3cret/of: it", "https://node.example/sign-in/return"
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "two", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "curve"})
EDWARDS = OKPKey.generate_key("Ed25519", {"kid": "edwards", "alg": "Ed25519"})


class Idp:
    """A provider that answers as a test wants it to. `asked` holds what it was asked: method, path, headers, body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.metadata: dict[str, Any] = {
            "issuer": url,
            "authorization_endpoint": f"{url}/authorize?tenant=1",
            "token_endpoint": f"{url}/token",
            "jwks_uri": f"{url}/keys",
            "end_session_endpoint": f"{url}/end",
        }
        self.keys: list[Any] = [KEY.as_dict(private=False)]
        self.claims: dict[str, Any] = {}
        self.signed: Callable[[dict[str, Any]], str] = _sign
        self.answers: dict[str, tuple[int, bytes, dict[str, str]]] = {}

    def answer(self, path: str) -> tuple[int, bytes, dict[str, str]]:
        if path in self.answers:
            return self.answers[path]
        document: dict[str, Any] = {
            "/.well-known/openid-configuration": self.metadata,
            "/keys": {"keys": self.keys},
        }.get(path) or {"id_token": self.signed(self.claims), "access_token": "x", "token_type": "Bearer"}
        return 200, json.dumps(document).encode(), {"Content-Type": "application/json"}


class Time:
    def __init__(self) -> None:
        self.at = NOW * 1_000_000

    def __call__(self) -> int:
        return self.at


def _sign(claims: dict[str, Any], key: Any = KEY, alg: str = "RS256", **header: Any) -> str:
    protected = {"alg": alg, "kid": "one", **header}
    return jws.serialize_compact(protected, json.dumps(claims), key, algorithms=[alg])


@pytest.fixture
def idp() -> Iterator[Idp]:
    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            made.asked.append((self.command, self.path, dict(self.headers), body))
            status, content, headers = made.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 - names that http.server looks for

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Idp(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def provider(idp: Idp, time: Time) -> Provider:
    return Provider(idp.url, CLIENT, SECRET, clock=time)


def begin(idp: Idp, provider: Provider, *, fresh: bool = False) -> tuple[dict[str, str], Attempt]:
    """Begin, and let the provider answer well; return what the browser comes back with."""
    _, attempt = provider.begin(BACK, fresh=fresh)
    idp.claims = {
        "iss": idp.url,
        "sub": "248289761001",
        "aud": CLIENT,
        "exp": NOW + 300,
        "iat": NOW,
        "nonce": attempt.nonce,
    }
    if fresh:
        idp.claims["auth_time"] = NOW
    return {"state": attempt.state, "code": "c0de"}, attempt


def test_who_comes_back_is_a_pair_of_issuer_and_subject(idp: Idp, provider: Provider) -> None:
    url, attempt = provider.begin(BACK)
    asked = {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{idp.url}/authorize?tenant=1&")
    assert asked["code_challenge_method"] == "S256"
    assert (asked["scope"], asked["response_type"], asked["redirect_uri"]) == ("openid", "code", BACK)
    assert attempt.verifier not in url
    assert "prompt" not in asked
    answer, attempt = begin(idp, provider)
    assert provider.finish(attempt, answer, BACK) == Subject(idp.url, "248289761001")
    method, path, headers, body = next(each for each in idp.asked if each[1] == "/token")
    assert (method, path) == ("POST", "/token")
    assert parse_qs(body)["code_verifier"] == [attempt.verifier]
    assert SECRET not in body
    # RFC 6749 section 2.3.1: encoded as a form before Basic joins them
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"tocsin:s3cret%2Fof%3A%20it"


def test_a_fresh_proof_is_asked_for_and_checked(idp: Idp, provider: Provider) -> None:
    url, _ = provider.begin(BACK, fresh=True)
    assert "prompt=login" in url
    assert "max_age=0" in url
    answer, attempt = begin(idp, provider, fresh=True)
    assert provider.finish(attempt, answer, BACK).subject == "248289761001"
    for stale in (None, NOW - 3600):
        answer, attempt = begin(idp, provider, fresh=True)
        idp.claims["auth_time"] = stale
        with pytest.raises(UnauthenticatedError, match="not asked again"):
            provider.finish(attempt, answer, BACK)


@pytest.mark.parametrize("audience", [[CLIENT], [CLIENT, "other"]])
@pytest.mark.parametrize(
    ("key", "alg"), [(KEY, "RS256"), (KEY, "PS384"), (CURVE, "ES256"), (EDWARDS, "Ed25519")]
)
def test_tokens_of_every_kind_that_is_right_hold(
    idp: Idp, provider: Provider, audience: list[str], key: Any, alg: str
) -> None:
    answer, attempt = begin(idp, provider)
    idp.claims |= {"aud": audience, "azp": CLIENT, "exp": NOW - 30, "iat": NOW + 30.5}  # clocks differ
    idp.keys = [key.as_dict(private=False)]
    idp.signed = lambda claims: _sign(claims, key, alg, kid=key.as_dict(private=False)["kid"])
    assert provider.finish(attempt, answer, BACK).issuer == idp.url


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"nonce": "another"}, "answers another question"),
        ({"nonce": None}, "does not hold"),
        ({"aud": "another"}, "for somebody else"),
        ({"aud": []}, "for somebody else"),
        ({"aud": [CLIENT, "another"]}, "asked for by another"),
        ({"azp": "another"}, "another asked"),
        ({"exp": NOW - 61}, "expired"),
        ({"exp": "tomorrow"}, "does not hold"),
        ({"iat": NOW + 61}, "future"),
        ({"iss": "https://evil.example"}, "issuer is another"),
        ({"sub": ""}, "subject"),
        ({"sub": "a\0b"}, "subject"),
        ({"sub": "x" * 256}, "subject"),
        ({"sub": 7}, "does not hold"),
    ],
)
def test_a_token_that_says_something_else_does_not_hold(
    idp: Idp, provider: Provider, change: dict[str, Any], reason: str
) -> None:
    answer, attempt = begin(idp, provider)
    idp.claims |= change
    with pytest.raises(UnauthenticatedError, match=reason):
        provider.finish(attempt, answer, BACK)


def _part(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _unsigned(claims: dict[str, Any], header: dict[str, Any]) -> str:
    return f"{_part(json.dumps(header).encode())}.{_part(json.dumps(claims).encode())}."


def _with_secret(claims: dict[str, Any], secret: bytes) -> str:
    """A token signed with a secret that both sides know, or with what everybody knows: the public key."""
    signed = _unsigned(claims, {"alg": "HS256", "kid": "one"})[:-1]
    return f"{signed}.{_part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


@pytest.mark.parametrize(
    "signed",
    [
        lambda claims: _unsigned(claims, {"alg": "none"}),
        lambda claims: _unsigned(claims, {"alg": "RS256", "kid": "one"}),
        lambda claims: _unsigned(claims, {"alg": "nOnE", "kid": "one"}),
        lambda claims: _with_secret(claims, KEY.as_pem(private=False)),
        lambda claims: _with_secret(claims, SECRET.encode()),
        lambda claims: _sign(claims, OTHER),
        lambda claims: _sign(claims, OTHER, kid="two"),
        lambda claims: _sign(claims, OTHER, kid="one", jwk=OTHER.as_dict(private=False)),
        lambda claims: _sign(claims)[:-8] + "AAAAAAAA",
        lambda claims: _unsigned(claims, {"alg": "RS256", "kid": ["one"]}),
        lambda claims: _sign(claims, CURVE, "ES256"),
        lambda claims: "no.token",
        lambda claims: "",
        lambda claims: "a" * 200_000 + ".b.c",
    ],
)
def test_a_token_that_the_provider_did_not_sign_does_not_hold(
    idp: Idp, provider: Provider, signed: Callable[[dict[str, Any]], str]
) -> None:
    answer, attempt = begin(idp, provider)
    idp.signed = signed
    with pytest.raises(UnauthenticatedError, match="the ID token does not hold"):
        provider.finish(attempt, answer, BACK)


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{"kty": "oct", "kid": "one", "k": "AAAA"}],
        [KEY.as_dict(private=False) | {"use": "enc"}],
        [KEY.as_dict(private=False) | {"alg": "PS256"}],
        [KEY.as_dict(private=False), KEY.as_dict(private=False)],
        ["x", None, {"kty": "RSA", "kid": "one"}, {"kty": "RSA", "kid": "one", "n": 5, "e": []}],
        "x",
    ],
)
def test_a_key_set_without_the_one_right_key_proves_nothing(idp: Idp, provider: Provider, keys: Any) -> None:
    answer, attempt = begin(idp, provider)
    idp.keys = keys
    with pytest.raises(UnauthenticatedError, match="no key"):
        provider.finish(attempt, answer, BACK)


def test_a_provider_changes_its_keys_and_is_not_asked_more_than_once_a_minute(
    idp: Idp, provider: Provider, time: Time
) -> None:
    def asked() -> int:
        return sum(each[1] == "/keys" for each in idp.asked)

    answer, attempt = begin(idp, provider)
    provider.finish(attempt, answer, BACK)
    idp.keys = [OTHER.as_dict(private=False)]
    idp.signed = lambda claims: _sign(claims, OTHER, kid="two")
    for _ in range(3):
        answer, attempt = begin(idp, provider)
        with pytest.raises(UnauthenticatedError, match="no key"):
            provider.finish(attempt, answer, BACK)
    assert asked() == 1
    time.at += 61_000_000
    answer, attempt = begin(idp, provider)
    idp.claims["exp"] += 100
    assert provider.finish(attempt, answer, BACK).subject == "248289761001"
    assert asked() == 2
    # the old key is gone for good
    idp.signed = _sign
    answer, attempt = begin(idp, provider)
    with pytest.raises(UnauthenticatedError, match="no key"):
        provider.finish(attempt, answer, BACK)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"state": "another"}, "state"),
        ({"state": ""}, "state"),
        ({"iss": "https://evil.example"}, "another provider"),
        ({"error": "access_denied\x1b[2J"}, "refused: access_denied"),
        ({"code": ""}, "no code"),
        ({"code": "x" * 5000}, "no code"),
    ],
)
def test_what_a_browser_brings_back_is_checked_before_the_provider_is_asked(
    idp: Idp, provider: Provider, change: dict[str, str], reason: str
) -> None:
    answer, attempt = begin(idp, provider)
    with pytest.raises(UnauthenticatedError, match=reason) as caught:
        provider.finish(attempt, answer | change, BACK)
    assert "\x1b" not in str(caught.value)
    assert "/token" not in {each[1] for each in idp.asked}


def test_a_provider_that_says_it_names_itself_must(idp: Idp, provider: Provider) -> None:
    idp.metadata["authorization_response_iss_parameter_supported"] = True
    answer, attempt = begin(idp, provider)
    with pytest.raises(UnauthenticatedError, match="RFC 9207"):
        provider.finish(attempt, answer, BACK)
    assert provider.finish(attempt, answer | {"iss": idp.url}, BACK).issuer == idp.url


_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("/token", (400, b'{"error":"invalid_grant"}', _JSON), "does not take the code"),
        ("/token", (500, b"", {}), "answers with 500"),
        ("/token", (302, b"", {"Location": "/elsewhere"}), "answers with 302"),
        ("/token", (200, b"<html>", {}), "cannot be read"),
        ("/token", (200, b"{}", _JSON), "cannot be read"),
        ("/token", (200, b"x" * 300_000, {}), "answers badly"),
        ("/token", (200, b"", {"Content-Length": "999999999"}), "answers badly"),
        ("/token", (200, b"\x1f\x8b", {"Content-Encoding": "br"}), "answers badly"),
        ("/keys", (200, b"[" * 100_000, _JSON), "cannot be read"),
        ("/keys", (404, b"", {}), "answers with 404"),
        ("/keys", (200, b"x" * 300_000, {}), "answers badly"),
    ],
)
def test_answers_that_are_none_stop_it(
    idp: Idp, provider: Provider, path: str, answer: tuple[int, bytes, dict[str, str]], reason: str
) -> None:
    back, attempt = begin(idp, provider)
    idp.answers[path] = answer
    with pytest.raises((ExchangeError, UnauthenticatedError), match=reason):
        provider.finish(attempt, back, BACK)
    assert "/elsewhere" not in {each[1] for each in idp.asked}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"issuer": "https://evil.example"}, "says that it is"),
        ({"token_endpoint": "http://evil.example/token"}, "address that is not used"),
        ({"jwks_uri": "file:///etc/passwd"}, "address that is not used"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "address that is not used"),
        ({"end_session_endpoint": "https://user:word@idp.example/"}, "address that is not used"),
        ({"token_endpoint": None}, "cannot be read"),
        # into the network of the node: only what is where the provider itself is
        ({"token_endpoint": "http://localhost:5432/"}, "another machine, and not by its name"),
        ({"jwks_uri": "https://169.254.169.254/latest/"}, "another machine, and not by its name"),
        ({"jwks_uri": "https://[::ffff:10.0.0.1]/"}, "another machine, and not by its name"),
        ({"end_session_endpoint": "https://0x7f000001/"}, "another machine, and not by its name"),
        ({"authorization_endpoint": "https://[::1"}, "address that is not used"),
    ],
)
def test_a_provider_that_describes_itself_badly_is_not_used_and_rests(
    idp: Idp, provider: Provider, time: Time, change: dict[str, Any], reason: str
) -> None:
    good = dict(idp.metadata)
    idp.metadata |= change
    for _ in range(2):
        with pytest.raises(ExchangeError, match=reason):
            provider.begin(BACK)
    assert len(idp.asked) == 1
    idp.metadata = good
    time.at += 11_000_000
    provider.begin(BACK)


def test_a_provider_that_is_away_is_told_of(time: Time) -> None:
    gone = Provider("http://127.0.0.1:9", CLIENT, SECRET, clock=time)
    with pytest.raises(ExchangeError, match="does not answer"):
        gone.begin(BACK)


def test_signing_out_there_is_offered_where_there_is_a_place(
    idp: Idp, provider: Provider, time: Time
) -> None:
    url = provider.end_session("https://node.example/sign-in")
    assert url.startswith(f"{idp.url}/end?")
    assert parse_qs(urlsplit(url).query)["client_id"] == [CLIENT]
    del idp.metadata["end_session_endpoint"]
    assert Provider(idp.url, CLIENT, SECRET, clock=time).end_session("x") == ""


@pytest.mark.parametrize(
    ("methods", "secret", "sent"),
    [
        (["client_secret_post"], SECRET, {"client_id", "client_secret"}),
        (["client_secret_basic"], "", {"client_id"}),
    ],
)
def test_the_client_says_who_it_is_as_the_provider_wants_it(
    idp: Idp, time: Time, methods: list[str], secret: str, sent: set[str]
) -> None:
    idp.metadata["token_endpoint_auth_methods_supported"] = methods
    one = Provider(idp.url, CLIENT, secret, clock=time)
    answer, attempt = begin(idp, one)
    one.finish(attempt, answer, BACK)
    (body,) = (each[3] for each in idp.asked if each[1] == "/token")
    assert {"client_id", "client_secret"} & set(parse_qs(body)) == sent


@pytest.mark.parametrize(
    ("issuer", "client"),
    [("http://idp.example", CLIENT), ("idp.example", CLIENT), ("https://idp.example", "")],
)
def test_settings_that_cannot_work_are_refused_at_the_start(issuer: str, client: str, time: Time) -> None:
    with pytest.raises(ConfigError):
        Provider(issuer, client, SECRET, clock=time)
