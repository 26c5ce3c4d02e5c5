"""Errors that a person can read: what is wrong, what to do, and where to go on. What may not be known looks like what does not exist."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from tocsin.errors import TocsinError, UnauthenticatedError
from tocsin.server import problems
from tocsin.server.pages.messages import mark, say_what_failed
from tocsin.server.pages.rendering import redirect, show
from tocsin.server.pages.view import ProofNeededError, View

_FAULTS = (
    mark("a fault of this node; it has been logged"),
    mark("this node has no room left; what it acknowledged is kept"),
    mark("this node cannot reach its database"),
    mark("the decision could not be made, so nothing is released"),
    mark("try again later"),
)
"""What `problems.told` says of faults of ours."""
VIEW = "tocsin.view"
"""Key in the ASGI scope: the view, once it is known who looks."""


def wants_page(request: Request) -> bool:
    """Return whether a browser asks, not a program."""
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/api/", "/taxii2"))


def respond_error(request: Request, error: TocsinError, view: View) -> Response:
    """Return the page that tells of an error; who is not known is asked to sign in, and comes back."""
    view = request.scope.get(VIEW, view)
    if isinstance(error, UnauthenticatedError) and view.known is None and request.scope["path"] != "/sign-in":
        here = request.scope["path"]
        if request.url.query:
            here += f"?{request.url.query}"
        target = here if request.method in {"GET", "HEAD"} else "/"
        return redirect(view, f"/sign-in?next={quote(target, safe='/')}")
    if isinstance(error, ProofNeededError):
        return redirect(view, f"/account/proof?next={quote(error.back, safe='/')}")
    status, code, detail, hint = problems.told(request, error)
    return _page(view, status, code, detail, hint)


def respond_missing(status: int, view: View) -> Response:
    """Return the page for an address that leads nowhere."""
    return _page(view, status, "not-found", "", "")


def respond_crash(request: Request, view: View) -> Response:
    """Return the page for a fault of ours; what it was stands in the log."""
    view = request.scope.get(VIEW, view)
    return _page(view, 500, "error", _FAULTS[0], "")


def _page(view: View, status: int, code: str, detail: str, hint: str) -> Response:
    said, do = (say_what_failed(view.look.language, each) for each in (detail, hint))
    return show(view, "_shell/error.html", status=status, code=code, detail=said, hint=do)
