"""Following a remote collection page by page, so that nothing is skipped however the peer behaves.

A *chain* is one pass from a starting point to the page that says there is no more. What may be believed:

- A chain that was followed to its end has shown everything the peer had added after its start. Only then does the start of
  the next chain (`added_after`) move, and no further than is proven:
  not beyond the latest date shown; not beyond the moment the chain began, by our clock and by the peer's, whichever is
  earlier (dates that lie in the future would hide what comes later); not beyond a date that came out of order; not at all
  when a page came without dates. It never moves back.
- In the middle of a chain the place is the peer's `next` token, kept together with the chain's start. A token that changes
  with every page can be asked again. A token that stays the same is a state at the peer's side that moves when we ask
  (medallion): a lost answer is then a lost page, so such a chain is begun anew instead, and its token is never kept.
- Peers without `next` are followed by date, one microsecond short of the last, because several objects may share it.
- Servers that stamp objects before they can be seen (a slow transaction, an addition halfway through) would be overtaken:
  unless the peer vouches that its dates are exact, the last `settle` seconds are asked for again by the next chain.

So every object is seen at least once, and the store makes of the repetitions what they are: the same.
A step is handed out before its position is to be kept; keep the position after the objects are durable.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import msgspec

from tocsin.clock import Clock, Micros, to_text
from tocsin.errors import ExchangeError
from tocsin.exchange.backoff import http_date
from tocsin.exchange.taxii.client import Client, Collection, Page
from tocsin.exchange.wire import Failure

_SECOND = 1_000_000
_FUTURE = 300 * _SECOND
_DATE_STALE = 3 * _SECOND  # `Date` has whole seconds, and servers keep it for one or two
_LARGEST_LIMIT = 20_000


class Bounds(msgspec.Struct, frozen=True):
    """What one pass over a collection may cost.

    Attributes:
        limit: objects asked for in a page.
        pages: after so many pages the pass stops; the next one goes on from there.
        stuck: pages in a row with nothing that was not shown before.
        restarts: times a chain is begun anew.
        settle: seconds that are asked for again from peers whose dates are not exact.
    """

    limit: int = 1000
    pages: int = 50_000
    stuck: int = 20
    restarts: int = 5
    settle: float = 30.0


class Position(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a follower stands; times in µs. Kept as JSON text.

    Attributes:
        after: everything added up to here has been taken; None for nothing yet.
        token: `next` inside an unfinished chain.
        asked, limit: the `added_after` (when it is not `after`) and `limit` that the token belongs to.
        high: latest date in the chain; low: earliest that came out of order; last: end of the page before.
        ceiling: the moment the chain began.
        undated: a page of the chain had no usable dates.
    """

    after: Micros | None = None
    token: str = ""
    asked: Micros | None = None
    limit: int = 0
    high: Micros | None = None
    low: Micros | None = None
    last: Micros | None = None
    ceiling: Micros | None = None
    undated: bool = False

    def to_text(self) -> str:
        """Return it as it is kept."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_text(cls, text: str) -> Position:
        """Read what `to_text` wrote; what cannot be read is a new beginning, which only costs time."""
        try:
            return msgspec.json.decode(text, type=cls) if text else cls()
        except msgspec.DecodeError:
            return cls()


class Step(msgspec.Struct, frozen=True):
    """Objects to take, as raw bytes, and the position to keep once they are durable. `received` is bytes on the wire."""

    objects: tuple[bytes, ...]
    position: Position
    received: int
    number: int


class Chain:
    """One pass over a remote collection. Iterate it; `warnings` counts what was odd and borne."""

    def __init__(
        self,
        client: Client,
        collection: Collection,
        position: Position,
        *,
        clock: Clock,
        bounds: Bounds | None = None,
    ) -> None:
        """Stand at `position`, as it was kept after the last step."""
        self._client = client
        self._collection = collection
        self._clock = clock
        self._bounds = bounds or Bounds()
        self._limit = position.limit or self._bounds.limit
        self._state = position
        self._resumed = bool(position.token)
        self._tokens = {_digest(position.token.encode())} if position.token else set()
        self._moving = False  # the token stays the same while the peer's state moves
        self._shown: set[bytes] = set()
        self._stuck = 0
        self._restarts = 0
        self._began: Micros = 0
        self.warnings: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Step]:
        """Yield steps until the peer says that there is no more.

        Raises:
            ExchangeError: the peer fails or leads in circles. What was yielded before is good.
        """
        for number in range(1, self._bounds.pages + 1):
            page = self._ask()
            trouble = self._take(page)
            if trouble:
                self._state = Position(after=self._state.after)
            yield Step(page.envelope.objects, self._to_keep(), page.received, number)
            if trouble:
                raise ExchangeError(
                    f"{self._client.wire.endpoint.name}: collection {self._collection.id} {trouble}",
                    hint="what came so far is kept, and the next poll begins where this one did; tell whoever runs the peer",
                )
            if not page.envelope.more:
                if not self._resumed:
                    return
                self._begin()  # the end of an older chain may be that of a snapshot: see what came since
        self._warn(f"stopped after {self._bounds.pages:,} pages; the next poll goes on from there")

    def _ask(self) -> Page:
        while True:
            state = self._state
            asked = state.after if state.asked is None else state.asked
            if state.ceiling is None:
                self._began = self._clock()
            answer = self._client.page(
                self._collection,
                added_after=None if asked is None else to_text(asked),
                token=state.token,
                limit=self._limit,
                careful=bool(state.token) and not self._repeatable(),
            )
            if isinstance(answer, Page):
                return answer
            self._mend(answer)

    def _repeatable(self) -> bool:
        """Whether the token at hand can be asked again: it was kept from an earlier poll, or is one of several."""
        return not self._moving and (self._resumed or len(self._tokens) > 1)

    def _mend(self, failure: Failure) -> None:
        """Make a failed request one worth sending, or raise."""
        if failure.kind == "limit" and self._limit > 1:
            self._warn("a page was too large; fewer objects are asked for at once")
            self._limit = max(1, self._limit // 4)
            if self._state.token and not self._collection.exact:
                self._begin()  # elsewhere a token may be a page number, which means nothing under another limit
            return
        refused = failure.kind == "status" and failure.status in {400, 404, 410, 416, 422}
        lost = failure.kind in {"lost", "broken"} and not self._repeatable()
        if self._state.token and (refused or lost) and self._restarts < self._bounds.restarts:
            self._warn("`next` was not honoured a second time" if refused else "a page was lost on the way")
            self._restarts += 1
            self._begin()
            return
        raise failure.error()

    def _begin(self) -> None:
        """Begin a chain at the last point that is proven."""
        self._state = Position(after=self._state.after)
        self._tokens.clear()
        self._shown.clear()
        self._stuck = 0
        self._moving = self._resumed = False

    def _take(self, page: Page) -> str:
        """Move on by what the page shows; return why there is no going on, if so."""
        objects = page.envelope.objects
        if len(objects) > self._limit:
            self._warn("a page had more objects than were asked for")
        known = _digest(*objects)
        repeated = bool(objects) and known in self._shown
        self._shown.add(known)
        state = msgspec.structs.replace(self._state, ceiling=self._ceiling(page))
        if objects and not repeated:
            state = self._dates(state, page)
        if not page.envelope.more:
            self._state = Position(after=self._proven(state, state.high))
            return ""
        if repeated or not objects:
            self._warn("a page was repeated" if repeated else "an empty page says that there is more")
            self._stuck += 1
        else:
            self._stuck = 0
        self._state = state
        if self._stuck > self._bounds.stuck:
            return "leads in circles: `next` shows the same again and again"
        if page.envelope.next:
            self._by_token(page.envelope.next)
            return ""
        return self._by_date(page)

    def _ceiling(self, page: Page) -> Micros:
        if self._state.ceiling is not None:
            return self._state.ceiling
        theirs = http_date(page.date)
        return self._began if theirs is None else min(self._began, theirs + _DATE_STALE)

    def _dates(self, state: Position, page: Page) -> Position:
        """Return the state after a page with objects, as far as its dates go."""
        if page.first is None or page.last is None:
            self._warn(
                "a page came without usable dates: the next poll asks for everything since the last good one again"
            )
            return msgspec.structs.replace(state, undated=True, last=None)
        first, last = min(page.first, page.last), max(page.first, page.last)
        low = state.low
        if page.first > page.last:
            self._warn("a page ends before it begins")
            low = first if low is None else min(low, first)
        if state.last is not None and first < state.last:
            self._warn("dates go back from page to page")
            low = first if low is None else min(low, first)
        if state.after is not None and last <= state.after:
            self._warn("objects came that are older than was asked for")
        if self._in_future(state, last):
            self._warn("dates lie in the future")
        high = last if state.high is None else max(state.high, last)
        return msgspec.structs.replace(state, high=high, low=low, last=last)

    @staticmethod
    def _in_future(state: Position, date: Micros) -> bool:
        return state.ceiling is not None and date > state.ceiling + _FUTURE

    def _proven(self, state: Position, reached: Micros | None) -> Micros | None:
        """Return where the next chain may begin when everything up to `reached` was shown."""
        if state.undated or reached is None or state.ceiling is None:
            return state.after
        settle = 0 if self._collection.exact else int(self._bounds.settle * _SECOND)
        reach = min(reached, state.ceiling - settle)
        if state.low is not None:
            reach = min(reach, state.low - 1)
        return reach if state.after is None else max(state.after, reach)

    def _by_token(self, token: str) -> None:
        known = _digest(token.encode())
        if known in self._tokens:
            self._moving = True
        self._tokens.add(known)
        self._state = msgspec.structs.replace(self._state, token=token, limit=self._limit)

    def _by_date(self, page: Page) -> str:
        """Go on by date, where the peer gives no `next`; return why that cannot be, if so."""
        state = self._state
        if not page.envelope.objects or page.first is None or page.last is None:
            return "says that there is more, and gives neither `next` nor dates to go on by"
        if page.first > page.last or self._in_future(state, page.last):
            return "gives no `next`, and dates that cannot be gone on by"
        self._warn("no `next`: followed by date")
        asked = state.after if state.asked is None else state.asked
        if asked is None or page.last - 1 > asked:
            asked = page.last - 1
        elif self._limit < _LARGEST_LIMIT and len(page.envelope.objects) >= self._limit:
            self._limit *= 2  # a whole page of one date: only a longer page gets past it without skipping
        else:
            return "has more objects of one date than it gives in a page, and no `next`"
        self._state = msgspec.structs.replace(state, asked=asked, token="")
        return ""

    def _to_keep(self) -> Position:
        """Return what may be kept of the state."""
        state = self._state
        if state.token:
            return state if self._repeatable() else Position(after=state.after)
        return Position(after=self._proven(state, state.asked))

    def _warn(self, text: str) -> None:
        self.warnings[text] += 1


def _digest(*parts: bytes) -> bytes:
    found = hashlib.blake2b(digest_size=16)
    for part in parts:
        found.update(len(part).to_bytes(8, "big"))
        found.update(part)
    return found.digest()
