"""The matrix as a page: read from attack patterns, from what is related to them, and from indicators that name them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode

import msgspec
from msgspec import Meta
from starlette.responses import Response

from tocsin.node.matrix import (
    DETECTING,
    USING,
    Column,
    Technique,
    chains_of,
    codes_in,
    matrix_of,
    technique_of,
)
from tocsin.server.api import asking, objects, parties
from tocsin.server.context import Call
from tocsin.server.pages.gathering import gathered
from tocsin.server.pages.rendering import render
from tocsin.server.pages.titles import Shown, shown
from tocsin.server.pages.view import View
from tocsin.sharing.release import Released
from tocsin.store.search.query import Clause, Lexeme, Query

_TECHNIQUES = 3000
_RELATIONS = 30_000
_INDICATORS = 5000
_FIRST_CHAIN = "mitre-attack"
_Used = dict[str, set[str]]


class Asked(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Which matrix: `by` is who or what uses the techniques, `show` what is left of them."""

    chain: Annotated[str, Meta(max_length=250)] = ""
    by: Annotated[str, Meta(max_length=300)] = ""
    show: Annotated[str, Meta(pattern="^(all|known|detected|lacking)$")] = "all"

    def address(self, **changes: str) -> str:
        """Return the address, with some changes."""
        changed = msgspec.to_builtins(msgspec.structs.replace(self, **changes))
        return f"/matrix?{urlencode({name: value for name, value in changed.items() if value})}"


class Tally(msgspec.Struct, frozen=True):
    """How many techniques of one tactic are known to be used, detected, and used without being detected."""

    phase: str
    techniques: int
    known: int
    detected: int
    lacking: int


class Matrix(msgspec.Struct, frozen=True):
    """What the page shows. `complete` is false where there is more than is counted."""

    asked: Asked
    chains: tuple[str, ...]
    by: Shown | None
    columns: tuple[Column, ...]
    tallies: tuple[Tally, ...]
    complete: bool


class _Known(msgspec.Struct, frozen=True):
    """All that one reader may have: techniques, what uses and what detects each by its id, and whether that is all there is."""

    techniques: tuple[Technique, ...]
    chains: tuple[str, ...]
    using: Mapping[str, frozenset[str]]
    detecting: Mapping[str, frozenset[str]]
    complete: bool


class _Ends(msgspec.Struct):
    id: str = ""
    source_ref: str = ""
    target_ref: str = ""


def show_matrix(view: View) -> Response:
    """Show the matrix.

    Raises:
        NotFoundError: there is nothing of the id that it is filtered by.
    """
    call = view.call
    asked = asking.parameters(call, Asked)
    by = shown(objects.latest(call, asked.by).value, parties.names(call)) if asked.by else None
    found = gathered(call, ("matrix",), lambda: _known(call))
    known = found.value
    chain = asked.chain or (
        _FIRST_CHAIN if _FIRST_CHAIN in known.chains else known.chains[0] if known.chains else ""
    )
    using = known.using
    if asked.by:
        using = {key: frozenset((asked.by,)) for key, users in using.items() if asked.by in users}
    columns = matrix_of(known.techniques, chain, using, known.detecting)
    made = Matrix(
        asked=msgspec.structs.replace(asked, chain=chain),
        chains=known.chains,
        by=by,
        columns=tuple(_left(column, asked.show) for column in columns),
        tallies=tuple(_tally(column) for column in columns),
        complete=known.complete,
    )
    return render(view, "matrix/matrix.html", found.derive(made))


def _known(call: Call) -> Released[_Known]:
    """Return all that the reader may have of techniques."""
    patterns = objects.find(call, Query(types=("attack-pattern",)), _TECHNIQUES, None)
    found = (technique_of(msgspec.json.decode(item.body)) for item in patterns.value.items)
    techniques = [each for each in found if each is not None]
    using, detecting, whole = _related(call)
    named, all_named = _named(call, techniques)
    for identifier, indicators in named.items():
        detecting[identifier] |= indicators
    made = _Known(
        techniques=tuple(techniques),
        chains=chains_of(techniques),
        using={key: frozenset(users) for key, users in using.items()},
        detecting={key: frozenset(signs) for key, signs in detecting.items()},
        complete=whole and all_named and not patterns.value.more,
    )
    return patterns.derive(made)


def _related(call: Call) -> tuple[_Used, _Used, bool]:
    """Return what uses and what detects techniques, by their id, as relationships say."""
    using: _Used = defaultdict(set)
    detecting: _Used = defaultdict(set)
    clause = Clause(((Lexeme("r:attack-pattern--", prefix=True),),))
    found = objects.find(call, Query(clauses=(clause,), types=("relationship",)), _RELATIONS, None)
    for item in found.value.items:
        said = msgspec.json.decode(item.body, type=_Ends)
        if not said.target_ref.startswith("attack-pattern--"):
            continue
        kind = said.source_ref.partition("--")[0]
        if kind in DETECTING:
            detecting[said.target_ref].add(said.source_ref)
        elif kind in USING:
            using[said.target_ref].add(said.source_ref)
    return using, detecting, not found.value.more


def _named(call: Call, techniques: list[Technique]) -> tuple[_Used, bool]:
    """Return the indicators that name techniques in their words or tags, by the id of the technique."""
    by_code = {each.code: each.id for each in techniques if each.code}
    clause = Clause(((Lexeme("a:t", prefix=True),),))
    found = objects.find(call, Query(clauses=(clause,), types=("indicator",)), _INDICATORS, None)
    named: _Used = defaultdict(set)
    for item in found.value.items:
        for code in codes_in(item.body):
            if code in by_code:
                named[by_code[code]].add(item.id)
    return named, not found.value.more


def _tally(column: Column) -> Tally:
    states = [cell.state for cell in column.cells]
    known = sum(bool(cell.using) for cell in column.cells)
    return Tally(column.phase, len(states), known, states.count("detected"), states.count("lacking"))


def _left(column: Column, show: str) -> Column:
    if show == "all":
        return column
    keep = tuple(
        cell for cell in column.cells if (cell.state == show if show != "known" else bool(cell.using))
    )
    return Column(column.phase, keep)
