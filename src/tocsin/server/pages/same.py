"""What a page shows, as a command on the console and as a call of the REST interface: "copy as command" and "copy as API call".

One table for all pages whose address says what they show; those whose copies hang on more bring them themselves (`copies`).
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlencode

import msgspec

from tocsin.server.pages.view import View

_Parts = Mapping[str, str]


class Same(msgspec.Struct, frozen=True):
    """A command and a path; "" where there is none."""

    command: str
    api: str


def _plain(command: str, api: str) -> Callable[[_Parts, _Parts], Same]:
    return lambda _path, _query: Same(command, api)


def _of_object(what: str) -> Callable[[_Parts, _Parts], Same]:
    def same(path: _Parts, _query: _Parts) -> Same:
        found = path["object"]
        command = f"tocsin search {shlex.quote(f'refers:{found}' if what in ('relations', 'sightings') else f'id:{found}')}"
        return Same(command, f"/api/v1/objects/{quote(found, safe='')}/{what}")

    return same


def _why(path: _Parts, query: _Parts) -> Same:
    recipient, action = query.get("recipient", ""), query.get("action", "receive")
    command = f"tocsin explain {shlex.quote(path['object'])} {shlex.quote(recipient)} --action {shlex.quote(action)}"
    terms = urlencode({"recipient": recipient, "action": action})
    return Same(command, f"/api/v1/objects/{quote(path['object'], safe='')}/explanation?{terms}")


def _search(default: str = "") -> Callable[[_Parts, _Parts], Same]:
    """The objects that a drawing is of: those of a query, or what refers to where it begins."""

    def same(_path: _Parts, query: _Parts) -> Same:
        begin = query.get("from", "").partition(",")[0]
        text = query.get("q", "") or (f"refers:{begin}" if begin else default)
        return Same(f"tocsin search {shlex.quote(text)}", f"/api/v1/search?{urlencode({'q': text})}")

    return same


def _journal(_path: _Parts, query: _Parts) -> Same:
    given = {
        name: query[name]
        for name in ("principal", "action", "target", "outcome", "after", "before")
        if query.get(name)
    }
    command = (
        f"tocsin journal --account {shlex.quote(given['principal'])}"
        if "principal" in given
        else "tocsin journal"
    )
    return Same(command, f"/api/v1/journal?{urlencode(given)}" if given else "/api/v1/journal")


TABLE: dict[str, Callable[[_Parts, _Parts], Same]] = {
    "/": _search(),
    "/objects/{object}/relations": _of_object("relations"),
    "/objects/{object}/versions": _of_object("versions"),
    "/objects/{object}/sightings": _of_object("sightings"),
    "/objects/{object}/why": _why,
    "/search/why": _search(),
    "/graph": _search(),
    "/timeline": _search(),
    "/matrix": _search("type:attack-pattern"),
    "/map": _search("type:location"),
    "/triage": _plain("tocsin alert list", "/api/v1/alerts"),
    "/alerts/{alert}": lambda path, _query: Same(
        f"tocsin alert show {shlex.quote(path['alert'])}", f"/api/v1/alerts/{quote(path['alert'], safe='')}"
    ),
    "/proposals": _plain("tocsin proposal list", "/api/v1/proposals"),
    "/proposals/{proposal}": lambda path, _query: Same(
        f"tocsin proposal show {shlex.quote(path['proposal'])}",
        f"/api/v1/proposals/{quote(path['proposal'], safe='')}",
    ),
    "/hunts": _plain("tocsin hunts list", ""),
    "/hunts/{hunt}": lambda path, _query: Same(f"tocsin hunts runs {shlex.quote(path['hunt'])}", ""),
    "/sharing": _plain("tocsin organisation list", "/api/v1/organisations"),
    "/sharing/agreements": _plain("tocsin agreement list", "/api/v1/agreements"),
    "/sharing/peers": _plain("tocsin peer list", "/api/v1/peers"),
    "/sharing/policies": _plain("tocsin policy list", "/api/v1/policies"),
    "/sharing/released": _journal,
    "/admin": _plain("tocsin doctor", "/api/v1/status"),
    "/admin/accounts": _plain("tocsin account list", ""),
    "/admin/organisations": _plain("tocsin organisation list", "/api/v1/organisations"),
    "/admin/refused": _plain("tocsin quarantine list", ""),
}
"""Paths of pages, and what is the same there."""


def same_as(view: View) -> Same | None:
    """Return what the page shows as a command and as a call; None where that is said elsewhere, or there is none."""
    if view.known is None or view.request.method not in ("GET", "HEAD"):
        return None
    segments = view.request.url.path.rstrip("/").split("/")
    for template, made in TABLE.items():
        wanted = template.rstrip("/").split("/")
        if len(wanted) == len(segments) and all(
            one == other or one.startswith("{") for one, other in zip(wanted, segments, strict=True)
        ):
            return made(view.request.path_params, view.request.query_params)
    return None
