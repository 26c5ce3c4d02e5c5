"""Key-value lists as security devices write them, in the extension of CEF and the attributes of LEEF."""

from __future__ import annotations

import re

from tocsin.clock import Micros
from tocsin.telemetry import times
from tocsin.telemetry.text_logs import Values
from tocsin.telemetry.times import Reference

_MOST = 2_000
# a key begins where a blank ends and has no blank in it; `\\=` in a value is no key's equals sign
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_][\w.\[\]:-]{0,127})(?<!\\)=")
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def spaced(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a CEF extension (`a=b c=d e f`): a value goes on until the next key. What has no key comes under ""."""
    keys = []
    for key in _KEY.finditer(text):
        keys.append(key)
        if len(keys) > _MOST:
            break
    begins = [key.start() for key in keys] + [len(text)]
    found = [
        (key[1], _plain(text[key.end() : end].strip()))
        for key, end in zip(keys[:_MOST], begins[1:], strict=False)
    ]
    rest = [text[: begins[0]].strip(), text[begins[_MOST] :].strip() if len(keys) > _MOST else ""]
    return found + [("", part) for part in rest if part]


def delimited(text: str, delimiter: str) -> list[tuple[str, str]]:
    """Return the pairs of LEEF's attributes. What has no key comes under "", and so does what comes after 2,000 pairs."""
    parts = text.split(delimiter, _MOST)
    cut = [part.partition("=") for part in parts[:_MOST]]
    found = [
        (key.strip() if equals else "", (value if equals else key).strip()) for key, equals, value in cut
    ]
    return [(key, value) for key, value in found if value] + [("", part) for part in parts[_MOST:]]


def _plain(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)


def device_time(text: str, reference: Reference | None) -> Micros | None:
    """Return a time as devices write it: milliseconds since 1970, ISO 8601, or `Nov 20 [2026] 08:00:01`."""
    if text.isascii() and text.isdigit() and len(text) < 20:
        return times.of_value(int(text))
    return times.of_local(text, reference) or times.of_bsd(text, reference)


def first_time(values: Values, names: tuple[str, ...], reference: Reference | None) -> Micros | None:
    """Return the time in the first of the fields that holds one."""
    moments = (device_time(values[name], reference) for name in names if name in values)
    return next((moment for moment in moments if moment is not None), None)
