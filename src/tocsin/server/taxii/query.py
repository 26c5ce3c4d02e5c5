"""Query parameters of TAXII 2.1 (section 3.4): strict, so that a mistyped filter never answers more than was asked for."""

from __future__ import annotations

import re
from uuid import UUID

from starlette.requests import Request

from tocsin.errors import ParseError
from tocsin.server.problems import RequestError
from tocsin.stix.timestamps import to_micros
from tocsin.store.values import PageQuery

_NEXT = re.compile(r"n([0-9a-f]{1,16})", re.ASCII)
_PAGING = {"added_after", "limit", "next"}
_VALUES_AT_MOST = 1000
DELETE_AT_MOST = 10_000


def read(
    request: Request, collection: UUID, *, allowed: set[str], page_size: int, object_id: str | None = None
) -> PageQuery:
    """Return the selection that the query string asks for.

    `allowed` are the names inside `match[...]` that the endpoint takes; paging parameters always are.

    Raises:
        RequestError: 400, naming the parameter: unknown match field, twice the same, or a value that cannot be one.
    """
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in given:
            raise RequestError(400, f"{name} is given twice")
        given[name] = value
    for name in given:
        if name.startswith("match") and name not in {f"match[{field}]" for field in allowed}:
            fields = ", ".join(sorted(allowed))
            raise RequestError(
                400, f"{name:.60} is not a filter of this endpoint, which has match[...] of {fields}"
            )
    return PageQuery(
        collection=collection,
        after=max(_added_after(given.get("added_after")), _after(given.get("next"))),
        limit=_limit(given.get("limit"), page_size),
        ids=(object_id,) if object_id is not None else _values(given, "id"),
        types=_values(given, "type"),
        versions=_versions(given),
        spec_versions=_spec_versions(given),
    )


def next_token(last: int) -> str:
    """Return the opaque value of `next` for a page that ended at cursor `last`. It can be used any number of times."""
    return f"n{last:x}"


def _added_after(text: str | None) -> int:
    if text is None:
        return -1
    try:
        return to_micros(text)
    except ParseError as error:
        raise RequestError(400, f"added_after: {error}") from None


def _after(text: str | None) -> int:
    if text is None:
        return -1
    found = _NEXT.fullmatch(text)
    if found is None:
        raise RequestError(400, "next: not a value that this server gave")
    return min(int(found.group(1), 16), 2**62)


def _limit(text: str | None, page_size: int) -> int:
    if text is None:
        return page_size
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 16 or int(text) < 1:
        raise RequestError(400, f"limit: {text!r:.40} is not a whole number of at least 1")
    return min(int(text), page_size)


def _values(given: dict[str, str], field: str) -> tuple[str, ...]:
    text = given.get(f"match[{field}]")
    if text is None:
        return ()
    values = tuple(text.split(","))
    if not all(values) or len(values) > _VALUES_AT_MOST or "\0" in text:
        raise RequestError(
            400, f"match[{field}]: 1 to {_VALUES_AT_MOST} values with commas between them are needed"
        )
    return values


def _versions(given: dict[str, str]) -> tuple[str | int, ...]:
    found: list[str | int] = []
    for word in _values(given, "version"):
        if word in {"first", "last", "all"}:
            found.append(word)
            continue
        try:
            found.append(to_micros(word))
        except ParseError as error:
            raise RequestError(400, f"match[version]: {error}") from None
    if "all" in found and len(found) > 1:
        raise RequestError(400, "match[version]: all stands alone")
    return tuple(found) or ("last",)


def _spec_versions(given: dict[str, str]) -> tuple[str, ...]:
    found = _values(given, "spec_version")
    for word in found:
        if not re.fullmatch(r"\d+\.\d+", word, re.ASCII):
            raise RequestError(400, f"match[spec_version]: {word!r:.40} is not a version such as 2.1")
    return found
