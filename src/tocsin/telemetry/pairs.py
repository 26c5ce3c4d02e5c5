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
    """Return the pairs of a CEF extension (`a=b c=d e f`): a value goes on until the next key; at most 2,000."""
    keys = []
    for key in _KEY.finditer(text):
        keys.append(key)
        if len(keys) > _MOST:
            break
    ends = [key.start() for key in keys[1:]] + [len(text)]
    return [
        (key[1], _plain(text[key.end() : end].strip()))
        for key, end in list(zip(keys, ends, strict=True))[:_MOST]
    ]


def delimited(text: str, delimiter: str) -> list[tuple[str, str]]:
    """Return the pairs of LEEF's attributes; what has no `=` belongs to no key and is left out; at most 2,000."""
    pairs = (part.partition("=") for part in text.split(delimiter, _MOST)[:_MOST])
    return [(key.strip(), value.strip()) for key, equals, value in pairs if equals and key.strip()]


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
