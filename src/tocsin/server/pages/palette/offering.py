"""What the palette offers: places, actions, names and values that begin so, and what to do with an indicator, defanged or not."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.errors import FormatError
from tocsin.matching.values import Value, classify
from tocsin.server.api import asking, objects, searching
from tocsin.server.pages.messages import mark, say
from tocsin.server.pages.rendering import document, places
from tocsin.server.pages.view import View
from tocsin.sharing.release import Released
from tocsin.store.search.query import parse

_SUGGESTED = 6
_LONGEST = 200  # of what is looked up; what is pasted may be longer
_ACTIONS = (
    (mark("Kept searches"), "/views", "bookmark"),
    (mark("Account"), "/account", "user"),
    (mark("Language and more"), "/look", "language"),
    (mark("Keyboard shortcuts"), "#keys", "keyboard"),
    (mark("Light colours"), "#theme-light", "sun"),
    (mark("Dark colours"), "#theme-dark", "moon"),
    (mark("High contrast"), "#theme-contrast", "look"),
    (mark("Dense lists"), "#density-dense", "rows"),
    (mark("Comfortable lists"), "#density-comfortable", "rows"),
)


class Typed(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What has been typed so far."""

    q: Annotated[str, Meta(max_length=500)] = ""


class Offer(msgspec.Struct, frozen=True):
    """One line: what, what kind of thing, where it leads (`#name` is done in the browser), and a drawing."""

    text: str
    about: str
    path: str
    icon: str


class Offers(msgspec.Struct, frozen=True):
    """The lines, the likeliest first."""

    items: tuple[Offer, ...]


def offer(view: View) -> Response:
    """Offer what goes with what is typed."""
    text = asking.parameters(view.call, Typed).q.strip()
    released = searching.suggested(view.call, text[:_LONGEST], _SUGGESTED)
    suggested = [_search(view, each.text, each.kind) for each in released.value.items]
    items = [*_of_value(view, text), *_places(view, text), *suggested]
    if text:
        items.append(_search(view, text, say(view.look.language, "Search")))
    return document(view, released.derive(Offers(tuple(items))))


def _places(view: View, text: str) -> list[Offer]:
    language, wanted = view.look.language, text.casefold()
    page, action = say(language, "Page"), say(language, "Action")
    found = [Offer(say(language, each.label), page, each.path, each.icon) for each in places(view)]
    found += [Offer(say(language, words), action, path, icon) for words, path, icon in _ACTIONS]
    return [each for each in found if wanted in each.text.casefold()]


def _of_value(view: View, text: str) -> list[Offer]:
    """Return what can be done with a value: nothing where the text is none."""
    try:
        value = classify(text)
    except FormatError:
        return []
    if value.kind == "domain" and "." not in value.text:  # a word on its own is a word
        return []
    language, kind = view.look.language, value.kind
    known = _newest(view, value).value
    offers = []
    if known:
        path = f"/objects/{quote(known)}"
        offers.append(Offer(say(language, "Open what is known of it"), kind, path, "external"))
        offers.append(Offer(say(language, "Has anyone seen it?"), kind, f"{path}/sightings", "sighting"))
    offers.append(
        _search(view, value.text, kind, say(language, "Search for %(value)s") % {"value": value.text})
    )
    offers.append(
        Offer(
            say(language, "Make an indicator of it"),
            kind,
            f"/write/indicator?{urlencode({'value': value.text})}",
            "plus",
        )
    )
    return offers


def _newest(view: View, value: Value) -> Released[str]:
    found = objects.find(view.call, parse(f'"{value.text}"' if " " in value.text else value.text), 1, None)
    entries = objects.entries(view.call, found.value).items
    return found.derive(entries[0].id if entries else "")


def _search(_view: View, text: str, about: str, words: str = "") -> Offer:
    query = f'"{text}"' if " " in text and ":" not in text and '"' not in text else text
    return Offer(words or text, about, f"/search?{urlencode({'q': query})}", "search")
