"""What handlers of the REST interface share: parameters in, released documents out, and what the caller may read."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from starlette.responses import Response

from tocsin.clock import Micros, to_text
from tocsin.errors import NotFoundError
from tocsin.node.searching import Searcher
from tocsin.server.context import Call
from tocsin.server.problems import RequestError
from tocsin.server.respond import respond
from tocsin.server.taxii.access import listed
from tocsin.sharing.release import Released

S = TypeVar("S", bound=msgspec.Struct)
JSON = "application/json"
_CURSOR = re.compile(r"n([0-9a-f]{1,16})")
_ID_LENGTH = 300


def parameters(call: Call, kind: type[S]) -> S:
    """Return the query parameters of a request.

    Raises:
        RequestError: 400; one is not known, stands twice, or is not what it has to be; the message names it.
    """
    given: dict[str, str] = {}
    for name, value in call.request.query_params.multi_items():
        if name in given:
            raise RequestError(400, f"the parameter {name[:60]!r} stands twice")
        given[name] = value.replace("\0", "�")  # PostgreSQL takes no NUL, and nothing that is held has one
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise RequestError(
            400, f"query: {error}", hint="/api/v1/openapi.json describes the parameters"
        ) from None


def document(body: bytes, kind: type[S]) -> S:
    """Return the JSON document of a request.

    Raises:
        RequestError: 400 no JSON, 422 not what is expected; the message says where.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise RequestError(422, f"body: {error}", hint="/api/v1/openapi.json describes it") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(400, f"the body is no JSON: {error}"[:300]) from None


def answer(call: Call, released: Released[Any], *, status: int = 200, **headers: str) -> Response:
    """Return a released value as JSON."""
    call.rested_on(released)
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return respond(
        call.request,
        released.derive(msgspec.json.encode(released.value)),
        media_type=JSON,
        status=status,
        headers=fields,
    )


def searcher(call: Call) -> Searcher:
    """Return the searcher of this node."""
    return Searcher(call.parts.store, call.parts.clearances, ceiling=call.principal.ceiling)


def readable(call: Call) -> tuple[UUID, ...]:
    """Return the ids of the collections that the caller may read."""
    return tuple(access.collection.id for access in listed(call) if access.can_read)


def encrypted(call: Call) -> bool:
    """Return whether what goes out is protected on its way."""
    return bool(call.request.url.scheme == "https")


def object_id(call: Call) -> str:
    """Return the STIX id that the path names.

    Raises:
        NotFoundError: it cannot be one.
    """
    found: str = call.request.path_params["object"]
    if "\0" in found or len(found) > _ID_LENGTH:
        raise NotFoundError("no such object")
    return found


def next_token(cursor: Micros) -> str:
    """Return the token of the page behind `cursor`; it says nothing but the date added."""
    return f"n{cursor:x}"


def read_token(text: str) -> Micros | None:
    """Return the cursor that a token means; None for "".

    Raises:
        RequestError: 400; it is none of ours.
    """
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise RequestError(
            400, f"the cursor {text[:40]!r} is none of ours", hint="take `next` from the page before"
        )
    return min(int(found[1], 16), (1 << 63) - 1)


def moment_text(at: Micros) -> str:
    """Return a moment as STIX writes it: three digits, or six where that would lose something."""
    text = to_text(at)
    return f"{text[:-4]}Z" if text.endswith("000Z") else text
