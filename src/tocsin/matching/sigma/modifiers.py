"""Modifiers: from what a rule writes after a field's name, and its values, to tests (Sigma modifiers appendix 2.1.0).

Modifiers work in the order they stand in, each on what the one before made. What they cannot be applied to is an error, never ignored.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any, Final, TypeAlias, cast

import msgspec

from tocsin.errors import ParseError
from tocsin.matching.sigma import tests
from tocsin.matching.sigma.expressions import Expression, Match, both, either, negated
from tocsin.matching.sigma.records import text_of
from tocsin.matching.sigma.regular import searcher
from tocsin.matching.sigma.tests import (
    Compare,
    Exists,
    Like,
    Network,
    Null,
    Order,
    Part,
    Regex,
    SameAs,
    Test,
    TimePart,
)
from tocsin.matching.sigma.wildcards import ANY, Parts, Wild, joined, parts_of

Placeholders: TypeAlias = Mapping[str, Sequence[str]]
"""Values that stand for `%name%` under `expand`; they may have wildcards."""

MAX_VALUES: Final = 10_000
"""Of one item, after `base64offset` and `expand` have made several of one."""

_PLACEHOLDER = re.compile(r"(?<!\\)%([^%\\\s]{1,100})%")
_MARKED = {"contains": "inside", "startswith": "start", "endswith": "end"}
_ENCODINGS = {"wide": "utf-16-le", "utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf16": "utf-16"}
_ORDERS = ("lt", "lte", "gt", "gte")
_TIMES = ("minute", "hour", "day", "week", "month", "year")
_FLAGS = {"i": "i", "ignorecase": "i", "m": "m", "multiline": "m", "s": "s", "dotall": "s"}


class _State(msgspec.Struct):
    """What the modifiers so far have made of one value."""

    value: Parts | bytes | int | float | bool | None
    kind: str = "text"  # text, re, cidr, exists, fieldref
    cased: bool = False
    dashes: bool = False
    order: Order = "eq"
    part: str = ""
    flags: str = ""
    place: str = "whole"


def item(key: str, values: Any, *, placeholders: Placeholders | None = None) -> Expression:
    """Return what one item of a selection asks for.

    Args:
        key: `field|modifier|...`; without a field it asks about every value of the record.
        values: one value or a list.
        placeholders: what `expand` puts in.

    Raises:
        ParseError: a modifier is unknown, or cannot be applied to that value.
    """
    field, *chain = key.split("|")
    given = values if isinstance(values, list) else [values]
    if not given:
        raise _error(f"{key}: the list of values is empty")
    states: list[_State] = []
    for value in given:
        if isinstance(value, (dict, list)):
            raise _error(f"{key}: a value is a map or a list in a list")
        states += _apply(
            key, value, [name for name in chain if name not in {"all", "neq"}], placeholders or {}
        )
        if len(states) > MAX_VALUES:
            raise _error(f"{key}: more than {MAX_VALUES:,} values")
    tested = [Match(field or None, _test(key, state, keyword=not field)) for state in states]
    groups = both(tested) if "all" in chain else either(tested)
    return negated(groups) if "neq" in chain else groups


def _error(reason: str) -> ParseError:
    return ParseError(reason, rule="sigma-modifier")


def _apply(key: str, value: Any, chain: Sequence[str], placeholders: Placeholders) -> list[_State]:
    states = [_State(value)]
    read = _verbatim if {"re", "cidr", "fieldref"} & set(chain) else parts_of
    if isinstance(value, str):
        states = [
            _State(read(text))
            for text in (_expanded(key, value, placeholders) if "expand" in chain else (value,))
        ]
    elif "expand" in chain:
        raise _error(f"{key}: expand needs text")
    for name in chain:
        if name == "expand":
            continue
        apply = _MODIFIERS.get(name)
        if apply is None:
            raise _error(f"{key}: there is no modifier {name[:40]!r}")
        states = [made for state in states for made in apply(key, name, state)]
        if len(states) > MAX_VALUES:
            raise _error(f"{key}: more than {MAX_VALUES:,} values")
    return states


def _verbatim(text: str) -> Parts:
    return (text,) if text else ()


def _expanded(key: str, value: str, placeholders: Placeholders) -> list[str]:
    pieces = _PLACEHOLDER.split(value)  # text, name, text, name, ..., text
    choices: list[Sequence[str]] = []
    for number, piece in enumerate(pieces):
        if number % 2 == 0:
            choices.append([piece.replace("\\%", "%")])
            continue
        known = placeholders.get(piece)
        if not known:
            raise ParseError(
                f"{key}: nothing is known to stand for %{piece}%",
                rule="sigma-placeholder",
                hint="name its values in a file for --placeholders",
            )
        choices.append(known)
    total = 1
    for choice in choices:
        total *= len(choice)
    if total > MAX_VALUES:
        raise _error(f"{key}: more than {MAX_VALUES:,} values")
    return ["".join(chosen) for chosen in product(*choices)]


def _parts(key: str, name: str, state: _State) -> Parts:
    value = state.value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return (text_of(value),)
    if not isinstance(value, tuple):
        raise _error(f"{key}: {name} needs text")
    return value


def _marked(key: str, name: str, state: _State) -> list[_State]:
    if state.kind == "re":
        return [state]  # expressions are searched, not matched: nothing is to be added around them
    if state.kind == "fieldref":
        return [msgspec.structs.replace(state, place=_MARKED[name])]
    if isinstance(state.value, bytes):
        state = msgspec.structs.replace(state, value=_decoded(key, state.value))
    parts = _parts(key, name, state)
    before: Parts = (ANY,) if name != "startswith" else ()
    after: Parts = (ANY,) if name != "endswith" else ()
    return [msgspec.structs.replace(state, value=joined((*before, *parts, *after)))]


def _windash(key: str, name: str, state: _State) -> list[_State]:
    _parts(key, name, state)
    return [msgspec.structs.replace(state, dashes=True)]


def _wide(key: str, name: str, state: _State) -> list[_State]:
    parts = _parts(key, name, state)
    if any(isinstance(part, Wild) for part in parts):
        raise _error(f"{key}: {name} cannot encode wildcards")
    return [msgspec.structs.replace(state, value="".join(map(str, parts)).encode(_ENCODINGS[name]))]


def _octets(key: str, name: str, state: _State) -> bytes:
    if isinstance(state.value, bytes):
        return state.value
    parts = _parts(key, name, state)
    if any(isinstance(part, Wild) for part in parts):
        raise _error(f"{key}: {name} cannot encode wildcards")
    return "".join(map(str, parts)).encode()


def _base64(key: str, name: str, state: _State) -> list[_State]:
    return [msgspec.structs.replace(state, value=(base64.b64encode(_octets(key, name, state)).decode(),))]


def _base64offset(key: str, name: str, state: _State) -> list[_State]:
    """Three spellings, by where the value begins in the groups of three octets; what depends on its neighbours is left out."""
    octets = _octets(key, name, state)
    made = []
    for shift in range(3):
        text = base64.b64encode(b" " * shift + octets).decode()
        begin = (0, 2, 3)[shift]
        end = (None, -3, -2)[(len(octets) + shift) % 3]
        if text := text[begin:end]:
            made.append(msgspec.structs.replace(state, value=(text,)))
    if not made:
        raise _error(f"{key}: too little text for {name}")
    return made


def _kind(key: str, name: str, state: _State) -> list[_State]:
    if name == "exists":
        if not isinstance(state.value, bool):
            raise _error(f"{key}: exists needs true or false")
    elif any(isinstance(part, Wild) for part in _parts(key, name, state)):
        raise _error(f"{key}: {name} must stand before what adds wildcards")
    return [msgspec.structs.replace(state, kind=name)]


def _flag(key: str, name: str, state: _State) -> list[_State]:
    if state.kind != "re":
        raise _error(f"{key}: {name} belongs after re")
    return [msgspec.structs.replace(state, flags="".join(sorted({*state.flags, _FLAGS[name]})))]


def _cased(key: str, name: str, state: _State) -> list[_State]:
    if state.kind not in {"text", "fieldref"}:
        raise _error(f"{key}: {name} needs text")
    return [msgspec.structs.replace(state, cased=True)]


def _numeric(key: str, name: str, state: _State) -> int | float:
    value = state.value
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], str):
        value = tests.number(value[0])
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _error(f"{key}: {name} needs a number")
    return value


def _order(key: str, name: str, state: _State) -> list[_State]:
    return [
        msgspec.structs.replace(
            state,
            value=_numeric(key, name, state),
            kind=state.kind if state.part else "order",
            order=cast("Order", name),
        )
    ]


def _time(key: str, name: str, state: _State) -> list[_State]:
    return [msgspec.structs.replace(state, value=_numeric(key, name, state), kind="time", part=name)]


_MODIFIERS: Final[Mapping[str, Callable[[str, str, _State], list[_State]]]] = {
    **dict.fromkeys(_MARKED, _marked),
    **dict.fromkeys(_ENCODINGS, _wide),
    **dict.fromkeys(("re", "cidr", "exists", "fieldref"), _kind),
    **dict.fromkeys(_FLAGS, _flag),
    **dict.fromkeys(_ORDERS, _order),
    **dict.fromkeys(_TIMES, _time),
    "windash": _windash,
    "base64": _base64,
    "base64offset": _base64offset,
    "cased": _cased,
}
MODIFIERS: Final = (*_MODIFIERS, "all", "neq", "expand")
"""All that is understood."""


def _decoded(key: str, octets: bytes) -> Parts:
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise _error(
            f"{key}: what utf16 makes of it is no text; base64 or base64offset must follow"
        ) from None
    return (text,) if text else ()


def _test(key: str, state: _State, *, keyword: bool) -> Test:
    value = state.value
    if keyword and (
        state.kind not in {"text", "re"}
        or not isinstance(value, (tuple, bytes, int, float))
        or isinstance(value, bool)
    ):
        raise _error(f"{key or 'keyword'}: only text and re can be looked for in all fields")
    if isinstance(value, bool):
        return Exists(value) if state.kind == "exists" else Like(("true" if value else "false",))
    if value is None:
        if state.kind != "text" or state.place != "whole":
            raise _error(f"{key}: null takes no modifiers but all and neq")
        return Null()
    if isinstance(value, bytes):
        value = _decoded(key, value)
    if isinstance(value, (int, float)):
        if not keyword:
            return _numbered(state, value)
        value = (text_of(value),)
    text = "".join(map(str, value)) if state.kind in {"re", "cidr", "fieldref"} else ""
    if state.kind == "re":
        return _regex(text, state)
    if state.kind == "cidr":
        return _cidr(key, text)
    if state.kind == "fieldref":
        return SameAs(text, cast("tests.Place", state.place), state.cased)
    parts = joined((ANY, *value, ANY)) if keyword else value
    folded = [
        tests.fold(part, cased=state.cased, dashes=state.dashes) if isinstance(part, str) else part
        for part in parts
    ]
    return Like(tuple(folded), state.cased, state.dashes)


def _numbered(state: _State, value: float) -> Test:
    if state.kind == "time":
        return TimePart(cast("Part", state.part), state.order, value)
    if state.kind == "order":
        return Compare(state.order, value)
    return Like((text_of(value),), state.cased, state.dashes)


def _regex(text: str, state: _State) -> Regex:
    made = Regex(text, state.flags)
    searcher(made)
    return made


def _cidr(key: str, text: str) -> Network:
    try:
        return Network(str(ipaddress.ip_network(text.strip(), strict=False)))
    except ValueError:
        raise _error(f"{key}: {text[:60]!r} is no range of addresses") from None
