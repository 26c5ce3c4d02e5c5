"""The claim of the first administrator: the one-time code from the console against an account and its token."""

from __future__ import annotations

import re

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.errors import UnauthenticatedError
from tocsin.server.auth import address_of
from tocsin.server.context import Parts
from tocsin.server.health import JSON
from tocsin.server.problems import RequestError
from tocsin.server.respond import describe, respond
from tocsin.store import accounts
from tocsin.store.journal import Entry

LIMIT = 4096  # bytes of a claim
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,62}", re.ASCII)


class _Claim(msgspec.Struct):
    code: str
    name: str


def claim(parts: Parts, request: Request, body: bytes) -> Response:
    """Make the first administrator's account and hand out its token, this once.

    Raises:
        RequestError: 400, not the JSON that is needed; 429, this address failed too often.
        UnauthenticatedError: the code does not hold; never says why.
        ConflictError: there is an account of this name.
    """
    try:
        wanted = msgspec.json.decode(body, type=_Claim)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise RequestError(400, 'send {"code": "...", "name": "..."}') from None
    if not _NAME.fullmatch(wanted.name):
        raise RequestError(400, "name: up to 63 letters, digits and any of _ . @ -, a letter or digit first")
    address = address_of(request)
    patience = parts.authenticator.patience
    patience.require(address)
    own = parts.clearances.snapshot.own
    now = parts.store.clock()
    outcome = "401"
    try:
        with parts.store.connection() as connection:
            secret = accounts.claim(connection, wanted.code, wanted.name, own.id, now=now)
        outcome = "201"
    except UnauthenticatedError:
        patience.failed(address)
        raise
    finally:
        who = wanted.name if outcome == "201" else "nobody"
        parts.journalist.note(Entry(now, who, "claim", "/claim", outcome, {"address": address}))
    document = {"account": wanted.name, "organisation": own.id, "token": secret}
    headers = {"Cache-Control": "no-store"}
    return respond(request, describe(document), media_type=JSON, status=201, headers=headers)
