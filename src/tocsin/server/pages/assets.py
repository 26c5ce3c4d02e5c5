"""Styles, scripts, fonts and icons, as `frontend/` builds them into `server/static`: read once, served under names that change with their content."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tocsin.server.context import Parts
from tocsin.server.problems import RequestError
from tocsin.server.respond import fixed, respond

PATH = "/static/{file}"
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
    "png": "image/png",
    "ico": "image/x-icon",
    "txt": "text/plain; charset=utf-8",
}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Asset(msgspec.Struct, frozen=True):
    """One file and its media type."""

    content: bytes
    media_type: str


@cache
def found() -> tuple[dict[str, str], dict[str, Asset]]:
    """Return the names that files are served under, by the names they have in `frontend/`, and the files; both empty before `make setup`."""
    folder = files("tocsin.server") / "static"
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return {}, {}
    names: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
    kept = {}
    for name in names.values():
        kept[name] = Asset((folder / name).read_bytes(), _TYPES[name.rsplit(".", 1)[1]])
    return names, kept


def url(name: str) -> str:
    """Return where a file of `frontend/` is served."""
    return f"/static/{found()[0].get(name, name)}"


def drawn(name: str) -> bool:
    """Return whether the sprite has a drawing of this name."""
    return name in drawings()


@cache
def drawings() -> tuple[str, ...]:
    """Return the names of all drawings of the sprite, in its order."""
    names, kept = found()
    sprite = kept[names["icons.svg"]].content.decode() if "icons.svg" in names else ""
    return tuple(re.findall(r'<symbol id="([^"]+)"', sprite))


@cache
def countries() -> frozenset[str]:
    """Return the codes of the countries that the drawing of the world has a shape of."""
    names, kept = found()
    world = kept[names["world.svg"]].content.decode() if "world.svg" in names else ""
    return frozenset(re.findall(r'<path id="([A-Z]{2})"', world))


def serve(_parts: Parts, request: Request, _body: bytes) -> Response:
    """Serve a file.

    Raises:
        RequestError: 404, there is none of this name.
    """
    asset = found()[1].get(request.path_params["file"])
    if asset is None:
        raise RequestError(404, "there is nothing here")
    return respond(request, fixed(asset.content), media_type=asset.media_type, headers=_FOREVER, lasting=True)
