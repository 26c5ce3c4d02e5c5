"""What pages say, in each language: catalogues in `locale/`, read from their text as they are."""

from __future__ import annotations

import gettext
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ar": "العربية"}


@cache
def translations(language: str) -> NullTranslations:
    """Return the messages of a language; English is what the templates say themselves."""
    file = files("tocsin.server.pages") / "locale" / f"{language}.po"
    if language == "en" or not file.is_file():
        return NullTranslations()
    packed = BytesIO()
    write_mo(packed, read_po(BytesIO(file.read_bytes()), locale=language))
    packed.seek(0)
    return Translations(packed)


def say(language: str, message: str) -> str:
    """Return one message in a language."""
    known: gettext.NullTranslations = translations(language)
    return known.gettext(message)


def say_what_failed(language: str, message: str) -> str:
    """Return what an error says, or what it hints at, in a language; in English where it names what it met (`docs.messages` tells which are the same each time)."""
    return say(language, message) if message else ""


def say_many(language: str, one: str, many: str, count: int) -> str:
    """Return one message in the form that a language has for a number; the number itself is for the caller to write."""
    known: gettext.NullTranslations = translations(language)
    return known.ngettext(one, many, count)


def mark(message: str) -> str:
    """Return a message as it is: it is said elsewhere, and catalogues find it by this."""
    return message
