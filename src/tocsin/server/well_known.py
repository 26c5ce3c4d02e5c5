"""`/.well-known/security.txt` (RFC 9116): whom to tell of weaknesses, from the settings."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from tocsin.clock import Micros, to_text
from tocsin.config import Settings
from tocsin.errors import NotFoundError
from tocsin.server.context import Parts
from tocsin.server.respond import plain, respond

PATH = "/.well-known/security.txt"
_DAY: Micros = 86_400_000_000
_GOOD_FOR = 90 * _DAY
_TEXT = "text/plain; charset=utf-8"  # section 3


def addresses(setting: str) -> tuple[str, ...]:
    """Return the addresses of a setting such as `contact`, in their order."""
    return tuple(each.strip() for each in setting.split(",") if each.strip())


def contacts(settings: Settings) -> tuple[str, ...]:
    """Return where weaknesses are reported to; none where nobody has said so."""
    return addresses(settings.security_contact) or addresses(settings.contact)


def security_text(parts: Parts, request: Request, _body: bytes) -> Response:
    """Say whom to tell of weaknesses.

    Raises:
        NotFoundError: nobody has said so; the file must not be there without a contact (section 2.5.3).
    """
    found = contacts(parts.settings)
    if not found:
        raise NotFoundError("there is no contact for reports of weaknesses", hint="the settings name one")
    return respond(request, plain(text_of(parts.settings, found, parts.store.clock())), media_type=_TEXT)


def text_of(settings: Settings, found: tuple[str, ...], now: Micros) -> str:
    """Return the file.

    It expires some months after today's midnight (section 2.5.5 recommends less than a year): a node that runs has an operator who can be
    written to, and a copy that somebody kept goes out of date. So it stays the same for a day.
    """
    lines = [f"Contact: {each}" for each in found]
    lines.append(f"Expires: {to_text(now // _DAY * _DAY + _GOOD_FOR)[:19]}Z")
    if settings.security_languages:
        lines.append(f"Preferred-Languages: {settings.security_languages}")
    if settings.security_policy:
        lines.append(f"Policy: {settings.security_policy}")
    if settings.public_url.startswith("https://"):  # a web address has to be one over TLS (section 2.5.2)
        lines.append(f"Canonical: {settings.public_url.rstrip('/')}{PATH}")
    return "".join(f"{line}\n" for line in lines)
