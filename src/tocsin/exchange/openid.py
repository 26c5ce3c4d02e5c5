"""An OpenID provider, asked who someone is: code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207), and nothing but that.

The provider is the operator's choice and still trusted no further than it has to be: answers are bounded in size and time, no redirect is
followed, algorithms are the asymmetric ones of a list of ours, an ID token counts only if it answers this very question (nonce), and what comes
of it is a pair (issuer, subject). Names, groups and e-mail addresses are not even read. Signatures are joserfc's work.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwk, jws
from joserfc.errors import JoseError

from tocsin import __version__
from tocsin.clock import Clock, Micros
from tocsin.errors import ConfigError, ExchangeError, FormatError, LimitError, UnauthenticatedError
from tocsin.exchange import body as bodies
from tocsin.exchange.endpoint import Endpoint, check, is_name
from tocsin.exchange.sockets import Budget, Transport
from tocsin.exchange.tls import context_for

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "Ed25519",
    "EdDSA",
)
"""What an ID token may be signed with: never `none`, and never a secret that both sides know."""
_SECONDS = 5.0
_BYTES = 256 * 1024
_KEYS = 50
_PUBLIC = ("kty", "kid", "alg", "use", "n", "e", "crv", "x", "y")
_AT_ONCE = 3  # of those who come back from a slow provider, so many threads wait for it
_PATIENCE = 3.0  # seconds
_FRESH: Micros = 3_600_000_000
_AGAIN: Micros = 60_000_000
_REST: Micros = 10_000_000
_SKEW = 60  # seconds that clocks may differ
_LONGEST = 255
_CODE = 4096
_ERRORS = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError, OSError)
T = TypeVar("T")


class Attempt(msgspec.Struct, frozen=True):
    """What is kept while someone is at the provider. `fresh`: they are to show anew who they are, not before `began` (seconds)."""

    state: str
    nonce: str
    verifier: str
    began: int
    fresh: bool = False


class Subject(msgspec.Struct, frozen=True):
    """Who it is: the pair that identifies one person at one provider."""

    issuer: str
    subject: str


class _Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0 section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class _Claims(msgspec.Struct, frozen=True):
    """OpenID Connect Core 1.0 section 2; dates are seconds."""

    iss: str
    sub: str
    aud: str | tuple[str, ...]
    exp: float
    iat: float
    nonce: str = ""
    azp: str | None = None
    auth_time: float | None = None


class _Kept(msgspec.Struct, frozen=True):
    at: Micros
    value: Any


class Provider:
    """One provider, of which this node is a client. Safe to share between threads."""

    def __init__(
        self, issuer: str, client: str, secret: str, *, clock: Clock, ca: str = "", name: str = ""
    ) -> None:
        """Bind; nothing is asked yet.

        Args:
            issuer: its issuer identifier, exactly as it gives it.
            client: the id under which this node is registered there.
            secret: the password to that registration, "" for a public client.
            clock: tells the time.
            ca: PEM file of the only authorities trusted for it; "" trusts the system's.
            name: what people call it; its host name if empty.

        Raises:
            ConfigError: the issuer is no web address, or plain HTTP to another machine, or there is no client id.
        """
        self._endpoint = Endpoint(name="oidc_issuer", url=issuer, secret=secret or None, ca=ca or None)
        check(self._endpoint)
        if not client:
            raise ConfigError(
                "oidc_client_id is missing", hint="the provider gives it when this node is registered"
            )
        self.issuer = issuer
        self.name = name or str(urlsplit(issuer).hostname)
        self._client, self._secret, self._clock = client, secret, clock
        self._tls = context_for(self._endpoint)
        self._lock = threading.Lock()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._metadata: _Kept | None = None
        self._failed: _Kept | None = None
        self._keys: _Kept | None = None

    def begin(self, redirect_uri: str, *, fresh: bool = False) -> tuple[str, Attempt]:
        """Return where to send a browser, and what to keep until it comes back.

        Raises:
            ExchangeError: the provider cannot be asked what its addresses are.
        """
        with self._in_turn():
            found = self._described()
        attempt = Attempt(
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(32),
            secrets.token_urlsafe(48),
            self._clock() // 1_000_000,
            fresh,
        )
        digest = hashlib.sha256(attempt.verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": redirect_uri,
            "scope": "openid",
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if fresh:
            asked |= {"prompt": "login", "max_age": "0"}
        return _with_query(found.authorization_endpoint, asked), attempt

    def finish(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Subject:
        """Return who came back.

        Args:
            attempt: what `begin` gave; use it once.
            answer: the query that the browser came back with.
            redirect_uri: as in `begin`.

        Raises:
            UnauthenticatedError: what the browser or the provider says does not hold; says what.
            ExchangeError: the provider cannot be asked.
        """
        with self._in_turn():
            return self._finish(attempt, answer, redirect_uri)

    def _finish(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Subject:
        found = self._described()
        if not hmac.compare_digest(answer.get("state", "").encode(), attempt.state.encode()):
            raise UnauthenticatedError("the state is of another question")
        named = answer.get("iss")
        if named != self.issuer and (
            named is not None or found.authorization_response_iss_parameter_supported
        ):
            raise UnauthenticatedError("another provider answered (RFC 9207)")
        if "error" in answer:
            raise UnauthenticatedError(f"the provider refused: {self._endpoint.redact(answer['error'])}")
        code = answer.get("code", "")
        if not 0 < len(code) <= _CODE:
            raise UnauthenticatedError("there is no code in the answer")
        return self._verified(self._redeem(found, code, attempt, redirect_uri), attempt)

    def end_session(self, return_to: str) -> str:
        """Return where a browser signs out of the provider (OpenID Connect RP-Initiated Logout 1.0), "" where it has no such place.

        Raises:
            ExchangeError: the provider cannot be asked.
        """
        with self._in_turn():
            found = self._described()
        if not found.end_session_endpoint:
            return ""
        asked = {"client_id": self._client, "post_logout_redirect_uri": return_to}
        return _with_query(found.end_session_endpoint, asked)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._room.acquire(timeout=_PATIENCE):
            raise ExchangeError("the provider is slow, and others wait for it", hint="try again later")
        try:
            yield
        finally:
            self._room.release()

    def _redeem(self, found: _Metadata, code: str, attempt: Attempt, redirect_uri: str) -> str:
        """Trade the code for an ID token (RFC 6749 section 4.1.3)."""
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {}
        if self._secret and "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            pair = f"{quote(self._client, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            fields["client_id"] = self._client
            if self._secret:
                fields["client_secret"] = self._secret
        status, raw = self._ask("POST", found.token_endpoint, fields, headers)
        if 400 <= status < 500:
            raise UnauthenticatedError(f"the provider does not take the code ({status})")
        return self._read(status, raw, found.token_endpoint, _Tokens).id_token

    def _verified(self, token: str, attempt: Attempt) -> Subject:
        """Return whom an ID token names (OpenID Connect Core 1.0 section 3.1.3.7)."""
        try:
            signed = jws.deserialize_compact(token, self._key_for(token), algorithms=list(ALGORITHMS))
            claims = msgspec.json.decode(signed.payload or b"", type=_Claims)
        except (JoseError, msgspec.MsgspecError, ValueError, TypeError, RecursionError) as error:
            raise UnauthenticatedError(f"the ID token does not hold: {error}"[:200]) from None
        now = self._clock() / 1_000_000
        audience = (claims.aud,) if isinstance(claims.aud, str) else claims.aud
        wrong = (
            ("its issuer is another", claims.iss != self.issuer),
            ("it is for somebody else", self._client not in audience),
            ("it is for several and was asked for by another", len(audience) > 1 and claims.azp is None),
            ("another asked for it", claims.azp not in {None, self._client}),
            ("it has expired", not claims.exp > now - _SKEW),
            ("it is from the future", not claims.iat < now + _SKEW),
            ("it answers another question", not _same(claims.nonce, attempt.nonce)),
            ("its subject cannot be", not 0 < len(claims.sub) <= _LONGEST or "\0" in claims.sub),
            ("the person was not asked again", attempt.fresh and not _since(claims.auth_time, attempt.began)),
        )
        for reason, so in wrong:
            if so:
                raise UnauthenticatedError(f"the ID token does not hold: {reason}")
        return Subject(claims.iss, claims.sub)

    def _key_for(self, token: str) -> jwk.Key:
        """Return the provider's key that an ID token says it was signed with; keys it does not know are asked for again, once a minute at most."""
        header = jws.extract_compact(token.encode()).headers()
        algorithm, identifier = header.get("alg"), header.get("kid")
        if algorithm not in ALGORITHMS:
            raise ValueError(f"the algorithm {str(algorithm)[:20]!r} is not taken")
        for oldest in (self._clock() - _FRESH, self._clock() - _AGAIN):
            keys = self._known_keys(oldest)
            fitting = [key for key in keys if _fits(key, str(algorithm))]
            if identifier is not None:
                fitting = [key for key in fitting if key.as_dict(private=False).get("kid") == identifier]
            if len(fitting) == 1:
                return fitting[0]
        raise ValueError("no key of the provider fits")

    def _known_keys(self, oldest: Micros) -> list[jwk.Key]:
        with self._lock:
            if self._keys is None or self._keys.at < oldest:
                url = self._described_here().jwks_uri
                status, raw = self._ask("GET", url)
                listed = self._read(status, raw, url, dict[str, Any]).get("keys")
                self._keys = _Kept(self._clock(), _usable(listed))
            found: list[jwk.Key] = self._keys.value
            return found

    def _described(self) -> _Metadata:
        with self._lock:
            return self._described_here()

    def _described_here(self) -> _Metadata:
        """Return what the provider says of itself, at most an hour old; the lock is held."""
        now = self._clock()
        if self._metadata is None or self._metadata.at < now - _FRESH:
            if self._failed is not None and self._failed.at > now - _REST:
                raise ExchangeError(
                    self._failed.value
                )  # strangers may ask: a provider that is away is left in peace
            try:
                self._metadata = _Kept(now, self._describe())
            except ExchangeError as error:
                self._failed = _Kept(now, str(error))
                raise
        described: _Metadata = self._metadata.value
        return described

    def _describe(self) -> _Metadata:
        url = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        status, raw = self._ask("GET", url)
        found = self._read(status, raw, url, _Metadata)
        if found.issuer != self.issuer:
            raise ExchangeError(
                f"the provider at {self.issuer} says that it is {self._endpoint.redact(found.issuer)}",
                hint="oidc_issuer must be what the provider calls itself, to the letter",
            )
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            self._require_safe(address)
        if found.end_session_endpoint:
            self._require_safe(found.end_session_endpoint)
        return found

    def _require_safe(self, address: str) -> None:
        """Make sure that what is sent there stays between the two, over HTTPS or on this machine; and is no way into our network.

        A provider elsewhere that names this machine, or one by its number, would have us ask what only we can reach.
        """
        try:
            host = urlsplit(address).hostname or ""
        except ValueError:
            host = ""  # said below
        if host != urlsplit(self.issuer).hostname and not is_name(host):
            raise ExchangeError(
                "the provider gives an address that is not used: "
                f"{self._endpoint.redact(host)} is another machine, and not by its name"
            )
        try:
            check(
                Endpoint(name="oidc_issuer", url=urlsplit(address)._replace(query="", fragment="").geturl())
            )
        except (ConfigError, ValueError) as error:
            raise ExchangeError(
                f"the provider gives an address that is not used: {self._endpoint.redact(str(error))}"
            ) from None

    def _ask(
        self,
        method: str,
        url: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Return status and body of one answer.

        Raises:
            ExchangeError: there is none, or it is too large or damaged.
        """
        budget = Budget(time.monotonic)
        budget.start(_SECONDS)
        sent = {"Accept": "application/json", "User-Agent": f"tocsin/{__version__}", **(headers or {})}
        try:
            with (
                httpx.Client(
                    transport=Transport(self._tls, budget),
                    timeout=httpx.Timeout(_SECONDS),
                    trust_env=False,
                    follow_redirects=False,
                ) as client,
                client.stream(method, url, data=fields, headers=sent) as answer,
            ):
                declared = answer.headers.get("content-length", "")
                encoding = answer.headers.get("content-encoding", "")
                return answer.status_code, bodies.take(answer.iter_raw(), encoding, declared, _BYTES)
        except (LimitError, FormatError) as error:
            raise ExchangeError(f"{_path(url)}: the provider answers badly: {error}") from None
        except _ERRORS as error:
            said = self._endpoint.redact(f"{type(error).__name__}: {error}")
            raise ExchangeError(f"{_path(url)}: the provider does not answer: {said}") from None

    def _read(self, status: int, raw: bytes, url: str, kind: type[T]) -> T:
        if status != 200:
            raise ExchangeError(f"{_path(url)}: the provider answers with {status}")
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ExchangeError(
                f"{_path(url)}: the provider's answer cannot be read: {error}"[:300]
            ) from None


def _usable(listed: Any) -> list[jwk.Key]:
    """Return the public keys for signatures in a key set (RFC 7517); what is no such key is left out, as section 5 says."""
    found: list[jwk.Key] = []
    for each in (listed if isinstance(listed, list) else [])[:_KEYS]:
        if not isinstance(each, dict) or each.get("kty") == "oct" or each.get("use", "sig") != "sig":
            continue
        try:
            found.append(jwk.import_key({name: each[name] for name in _PUBLIC if name in each}))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return found


def _fits(key: jwk.Key, algorithm: str) -> bool:
    kinds = {"R": "RSA", "P": "RSA", "E": "OKP" if algorithm.startswith("Ed") else "EC"}
    said = key.as_dict(private=False).get("alg", algorithm)
    return key.key_type == kinds[algorithm[0]] and said == algorithm


def _since(auth_time: float | None, began: int) -> bool:
    return auth_time is not None and auth_time >= began - _SKEW


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _with_query(url: str, fields: Mapping[str, str]) -> str:
    return f"{url}{'&' if urlsplit(url).query else '?'}{urlencode(fields)}"


def _path(url: str) -> str:
    return urlsplit(url)._replace(query="", fragment="").geturl()[:200]
