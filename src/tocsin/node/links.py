"""Peers as the store keeps them, and the wire to them: addresses, credentials, which collection goes where."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeAlias
from uuid import UUID

import msgspec

from tocsin.errors import ConflictError, LimitError, NotFoundError
from tocsin.exchange.endpoint import Endpoint, check
from tocsin.exchange.taxii.client import Client, Collection
from tocsin.exchange.tls import context_for, parse_pins, pins_of
from tocsin.exchange.wire import Wire
from tocsin.store import Store, collections, peers
from tocsin.store.peers import Peer, Subscription

OpenWire: TypeAlias = Callable[[Endpoint], Wire]

MIRRORED = 100
"""Most collections of a peer that are mirrored unasked."""

_ALIAS = 62
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


class Examination(msgspec.Struct, frozen=True):
    """What `peer test` found. `pin` is what `--pin` would take, for a peer with TLS."""

    peer: str
    url: str
    title: str
    collections: tuple[Collection, ...]
    troubles: tuple[str, ...]
    pin: str | None
    advice: tuple[str, ...]


def endpoint_of(peer: Peer) -> Endpoint:
    """Return where and how a peer is reached.

    Raises:
        ConfigError: its address cannot be used.
    """
    return check(
        Endpoint(
            name=peer.name,
            url=peer.url,
            organisation=peer.organisation,
            username=peer.username,
            secret=peer.secret,
            ca=peer.ca,
            certificate=peer.certificate,
            key=peer.key,
            pin=peer.pin,
            allowed=peer.allowed,
        )
    )


def checked(peer: Peer) -> Peer:
    """Return `peer` with its address in normal form, after everything that can be checked without asking it.

    Raises:
        ConfigError: its name, address, certificate, key or pin cannot be used.
        ConflictError: the name is none.
    """
    if not _NAME.fullmatch(peer.name):
        raise ConflictError(
            f"{peer.name!r} cannot name a peer",
            hint="up to 31 small letters, digits, - and _, such as csirt-alderney",
        )
    endpoint = endpoint_of(peer)
    if peer.pin:
        parse_pins(peer.pin)
    context_for(endpoint)
    return msgspec.structs.replace(peer, url=endpoint.url, allowed=endpoint.allowed)


def examine(peer: Peer, open_wire: OpenWire = Wire) -> Examination:
    """Connect to a peer and say what is there and what to do next.

    Raises:
        ExchangeError: it cannot be reached, refuses or lies; the hint says what to do.
        ConfigError: it cannot even be asked.
    """
    with open_wire(endpoint_of(peer)) as wire:
        client = Client(wire)
        found = client.discover()
        listed = client.collections(found)
        pins = pins_of(wire.certificate) if wire.certificate else None
    advice = []
    if not any(c.can_read for c in listed):
        advice.append("our account there may read no collection: ask whoever runs the peer")
    if not any(c.can_write for c in listed):
        advice.append("our account there may write to no collection, so `tocsin peer push` has nowhere to go")
    if pins and not peer.pin:
        advice.append(f"to accept this key only: tocsin peer change {peer.name} --pin {pins[0]}")
    if peer.secret is None:
        advice.append("no credentials are set: most peers want a token")
    redact = wire.endpoint.redact
    return Examination(
        peer=peer.name,
        url=peer.url,
        title=redact(found.title or found.roots[0][1].title or ""),
        collections=tuple(listed),
        troubles=found.troubles,
        pin=pins[0] if pins else None,
        advice=tuple(advice),
    )


def mirror_all(
    store: Store, peer: Peer, listed: Sequence[Collection], community: UUID | None = None
) -> list[Subscription]:
    """Tie every readable collection of a peer to one of ours, made for it; return the ties.

    The new collections have no audience of their own (or the community given), so that what arrives is not addressed to
    anybody here by accident; without a community they are shown to nobody but this node's own organisation, for their names tell who our peers are.

    Raises:
        LimitError: the peer lists more collections than are mirrored unasked; each is a table here.
    """
    readable = [remote for remote in listed if remote.can_read]
    if len(readable) > MIRRORED:
        raise LimitError(
            f"{peer.name} lists {len(readable):,} collections; up to {MIRRORED} are mirrored by themselves",
            hint=f"say which: tocsin peer subscribe {peer.name} REMOTE=LOCAL",
        )
    with store.transaction() as connection:
        taken = {c.alias: c for c in collections.everything(connection)}
        for remote in readable:
            alias = mirror_alias(peer.name, remote, set(taken))
            made = collections.new(
                alias,
                title=f"{remote.title or remote.alias or remote.id}, from {peer.name}"[:200].replace(
                    "\0", " "
                ),
                community=community,
                private=community is None,
            )
            collections.add(connection, made)
            taken[alias] = made
            peers.subscribe(connection, Subscription(peer.name, "poll", remote.id, made.id))
        return peers.subscriptions(connection, peer.name, "poll")


def mirror_alias(peer: str, remote: Collection, taken: set[str]) -> str:
    """Return a free alias for our copy of a remote collection: the peer's name, a dot, and its alias or title."""
    name = (
        re.sub(r"[^a-z0-9_-]+", "-", (remote.alias or remote.title or remote.id).lower()).strip("-")
        or remote.id
    )
    base = f"{peer}.{name}"[:_ALIAS].rstrip("-.")
    alias, number = base, 2
    while alias in taken:
        alias = f"{base[: _ALIAS - 4]}-{number}"
        number += 1
    return alias


def tie(store: Store, peer: str, direction: str, remote: str, local: str) -> Subscription:
    """Tie a remote collection, by any name it answers to, to one of ours.

    Raises:
        NotFoundError: no such collection here.
    """
    with store.transaction() as connection:
        subscription = Subscription(peer, direction, remote, collections.get(connection, local).id)
        peers.subscribe(connection, subscription)
    return subscription


def chosen(store: Store, names: Sequence[str]) -> list[Peer]:
    """Return the peers of these names, or all that are not suspended.

    Raises:
        NotFoundError: one of the names is none.
        ConflictError: one of them is suspended.
    """
    with store.connection() as connection:
        if not names:
            return [p for p in peers.everything(connection) if not p.suspended]
        found = [peers.get(connection, name) for name in dict.fromkeys(names)]
    for peer in found:
        if peer.suspended:
            raise ConflictError(f"{peer.name} is suspended", hint=f"tocsin peer resume {peer.name}")
    return found


def missing(remote: str, peer: str) -> NotFoundError:
    """Return what to say of a tie whose remote collection is gone."""
    return NotFoundError(
        f"{peer} has no collection {remote!r} any more, or not for our account",
        hint=f"`tocsin peer test {peer}` lists what it has",
    )
