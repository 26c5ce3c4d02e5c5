"""Drives the real client against `hostile.Peer` and keeps what a node would keep."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hostile import TOKEN, Peer

from tocsin.errors import ExchangeError
from tocsin.exchange.backoff import Patience
from tocsin.exchange.endpoint import Endpoint, check
from tocsin.exchange.taxii.chain import Bounds, Chain, Position
from tocsin.exchange.taxii.client import Client
from tocsin.exchange.wire import Limits, Wire

ORGANISATION = "identity--00000000-0000-4000-8000-000000000001"


def wire_for(peer: Peer, *, sleeps: list[float] | None = None, **changes: Any) -> Wire:
    """Return a wire to `peer` that does not really sleep, with small limits."""
    limits = {
        "connect": 2.0,
        "read": 2.0,
        "total": 5.0,
        "body": 4_000_000,
        "patience": Patience(attempts=4, base=1.0),
    }
    endpoint = {"name": "peer", "url": peer.url, "organisation": ORGANISATION, "secret": TOKEN}
    for name, value in changes.items():
        (limits if name in limits else endpoint)[name] = value
    waited = sleeps if sleeps is not None else []
    return Wire(
        check(Endpoint(**endpoint)),
        limits=Limits(**limits),
        clock=lambda: peer.now,
        sleep=waited.append,
        dice=lambda: 0.5,
    )


@dataclass
class Reader:
    """A node's memory of one remote collection: objects that are durable, and the position kept after them."""

    objects: Counter[bytes] = field(default_factory=Counter)
    position: str = ""
    pages: int = 0

    def poll(
        self, peer: Peer, *, bounds: Bounds | None = None, crash_after: int | None = None, **changes: Any
    ) -> Counter[str]:
        """Follow the collection once; return the warnings.

        `crash_after` stops after so many steps, between the objects and the position (which is then not kept).

        Raises:
            ExchangeError: as `Chain`.
        """
        with wire_for(peer, **changes) as wire:
            client = Client(wire, sleep=lambda _: None)
            collection = client.find("feed")
            chain = Chain(
                client,
                collection,
                Position.from_text(self.position),
                clock=lambda: peer.now,
                bounds=bounds or Bounds(limit=10),
            )
            for step in chain:
                self.objects.update(step.objects)
                self.pages += 1
                if crash_after is not None and step.number >= crash_after:
                    return chain.warnings
                self.position = step.position.to_text()
        return chain.warnings

    def poll_until_quiet(self, peer: Peer, *, times: int = 40, **changes: Any) -> int:
        """Poll again and again, as an operator's timer does, until a poll ends well; return how many it took."""
        for number in range(1, times + 1):
            try:
                self.poll(peer, **changes)
            except ExchangeError:
                continue
            return number
        raise AssertionError(f"no poll ended well in {times}")
