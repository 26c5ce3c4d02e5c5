"""MISP warninglists: values known to be harmless or shared by many (resolvers, CDNs, top sites).

A list has a type that says how its values match: `cidr` (addresses and networks), `hostname` (domains with their
subdomains), `string` (equal), `substring`, `regex`. They are no STIX objects, so this module exposes no FORMAT.
"""

from __future__ import annotations

import re

import msgspec

from tocsin.errors import FormatError

KINDS = frozenset({"cidr", "hostname", "string", "substring", "regex"})
_PHP_REGEX = re.compile(r"/(.*)/([a-z]*)", re.DOTALL)


class Warninglist(msgspec.Struct, frozen=True):
    """One list.

    Attributes:
        name: what people call it; unique.
        kind: how values match: cidr, hostname, string, substring or regex (Python syntax).
        attributes: MISP attribute types it is about, such as `ip-dst`.
        version: rises with each change.
        values: as listed, in order; patterns of a `regex` list without delimiters.
        description: one paragraph.
    """

    name: str
    kind: str
    attributes: tuple[str, ...]
    version: int
    values: tuple[str, ...]
    description: str = ""


class _Written(msgspec.Struct, kw_only=True):
    name: str
    type: str
    version: int
    listed: list[str] = msgspec.field(name="list")
    description: str = ""
    matching_attributes: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(_Written, strict=False).decode


def read(raw: bytes, where: str) -> Warninglist:
    """Return the list in a `list.json`.

    Raises:
        FormatError: it is not one, or of a type that is not known; `where` is named.
    """
    try:
        found = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"not a MISP warninglist: {error}", where=where) from error
    if found.type not in KINDS:
        raise FormatError(f"warninglist type {found.type!r} is not known", where=where)
    values = tuple(value.strip() for value in found.listed if value.strip())
    if found.type == "regex":
        values = tuple(_pattern(value, where) for value in values)
    return Warninglist(
        found.name, found.type, found.matching_attributes, found.version, values, found.description
    )


def _pattern(text: str, where: str) -> str:
    """Return a PHP pattern (`/.../i`) as Python has it."""
    match = _PHP_REGEX.fullmatch(text)
    pattern = f"(?i){match[1]}" if match and "i" in match[2] else match[1] if match else text
    try:
        re.compile(pattern)
    except re.error as error:
        raise FormatError(f"pattern {text!r} cannot be used: {error}", where=where) from error
    return pattern
