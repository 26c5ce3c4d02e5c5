"""Forms are taken from pages of this node alone: no other site makes a signed-in browser do anything (CSRF).

Browsers say where a request comes from in `Sec-Fetch-Site`, which pages cannot set (Fetch Metadata, W3C), and in `Origin` (RFC 6454). With that, and with
cookies that are not sent from elsewhere (`SameSite`), forms need no secret in them, and pages stay the same bytes for everybody.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from tocsin.errors import ForbiddenError


def require(request: Request) -> None:
    """Make sure that a form comes from a page of this node.

    Raises:
        ForbiddenError: it comes from elsewhere, or does not say where from.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        allowed = site == "same-origin"
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        allowed = bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not allowed:
        raise ForbiddenError(
            "this was not sent from a page of this node", hint="open the page here and send it again"
        )


def came_from(request: Request) -> str:
    """Return the page of this node that a request came from, else "/": so that pages need not tell where they are, and stay the same bytes."""
    referrer = urlsplit(request.headers.get("referer", ""))
    if referrer.netloc != request.headers.get("host"):
        return "/"
    return inside(f"{referrer.path}?{referrer.query}" if referrer.query else referrer.path)


def inside(target: str) -> str:
    """Return `target` if it is a path of this node, else "/": nobody is sent elsewhere after signing in."""
    good = target.startswith("/") and not target.startswith(("//", "/\\"))
    if not good or any(sign < "!" or sign == "\\" for sign in target):
        return "/"
    return target
