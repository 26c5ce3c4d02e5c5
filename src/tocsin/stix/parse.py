"""From bytes to an object that is right, or an error that says where and why it is not.

One pass each: decode, look for what decoding hides (duplicate keys), walk for depth and numbers, check every rule, write
the canonical bytes. What comes out is the only form in which objects enter the node.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import orjson

from tocsin.clock import Micros
from tocsin.errors import LimitError, ParseError
from tocsin.stix.canonical import MAX_DEPTH, encode, measure
from tocsin.stix.issues import Issue
from tocsin.stix.markings import marking_ids
from tocsin.stix.timestamps import micros_or_none
from tocsin.stix.validation import validate

# Where none of these is, there are no markings: `objects` are those that old observed-data contains
_MARKED_BY = {"object_marking_refs", "granular_markings", "objects"}
_BLANK_BEFORE_COLON = re.compile(rb'"[ \t\r\n]+:')


class Limits(msgspec.Struct, frozen=True):
    """What one object may cost: bytes and nesting."""

    size: int = 16 * 1024 * 1024
    depth: int = MAX_DEPTH


DEFAULT = Limits()


class Object(msgspec.Struct, frozen=True, gc=False):
    """One version of a STIX object, checked.

    Attributes:
        id, type: as in the object.
        version: µs of `modified`, else of `created`, else None (observables have no versions of their own).
        revoked: whether this version revokes it.
        body: canonical bytes (RFC 8785): what is stored, hashed and served.
        markings: ids of all marking definitions it refers to, sorted, distinct.
        data: the parsed JSON. Not to be changed: it is what `body` says.
    """

    id: str
    type: str
    version: Micros | None
    revoked: bool
    body: bytes
    markings: tuple[str, ...]
    data: dict[str, Any]


class InvalidObjectError(ParseError):
    """An object breaks rules of STIX 2.1; `issues` has all of them, the first is the error itself."""

    code = "stix-invalid"

    def __init__(self, issues: list[Issue]) -> None:
        first = issues[0]
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        super().__init__(
            f"{first.pointer or 'object'}: {first.message}{more}", pointer=first.pointer, rule=first.rule
        )
        self.issues = issues


def parse(raw: bytes, *, limits: Limits = DEFAULT) -> Object:
    """Return the object that `raw` (UTF-8 JSON of one STIX object) holds.

    Raises:
        ParseError: not JSON, not UTF-8, a duplicate key, a number that JSON readers cannot hold, or a rule of
            STIX 2.1 (then `InvalidObjectError`, with all issues).
        LimitError: larger or deeper than `limits`.
    """
    if len(raw) > limits.size:
        raise LimitError(f"the object has {len(raw):,} bytes, {limits.size:,} are allowed")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _unreadable(raw, error, limits) from None
    if type(data) is not dict:
        raise ParseError("a STIX object is a JSON object", rule="json")
    fast, keys = measure(data, limits.depth)
    body = encode(data, fast=fast)
    if body != raw:
        _refuse_duplicates(raw, keys)
    issues = validate(data)
    if issues:
        raise InvalidObjectError(issues)
    return Object(
        data["id"],
        data["type"],
        _version_of(data),
        data.get("revoked") is True,
        body,
        marking_ids(data) if _MARKED_BY & data.keys() else (),
        data,
    )


def _version_of(data: dict[str, Any]) -> Micros | None:
    # custom observables may have properties of these names that mean something else: then they are no timestamps
    found = micros_or_none(data.get("modified"))
    return found if found is not None else micros_or_none(data.get("created"))


def _refuse_duplicates(raw: bytes, keys: int) -> None:
    """Find keys that decoding dropped.

    Every key of the text is a closing quote followed by a colon. Where no blank stands between the two and no escaped quote
    is followed by a colon, `":` occurs once for each key, and further only where a string begins with a colon. So if it
    occurs as often as there are keys in what was parsed, none was dropped; otherwise a slower reader looks.
    """
    if raw.count(b'":') == keys and b'\\":' not in raw and _BLANK_BEFORE_COLON.search(raw) is None:
        return

    def no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise ParseError(
                f"the key {twice!r:.60} stands twice in one object", pointer=f"/{twice}", rule="duplicate-key"
            )
        return found

    json.loads(raw, object_pairs_hook=no_twice)


def _unreadable(raw: bytes, error: orjson.JSONDecodeError, limits: Limits) -> ParseError | LimitError:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as bad:
        return ParseError(f"not UTF-8: byte {bad.start}", rule="utf-8")
    if "recursion" in str(error).lower() or _deeper(raw, limits.depth):
        return LimitError(f"nested deeper than {limits.depth} levels")
    return ParseError(f"not JSON: {error.msg} at character {error.pos}", rule="json")


def _deeper(raw: bytes, depth: int) -> bool:
    """Whether brackets outside of strings open more than `depth` levels, in a text that is no JSON."""
    level = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', raw):
        if token.group() in b"[{":
            level += 1
            if level > depth:
                return True
        elif token.group() in b"]}":
            level -= 1
    return False
