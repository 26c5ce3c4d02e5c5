"""From errors to HTTP, and nowhere else: TAXII error resources (TAXII 2.1 section 3.6.1) and problem details (RFC 9457).

An error says what the client can mend. What it may not know of looks like what does not exist.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tocsin import errors
from tocsin.server.respond import TAXII, describe, respond

_log = logging.getLogger("tocsin.server")
PROBLEM = "application/problem+json"

_TITLES = {
    400: "Bad request",
    401: "Credentials are needed",
    403: "Not permitted",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    408: "Too slow",
    413: "Too large",
    415: "Unsupported media type",
    422: "Cannot be processed",
    429: "Too many attempts",
    431: "Headers too large",
    500: "Something went wrong here",
    503: "Not available now",
    507: "No room left",
}


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
            return 401, {"WWW-Authenticate": 'Bearer realm="tocsin", Basic realm="tocsin", charset="UTF-8"'}
        case errors.ForbiddenError():
            return 403, {}
        case errors.NotFoundError():
            return 404, {}
        case errors.LimitError():
            return 413, {}
        case errors.InputError() | errors.ConflictError():
            return 422, {}
        case errors.StoreUnavailableError():
            return 503, {"Retry-After": "5"}
    return 500, {}


def respond_error(request: Request, error: errors.TocsinError) -> Response:
    """Return the response that tells a client of `error`, in the form its route speaks."""
    status, headers = status_of(error)
    if status >= 500:
        _log.error("%s: %s", error.code, error, extra={"path": request.url.path})
    detail = "the decision could not be made" if isinstance(error, errors.PolicyError) else str(error)
    return _write(request, status, error.code, detail, error.hint(), headers)


def respond_http(request: Request, error: HTTPException) -> Response:
    """Return the response for what the router itself refuses (no such route, wrong method)."""
    detail = "there is nothing here" if error.status_code == 404 else str(error.detail)
    return _write(request, error.status_code, "request", detail, "", dict(error.headers or {}))


def respond_crash(request: Request) -> Response:
    """Return the response for a fault of ours; what it was stands in the log."""
    return _write(request, 500, "error", "a fault of this node; it has been logged", "", {})


def _write(
    request: Request, status: int, code: str, detail: str, hint: str, headers: dict[str, str]
) -> Response:
    title = _TITLES.get(status, "Error")
    if request.url.path.startswith("/taxii2"):
        resource = {"title": title, "description": detail, "error_code": code, "http_status": str(status)}
        if hint:
            resource["description"] = f"{detail}; {hint}"
        return respond(request, describe(resource), media_type=TAXII, status=status, headers=headers)
    problem = {"type": f"urn:tocsin:problem:{code}", "title": title, "status": status, "detail": detail}
    if hint:
        problem["hint"] = hint
    return respond(request, describe(problem), media_type=PROBLEM, status=status, headers=headers)
