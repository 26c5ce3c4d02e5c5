"""Media types of TAXII 2.1 (sections 1.6.7, 1.6.8): what a client accepts and what it sends."""

from __future__ import annotations

from starlette.requests import Request

from tocsin.server.problems import RequestError

_OURS = ("application", "taxii+json")


def require_acceptable(request: Request) -> None:
    """Make sure that the client takes TAXII 2.1.

    A list with weights, another case, wildcards and a type without version are all understood; no Accept header
    means anything will do (RFC 9110 section 12.5.1).

    Raises:
        RequestError: 406, it takes something else only.
    """
    header = request.headers.get("accept")
    if header is None or not header.strip():
        return
    for part in header.lower().split(","):
        kind, *parameters = (p.strip() for p in part.split(";"))
        given = dict(p.replace(" ", "").partition("=")[::2] for p in parameters)
        if given.get("q", "1").strip("0.") == "" and "q" in given:
            continue
        if kind in {"*/*", "application/*"}:
            return
        if kind == "/".join(_OURS) and given.get("version", "2.1").strip('"') == "2.1":
            return
    raise RequestError(
        406, f"this server speaks application/taxii+json;version=2.1, the client accepts {header!r:.100}"
    )


def require_envelope(request: Request) -> None:
    """Make sure that a POST says it carries a TAXII 2.1 envelope.

    Raises:
        RequestError: 415.
    """
    header = request.headers.get("content-type", "")
    kind, *parameters = (p.strip().lower() for p in header.split(";"))
    given = dict(p.replace(" ", "").partition("=")[::2] for p in parameters)
    if kind != "/".join(_OURS) or given.get("version", "2.1").strip('"') != "2.1":
        raise RequestError(
            415,
            f"send application/taxii+json;version=2.1, not {header!r:.100}",
            headers={"Accept-Post": "application/taxii+json;version=2.1"},
        )
