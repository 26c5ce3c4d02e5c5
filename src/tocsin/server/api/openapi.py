"""The OpenAPI 3.1 document, made of the table of routes and of the structures that handlers read and write."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from tocsin import __version__
from tocsin.server.api.operation import ROOT, Operation

_PROBLEM = "application/problem+json"
_REFS = "#/components/schemas/{name}"
_STIX = {
    "type": "object",
    "description": "A STIX 2.1 object.",
    "required": ["type", "id"],
    "additionalProperties": True,
}
_STATUSES = {
    400: "A parameter, a header or the body cannot be read.",
    401: "Credentials are needed.",
    403: "Not permitted.",
    404: "Nothing there, or nothing that the caller may know of.",
    408: "The body took too long.",
    409: "Contradicts what is held, or a request with this key is under way.",
    412: "The object has changed since.",
    413: "Too large.",
    415: "Another media type, or content coding.",
    422: "Understood, and against a rule.",
    428: "If-Match is needed.",
    429: "Too many failed attempts.",
    503: "Not available now.",
    507: "No room left.",
}


def document(operations: Iterable[Operation]) -> dict[str, Any]:
    """Return the document: every operation of the table, with every structure it names."""
    listed = list(operations)
    kinds = {kind for each in listed for kind in (each.answer, each.body) if kind is not None}
    ordered = sorted(kinds, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(ordered, ref_template=_REFS)
    paths: dict[str, dict[str, Any]] = {}
    for each in listed:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin",
            "version": __version__,
            "description": "Every answer is decided about for the caller's organisation. What it may not have does not exist.",
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}, {"basic": []}],
        "paths": {path: paths[path] for path in sorted(paths)},
        "components": {
            "schemas": components | {"Problem": _problem()},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
        },
    }


def _operation(each: Operation) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": each.action.removeprefix("api-"),
        "summary": each.summary,
        "tags": [each.path.removeprefix(f"{ROOT}/").partition("/")[0]],
        "parameters": [*_in_path(each.path), *_in_query(each.query), *_in_headers(each)],
        "responses": _responses(each),
    }
    if each.taking is not None and not each.bare:
        schema = _STIX if each.body is None else {"$ref": _REFS.format(name=each.body.__name__)}
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return made


def _responses(each: Operation) -> dict[str, Any]:
    if each.answer is None:
        content: dict[str, Any] = {media: {"schema": {"type": "string"}} for media in each.media}
    else:
        content = {"application/json": {"schema": {"$ref": _REFS.format(name=each.answer.__name__)}}}
    responses: dict[str, Any] = {str(each.status): {"description": "Done.", "content": content}}
    if each.status == 201:
        responses["200"] = {"description": "It was held already.", "content": content}
    if each.method == "GET":
        responses["304"] = {"description": "As it was (If-None-Match)."}
    for status in sorted({400, 401, 429, 503, *each.errors}):
        schema = {"$ref": _REFS.format(name="Problem")}
        responses[str(status)] = {"description": _STATUSES[status], "content": {_PROBLEM: {"schema": schema}}}
    return responses


def _in_path(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _in_query(kind: type[msgspec.Struct]) -> list[dict[str, Any]]:
    schema = msgspec.json.schema(kind)["$defs"][kind.__name__]
    required = set(schema.get("required", ()))
    found = []
    for name, described in schema["properties"].items():
        inner = dict(described)
        text = inner.pop("description", "")
        entry = {"name": name, "in": "query", "required": name in required, "schema": inner}
        found.append(entry | ({"description": text} if text else {}))
    return found


def _in_headers(each: Operation) -> list[dict[str, Any]]:
    text = {"type": "string"}
    if each.taking is None:
        if each.method != "GET":
            return []
        return [{"name": "If-None-Match", "in": "header", "schema": text}]
    found = [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
    ]
    if 428 in each.errors:
        found.append({"name": "If-Match", "in": "header", "schema": text})
    return found


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "RFC 9457; `tocsin explain CODE` says what the last part of `type` means.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": text, "title": text, "status": {"type": "integer"}, "detail": text, "hint": text, "instance": text,
        },
    }  # fmt: skip
