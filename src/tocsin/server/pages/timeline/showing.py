"""The timeline of a search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.node.timeline import Bucket, series_of
from tocsin.server.api import asking, objects
from tocsin.server.api.searching import Text
from tocsin.server.context import Call
from tocsin.server.pages.rendering import render
from tocsin.server.pages.view import View
from tocsin.sharing.release import Released
from tocsin.stix.timestamps import micros_or_none
from tocsin.store.search.finding import Item
from tocsin.store.search.query import parse

MOST = 1000
"""Objects that are counted, the newest."""
KINDS = 5
"""Types that have a column of their own."""
WIDTH, HEIGHT = 960, 240
_SAID = ("created", "seen")  # moments that the objects themselves have to be read for


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Of what, by which of its moments, in which steps."""

    q: Text = ""
    by: Annotated[str, Meta(pattern="^(modified|created|added|seen)$")] = "modified"
    step: Annotated[str, Meta(pattern="^(day|week|month|year|)$")] = ""

    def query(self) -> str:
        """Return the query string of the address."""
        return urlencode({name: value for name, value in msgspec.to_builtins(self).items() if value})


class _Dated(msgspec.Struct):
    """The moments that objects tell, read without all else that they say."""

    created: object = None
    last_seen: object = None
    last_observed: object = None
    published: object = None
    valid_from: object = None

    @property
    def seen(self) -> tuple[object, ...]:
        """When it was seen, those that say it best first."""
        return self.last_seen, self.last_observed, self.published, self.valid_from


class Bar(msgspec.Struct, frozen=True):
    """A step as it is drawn and told; `path` finds what is in it, "" where a search cannot."""

    bucket: Bucket
    x: float
    y: float
    width: float
    height: float
    path: str


class Timeline(msgspec.Struct, frozen=True):
    """What the page shows. `dated`: how many of `total` have such a moment; `complete` is false where there are more than are counted."""

    asked: Asked
    step: str
    bars: tuple[Bar, ...]
    kinds: tuple[str, ...]
    total: int
    dated: int
    most: int
    complete: bool


def show_timeline(view: View) -> Response:
    """Show a timeline.

    Raises:
        InputError: the query cannot be read.
    """
    asked = asking.parameters(view.call, Asked)
    found, complete = _found(view.call, asked)
    moments = [(at, item.type) for item in found.value for at in _moments(item, asked.by)]
    series = series_of(moments, asked.step)
    frequent = Counter(kind for _, kind in moments)
    kinds = tuple(sorted(frequent, key=lambda kind: (-frequent[kind], kind))[:KINDS])
    most = max((each.total for each in series.buckets), default=0)
    made = Timeline(
        asked=asked,
        step=series.step,
        bars=_bars(asked, series.buckets, most),
        kinds=kinds,
        total=len(found.value),
        dated=len(moments),
        most=most,
        complete=complete,
    )
    return render(view, "timeline/timeline.html", found.derive(made), size=(WIDTH, HEIGHT))


def _found(call: Call, asked: Asked) -> tuple[Released[list[Item]], bool]:
    query, beyond = parse(asked.q), None
    said = asked.by in _SAID
    gathered: list[Item] = []
    while True:
        found = objects.find(call, query, MOST - len(gathered), beyond, bodies=said)
        gathered += found.value.items
        if not found.value.more or len(gathered) >= MOST:
            return found.derive(gathered), not found.value.more
        beyond = gathered[-1].added


def _moments(item: Item, by: str) -> Iterator[Micros]:
    """Yield the moment of an object that is asked for, if it has it."""
    if by == "added":
        yield item.added
    elif by == "modified":
        yield item.version
    else:
        said = msgspec.json.decode(item.body, type=_Dated)
        found = said.created if by == "created" else next((at for at in said.seen if at is not None), None)
        at = micros_or_none(str(found)) if found is not None else None
        if at is not None:
            yield at


def _bars(asked: Asked, buckets: tuple[Bucket, ...], most: int) -> tuple[Bar, ...]:
    room = WIDTH / max(len(buckets), 1)
    width = min(room * 0.8, 48)
    bars = []
    for number, bucket in enumerate(buckets):
        height = round(bucket.total / most * HEIGHT, 1) if most else 0
        path = ""
        if asked.by == "modified" and bucket.total:
            terms = f"{asked.q} after:{bucket.begin} before:{bucket.end}".strip()
            path = f"/search?{urlencode({'q': terms})}"
        x = round(number * room + (room - width) / 2, 1)
        bars.append(Bar(bucket, x, round(HEIGHT - height, 1), round(width, 1), height, path))
    return tuple(bars)
