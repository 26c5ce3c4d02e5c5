"""An account is bound to a pair of issuer and subject, and found by nothing else."""

from __future__ import annotations

import pytest

from factories import FRIEND, settle
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.store import Store, accounts, identities
from tocsin.store.accounts import Account

IDP = "https://idp.example"


def test_both_of_the_pair_have_to_fit(store: Store) -> None:
    settle(store)
    with store.connection() as connection:
        for name in ("ann", "ben"):
            accounts.add(connection, Account(name, FRIEND.id))
        identities.bind(connection, "ann", IDP, "1", now=1)
        assert identities.recognise(connection, IDP, "1", now=5) == "ann"
        for issuer, subject in ((IDP, "2"), (f"{IDP}/", "1"), ("https://other.example", "1"), (IDP, "1\0")):
            assert identities.recognise(connection, issuer, subject, now=5) is None
        with pytest.raises(ConflictError):
            identities.bind(connection, "ben", IDP, "1", now=1)
        for account, issuer, subject in (("ann", "idp", "1"), ("ann", IDP, ""), ("ann", IDP, "x" * 256)):
            with pytest.raises(InputError):
                identities.bind(connection, account, issuer, subject, now=1)
        with pytest.raises(NotFoundError):
            identities.bind(connection, "nobody", IDP, "3", now=1)
        with pytest.raises(NotFoundError):
            identities.unbind(connection, "ben", IDP, "1")
        assert [(each.subject, each.used) for each in identities.of(connection, "ann")] == [("1", 5)]
        accounts.disable(connection, "ann")
        assert identities.recognise(connection, IDP, "1", now=6) is None
