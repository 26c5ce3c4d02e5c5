"""The wire: the only HTTP client of the node. One `Wire` speaks to one peer, over one connection.

It trusts nothing that comes back: TLS is verified, redirects stay on the peer's origin, bodies are bounded while they
stream in, the whole exchange has a deadline, only TAXII media types are taken, and what a peer says is cleaned before it
is shown. What may be repeated is repeated, with full jitter, a bounded number of times.

What leaves in a body is `Released` to the peer's organisation, or it does not leave.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Generic, Self, TypeVar
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec

from tocsin import __version__
from tocsin.clock import Clock, system_clock
from tocsin.errors import ExchangeError, FormatError, LimitError, PolicyError
from tocsin.exchange import body as bodies
from tocsin.exchange.backoff import Dice, Patience, retry_after
from tocsin.exchange.endpoint import Endpoint
from tocsin.exchange.sockets import Budget, Ticks, Transport
from tocsin.exchange.tls import context_for
from tocsin.sharing.release import Released

T = TypeVar("T")
Decode = Callable[[bytes], T]

TAXII = "application/taxii+json;version=2.1"
_BUSY = {429, 503}
_BROKEN = {500, 502, 504}
_REDIRECTS = {301, 302, 303, 307, 308}
_HOPS = 3
_ERROR_BYTES = 64 * 1024
_LOG = logging.getLogger(__name__)


class Limits(msgspec.Struct, frozen=True):
    """What one request may cost.

    Attributes:
        connect: seconds to connect, TLS included.
        read: seconds without a byte.
        total: seconds for one attempt from connecting to the last byte.
        body: bytes of an unpacked answer.
        patience: see `Patience`.
    """

    connect: float = 10.0
    read: float = 30.0
    total: float = 180.0
    body: int = 64 * 1024 * 1024
    patience: Patience = Patience()


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """A usable answer: its status, headers (names in lower case), decoded body, and size on the wire in bytes."""

    status: int
    headers: Mapping[str, str]
    value: T
    received: int


class Failure(msgspec.Struct, frozen=True):
    """Why there is no usable answer.

    Attributes:
        kind: `unreachable` (nothing was sent), `tls`, `busy` (429, 503), `broken` (500, 502, 504), `lost` (sent, but the
            answer is missing, cut or no JSON), `status` (any other error status), `limit` (too large),
            `format` (not TAXII), `redirect`.
        message: what happened, for people; holds no secret.
        hint: what to do.
        status: of the answer, or 0.
        wait: seconds the peer asked to wait.
    """

    kind: str
    message: str
    hint: str = ""
    status: int = 0
    wait: float | None = None

    def error(self) -> ExchangeError:
        """Return it as an exception."""
        return ExchangeError(self.message, hint=self.hint)


class Wire:
    """A connection to one peer. Not for several threads at once; close it, or use it as a context manager.

    Attributes:
        endpoint: the peer.
        certificate: the server's certificate (DER) once something was answered over TLS.
        received: bytes of bodies on the wire; requests: sent so far; repeats: of these, repetitions.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        limits: Limits | None = None,
        clock: Clock = system_clock,
        sleep: Callable[[float], None] = time.sleep,
        dice: Dice = random.random,
        ticks: Ticks = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            ConfigError: a certificate, key or pin of the endpoint cannot be used.
        """
        self.endpoint = endpoint
        self.limits = limits or Limits()
        self._clock = clock
        self._sleep = sleep
        self._dice = dice
        self._budget = Budget(ticks)
        self._client = httpx.Client(
            transport=Transport(context_for(endpoint), self._budget),
            timeout=httpx.Timeout(self.limits.read, connect=self.limits.connect),
            trust_env=False,  # no .netrc, no proxy of the environment: who talks to whom is configured
            follow_redirects=False,
        )
        self.certificate: bytes | None = None
        self.received = 0
        self.requests = 0
        self.repeats = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(
        self,
        url: str,
        decode: Decode[T],
        *,
        params: Mapping[str, str] | None = None,
        careful: bool = False,
    ) -> Answer[T] | Failure:
        """Ask for a resource.

        Args:
            url: absolute; refused unless its origin is the peer's.
            decode: reads the body; `ValueError` from it means that the answer was damaged on the way.
            params: query.
            careful: asking twice may not give the same answer (a peer that forgets what it has handed out), so an
                answer that was lost is not asked for again.

        Raises:
            ExchangeError: the address is not the peer's.
        """
        return self._repeat("GET", url, params, None, decode, again=not careful)

    def post(self, url: str, released: Released[bytes], decode: Decode[T]) -> Answer[T] | Failure:
        """Send what was released to this peer's organisation. Repeated only when the peer has surely not taken it.

        Raises:
            PolicyError: it was released to somebody else.
            ExchangeError: the address is not the peer's.
        """
        if released.recipient != self.endpoint.organisation:
            raise PolicyError(
                f"{self.endpoint.name} belongs to {self.endpoint.organisation or 'nobody'}, and this was released "
                f"to {released.recipient}"
            )
        return self._repeat("POST", url, None, released.value, decode, again=False)

    def delete(self, url: str, *, params: Mapping[str, str] | None = None) -> Answer[None] | Failure:
        """Ask the peer to remove a resource.

        Raises:
            ExchangeError: the address is not the peer's.
        """
        return self._repeat("DELETE", url, params, None, _nothing, again=True)

    def _repeat(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        content: bytes | None,
        decode: Decode[T],
        *,
        again: bool,
    ) -> Answer[T] | Failure:
        patience = self.limits.patience
        attempt = 0
        while True:
            attempt += 1
            result = self._once(method, url, params, content, decode)
            if isinstance(result, Answer):
                return result
            worth = result.kind in {"unreachable", "busy"} or (again and result.kind in {"broken", "lost"})
            if not worth or attempt >= patience.attempts:
                return result
            pause = patience.pause(attempt, self._dice)
            if result.wait is not None:
                if result.wait > patience.longest:
                    return msgspec.structs.replace(
                        result,
                        message=f"{result.message}; it asks to come back in {result.wait:.0f} s",
                        hint="poll again later; the cursor is kept",
                    )
                pause = max(pause, result.wait)
            self.repeats += 1
            _LOG.info("%s; again in %.1f s", result.message, pause)
            self._sleep(pause)

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        content: bytes | None,
        decode: Decode[T],
    ) -> Answer[T] | Failure:
        self._budget.start(self.limits.total)
        try:
            target = str(httpx.URL(url, params=dict(params))) if params else url
        except httpx.InvalidURL as error:
            return self._broken(method, url, error)
        for _ in range(_HOPS + 1):
            self.endpoint.guard(target)
            result = self._exchange(method, target, content, decode)
            if not isinstance(result, str):
                return result
            target = urljoin(target, result)
        return self._failure("redirect", method, url, "is redirected in circles")

    def _exchange(
        self, method: str, url: str, content: bytes | None, decode: Decode[T]
    ) -> Answer[T] | Failure | str:
        """Send one request; return its answer, a failure, or where it is redirected to."""
        meter = bodies.Meter()
        response = None
        try:
            request = self._client.build_request(method, url, content=content, headers=self._headers(content))
            self.requests += 1
            response = self._client.send(request, stream=True)
            self._remember_certificate(response)
            return self._read(method, url, response, meter, decode)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ssl.SSLError) as error:
            return self._broken(method, url, error)
        finally:
            self._client.cookies.clear()
            self.received += meter.received
            if response is not None:
                response.close()

    def _remember_certificate(self, response: httpx.Response) -> None:
        """Keep the server's certificate (DER), for `peer test` to show its pin."""
        stream = response.extensions.get("network_stream")
        tls = stream.get_extra_info("ssl_object") if stream is not None else None
        if tls is not None:
            self.certificate = tls.getpeercert(True)

    def _headers(self, content: bytes | None) -> dict[str, str]:
        headers = {
            "Accept": TAXII,
            "Accept-Encoding": bodies.ACCEPTED,
            "User-Agent": f"tocsin/{__version__}",
        }
        if content is not None:
            headers["Content-Type"] = TAXII
        if authorization := self.endpoint.authorization():
            headers["Authorization"] = authorization
        return headers

    def _read(
        self, method: str, url: str, response: httpx.Response, meter: bodies.Meter, decode: Decode[T]
    ) -> Answer[T] | Failure | str:
        status = response.status_code
        if status in _REDIRECTS and "location" in response.headers:
            if method != "GET" and status not in {307, 308}:
                return self._failure(
                    "redirect", method, url, f"is answered with a redirect ({status})", status
                )
            return response.headers["location"]
        good = 200 <= status < 300
        kind = response.headers.get("content-type", "")
        if good and decode is not _nothing and not is_taxii(kind):
            return self._failure(
                "format",
                method,
                url,
                f"is answered as {self.endpoint.redact(kind) or 'nothing in particular'}, which is not TAXII 2.1",
                status,
                hint="is this the address of a TAXII 2.1 server, not of a web page or a proxy's log-in?",
            )
        try:
            raw = bodies.take(
                meter.through(response.iter_raw()),
                response.headers.get("content-encoding", ""),
                response.headers.get("content-length", "") if good else "",
                self.limits.body if good else _ERROR_BYTES,
            )
        except LimitError as error:
            if good:
                return self._failure("limit", method, url, f"is answered with too much: {error}", status)
            raw = b""
        except FormatError as error:
            if good:
                return self._failure("lost", method, url, f"is answered with a damaged body: {error}", status)
            raw = b""
        if not good:
            return self._refused(method, url, response, raw)
        try:
            value = decode(raw)
        except (ValueError, RecursionError, msgspec.DecodeError) as error:
            said = self.endpoint.redact(str(error))
            return self._failure(
                "lost", method, url, f"is answered with what is no TAXII resource: {said}", status
            )
        return Answer(status, dict(response.headers.items()), value, meter.received)

    def _refused(self, method: str, url: str, response: httpx.Response, raw: bytes) -> Failure:
        status = response.status_code
        kind = "busy" if status in _BUSY else "broken" if status in _BROKEN else "status"
        said = self.endpoint.redact(_title(raw))
        text = f"is answered with {status} {_phrase(status)}" + (f" ({said})" if said else "")
        failure = self._failure(kind, method, url, text, status, hint=_HINTS.get(status, ""))
        wait = retry_after(response.headers.get("retry-after"), self._clock())
        return msgspec.structs.replace(failure, wait=wait) if kind == "busy" else failure

    def _broken(self, method: str, url: str, error: Exception) -> Failure:
        tls = _tls_cause(error)
        if tls is not None:
            said = self.endpoint.redact(_tls_words(tls))
            return self._failure("tls", method, url, f"fails in TLS: {said}", hint=_tls_hint(tls))
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return self._failure(
                "unreachable",
                method,
                url,
                f"cannot be sent: {_reason(error) or 'no connection'}",
                hint="is the peer running, and its address right?",
            )
        if isinstance(error, httpx.TimeoutException):
            return self._failure(
                "lost", method, url, "takes too long", hint="the peer is slow or stuck; try later"
            )
        return self._failure("lost", method, url, f"is not answered to the end: {_reason(error)}")

    def _failure(
        self, kind: str, method: str, url: str, text: str, status: int = 0, *, hint: str = ""
    ) -> Failure:
        path = self.endpoint.redact(urlsplit(url).path)
        return Failure(kind, f"{self.endpoint.name}: {method} {path} {text}", hint, status)


_HINTS = {
    401: "the peer does not know our credentials: give new ones with `tocsin peer change NAME --token-stdin`",
    403: "our account at the peer may not do this: ask whoever runs it",
    404: "nothing is there, or nothing that we may know of: is the address right?",
    406: "the peer does not speak TAXII 2.1 at this address",
    413: "the peer takes smaller envelopes",
    415: "the peer does not speak TAXII 2.1 at this address",
}


def is_taxii(kind: str) -> bool:
    """Return whether a `Content-Type` is TAXII 2.1 (section 1.6.8.1); without a version it may be."""
    name, *parameters = (part.strip().lower() for part in kind.split(";"))
    versions = [
        p.partition("=")[2].strip('" ') for p in parameters if p.partition("=")[0].strip() == "version"
    ]
    return name == "application/taxii+json" and all(v == "2.1" for v in versions)


def _nothing(_raw: bytes) -> None:
    return None


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _title(raw: bytes) -> str:
    """Return what a TAXII error resource (section 3.6.1) says, "" for anything else."""
    try:
        found: Any = msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return ""
    if not isinstance(found, dict):
        return ""
    parts = [found.get("title"), found.get("description")]
    return ": ".join(p for p in parts if isinstance(p, str) and p)


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _tls_cause(error: BaseException | None) -> ssl.SSLError | None:
    for _ in range(8):
        if error is None or isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _tls_words(error: ssl.SSLError) -> str:
    # `reason` is missing from errors that were not raised by OpenSSL itself (a pin that does not fit)
    found = getattr(error, "verify_message", None) or getattr(error, "reason", None) or error.args[0]
    return str(found)


def _tls_hint(error: ssl.SSLError) -> str:
    said = f"{_tls_words(error)} {error}".lower()
    if "pinned" in said:
        return "its certificate changed, or somebody stands between: ask the peer by another way before you change --pin"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is not trusted here: give the authority's with --ca, or let the peer mend it"
    if "certificate required" in said or "certificate_required" in said or "alert" in said:
        return "the peer may want a client certificate: --client-cert and --client-key"
    if "wrong version number" in said or "record layer failure" in said:
        return "the peer does not speak TLS on this port: is it http://?"
    return "the TLS settings of the two sides do not fit"
