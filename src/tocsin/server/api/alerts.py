"""Alerts and suppressions, for the node's own organisation alone: everybody else is refused in the same words, whatever there is.

What becomes of an alert is a resource of its own (`.../status`), whose entity tag stands in the alert as `tag`: further hits do not change it, a
decision does. A decision needs `If-Match` with the tag that was seen, so that nobody overwrites one that they do not know of.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.errors import ConflictError, ForbiddenError
from tocsin.node.alerting import Alerting, Told, facts
from tocsin.server.api import asking
from tocsin.server.api.objects import Limit, Nothing
from tocsin.server.api.writing import once
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.server.respond import echo, respond
from tocsin.sharing.release import Released
from tocsin.stix.timestamps import micros_or_none
from tocsin.store import alerts, journal, suppressions
from tocsin.store.idempotency import Kept
from tocsin.store.suppressions import Suppression

_Words = Annotated[str, Meta(max_length=2000)]


class AlertSelection(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which alerts."""

    status: Annotated[
        str,
        Meta(
            max_length=40, description="One or several of new, acknowledged and closed, separated by commas."
        ),
    ] = ""
    indicator: Annotated[str, Meta(max_length=300)] = ""
    limit: Limit = 50
    cursor: Annotated[str, Meta(max_length=80, description="`next` of the page before.")] = ""


class Samples(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How many hits."""

    hits: Annotated[int, Meta(ge=0, le=500, description="Most hits told.")] = 20


class AlertOrigin(msgspec.Struct, frozen=True):
    """Who shared the indicator, and how it is marked."""

    owner: str
    by: str
    tlp: str


class AlertTechnique(msgspec.Struct, frozen=True):
    """An attack pattern, by its id in ATT&CK where it has one, and by way of what it is used."""

    id: str
    name: str
    by: str


class AlertPlaybook(msgspec.Struct, frozen=True):
    """A playbook that a course of action holds (by the extension for playbooks), or refers to by a URL."""

    id: str
    standard: str
    kinds: tuple[str, ...]
    url: str


class AlertAction(msgspec.Struct, frozen=True):
    """A course of action, what it is against, and its playbooks."""

    id: str
    name: str
    description: str
    against: str
    playbooks: tuple[AlertPlaybook, ...]


class AlertHit(msgspec.Struct, frozen=True):
    """A hit: when it was found and happened, what and where in which log; `parts` are the lines that met a pattern together."""

    found: str
    value: str
    at: str | None
    file: str | None
    line: int | None
    field: str | None
    host: str | None
    parts: list[dict[str, Any]]


class AlertEntry(msgspec.Struct, frozen=True):
    """The hits of one indicator until somebody closes the alert, with what is known around it; moments are RFC 3339.

    `tag` is the entity tag of its status, for If-Match.
    """

    id: str
    tag: str
    indicator: str
    name: str
    pattern: str
    confidence: int | None
    origins: tuple[AlertOrigin, ...]
    status: str
    verdict: str
    note: str
    changed_by: str
    changed: str
    opened: str
    found: str
    first: str | None
    last: str | None
    hits: int
    beyond: int
    means: tuple[str, ...]
    techniques: tuple[AlertTechnique, ...]
    actions: tuple[AlertAction, ...]
    samples: tuple[AlertHit, ...]


class AlertPage(msgspec.Struct, frozen=True):
    """Alerts, those opened last first."""

    items: tuple[AlertEntry, ...]
    next: str | None


class StatusBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What becomes of an alert; closing needs a verdict, and nothing else has one."""

    status: Annotated[str, Meta(pattern="^(new|acknowledged|closed)$")]
    verdict: Annotated[str, Meta(pattern="^(true-positive|false-positive)?$")] = ""
    note: _Words = ""


class StatusAnswer(msgspec.Struct, frozen=True):
    """What became of an alert; `tag` as of an alert."""

    id: str
    tag: str
    status: str
    verdict: str


class SuppressionBody(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is not to be raised, why, and until when."""

    kind: Annotated[str, Meta(pattern="^(indicator|value|host|source)$")]
    value: Annotated[str, Meta(min_length=1, max_length=2000)]
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    expires: Annotated[
        str, Meta(max_length=40, description="A timestamp; without one it holds until removed.")
    ] = ""


class SuppressionEntry(msgspec.Struct, frozen=True):
    """What is not raised."""

    id: str
    kind: str
    value: str
    reason: str
    created: str
    created_by: str
    expires: str | None


class SuppressionList(msgspec.Struct, frozen=True):
    """Suppressions, newest first."""

    items: tuple[SuppressionEntry, ...]


def listing(call: Call) -> Response:
    """List alerts."""
    require_own(call)
    given = asking.parameters(call, AlertSelection)
    statuses = [each for each in given.status.split(",") if each] or None
    if unknown := sorted(set(statuses or ()) - set(alerts.STATUSES)):
        raise RequestError(
            400, f"status {unknown[0][:40]!r} is none", hint=f"one of {', '.join(alerts.STATUSES)}"
        )
    found = alerting(call).listed(
        statuses=statuses,
        indicator=given.indicator or None,
        before=_before(given.cursor),
        limit=given.limit + 1,
    )
    rows = found.value[: given.limit]
    following = (
        f"{asking.next_token(rows[-1].opened)}.{rows[-1].id}" if len(found.value) > given.limit else None
    )
    items = [_told(each) for each in rows]
    return asking.answer(call, found.derive({"items": items, "next": following}))


def one(call: Call) -> Response:
    """Show an alert with its newest hits."""
    require_own(call)
    given = asking.parameters(call, Samples)
    found = alerting(call).one(_name(call, "alert"), samples=given.hits)
    return asking.answer(call, found.derive(_told(found.value)))


def admit(call: Call) -> None:
    """Refuse a request before its body is taken in, if alerts are not for its sender to change.

    Raises:
        ForbiddenError: it is of another organisation, or its token does not permit to write.
    """
    require_own(call)
    if "taxii:write" not in call.principal.scopes:
        raise ForbiddenError("the token lacks the scope taxii:write")


def change(call: Call, body: bytes) -> Response:
    """Set what becomes of an alert.

    Raises:
        RequestError: 428 no If-Match; 412 somebody has decided since the tag that it names.
        NotFoundError: there is no such alert.
        ConflictError: it is closed, and its indicator has another open alert.
    """
    asking.parameters(call, Nothing)
    given = asking.document(body, StatusBody)
    condition = call.request.headers.get("if-match")

    def work() -> Kept:
        found = _changed(call, _name(call, "alert"), given, condition)
        call.rested_on(found)
        told = found.value
        said = StatusAnswer(told.id, _tag(told), told.status, told.verdict)
        return Kept(201, {"ETag": said.tag}, msgspec.json.encode(said))

    return once(call, body, work)


def _changed(call: Call, identifier: str, given: StatusBody, condition: str | None) -> Released[Told]:
    held = alerting(call).one(identifier, samples=0).value  # who may not know of it is told so first
    if condition is None:
        raise RequestError(428, "a decision needs If-Match", hint="with the `tag` of the alert as you saw it")
    known = condition.strip() == "*" or _tag(held) in (each.strip() for each in condition.split(","))
    if not known:
        raise _overtaken(held)
    try:
        return alerting(call).change(
            identifier,
            given.status,
            verdict=given.verdict,
            note=given.note.replace("\0", "�"),
            by=call.principal.account,
            seen=None if condition.strip() == "*" else held.changed,
        )
    except ConflictError:
        now = alerting(call).one(identifier, samples=0).value
        if now.changed != held.changed:
            raise _overtaken(now) from None
        raise


def _overtaken(held: Told) -> RequestError:
    became = f"{held.status} as {held.verdict}" if held.verdict else held.status
    return RequestError(
        412, f"somebody has decided meanwhile: it is {became}", hint="read the alert again, then decide"
    )


def _tag(told: Told) -> str:
    return f'"{asking.next_token(told.changed)}"'


def _told(told: Told) -> dict[str, Any]:
    return facts(told, asking.moment_text) | {"tag": _tag(told)}


def suppression_list(call: Call) -> Response:
    """List what is suppressed.

    Raises:
        ForbiddenError: the caller's token has a ceiling.
    """
    require_own(call)
    if call.principal.ceiling:  # it names indicators and values, whatever their marking
        raise ForbiddenError("suppressions are not for tokens with a ceiling")
    asking.parameters(call, Nothing)
    with call.parts.store.connection() as connection:
        found = suppressions.everything(connection)
    return _tell(call, SuppressionList(tuple(map(_entry, found))))


def suppress(call: Call, body: bytes) -> Response:
    """Suppress something.

    Raises:
        RequestError: 422 `expires` is no timestamp.
    """
    asking.parameters(call, Nothing)
    given = asking.document(body, SuppressionBody)
    expires = micros_or_none(given.expires) if given.expires else None
    if given.expires and expires is None:
        raise RequestError(422, "/expires: no timestamp such as 2026-12-01T08:00:00Z")

    def work() -> Kept:
        value, reason = given.value.replace("\0", "�"), given.reason.replace("\0", "�")
        made = impose(call, given.kind, value, reason, expires=expires)
        return Kept(201, {}, msgspec.json.encode(_entry(made)))

    return once(call, body, work)


def unsuppress(call: Call) -> Response:
    """Remove a suppression."""
    admit(call)
    asking.parameters(call, Nothing)
    return _tell(call, _entry(lift(call, _name(call, "suppression"))))


def impose(call: Call, kind: str, value: str, reason: str, *, expires: Micros | None) -> Suppression:
    """Suppress alerts, and return how; arguments as of `store.suppressions.add`, `expires` in µs."""
    now, by = call.parts.store.clock(), call.principal.account
    with call.parts.store.transaction() as connection:
        made = suppressions.add(connection, kind, value, reason, expires=expires, by=by, now=now)
        journal.append(connection, [journal.Entry(now, by, "alert-suppress", str(made.id), "done")])
    return made


def lift(call: Call, identifier: str) -> Suppression:
    """Remove a suppression, and return what it was.

    Raises:
        NotFoundError: there is none of this id.
    """
    now, by = call.parts.store.clock(), call.principal.account
    with call.parts.store.transaction() as connection:
        gone = suppressions.remove(connection, identifier)
        journal.append(connection, [journal.Entry(now, by, "alert-unsuppress", str(gone.id), "done")])
    return gone


def require_own(call: Call) -> None:
    """Make sure that it is the node's own organisation that asks, and may read.

    Raises:
        ForbiddenError: it is another one, or its token does not permit it.
    """
    if not call.organisation.own or call.organisation.suspended:
        raise ForbiddenError("this is for the node's own organisation")
    if "taxii:read" not in call.principal.scopes:
        raise ForbiddenError("the token lacks the scope taxii:read")


def alerting(call: Call) -> Alerting:
    """Return alerts as the caller may see them."""
    return Alerting(call.parts.store, call.parts.clearances, ceiling=call.principal.ceiling)


def _name(call: Call, name: str) -> str:
    found: str = call.request.path_params[name]
    return found.replace("\0", "")[:80]


def _before(text: str) -> tuple[Micros, UUID] | None:
    if not text:
        return None
    token, _, identifier = text.partition(".")
    try:
        beside = UUID(identifier)
    except ValueError:
        raise RequestError(
            400, "the cursor is none of ours", hint="take `next` from the page before"
        ) from None
    moment = asking.read_token(token)
    return None if moment is None else (moment, beside)


def _entry(found: Suppression) -> SuppressionEntry:
    expires = None if found.expires is None else asking.moment_text(found.expires)
    created = asking.moment_text(found.created)
    return SuppressionEntry(
        str(found.id), found.kind, found.value, found.reason, created, found.created_by, expires
    )


def _tell(call: Call, told: msgspec.Struct) -> Response:
    """Answer with the operator's own words, which hold no content of objects."""
    document = msgspec.to_builtins(told)
    return respond(call.request, echo(document, recipient=call.organisation.id), media_type=asking.JSON)
