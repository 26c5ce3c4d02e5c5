"""Pushes to FRIEND's node, which is a fake on loopback, and keeps everything that went there."""

from __future__ import annotations

from following import wire_for
from hostile import TOKEN, Peer, serving

from factories import FRIEND
from tocsin.node import outflow
from tocsin.store import Store, peers


def pushed(store: Store, collection: str) -> tuple[list[bytes], list[dict[str, str]], dict[str, int]]:
    """Push a collection anew; return bodies, headers of what was asked, and how often each path was."""
    with serving(Peer()) as host:
        with store.transaction() as connection:
            known = {each.name for each in peers.everything(connection)}
            peer = peers.Peer("friend", host.url, FRIEND.id, secret=TOKEN)
            (peers.replace if "friend" in known else peers.add)(connection, peer)
        (report,) = outflow.push(
            store,
            "friend",
            [(collection, "feed")],
            again=True,
            open_wire=lambda endpoint: wire_for(host, name=endpoint.name, organisation=endpoint.organisation),
        )
        assert report.error == ""
        # the fake has a port of its own each time
        headers = [{k: v for k, v in each.items() if k != "Host"} for each in host.seen_headers]
        return list(host.received), headers, dict(host.requests)
