"""Checks of single values: the common data types of STIX 2.1 (section 2) and the shapes built from them.

A check takes a value and returns None when it is right, which is nearly always, or a list of issues. The way there
costs nothing until something is wrong: pointers are put together only for issues.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from tocsin.stix.issues import Faults, Issue, below, fault
from tocsin.stix.timestamps import micros_or_none

Check: TypeAlias = Callable[[Any], Faults]
_TO_THE_MILLISECOND = len("2026-11-23T08:00:00.000Z")

TYPE_NAME = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]", re.ASCII)
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}"
IDENTIFIER = re.compile(rf"([a-z][a-z0-9-]{{0,248}}[a-z0-9])--{_UUID}", re.ASCII)
_PROPERTY = re.compile(r"[a-z0-9_]{3,250}", re.ASCII)
_KEY = re.compile(r"[a-zA-Z0-9_-]{1,250}", re.ASCII)
_HEX = re.compile(r"(?:[a-fA-F0-9]{2})+", re.ASCII)
_EXTENSION = re.compile(r"[a-z0-9-]{3,250}", re.ASCII)
_LANGUAGE = re.compile(r"[a-zA-Z]{2,8}(?:-[a-zA-Z0-9]{1,8})*|[xi](?:-[a-zA-Z0-9]{1,8})+", re.ASCII)

_HASH_LENGTHS = {
    "MD5": 32,
    "SHA-1": 40,
    "SHA-256": 64,
    "SHA-512": 128,
    "SHA3-256": 64,
    "SHA3-512": 128,
    "TLSH": 70,
}
_HASH_FORMS = {name: re.compile(rf"[0-9a-fA-F]{{{length}}}") for name, length in _HASH_LENGTHS.items()}
_HASH_FORMS["TLSH"] = re.compile(r"(?:T1)?[0-9a-fA-F]{70}")
_HASH_FORMS["SSDEEP"] = re.compile(r"[0-9]+:[a-zA-Z0-9/+]*:[a-zA-Z0-9/+]*(?:,.*)?", re.DOTALL)


def string(value: Any) -> Faults:
    """A string (section 2.13)."""
    return None if type(value) is str else fault("type", f"must be a string, not {_kind(value)}")


def boolean(value: Any) -> Faults:
    """True or false (section 2.2)."""
    return None if type(value) is bool else fault("type", f"must be true or false, not {_kind(value)}")


def integer(value: Any) -> Faults:
    """A whole number (section 2.11)."""
    return None if type(value) is int else fault("type", f"must be a whole number, not {_kind(value)}")


def number(value: Any) -> Faults:
    """A number (section 2.6)."""
    return (
        None
        if type(value) is int or type(value) is float
        else fault("type", f"must be a number, not {_kind(value)}")
    )


def string_or_integer(value: Any) -> Faults:
    """A string or a whole number, as in `ipfix` and `exif_tags`."""
    if type(value) is str or type(value) is int:
        return None
    return fault("type", f"must be a string or a whole number, not {_kind(value)}")


def timestamp(value: Any) -> Faults:
    """A timestamp (section 2.14)."""
    if micros_or_none(value) is not None:
        return None
    if type(value) is not str:
        return fault("type", f"must be a timestamp, not {_kind(value)}")
    return fault("timestamp", f"{value!r:.60} is not a timestamp such as 2026-11-23T08:00:00.000Z")


def version_time(value: Any) -> Faults:
    """A timestamp of `created` or `modified`: to the millisecond or finer (section 3.2)."""
    if micros_or_none(value) is None:
        return timestamp(value)
    if len(value) < _TO_THE_MILLISECOND:
        return fault("precision", f"{value!r} must say milliseconds, as in 2026-11-23T08:00:00.000Z")
    return None


def binary(value: Any) -> Faults:
    """Base64 (section 2.1)."""
    if type(value) is not str:
        return fault("type", f"must be base64 text, not {_kind(value)}")
    if not value:
        return fault("binary", "is empty: leave the property out")
    try:
        base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return fault("binary", "is not base64 (RFC 4648 section 4)")
    return None


def hexadecimal(value: Any) -> Faults:
    """Hexadecimal (section 2.8): an even number of digits."""
    if type(value) is not str:
        return fault("type", f"must be hexadecimal text, not {_kind(value)}")
    return None if _HEX.fullmatch(value) else fault("hex", "is not an even number of hexadecimal digits")


def language(value: Any) -> Faults:
    """A language tag (RFC 5646)."""
    if type(value) is not str:
        return fault("type", f"must be a language tag, not {_kind(value)}")
    return (
        None
        if _LANGUAGE.fullmatch(value)
        else fault("lang", f"{value!r:.60} is not a language tag (RFC 5646)")
    )


def between(low: float, high: float, base: Check = integer) -> Check:
    """A number from `low` to `high`, both included."""

    def check(value: Any) -> Faults:
        found = base(value)
        if found is not None:
            return found
        return None if low <= value <= high else fault("range", f"{value} is not from {low} to {high}")

    return check


def one_of(words: Iterable[str]) -> Check:
    """A word of a closed vocabulary (section 10, `-enum`)."""
    allowed = frozenset(words)

    def check(value: Any) -> Faults:
        if type(value) is not str:
            return fault("type", f"must be a string, not {_kind(value)}")
        return (
            None
            if value in allowed
            else fault("enum", f"{value!r:.60} is none of {', '.join(sorted(allowed))}")
        )

    return check


def reference(*types: str) -> Check:
    """An identifier (section 2.9) that refers to an object of one of `types`; without types, of any."""
    allowed = frozenset(types)

    def check(value: Any) -> Faults:
        if type(value) is not str:
            return fault("type", f"must be an identifier, not {_kind(value)}")
        found = IDENTIFIER.fullmatch(value)
        if found is None:
            return fault("id", f"{value!r:.80} is not an identifier `type--UUID`")
        if allowed and found.group(1) not in allowed:
            return fault(
                "ref-type", f"refers to {found.group(1)}, must refer to {' or '.join(sorted(allowed))}"
            )
        return None

    return check


def reference_except(*types: str) -> Check:
    """An identifier that refers to an object of any type but these."""
    refused = frozenset(types)
    base = reference()

    def check(value: Any) -> Faults:
        found = base(value)
        if found is not None:
            return found
        kind = value.partition("--")[0]
        return fault("ref-type", f"must not refer to {kind}") if kind in refused else None

    return check


def list_of(check: Check) -> Check:
    """A list with at least one element (section 2.12)."""

    def check_list(value: Any) -> Faults:
        if type(value) is not list:
            return fault("type", f"must be a list, not {_kind(value)}")
        if not value:
            return fault("empty-list", "must not be empty: leave the property out")
        found: list[Issue] = []
        for position, element in enumerate(value):
            wrong = check(element)
            if wrong is not None:
                found += below(position, wrong)
        return found or None

    return check_list


strings = list_of(string)


def dictionary(check: Check | None = None, *, keys: Check | None = None) -> Check:
    """A dictionary (section 2.4): at least one entry, keys of 1 to 250 ASCII letters, digits, `-` and `_`."""

    def check_dictionary(value: Any) -> Faults:
        if type(value) is not dict:
            return fault("type", f"must be a dictionary, not {_kind(value)}")
        if not value:
            return fault("empty-dictionary", "must not be empty: leave the property out")
        found: list[Issue] = []
        for key, element in value.items():
            wrong = keys(key) if keys is not None else _dictionary_key(key)
            if wrong is not None:
                found += below(key, wrong)
            if element is None or element == []:
                rule = "null" if element is None else "empty-list"
                found += below(key, fault(rule, "is no value: leave the entry out"))
            elif check is not None and (wrong := check(element)) is not None:
                found += below(key, wrong)
        return found or None

    return check_dictionary


def _dictionary_key(key: str) -> Faults:
    return (
        None if _KEY.fullmatch(key) else fault("dictionary-key", f"{key!r:.60} cannot be a key (section 2.4)")
    )


def hashes(value: Any) -> Faults:
    """Hashes by algorithm (section 2.7). Values of known algorithms must have their form."""
    if type(value) is not dict:
        return fault("type", f"must be a dictionary of hashes, not {_kind(value)}")
    if not value:
        return fault("empty-dictionary", "must not be empty: leave the property out")
    found: list[Issue] = []
    for name, text in value.items():
        if type(text) is not str:
            found += below(name, fault("type", f"must be a string, not {_kind(text)}"))
        elif not 3 <= len(name) <= 250 or not _KEY.fullmatch(name):
            found += below(
                name, fault("hash-name", "a name of 3 to 250 ASCII letters, digits, `-` and `_` is needed")
            )
        elif (form := _HASH_FORMS.get(name)) is not None and not form.fullmatch(text):
            found += below(name, fault("hash", f"{text!r:.80} is not a {name} hash"))
    return found or None


def structure(
    properties: Mapping[str, Check],
    required: Iterable[str] = (),
    rule: Callable[[Mapping[str, Any]], Faults] | None = None,
    *,
    at_least_one: bool = False,
) -> Check:
    """An object inside an object, with its properties and the rule between them. Further properties are custom."""
    needed = tuple(required)

    def check(value: Any) -> Faults:
        if type(value) is not dict:
            return fault("type", f"must be an object, not {_kind(value)}")
        if not value:
            return fault("empty-dictionary", "must not be empty: leave the property out")
        found: list[Issue] = []
        for name, element in value.items():
            test = properties.get(name)
            wrong = test(element) if test is not None else custom_name(name)
            if wrong is not None:
                found += below(name, wrong)
        for name in needed:
            if name not in value:
                found += fault("required", f"{name} is missing", f"/{name}")
        if at_least_one and properties.keys().isdisjoint(value):
            found += fault("at-least-one", f"one of {', '.join(sorted(properties))} is needed")
        if not found and rule is not None:
            found += rule(value) or ()
        return found or None

    return check


def custom_name(name: str) -> Faults:
    """The name of a property that the specification does not know (section 11.1)."""
    if _PROPERTY.fullmatch(name):
        return None
    return fault("custom-name", f"{name!r:.60}: names have 3 to 250 characters of a-z, 0-9 and _")


def extension_name(name: str) -> bool:
    """Whether `name` can be the key of a custom extension of an observable (section 7.3, 11.3)."""
    return _EXTENSION.fullmatch(name) is not None


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    return {
        bool: "true or false",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }.get(type(value), type(value).__name__)
