from __future__ import annotations

from uuid import uuid4

import pytest

from factories import FRIEND, OWN, STRANGER
from tocsin.errors import ConflictError, NotFoundError
from tocsin.sharing.agreements import Agreement, Party, Terms
from tocsin.store import Connection, Store, agreements, labels, organisations

NOW = 1_795_000_000_000_000
HOUR = 3_600_000_000


def agreement(*parties: str, alias: str = "pact", **facts) -> Agreement:
    made = tuple(Party(each, NOW) for each in sorted(parties))
    return Agreement(uuid4(), alias, "Pact", "protect", "Act 7", facts.pop("basis_until", None), NOW, parties=made, **facts)  # fmt: skip


@pytest.fixture
def connection(store: Store):
    with store.connection() as connection:
        for each in (OWN, FRIEND, STRANGER):
            organisations.put(connection, each)
        group = organisations.add_community(connection, "c", "C")
        for each in (OWN, FRIEND, STRANGER):
            organisations.join(connection, group, each)
        yield connection


def members(connection: Connection, now: int) -> set[str]:
    return {o.name for o in organisations.everything(connection, now) if o.communities}


def test_what_is_kept_comes_back(connection: Connection) -> None:
    made = agreement(OWN.id, FRIEND.id, ends=NOW + HOUR, basis_until=NOW + 2 * HOUR, notify=True)
    agreements.add(connection, made)
    assert agreements.everything(connection) == [made]
    assert made.permitted is None
    assert agreements.get(connection, "pact") == agreements.get(connection, str(made.id)) == made
    with pytest.raises(ConflictError):
        agreements.add(connection, agreement(OWN.id))
    with pytest.raises(NotFoundError):
        agreements.get(connection, "other")


def test_only_parties_in_force_are_members_of_what_rests_on_it(connection: Connection) -> None:
    group = organisations.community(connection, "c")
    made = agreement(OWN.id, FRIEND.id, ends=NOW + HOUR)
    assert members(connection, NOW) == {"Own", "Friend", "Stranger"}
    agreements.add(connection, made)
    agreements.rest(connection, group.id, made.id)
    assert members(connection, NOW - 1) == set()
    assert members(connection, NOW) == {"Own", "Friend"}
    assert organisations.until(connection, NOW) == NOW + HOUR
    assert members(connection, NOW + HOUR) == set()
    assert organisations.until(connection, NOW + HOUR) is None
    stranger = organisations.get(connection, "Stranger", NOW)
    assert stranger.lapsed == ((str(group.id), "it is no party to the agreement 'Pact'"),)
    agreements.rest(connection, group.id, None)
    assert members(connection, NOW + HOUR) == {"Own", "Friend", "Stranger"}


def test_where_our_own_part_ends_nobody_is_a_member(connection: Connection) -> None:
    made = agreement(OWN.id, FRIEND.id)
    agreements.add(connection, made)
    agreements.rest(connection, organisations.community(connection, "c").id, made.id)
    agreements.leave(connection, made, OWN.id, NOW + HOUR)
    assert members(connection, NOW + HOUR - 1) == {"Own", "Friend"}
    assert members(connection, NOW + HOUR) == set()
    (_, why), *_ = organisations.get(connection, "Friend", NOW + HOUR).lapsed
    assert why.startswith("this node's organisation is not in it: it left")


def test_withdrawal_renewal_leaving_and_entering_again(connection: Connection) -> None:
    made = agreement(OWN.id, FRIEND.id)
    agreements.add(connection, made)
    agreements.rest(connection, organisations.community(connection, "c").id, made.id)
    agreements.withdraw(connection, made, NOW + 1)
    assert members(connection, NOW + 1) == set()
    agreements.renew(connection, made, ends=NOW + 9, basis_until=None)
    assert members(connection, NOW + 1) == {"Own", "Friend"}
    assert members(connection, NOW + 9) == set()
    agreements.leave(connection, made, FRIEND.id, NOW + 2)
    assert members(connection, NOW + 2) == {"Own"}
    agreements.notified(connection, made, FRIEND.id, NOW + 3)
    agreements.enter(connection, made.id, FRIEND.id, NOW + 4)
    assert agreements.get(connection, "pact").party(FRIEND.id) == Party(FRIEND.id, NOW + 4)
    agreements.enter(connection, made.id, FRIEND.id, NOW + 5)
    assert agreements.get(connection, "pact").party(FRIEND.id) == Party(FRIEND.id, NOW + 4), "it was in it"
    for change in (agreements.leave, agreements.notified):
        with pytest.raises(NotFoundError):
            change(connection, made, STRANGER.id, NOW)


def test_every_change_raises_the_generation(connection: Connection) -> None:
    made = agreement(OWN.id)
    group = organisations.community(connection, "c")
    before = labels.generation(connection)
    for change in (
        lambda: agreements.add(connection, made),
        lambda: agreements.rest(connection, group.id, made.id),
        lambda: agreements.enter(connection, made.id, FRIEND.id, NOW),
        lambda: agreements.notified(connection, made, FRIEND.id, NOW),
        lambda: agreements.leave(connection, made, FRIEND.id, NOW),
        lambda: agreements.withdraw(connection, made, NOW),
        lambda: agreements.renew(connection, made, ends=None, basis_until=None),
    ):
        change()
        after = labels.generation(connection)
        assert after > before
        before = after


def test_what_it_says_of_actions_is_what_decisions_get(connection: Connection) -> None:
    group = organisations.community(connection, "c")
    said = agreement(OWN.id, permitted=("match", "block"), closed=True)
    agreements.add(connection, said)
    assert agreements.everything(connection) == [said]
    assert labels.definitions(connection).terms(str(group.id)) is None
    agreements.rest(connection, group.id, said.id)
    assert labels.definitions(connection).terms(str(group.id)) == Terms(
        "Pact", ("match", "block"), closed=True
    )
    silent = agreement(OWN.id, alias="silent")
    agreements.add(connection, silent)
    agreements.rest(connection, group.id, silent.id)
    assert labels.definitions(connection).terms(str(group.id)) == Terms("Pact")
