"""The organisation's own policies: in force at once where they narrow, by two administrators where they widen."""

from __future__ import annotations

import pytest

from factories import FRIEND, OWN, STRANGER, indicator, place
from tocsin.errors import ConflictError, ForbiddenError, NotFoundError, PolicyError
from tocsin.node import policy_changes
from tocsin.node.clearances import Clearances
from tocsin.stix.markings import TLP
from tocsin.store import Store, accounts, collections, journal, objects, organisations, policies
from tocsin.store.accounts import Account, Principal
from tocsin.store.values import Origin

NOTES = '@title("t") @cite("c")'
NOT_TO_XB = {
    "xb.cedar": f'@id("not-to-xb") {NOTES} forbid (principal, action == Action::"receive", resource) when {{ principal.country == "XB" }};'
}
NOT_TO_XA = {
    "xb.cedar": NOT_TO_XB["xb.cedar"]
    .replace("XB", "XA")
    .replace("resource) when {", "resource) when { !principal.own &&")
}
NEITHER = NOT_TO_XB | {"xa.cedar": NOT_TO_XA["xb.cedar"].replace("not-to-xb", "not-to-xa")}


@pytest.fixture
def home(store: Store) -> Store:
    with store.connection() as connection:
        for each in (OWN, FRIEND, STRANGER):
            organisations.put(connection, each)
        made = collections.new("main")
        collections.add(connection, made)
        for name, organisation, administrator in (
            ("ada", OWN.id, True), ("bob", OWN.id, True), ("eve", FRIEND.id, True), ("joe", OWN.id, False),
        ):  # fmt: skip
            accounts.add(connection, Account(name, organisation, administrator))
    objects.put(
        store,
        made.id,
        [place(indicator(n, tlp=TLP.CLEAR)) for n in range(3)],
        origin=Origin(OWN.id, None, "t"),
    )
    return store


def sign(store: Store, name: str, *scopes: str) -> Principal:
    with store.connection() as connection:
        secret, _ = accounts.issue(connection, name, scopes or ("admin",), now=store.clock(), days=1)
        return accounts.authenticate(connection, secret, now=store.clock())


def reach(store: Store) -> set[str]:
    clearances = Clearances(store)
    return {o.name for o in (OWN, FRIEND, STRANGER) if clearances.get(o.id).labels}


def test_what_narrows_is_in_force_at_once_also_in_running_processes(home: Store) -> None:
    running = Clearances(home)
    assert running.get(STRANGER.id).labels
    number, found = policy_changes.propose(home, NOT_TO_XB, None)
    assert not found.widens
    assert [(r.organisation, r.gained, r.lost) for r in found.held] == [("Stranger", 0, 3)]
    running.refresh(running.snapshot.generation + 1)
    assert not running.get(STRANGER.id).labels
    assert reach(home) == {"Own", "Friend"}
    with home.connection() as connection:
        assert policies.active(connection) == NOT_TO_XB
        assert policies.get(connection, number).state == "active"
        assert [e.action for e in journal.recent(connection)][:1] == ["policy.propose"]


def test_what_widens_takes_two_administrators(home: Store) -> None:
    policy_changes.propose(home, NOT_TO_XB, None)
    for nobody in (None, sign(home, "joe", "taxii:read"), sign(home, "eve"), sign(home, "ada", "taxii:read")):
        with pytest.raises(ForbiddenError):
            policy_changes.propose(home, {}, nobody)
    number, found = policy_changes.propose(home, {}, sign(home, "ada"))
    assert found.widens
    assert [(r.organisation, r.gained, r.lost) for r in found.held] == [("Stranger", 3, 0)]
    assert reach(home) == {"Own", "Friend"}, "it waits"
    for nobody in (
        sign(home, "ada"),
        sign(home, "joe", "taxii:read"),
        sign(home, "eve"),
        sign(home, "bob", "taxii:read"),
    ):
        with pytest.raises(ForbiddenError):
            policy_changes.approve(home, number, nobody)
    assert reach(home) == {"Own", "Friend"}
    policy_changes.approve(home, number, sign(home, "bob"))
    assert reach(home) == {"Own", "Friend", "Stranger"}
    with pytest.raises(ConflictError):
        policy_changes.approve(home, number, sign(home, "bob"))


def test_what_widens_here_and_narrows_there_widens(home: Store) -> None:
    policy_changes.propose(home, NOT_TO_XB, None)
    _, found = policy_changes.propose(home, NOT_TO_XA, sign(home, "ada"))
    assert found.widens
    assert sorted((r.organisation, r.gained, r.lost) for r in found.held) == [
        ("Friend", 0, 3),
        ("Stranger", 3, 0),
    ]
    assert reach(home) == {"Own", "Friend"}


def test_a_change_proposed_before_others_came_is_not_approved(home: Store) -> None:
    policy_changes.propose(home, NOT_TO_XB, None)
    number, _ = policy_changes.propose(home, {}, sign(home, "ada"))
    policy_changes.propose(home, NEITHER, None)
    with pytest.raises(ConflictError, match="changed since"):
        policy_changes.approve(home, number, sign(home, "bob"))
    assert reach(home) == {"Own"}


def test_a_change_can_be_given_up(home: Store) -> None:
    policy_changes.propose(home, NOT_TO_XB, None)
    number, _ = policy_changes.propose(home, {}, sign(home, "ada"))
    policy_changes.withdraw(home, number)
    with pytest.raises(ConflictError):
        policy_changes.approve(home, number, sign(home, "bob"))
    with pytest.raises(ConflictError):
        policy_changes.withdraw(home, number)
    with pytest.raises(NotFoundError):
        policy_changes.withdraw(home, 99)


@pytest.mark.parametrize(
    "texts", [{"a.cedar": "nonsense"}, {"a.cedar": f'@id("a") {NOTES} permit (principal, action, resource);'}]
)
def test_what_is_no_policy_or_permits_changes_nothing(home: Store, texts: dict[str, str]) -> None:
    with pytest.raises(PolicyError):
        policy_changes.propose(home, texts, sign(home, "ada"))
    with home.connection() as connection:
        assert policies.everything(connection) == []
    assert reach(home) == {"Own", "Friend", "Stranger"}
