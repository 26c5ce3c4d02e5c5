"""The TAXII 2.1 client: what can be asked of a peer, one method for each endpoint of the specification.

Addresses come from what the operator configured, from discovery (section 4.1) and from ids that the peer names; the wire
refuses every one that is not of the peer's origin. Every path ends with a slash, as the specification writes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar
from urllib.parse import quote, urljoin

import msgspec

from tocsin.clock import Micros
from tocsin.errors import ExchangeError, LimitError, NotFoundError
from tocsin.exchange.taxii import resources
from tocsin.exchange.taxii.resources import Entry, Envelope, Root, Status, moment
from tocsin.exchange.wire import Answer, Decode, Failure, Wire
from tocsin.sharing.release import Released

T = TypeVar("T")

_ROOTS = 50
_COLLECTIONS = 10_000
_PAGES = 10_000


class Collection(msgspec.Struct, frozen=True):
    """A collection at a peer.

    Attributes:
        id, alias, title, description: as the peer names it.
        can_read, can_write: what our account there may.
        url: its address, with a slash at the end.
        root: the address of its API root.
        most: bytes that an envelope may have there; None when the peer does not say.
        exact: the peer vouches that dates added are unique and rise in the order objects become visible.
    """

    id: str
    alias: str
    title: str
    description: str
    can_read: bool
    can_write: bool
    url: str
    root: str
    most: int | None
    exact: bool

    def answers_to(self, name: str) -> bool:
        """Whether `name` is its id, alias, title or address."""
        return name in {self.id, self.alias, self.title, self.url, self.url.rstrip("/")}


class Page(msgspec.Struct, frozen=True):
    """One page of objects as it came.

    `first` and `last` are the dates added of X-TAXII-Date-Added-First/Last in µs, None when absent or unreadable;
    `date` is the peer's clock (HTTP `Date`), `received` the bytes on the wire.
    """

    envelope: Envelope
    first: Micros | None
    last: Micros | None
    date: str | None
    received: int


class Found(msgspec.Struct, frozen=True):
    """What discovery found: who answers, its API roots with their addresses, and what could not be read."""

    title: str
    roots: tuple[tuple[str, Root], ...]
    troubles: tuple[str, ...]


class Client:
    """Talks TAXII 2.1 to one peer over its wire."""

    def __init__(
        self,
        wire: Wire,
        *,
        sleep: Callable[[float], None] = time.sleep,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.wire = wire
        self._sleep = sleep
        self._ticks = ticks

    def discover(self) -> Found:
        """Read discovery, or the API root when the address is that of one.

        Raises:
            ExchangeError: the peer cannot be reached, refuses, or is no TAXII 2.1 server.
        """
        url = self.wire.endpoint.url
        raw = _value(self.wire.get(url, _keep))
        if _looks_like_root(raw):
            return Found("", ((url, self._read(resources.read_root, raw, url)),), ())
        discovery = self._read(resources.read_discovery, raw, url)
        named = dict.fromkeys([*([discovery.default] if discovery.default else []), *discovery.api_roots])
        if not named:
            raise ExchangeError(
                f"{self.wire.endpoint.name}: discovery names no API root",
                hint="our account may see none, or give the address of an API root",
            )
        roots = []
        troubles = []
        for name in list(named)[:_ROOTS]:
            address = urljoin(url, name if name.endswith("/") else f"{name}/")
            try:
                roots.append((address, _value(self.wire.get(address, resources.read_root))))
            except ExchangeError as error:
                troubles.append(str(error))
                refused = error
        if not roots:
            raise refused
        return Found(discovery.title or "", tuple(roots), tuple(troubles))

    def collections(self, found: Found | None = None) -> list[Collection]:
        """Return the collections of all API roots that our account may know of.

        Raises:
            ExchangeError: as `discover`.
        """
        listed = []
        for address, root in (found or self.discover()).roots:
            url = urljoin(address, "collections/")
            shown = self.wire.endpoint.redact
            described = _value(self.wire.get(url, resources.read_listing)).collections[:_COLLECTIONS]
            listed += [
                Collection(
                    id=c.id,
                    alias=shown(c.alias or ""),
                    title=shown(c.title),
                    description=shown(c.description or ""),
                    can_read=c.can_read,
                    can_write=c.can_write,
                    url=urljoin(url, f"{quote(c.id, safe='')}/"),
                    root=address,
                    most=root.max_content_length if (root.max_content_length or 0) > 0 else None,
                    exact=root.exact,
                )
                for c in described
                if c.id not in {"", ".", ".."}
            ]
        return listed

    def find(self, name: str, listed: list[Collection] | None = None) -> Collection:
        """Return the collection that answers to `name`.

        Raises:
            NotFoundError: none does, or several do.
            ExchangeError: as `discover`.
        """
        listed = self.collections() if listed is None else listed
        found = [c for c in listed if c.answers_to(name)]
        if len(found) == 1:
            return found[0]
        peer = self.wire.endpoint.name
        if found:
            raise NotFoundError(
                f"{peer} has {len(found)} collections called {name!r}",
                hint="use an id: " + ", ".join(c.id for c in found),
            )
        shown = ", ".join(self.wire.endpoint.redact(c.alias or c.title or c.id) for c in listed[:20])
        raise NotFoundError(
            f"{peer} has no collection {name!r}", hint=f"it has: {shown or 'none for our account'}"
        )

    def page(
        self,
        collection: Collection,
        *,
        added_after: str | None = None,
        token: str = "",
        limit: int = 1000,
        match: Mapping[str, str] | None = None,
        careful: bool = False,
    ) -> Page | Failure:
        """Ask for a page of objects (section 5.4), oldest addition first.

        Args:
            collection: where.
            added_after: RFC 3339; only what was added later.
            token: the `next` of the page before, under the same filters.
            limit: most objects.
            match: further filters, such as {"match[type]": "indicator"}.
            careful: see `Wire.get`.
        """
        params = dict(match or {}) | {"limit": str(limit)}
        if added_after:
            params["added_after"] = added_after
        if token:
            params["next"] = token
        answer = self.wire.get(
            urljoin(collection.url, "objects/"), resources.read_envelope, params=params, careful=careful
        )
        if isinstance(answer, Failure):
            return answer
        headers = answer.headers
        return Page(
            envelope=answer.value,
            first=moment(headers.get("x-taxii-date-added-first")),
            last=moment(headers.get("x-taxii-date-added-last")),
            date=headers.get("date"),
            received=answer.received,
        )

    def manifest(
        self, collection: Collection, *, added_after: str | None = None, limit: int = 1000
    ) -> Iterator[Entry]:
        """Yield the manifest (section 5.3), page by page.

        Raises:
            ExchangeError: the peer fails, or leads in circles.
        """
        params = {"limit": str(limit)} | ({"added_after": added_after} if added_after else {})
        seen: set[int] = set()  # of pages: a token may stay the same while pages go on
        url = urljoin(collection.url, "manifest/")
        for _ in range(_PAGES):
            found = _value(self.wire.get(url, resources.read_manifest, params=params))
            yield from found.objects
            token = "" if found.next is None else str(found.next)
            if not found.more or not token:
                return
            page = hash(tuple((e.id, e.version) for e in found.objects))
            if page in seen or not found.objects:
                raise ExchangeError(
                    f"{self.wire.endpoint.name}: the manifest of {collection.id} leads in circles"
                )
            seen.add(page)
            params["next"] = token

    def get(self, collection: Collection, stix_id: str, *, version: str = "last") -> tuple[bytes, ...]:
        """Return versions of one object (section 5.6) as raw bytes.

        Raises:
            NotFoundError: the peer has none for us.
            ExchangeError: the peer fails.
        """
        url = urljoin(collection.url, f"objects/{quote(stix_id, safe='')}/")
        return _found(self.wire.get(url, resources.read_envelope, params={"match[version]": version})).objects

    def versions(self, collection: Collection, stix_id: str) -> list[str]:
        """Return the versions of one object (section 5.8), as the peer writes them.

        Raises:
            NotFoundError: the peer has none for us.
            ExchangeError: the peer fails.
        """
        url = urljoin(collection.url, f"objects/{quote(stix_id, safe='')}/versions/")
        return _found(self.wire.get(url, resources.read_versions)).versions

    def delete(self, collection: Collection, stix_id: str, *, version: str = "all") -> None:
        """Ask the peer to delete versions of one object (section 5.7).

        Raises:
            NotFoundError: the peer has none for us.
            ExchangeError: the peer refuses or fails.
        """
        url = urljoin(collection.url, f"objects/{quote(stix_id, safe='')}/")
        _found(self.wire.delete(url, params={"match[version]": version}))

    def add(self, collection: Collection, envelope: Released[bytes], *, patience: float = 120.0) -> Status:
        """Add an envelope of objects (section 5.5) and wait until the peer has dealt with each of them.

        Args:
            collection: where; our account must be allowed to write.
            envelope: `{"objects":[...]}`, released to the peer's organisation.
            patience: seconds to wait for the end.

        Raises:
            LimitError: the peer takes smaller envelopes only.
            ExchangeError: the peer refuses, fails, or does not come to an end.
        """
        if collection.most is not None and len(envelope.value) > collection.most:
            raise LimitError(f"{len(envelope.value):,} bytes; the peer takes {collection.most:,}")
        answer = self.wire.post(urljoin(collection.url, "objects/"), envelope, resources.read_status)
        if isinstance(answer, Failure) and answer.status == 413:
            raise LimitError(answer.message)
        status = _value(answer)
        until = self._ticks() + patience
        pause = 0.05
        while not status.complete:
            if self._ticks() >= until:
                raise ExchangeError(
                    f"{self.wire.endpoint.name}: an addition is still pending after {patience:.0f} s "
                    f"({status.pending_count} objects)",
                    hint="push again later: what arrived twice is kept once",
                )
            self._sleep(pause)
            pause = min(pause * 2, 2.0)
            status = self.status(collection, status.id)
        return status

    def status(self, collection: Collection, identifier: str) -> Status:
        """Return how far an addition is (section 4.3).

        Raises:
            ExchangeError: the peer fails or has forgotten it.
        """
        url = urljoin(collection.root, f"status/{quote(identifier, safe='')}/")
        return _value(self.wire.get(url, resources.read_status))

    def _read(self, decode: Decode[T], raw: bytes, url: str) -> T:
        try:
            return decode(raw)
        except (ValueError, RecursionError) as error:
            said = self.wire.endpoint.redact(str(error))
            raise ExchangeError(f"{self.wire.endpoint.name}: {url} is no TAXII resource: {said}") from error


def _keep(raw: bytes) -> bytes:
    msgspec.json.decode(raw, type=dict)  # damaged on the way? then it is asked for again
    return raw


def _looks_like_root(raw: bytes) -> bool:
    found = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    return "api_roots" not in found and "default" not in found and "versions" in found


def _value(answer: Answer[T] | Failure) -> T:
    if isinstance(answer, Failure):
        raise answer.error()
    return answer.value


def _found(answer: Answer[T] | Failure) -> T:
    if isinstance(answer, Failure) and answer.status == 404:
        raise NotFoundError(answer.message)
    return _value(answer)
