"""Answers as a browser reads them: what in a page is not ours. HTML by Lexbor (the standard's own algorithm), SVG as XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree as ET

import httpx
from selectolax.lexbor import LexborHTMLParser, LexborNode

from attacks.payloads import MARK, PRODUCT

_LEADS = {
    *("href", "src", "action", "formaction", "data", "poster", "cite", "background", "ping", "srcset", "xlink:href", "manifest"),
    # what our scripts fetch, load or go to
    *("hx-get", "data-live", "data-source", "data-png", "data-peek-at", "data-copy-call", "data-island", "data-shapes"),
}  # fmt: skip
_NEVER = re.compile(
    r"on|style$|srcdoc$|hx-(?!get$|trigger$|target$|swap$|sync$)|is$|http-equiv$|xmlns|autofocus$|.*[\"'<>&=`\\]|.*"
    + MARK
)
_ELEMENT = re.compile(r"<([a-z][a-z0-9-]*)")
_DRAWN = {"svg", "rect", "g", "line", "title", "circle", "text"}
_LINKED = {"alternate": "/api/v1/"}  # a feed; everything else is a file of ours
_INSIDE = re.compile(r"/(?![/\\])|#|\?|$")


def wrong(answer: httpx.Response) -> list[str]:
    """Return what in an answer is not the node's own doing, each in words."""
    kind = answer.headers.get("content-type", "")
    found = list(_headers(answer, kind))
    if kind.startswith("text/html"):
        found += in_page(answer.text)
    elif kind.startswith("image/svg"):
        found += in_drawing(answer.text)
    return list(dict.fromkeys(found))


def in_page(text: str) -> list[str]:
    """Return what in a page or a fragment is not ours."""
    tree = LexborHTMLParser(text)
    root = tree.root
    found: list[str] = []
    if root is None:
        return found
    for node in root.traverse(include_text=True):
        if node.tag == "-text":
            if PRODUCT in (node.text_content or ""):
                found.append("a template worked something out")
        elif not node.tag.startswith(("-", "!")):
            found += _element(node)
    return found


def in_drawing(text: str) -> list[str]:
    """Return what in an SVG file is not ours."""
    found = []
    for element in ET.fromstring(text).iter():
        name = str(element.tag).rpartition("}")[2]
        if name not in _DRAWN:
            found.append(f"element {name}")
        found += [f"{name} {each}" for each in element.attrib if _NEVER.match(each) or "href" in each]
    return found


def forms(text: str) -> Iterator[tuple[str, str, list[tuple[str, str, str]]]]:
    """Yield method, action and fields (name, kind, value) of each form of a page that says where it goes."""
    for form in LexborHTMLParser(text).css("form[action]"):
        fields = []
        for field in form.css("[name]"):
            kind = field.attributes.get("type") or field.tag
            fields.append((field.attributes["name"] or "", kind, field.attributes.get("value") or ""))
        yield form.attributes.get("method") or "get", form.attributes["action"] or "", fields


@cache
def ours() -> frozenset[str]:
    """Return the names of all elements that templates of pages write."""
    pages = files("tocsin.server.pages")
    found = {
        "html",
        "head",
        "body",
        "tbody",
        "g",
        "a",
        "time",
        "abbr",
    }  # what parsers add, macros choose, and filters write
    for folder in pages.iterdir():
        if folder.is_dir():
            for file in folder.iterdir():
                if file.name.endswith((".html", ".svg")):
                    found |= set(_ELEMENT.findall(file.read_text(encoding="utf-8")))
    return frozenset(found - {"iframe", "object", "embed", "base", "style", "math"})


def _headers(answer: httpx.Response, kind: str) -> Iterator[str]:
    if answer.status_code >= 500 and answer.status_code != 503:
        yield f"status {answer.status_code}"
    if answer.headers.get("x-content-type-options") != "nosniff":
        yield "the browser may guess what this is"
    if kind.startswith("text/html") and "script-src 'self';" not in answer.headers.get(
        "content-security-policy", ""
    ):
        yield "no policy for scripts"
    onward = answer.headers.get("location", "/")
    if not re.match(r"/(?![/\\])", onward):
        yield f"sends elsewhere: {onward}"
    if any(MARK in name for name in answer.headers):
        yield "a header was planted"


def _element(node: LexborNode) -> Iterator[str]:
    tag = node.tag
    if tag not in ours():
        yield f"element {tag}"
    for name, value in node.attributes.items():
        if tag == "meta" and name == "content":
            continue
        if _NEVER.match(name):
            yield f"attribute {name} of {tag}"
        if (
            name in _LEADS
            and not _INSIDE.match(_as_address(value or ""))
            and not _own_data(tag, name, value or "")
        ):
            yield f"{name} of {tag} leads to {value}"
    if tag == "script":
        if not (node.attributes.get("src") or "").startswith("/static/") or node.text().strip():
            yield f"script {node.text()[:80]!r}"
    elif tag == "link" and not (node.attributes.get("href") or "").startswith(
        _LINKED.get(node.attributes.get("rel") or "", "/static/")
    ):
        yield "link to something that is not ours"


def _own_data(tag: str, name: str, value: str) -> bool:
    """The picture of the secret of an authenticator app is in the page itself."""
    return tag == "img" and name == "src" and value.startswith("data:image/svg+xml")


def _as_address(value: str) -> str:
    """Return an address as browsers take it (URL standard, section 4.4): without tabs and line ends, and blanks at its ends."""
    return re.sub(r"[\t\n\r]", "", value).strip("".join(map(chr, range(33))))
