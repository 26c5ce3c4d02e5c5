"""How someone wants pages to look: language, colours, density, times. Kept in a cookie of names that mean nothing else."""

from __future__ import annotations

import zoneinfo
from functools import cache
from typing import Any

import msgspec
from babel import Locale, negotiate_locale
from starlette.requests import Request

COOKIE = "tocsin-look"
LANGUAGES = ("en", "de", "fr", "es", "ar")
THEMES = ("auto", "light", "dark", "contrast")
DENSITIES = ("comfortable", "dense")
TIMES = ("utc", "mine")
_RIGHT_TO_LEFT = {"ar"}
_PARTS = 6


class Look(msgspec.Struct, frozen=True):
    """Choices: `zone` is an IANA name, used where `times` is "mine"."""

    language: str = "en"
    theme: str = "auto"
    density: str = "comfortable"
    times: str = "utc"
    zone: str = "UTC"

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return "rtl" if self.language in _RIGHT_TO_LEFT else "ltr"

    @property
    def locale(self) -> Locale:
        """What numbers and dates are written by."""
        return Locale.parse(self.language)

    def cookie(self) -> str:
        """Return the choices as the value of a cookie."""
        return ".".join((self.language, self.theme, self.density, self.times, self.zone.replace("/", "!")))


def look_of(request: Request) -> Look:
    """Return the choices that a browser sends, each checked against what there is; else what its language asks for."""
    given = request.cookies.get(COOKIE, "").split(".", _PARTS)
    if len(given) == len(Look.__struct_fields__):
        return chosen(
            dict(zip(Look.__struct_fields__, (*given[:4], given[4].replace("!", "/")), strict=True))
        )
    accepted = [
        part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")
    ]
    return Look(language=negotiate_locale([a for a in accepted if a], LANGUAGES, sep="-") or "en")


def chosen(wanted: dict[str, Any]) -> Look:
    """Return what is wanted, with defaults for what is not to be had."""
    usual = Look()
    allowed = {"language": LANGUAGES, "theme": THEMES, "density": DENSITIES, "times": TIMES}
    good = {name: value for name, value in wanted.items() if value in allowed.get(name, ())}
    zone = str(wanted.get("zone", ""))
    if zone in _zones():
        good["zone"] = zone
    return msgspec.structs.replace(usual, **good)


@cache
def _zones() -> frozenset[str]:
    """Return the names of zones: finding them reads hundreds of files, and strangers are asked about theirs on the event loop."""
    return frozenset(zoneinfo.available_timezones())
