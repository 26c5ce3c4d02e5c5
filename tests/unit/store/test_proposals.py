"""Proposals: how many somebody may make."""

from __future__ import annotations

import uuid

import pytest

from factories import FRIEND, OWN, settle
from tocsin.store import Store, accounts, proposals
from tocsin.store.accounts import Account
from tocsin.store.proposals import LIFE, Proposal, TooManyError

NOW = 1_790_000_000_000_000


def test_signing_in_again_gives_nobody_more_proposals(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """All sessions of an account count as one token; its tokens count for themselves."""
    intel = settle(store)
    monkeypatch.setattr(proposals, "OPEN_AT_MOST", 2)

    def propose(token: str, account: str = "ann") -> None:
        made = Proposal(
            *(uuid.uuid4(), NOW, NOW + LIFE, account, FRIEND.id, token, "page", "note", "x", "y"),
            *(intel.id, OWN.id, "green", "", b"{}"),
        )  # fmt: skip
        with store.transaction() as connection:
            proposals.add(connection, made)

    with store.connection() as connection:
        for name in ("ann", "bob"):
            accounts.add(connection, Account(name, FRIEND.id))
    propose("session a")
    propose("session b")
    with pytest.raises(TooManyError):
        propose("session c")
    propose("0123456789ab")
    propose("session d", "bob")
