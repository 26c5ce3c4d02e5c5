"""From errors to HTTP, and nowhere else: TAXII error messages (TAXII 2.1 section 3.6.1) and problem details (RFC 9457).

An error says what the client can mend. What it may not know of looks like what does not exist, byte for byte; what went
wrong in here stands in the log under the request's id, not in the answer.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tocsin import errors
from tocsin.server.respond import TAXII, describe, respond

_log = logging.getLogger("tocsin.server")
PROBLEM = "application/problem+json"
REQUEST_ID = "tocsin.request"  # key in the ASGI scope

_TITLES = {
    400: "Bad request",
    401: "Credentials are needed",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Too slow",
    409: "Conflict",
    412: "Precondition failed",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be processed",
    428: "Precondition required",
    429: "Too many attempts",
    500: "Something went wrong here",
    503: "Not available now",
    507: "No room left",
}
_CHALLENGES = ('Bearer realm="tocsin"', 'Basic realm="tocsin", charset="UTF-8"')
_RETRY = {"Retry-After": "5"}


class RequestError(errors.InputError):
    """A request that breaks the protocol, with the HTTP status that says how."""

    code = "request"

    def __init__(
        self, status: int, message: str, *, headers: Mapping[str, str] | None = None, hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.headers = dict(headers or {})


def status_of(error: errors.TocsinError) -> tuple[int, dict[str, str]]:
    """Return the HTTP status of an error and the headers that belong to it."""
    match error:
        case RequestError():
            return error.status, error.headers
        case errors.UnauthenticatedError():
            return 401, {}
        case errors.ForbiddenError():
            return 403, {}
        case errors.NotFoundError():
            return 404, {}
        case errors.ConflictError():
            return 409, {}
        case errors.LimitError():
            return 413, {}
        case errors.InputError():
            return 422, {}
        case errors.StoreFullError():
            return 507, _RETRY
        case errors.StoreUnavailableError():
            return 503, _RETRY
    return 500, {}


def _detail_of(status: int, error: errors.TocsinError) -> tuple[str, str]:
    """Return what the client is told, and the hint; of our own faults it is told as much as concerns it."""
    if status < 500 or isinstance(error, RequestError):
        return str(error), error.hint()
    match error:
        case errors.StoreFullError():
            return "this node has no room left; what it acknowledged is kept", "try again later"
        case errors.StoreUnavailableError():
            return "this node cannot reach its database", "try again later"
        case errors.PolicyError():
            return "the decision could not be made, so nothing is released", ""
    return "a fault of this node; it has been logged", ""


def respond_error(request: Request, error: errors.TocsinError) -> Response:
    """Return the response that tells a client of `error`, in the form its route speaks."""
    status, code, detail, hint = told(request, error)
    return _write(request, status, code, detail, hint=hint, headers=status_of(error)[1])


def told(request: Request, error: errors.TocsinError) -> tuple[int, str, str, str]:
    """Return what a client is told of an error: status, code, what is wrong, and a hint. Our own faults are logged."""
    status, _ = status_of(error)
    if status >= 500:
        _log.error(
            "%s at %s %s: %s",
            error.code,
            request.method,
            request.scope["path"],
            error,
            extra={"request": request.scope.get(REQUEST_ID, "")},
        )
    return (status, error.code, *_detail_of(status, error))


def respond_http(request: Request, error: HTTPException) -> Response:
    """Return the response for what the router itself refuses (no such route, wrong method)."""
    detail = "there is nothing here" if error.status_code == 404 else str(error.detail)
    return _write(request, error.status_code, "request", detail, headers=dict(error.headers or {}))


def respond_crash(request: Request, error: Exception) -> Response:
    """Return the response for a fault of ours; what it was stands in the log."""
    _log.error(
        "fault at %s %s",
        request.method,
        request.scope["path"],
        exc_info=error,
        extra={"request": request.scope.get(REQUEST_ID, "")},
    )
    return _write(request, 500, "error", "a fault of this node; it has been logged")


def _write(
    request: Request,
    status: int,
    code: str,
    detail: str,
    *,
    hint: str = "",
    headers: dict[str, str] | None = None,
) -> Response:
    title = _TITLES.get(status, "Error")
    instance = request.scope.get(REQUEST_ID, "") if status >= 500 else ""
    document: dict[str, Any]
    if request.scope["path"].startswith("/taxii2"):
        description = f"{detail}; {hint}" if hint else detail
        document = {
            "title": title,
            "description": description,
            "error_code": code,
            "http_status": str(status),
        }
        if instance:
            document["error_id"] = instance
        media_type = TAXII
    else:
        document = {"type": f"urn:tocsin:problem:{code}", "title": title, "status": status, "detail": detail}
        if hint:
            document["hint"] = hint
        if instance:
            document["instance"] = f"urn:tocsin:request:{instance}"
        media_type = PROBLEM
    response = respond(request, describe(document), media_type=media_type, status=status, headers=headers)
    if status == 401:
        for challenge in _CHALLENGES:
            response.headers.append("WWW-Authenticate", challenge)
    return response
