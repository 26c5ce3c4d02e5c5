"""Organisations and communities: who can be decided about, and the standing groups they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

import msgspec

from tocsin.clock import Micros, system_clock
from tocsin.errors import ConflictError, InputError, NotFoundError
from tocsin.law import transfer
from tocsin.sentence import sentence
from tocsin.sharing.agreements import Agreement, lapse, turn
from tocsin.sharing.audience import ROLES, TRUST, Organisation
from tocsin.store import agreements, embargoes
from tocsin.store.connection import Connection
from tocsin.store.embargoes import Embargo
from tocsin.store.labels import changing

_SELECT = """
SELECT o.id, o.name, o.country, o.sector, o.roles,
  array(SELECT m.community::text FROM membership m WHERE m.organisation = o.id ORDER BY 1),
  o.client, o.suspended, o.own, o.trust, o.assurances
FROM organisation o
"""
_FIELDS = (
    "id",
    "name",
    "country",
    "sector",
    "roles",
    "communities",
    "client",
    "suspended",
    "own",
    "trust",
    "assurances",
)


class Community(msgspec.Struct, frozen=True):
    """A standing group of organisations. Its member list is shown to nobody but the local operator."""

    id: UUID
    alias: str
    title: str
    members: tuple[str, ...] = ()


def put(connection: Connection, organisation: Organisation) -> None:
    """Store an organisation, new or with new facts. Its communities are changed by `join` and `leave`.

    Raises:
        ConflictError: another organisation has this name, or there is an own one already.
        InputError: a role that is none of `ROLES`, or a trust that is none of `TRUST`.
    """
    if organisation.trust not in TRUST:
        raise InputError(f"{organisation.trust!r} is no trust", hint=f"one of {', '.join(TRUST)}")
    for role in organisation.roles:
        if role not in ROLES:
            raise InputError(f"{role!r} is no role of an organisation", hint=f"one of {', '.join(ROLES)}")
    with changing(connection):
        clash = connection.execute(
            "SELECT id FROM organisation WHERE name = %s AND id <> %s", (organisation.name, organisation.id)
        ).fetchone()
        if clash:
            raise ConflictError(f"there is another organisation called {organisation.name!r}: {clash[0]}")
        if (
            organisation.own
            and connection.execute(
                "SELECT 1 FROM organisation WHERE own AND id <> %s", (organisation.id,)
            ).fetchone()
        ):
            raise ConflictError("this node has an organisation of its own already")
        connection.execute(
            "INSERT INTO organisation (id, name, country, sector, roles, client, suspended, own, trust, assurances) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
            "country = excluded.country, sector = excluded.sector, roles = excluded.roles, client = excluded.client, "
            "suspended = excluded.suspended, trust = excluded.trust, assurances = excluded.assurances",
            (
                organisation.id,
                organisation.name,
                organisation.country,
                organisation.sector,
                list(organisation.roles),
                organisation.client,
                organisation.suspended,
                organisation.own,
                organisation.trust,
                list(organisation.assurances),
            ),
        )


def everything(connection: Connection, now: Micros | None = None) -> list[Organisation]:
    """Return all organisations by name, as they stand at `now` (µs; None: by the system's clock).

    A community that rests on an agreement is among an organisation's own only while that is in force for it and for whoever runs this
    node. Whether personal data may go to it, and on which ground, is that of the law and of the agreements at that moment.
    """
    moment = system_clock() if now is None else now
    found = [_read(row) for row in connection.execute(_SELECT + " ORDER BY o.name").fetchall()]
    own = next((o for o in found if o.own), None)
    if own is None:
        return found
    resting = agreements.by_community(connection)
    every = [each for each in agreements.everything(connection) if each.transfer]
    barred = embargoes.everything(connection)
    return [
        _with_ground(_standing(each, resting, own.id, moment), own, every, barred, moment) for each in found
    ]


def until(connection: Connection, now: Micros) -> Micros | None:
    """Return the next moment at which `everything` has another answer, though nobody changes anything."""
    turns = [turn(agreement, now) for agreement in agreements.everything(connection)]
    turns += [date for each in embargoes.everything(connection) for date in each.dates() if date > now]
    found = [_read(row) for row in connection.execute(_SELECT).fetchall()]
    own = next((o for o in found if o.own), None)
    if own is not None:
        turns += [transfer.turn(_side(own), _side(each), now) for each in found if not each.own]
    return min((each for each in turns if each is not None), default=None)


def own(connection: Connection, now: Micros | None = None) -> Organisation:
    """Return the organisation that runs this node.

    Raises:
        NotFoundError: the node was never initialised.
    """
    for found in everything(connection, now):
        if found.own:
            return found
    raise NotFoundError("this node has no organisation of its own", hint="run `tocsin init`")


def get(connection: Connection, name: str, now: Micros | None = None) -> Organisation:
    """Return an organisation by id or name.

    Raises:
        NotFoundError: there is none.
    """
    for found in everything(connection, now):
        if name in (found.id, found.name):
            return found
    raise NotFoundError(f"no organisation {name!r}", hint="`tocsin organisation list` names them")


def _standing(
    organisation: Organisation, resting: Mapping[str, Agreement], own_id: str, now: Micros
) -> Organisation:
    kept, lapsed = [], []
    for community in organisation.communities:
        agreement = resting.get(community)
        why = ""
        if agreement is not None:
            why = lapse(agreement, organisation.id, now)
            ours = lapse(agreement, own_id, now)
            if not why and ours:
                why = sentence("this node's organisation is not in it: %(why)s", why=ours)
        if why:
            lapsed.append((community, why))
        else:
            kept.append(community)
    return msgspec.structs.replace(organisation, communities=tuple(kept), lapsed=tuple(lapsed))


def _with_ground(
    organisation: Organisation,
    own: Organisation,
    agreed: Sequence[Agreement],
    barred: Sequence[Embargo],
    now: Micros,
) -> Organisation:
    """Return an organisation with the ground on which personal data may go to it, and the embargo that lies on it."""
    if organisation.own:
        return msgspec.structs.replace(organisation, transfer="domestic")
    instruments = [
        (each.transfer, each.title)
        for each in agreed
        if not lapse(each, organisation.id, now) and not lapse(each, own.id, now)
    ]
    found = transfer.ground(_side(own), _side(organisation), instruments, now)
    bar = next((b for b in barred if b.country == organisation.country and b.holds(now)), None)
    return msgspec.structs.replace(
        organisation,
        transfer=found.kind,
        ground=sentence("%(ground)s (%(cite)s)", ground=found.words, cite=found.cite)
        if found.cite
        else found.words,
        embargoed="" if bar is None else bar.reason,
    )


def _side(organisation: Organisation) -> transfer.Side:
    return transfer.Side(organisation.country, organisation.roles, organisation.assurances)


def _read(row: tuple[object, ...]) -> Organisation:
    return msgspec.convert(dict(zip(_FIELDS, row, strict=True)), type=Organisation)


def add_community(
    connection: Connection, alias: str, title: str, identifier: UUID | None = None
) -> Community:
    """Make a community.

    `identifier` is given when it is another node's community, so that both mean the same.

    Raises:
        ConflictError: the alias is taken.
    """
    made = Community(identifier or uuid4(), alias, title or alias)
    with changing(connection):
        if connection.execute("SELECT 1 FROM community WHERE alias = %s", (alias,)).fetchone():
            raise ConflictError(f"there is a community {alias!r} already")
        connection.execute(
            "INSERT INTO community (id, alias, title) VALUES (%s, %s, %s)", (made.id, alias, made.title)
        )
    return made


def communities(connection: Connection) -> list[Community]:
    """Return all communities by alias."""
    rows = connection.execute(
        "SELECT c.id, c.alias, c.title, array(SELECT m.organisation FROM membership m WHERE m.community = c.id ORDER BY 1) "
        "FROM community c ORDER BY c.alias"
    ).fetchall()
    return [Community(r[0], r[1], r[2], tuple(r[3])) for r in rows]


def community(connection: Connection, name: str) -> Community:
    """Return a community by id or alias.

    Raises:
        NotFoundError: there is none.
    """
    for found in communities(connection):
        if name in {str(found.id), found.alias}:
            return found
    raise NotFoundError(f"no community {name!r}", hint="`tocsin community list` names them")


def join(connection: Connection, group: Community, organisation: Organisation) -> None:
    """Make `organisation` a member."""
    with changing(connection):
        connection.execute(
            "INSERT INTO membership (community, organisation) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (group.id, organisation.id),
        )


def leave(connection: Connection, group: Community, organisation: Organisation) -> None:
    """End a membership."""
    with changing(connection):
        connection.execute(
            "DELETE FROM membership WHERE community = %s AND organisation = %s", (group.id, organisation.id)
        )
