"""Read the files of law data, strictly: what a person mistyped must not become permission, nor silently be lost.

A file is TOML with `[[regime]]`, `[[basis]]` and `[[example]]` tables (`tocsin.law.model`). Days stand bare (`2026-01-31`) and begin
at midnight UTC: laws know time zones, these files do not. `EU` and `EEA` stand for their countries.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, Final, TypeVar

import msgspec

from tocsin.clock import Micros
from tocsin.errors import LawError
from tocsin.law.countries import GROUPS, INVENTED, OFFICIAL
from tocsin.law.model import Basis, Dated, Example, Interval, Regime, day

_DAY: Final[Micros] = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()
_TABLES: Final = {"regime", "basis", "example"}
_COUNTRY_KEYS: Final = {"applies_in", "area", "from", "to"}

Model = TypeVar("Model", Regime, Basis, Example)


class Law(msgspec.Struct, frozen=True):
    """All files together, by id and in the order of the files."""

    regimes: dict[str, Regime]
    bases: dict[str, Basis]
    examples: tuple[Example, ...]


@cache
def load() -> Law:
    """Return the law that is packaged with Tocsin.

    Raises:
        LawError: as `read`.
    """
    folder = files("tocsin.law") / "data"
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    return read({file.name: file.read_text(encoding="utf-8") for file in found})


def read(texts: Mapping[str, str]) -> Law:
    """Return the law in TOML texts, by file name.

    Raises:
        LawError: a text breaks a rule of the model; says which file, which entry and how.
    """
    regimes: dict[str, Regime] = {}
    bases: dict[str, Basis] = {}
    examples: list[Example] = []
    for file, text in texts.items():
        for table, where, entry in _entries(file, text):
            match table:
                case "regime":
                    regime = _convert(entry, Regime, where)
                    _check_regime(regime, regimes, where)
                    _new_id(regime.id, regimes.keys() | bases.keys(), where)
                    regimes[regime.id] = regime
                case "basis":
                    basis = _convert(entry, Basis, where)
                    _check_intervals(basis.intervals, where)
                    _new_id(basis.id, regimes.keys() | bases.keys(), where)
                    bases[basis.id] = basis
                case _:
                    examples.append(_convert(entry, Example, where))
    return Law(regimes, bases, tuple(examples))


def _entries(file: str, text: str) -> Iterator[tuple[str, str, Any]]:
    """Yield each table: what it is, how errors name it, and its content in plain values."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LawError(f"{file}: {error}") from error
    for table, entries in content.items():
        if table not in _TABLES or type(entries) is not list or not all(type(e) is dict for e in entries):
            raise LawError(f"{file}: {table!r} is none of [[{']], [['.join(sorted(_TABLES))}]]")
        for number, entry in enumerate(entries, 1):
            name = repr(entry["id"]) if "id" in entry else str(number)
            where = f"{file}, {table} {name}"
            yield table, where, _plain(entry, where)


def _plain(value: Any, where: str, key: str = "") -> Any:
    """Return `value` with days as µs and groups of countries resolved; numbers would be days by mistake, so there are none."""
    match value:
        case dict():
            return {k: _plain(v, where, k) for k, v in value.items()}
        case list() if key in _COUNTRY_KEYS:
            return [code for each in value for code in GROUPS.get(str(each)) or (_country(each, where, key),)]
        case list():
            return [_plain(v, where, key) for v in value]
        case str() if key in _COUNTRY_KEYS:
            return _country(value, where, key)
        case bool() | str():
            return value
        case date() if not isinstance(value, datetime):
            return (value.toordinal() - _EPOCH) * _DAY
        case _:
            raise LawError(f"{where}: {key} = {value} is no day such as 2026-01-31")


def _country(code: Any, where: str, key: str) -> str:
    if type(code) is not str or code not in OFFICIAL | INVENTED:
        raise LawError(f"{where}: {key} names {code!r}, which is no country code of ISO 3166-1 such as DE")
    return code


def _convert(entry: Any, model: type[Model], where: str) -> Model:
    try:
        return msgspec.convert(entry, model)
    except msgspec.ValidationError as error:
        raise LawError(f"{where}: {error}") from error


def _new_id(name: str, taken: set[str], where: str) -> None:
    if name in taken:
        raise LawError(f"{where}: another entry has this id already")


def _check_regime(regime: Regime, others: Mapping[str, Regime], where: str) -> None:
    for term in (*regime.grants, *regime.blocks):
        _check_order(term, where)
    kinds = [each.kind for each in regime.accepts]
    if len(kinds) != len(set(kinds)):
        raise LawError(f"{where}: it accepts the same kind of instrument twice")
    abroad = (*(g.to for g in regime.grants), *(b.to for b in regime.blocks))
    named = {*regime.applies_in, *regime.area}.union(*abroad)
    if not named <= (INVENTED if regime.fictional else OFFICIAL):
        raise LawError(f"{where}: invented countries are for fictional regimes, and the other way round")
    for other in others.values():  # or the answer would depend on the order of files
        if bool(other.sender_roles) == bool(regime.sender_roles):
            shared = set(other.applies_in) & set(regime.applies_in)
            if shared:
                raise LawError(f"{where}: {min(shared)} has a regime for such senders already, {other.id!r}")


def _check_order(term: Dated, where: str) -> None:
    if term.until is not None and term.until <= term.since:
        raise LawError(f"{where}: what begins on {day(term.since)} ends on {day(term.until)}, not later")


def _check_intervals(intervals: tuple[Interval, ...], where: str) -> None:
    for each in intervals:
        _check_order(each, where)
    for former, later in pairwise(intervals):
        if former.until is None or later.since <= former.until:
            raise LawError(f"{where}: the interval from {day(later.since)} does not follow the one before it")
