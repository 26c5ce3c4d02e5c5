"""Errors to HTTP: which status, in which form, and nothing that is none of the client's business."""

from __future__ import annotations

import json

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tocsin import errors
from tocsin.server import problems


def request(path: str) -> Request:
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    return Request(scope | {problems.REQUEST_ID: "abc123"})


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (problems.RequestError(415, "x"), 415),
        (errors.UnauthenticatedError("x"), 401),
        (errors.ForbiddenError("x"), 403),
        (errors.NotFoundError("x"), 404),
        (errors.ConflictError("x"), 409),
        (errors.LimitError("x"), 413),
        (errors.ParseError("x"), 422),
        (errors.FormatError("x"), 422),
        (errors.StoreFullError("x"), 507),
        (errors.StoreUnavailableError("x"), 503),
        (errors.StoreError("x"), 500),
        (errors.PolicyError("x"), 500),
        (errors.ConfigError("x"), 500),
    ],
)
@pytest.mark.parametrize("path", ["/taxii2/", "/claim"])
def test_every_error_has_its_status_and_form(error: errors.TocsinError, status: int, path: str) -> None:
    answer = problems.respond_error(request(path), error)
    body = json.loads(answer.body)
    assert answer.status_code == status
    if path == "/claim":
        assert answer.headers["content-type"] == "application/problem+json"
        assert (body["status"], body["type"]) == (status, f"urn:tocsin:problem:{error.code}")
        assert body["title"]
        assert ("instance" in body) == (status >= 500)
    else:
        assert answer.headers["content-type"] == "application/taxii+json;version=2.1"
        assert (body["http_status"], body["error_code"]) == (str(status), error.code)
        assert body["title"]
        assert ("error_id" in body) == (status >= 500)
    assert ("retry-after" in answer.headers) == (status in {503, 507})
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    "error",
    [
        errors.StoreError("relation secret_table"),
        errors.StoreUnavailableError("host=secret", hint="secret"),
        errors.StoreFullError("/secret", hint="secret"),
        errors.PolicyError("policy secret"),
    ],
)
def test_faults_of_ours_are_not_told(error: errors.TocsinError) -> None:
    assert b"secret" not in problems.respond_error(request("/taxii2/"), error).body
    assert b"secret" not in problems.respond_error(request("/x"), error).body
    assert b"secret" not in problems.respond_crash(request("/x"), RuntimeError("secret")).body


def test_both_schemes_are_offered_in_fields_of_their_own() -> None:
    answer = problems.respond_error(request("/taxii2/"), errors.UnauthenticatedError("x"))
    challenges = answer.headers.getlist("www-authenticate")
    assert [c.split()[0] for c in challenges] == ["Bearer", "Basic"]


def test_hints_reach_who_can_use_them() -> None:
    error = problems.RequestError(400, "what", hint="do this")
    assert json.loads(problems.respond_error(request("/x"), error).body)["hint"] == "do this"
    assert (
        json.loads(problems.respond_error(request("/taxii2/"), error).body)["description"] == "what; do this"
    )


def test_the_router_speaks_the_same_way() -> None:
    answer = problems.respond_http(request("/taxii2/x"), HTTPException(405, headers={"Allow": "GET"}))
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert json.loads(answer.body)["http_status"] == "405"
