"""Query parameters of TAXII 2.1 (section 3.4): strict, so that a malformed filter never answers more than was asked for."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from uuid import UUID

from starlette.requests import Request

from tocsin.errors import ParseError
from tocsin.server.problems import RequestError
from tocsin.stix.timestamps import to_micros
from tocsin.store.values import PageQuery

_NEXT = re.compile(r"n([0-9a-f]{1,16})", re.ASCII)
_SPEC_VERSION = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}", re.ASCII)
_TYPE = re.compile(r"[A-Za-z0-9_-]{1,250}", re.ASCII)
_PAGING = {"added_after", "limit", "next"}
_VALUES_AT_MOST = 1000
_LAST_CURSOR = to_micros("9999-12-31T23:59:59.999999Z")
OF_COLLECTION = frozenset({"id", "type", "version", "spec_version"})
OF_OBJECT = frozenset({"version", "spec_version"})
OF_VERSIONS = frozenset({"spec_version"})


def read(
    request: Request,
    collection: UUID,
    *,
    fields: AbstractSet[str],
    page_size: int,
    object_id: str | None = None,
    paging: bool = True,
) -> PageQuery:
    """Return the selection that the query string asks for.

    Args:
        request: the request.
        collection: where the objects are.
        fields: names inside `match[...]` that the endpoint takes.
        page_size: objects of a page when the client does not say, and the most whatever it says.
        object_id: the object that the path names, instead of `match[id]`.
        paging: whether the endpoint takes `added_after`, `limit` and `next`.

    Raises:
        RequestError: 400, naming the parameter: a match field that the endpoint does not have, twice the same, or a value that
            cannot be one.
    """
    given = _given(request, fields, paging=paging)
    return PageQuery(
        collection=collection,
        after=max(_added_after(given.get("added_after")), _after(given.get("next"))),
        limit=_limit(given.get("limit"), page_size),
        ids=(object_id,) if object_id is not None else _values(given, "id"),
        types=_types(given),
        versions=_versions(given),
        spec_versions=_spec_versions(given),
    )


def next_token(last: int) -> str:
    """Return the opaque value of `next` for a page that ended at cursor `last`. It can be used any number of times."""
    return f"n{last:x}"


def _given(request: Request, fields: AbstractSet[str], *, paging: bool) -> dict[str, str]:
    given: dict[str, str] = {}
    if not request.scope["query_string"]:
        return given
    known = {f"match[{field}]" for field in fields} | (_PAGING if paging else set())
    for name, value in request.query_params.multi_items():
        if name not in known:
            if name.startswith("match") or name in _PAGING:
                raise RequestError(
                    400, f"{name!r:.60} is no parameter of this endpoint: {', '.join(sorted(known))}"
                )
            continue  # other parameters belong to somebody else (section 3.4 leaves them open)
        if name in given:
            raise RequestError(400, f"{name} is given twice")
        if "\0" in value:
            raise RequestError(400, f"{name}: has a NUL character")
        given[name] = value
    return given


def _added_after(text: str | None) -> int:
    if text is None:
        return -1
    try:
        # a time before 1970 is before everything, as -1 is
        return max(to_micros(text), -1)
    except ParseError as error:
        raise RequestError(400, f"added_after: {error}") from None


def _after(text: str | None) -> int:
    if text is None:
        return -1
    found = _NEXT.fullmatch(text)
    if found is None:
        raise RequestError(400, "next: not a value that this server gave")
    return min(int(found.group(1), 16), _LAST_CURSOR)


def _limit(text: str | None, page_size: int) -> int:
    if text is None:
        return page_size
    if not text.isascii() or not text.isdigit() or not 0 < len(text) < 17 or int(text) < 1:
        raise RequestError(400, f"limit: {text!r:.40} is not a whole number of at least 1")
    return min(int(text), page_size)


def _values(given: dict[str, str], field: str) -> tuple[str, ...]:
    text = given.get(f"match[{field}]")
    if text is None:
        return ()
    values = tuple(text.split(","))
    if not all(values) or len(values) > _VALUES_AT_MOST:
        raise RequestError(
            400, f"match[{field}]: 1 to {_VALUES_AT_MOST} values with commas between them are needed"
        )
    return values


def _types(given: dict[str, str]) -> tuple[str, ...]:
    found = _values(given, "type")
    for word in found:
        if not _TYPE.fullmatch(word):
            raise RequestError(400, f"match[type]: {word!r:.40} is not the name of a type")
    return tuple(dict.fromkeys(found))


def _versions(given: dict[str, str]) -> tuple[str | int, ...]:
    words = _values(given, "version")
    found: list[str | int] = []
    for word in words:
        if word in {"first", "last", "all"}:
            found.append(word)
            continue
        try:
            found.append(to_micros(word))
        except ParseError as error:
            raise RequestError(400, f"match[version]: {error}") from None
    if len(set(found)) < len(found):
        raise RequestError(400, "match[version]: the same is asked for twice")
    if "all" in found and len(found) > 1:
        raise RequestError(400, "match[version]: all stands alone")
    return tuple(found) or ("last",)


def _spec_versions(given: dict[str, str]) -> tuple[str, ...]:
    found = _values(given, "spec_version")
    for word in found:
        if not _SPEC_VERSION.fullmatch(word):
            raise RequestError(400, f"match[spec_version]: {word!r:.40} is not a version such as 2.1")
    return found
