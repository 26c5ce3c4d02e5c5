"""From released values to HTML: templates, languages, times, and the headers that keep a page to itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import jinja2
import msgspec
from babel.numbers import format_decimal
from babel.support import NullTranslations
from markupsafe import Markup, escape
from starlette.responses import Response

from tocsin.clock import Micros
from tocsin.sentence import Say, Sentence
from tocsin.server.pages import assets, messages
from tocsin.server.pages.look import Look
from tocsin.server.pages.page import Entry, entries
from tocsin.server.pages.same import same_as
from tocsin.server.pages.titles import refers
from tocsin.server.pages.view import View
from tocsin.server.respond import fixed, respond
from tocsin.sharing.release import Released
from tocsin.stix.timestamps import micros_or_none

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MINUTES = len("2026-11-30 08:00")
HTML = "text/html; charset=utf-8"
# Nothing from elsewhere, nothing inline, in nobody's frame. `blob:` is for the workers that maps decode shapes in.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# what addresses are written with (RFC 3986 section 2.2), and what is written as `%` already
_IN_ADDRESSES = "/%#?=@[]!$&'()*+,;:"
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Vary": "Cookie, Accept-Language, Accept-Encoding, HX-Request",
}


def render(
    view: View,
    template: str,
    released: Released[Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    media_type: str = HTML,
    **more: Any,
) -> Response:
    """Return a page made of a released value, which the template knows as `it`; or a file that a template makes.

    `more` is for what the person said themselves, such as the fields of a form that has to be shown again.
    """
    if view.known is not None:
        view.known.rested_on(released)
    text = (
        _environment(view.look.language)
        .get_template(template)
        .render(it=released.value, view=view, nav=places(view), status=status, **more)
    )
    fields = {**_HEADERS, **(headers or {})}
    return respond(
        view.request, released.derive(text.encode()), media_type=media_type, status=status, headers=fields
    )


def show(
    view: View, template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Return a page that tells no intelligence: of the node itself, or what a person said themselves."""
    return render(view, template, fixed(None), status=status, headers=headers, **more)


def redirect(view: View, target: str, *, cookies: Mapping[str, str] | None = None) -> Response:
    """Send a browser on to a path of this node, after a form; a header holds no letters but ASCII (RFC 9110 section 5.5)."""
    target = quote(target, safe=_IN_ADDRESSES)
    headers = {"HX-Redirect": target} if view.fragment else {"Location": target}
    response = Response(status_code=204 if view.fragment else 303, headers=headers)
    response.headers["Cache-Control"] = "no-store"
    for value in (cookies or {}).values():
        response.headers.append("Set-Cookie", value)
    return response


def document(view: View, released: Released[Any]) -> Response:
    """Return a released value as JSON, for a script of a page."""
    view.call.rested_on(released)
    fields = {"Vary": _HEADERS["Vary"], "Cache-Control": "private, no-store"}
    return respond(
        view.request,
        released.derive(msgspec.json.encode(released.value)),
        media_type="application/json",
        headers=fields,
    )


def places(view: View) -> tuple[Entry, ...]:
    """Return the navigation as far as it is the reader's."""
    if view.known is None:
        return ()
    whose = {"all"}
    if view.known.organisation.own:
        whose.add("own")
    if view.administers:
        whose.add("admin")
    return tuple(entry for entry in entries() if entry.whose in whose)


@cache
def _environment(language: str) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=_Loader(),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        auto_reload=False,
    )
    translations: NullTranslations = messages.translations(language)
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    made.globals["asset"] = assets.url
    made.globals["same_as"] = same_as
    made.globals["languages"] = messages.NAMES
    made.tests["drawn"] = assets.drawn
    made.tests["reference"] = refers
    made.filters["when"] = _when
    made.filters["number"] = _number
    made.filters["told"] = lambda text: told(text, translations.gettext)
    made.filters["translated"] = translations.gettext  # of words that may hold a `%` and no places to fill
    return made


def told(text: str, say: Say) -> Markup:
    """Return a sentence of the domain in the reader's language, with names and other data isolated, whatever way they are written."""
    if not isinstance(text, Sentence):
        return escape(text)
    return Markup(text.translated(lambda template: str(escape(say(template))), _isolated))  # noqa: S704 - every part was escaped


def _isolated(data: str) -> str:
    return f"<bdi>{escape(data)}</bdi>" if data else ""


class _Loader(jinja2.BaseLoader):
    """Templates beside the handlers that show them: `object/detail.html` is in the package of the page `object`."""

    def get_source(self, environment: jinja2.Environment, template: str) -> tuple[str, str, None]:
        """Return a template's text."""
        del environment
        page, _, name = template.partition("/")
        file = files("tocsin.server.pages") / page / name
        if not file.is_file():
            raise jinja2.TemplateNotFound(template)
        return file.read_text(encoding="utf-8"), str(file), None


@jinja2.pass_context
def _when(context: jinja2.runtime.Context, at: Micros | str | None) -> Markup:
    """Write a moment as a `time` element: in UTC or the reader's zone, with the whole moment for machines and on demand."""
    if at is None or at == "":
        return Markup("")
    look = context["view"].look
    micros = micros_or_none(at) if isinstance(at, str) else at
    if micros is None:
        return Markup.escape(at)
    return _time(micros, look.zone if look.times == "mine" else "UTC") or Markup.escape(at)


@lru_cache(maxsize=4096)  # a list has many of the same second
def _time(micros: Micros, zone: str) -> Markup | None:
    try:
        moment = _EPOCH + dt.timedelta(microseconds=micros)
        there = moment.astimezone(ZoneInfo(zone))
    except (OverflowError, ValueError):  # others write moments, and may write the last there is
        return None
    exact = moment.isoformat().replace("+00:00", "Z")
    text = f"{there.isoformat(' ', 'minutes')[:_MINUTES]} <abbr>{escape(there.tzname() or zone)}</abbr>"
    return Markup(f'<time datetime="{exact}" title="{exact}">{text}</time>')  # noqa: S704 - digits, and a name that was escaped


@jinja2.pass_context
def _number(context: jinja2.runtime.Context, value: float) -> str:
    return _decimal(value, context["view"].look)


@lru_cache(maxsize=4096, typed=True)  # a page may have thousands of numbers, most of them small
def _decimal(value: float, look: Look) -> str:
    try:
        return format_decimal(value, locale=look.locale)
    except ArithmeticError:  # more digits than decimal arithmetic has
        return str(value)
