"""Techniques by tactic: what is known to use each, what detects it, and where the one is without the other.

A technique stands in a column for each phase of its kill chain (STIX 2.1 section 2.5.9, as MITRE ATT&CK uses it); a sub-technique counts for itself
and for the technique that it is a part of.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

ORDER = (
    *("reconnaissance", "resource-development", "initial-access", "execution", "persistence"),
    *("privilege-escalation", "stealth", "defense-evasion", "defense-impairment", "credential-access", "discovery"),
    *("lateral-movement", "collection", "command-and-control", "exfiltration", "impact"),
)  # fmt: skip
"""Tactics of ATT&CK in the order of an attack; others follow by name."""
USING = ("intrusion-set", "threat-actor", "campaign", "incident", "malware", "tool")
"""Types that a technique is used by."""
DETECTING = ("indicator", "x-mitre-data-component", "x-mitre-detection-strategy", "x-mitre-analytic")
"""Types that a technique is detected by."""
_CODE = re.compile(r"T\d{4}(?:\.\d{3})?")
_NAMED = re.compile(rb"(?<![A-Za-z0-9])(?:attack\.t|T)(\d{4})(?:\.(\d{3}))?(?![0-9])")


class Technique(msgspec.Struct, frozen=True):
    """An attack pattern: its code ("T1059.001", "" without), its name, and its phases as (kill chain, phase)."""

    id: str
    code: str
    name: str
    phases: tuple[tuple[str, str], ...]

    @property
    def whole(self) -> str:
        """The code of the technique that it is, or is a part of."""
        return self.code.partition(".")[0]


class Cell(msgspec.Struct, frozen=True):
    """One technique in one column: ids of what uses and of what detects it or a part of it, and its parts."""

    technique: Technique
    using: frozenset[str]
    detecting: frozenset[str]
    parts: tuple[Cell, ...] = ()

    @property
    def state(self) -> str:
        """What follows: "detected", "lacking" (used and not detected), or "" (nothing is known to use it)."""
        return "detected" if self.detecting else "lacking" if self.using else ""


class Column(msgspec.Struct, frozen=True):
    """One tactic and its techniques, by code."""

    phase: str
    cells: tuple[Cell, ...]


def technique_of(said: Mapping[str, object]) -> Technique | None:
    """Return the technique that an attack pattern says it is; None where it says that it is one no longer."""
    if said.get("revoked") is True or said.get("x_mitre_deprecated") is True:
        return None
    references = said.get("external_references")
    codes = [
        str(each.get("external_id"))
        for each in (references if isinstance(references, list) else ())
        if isinstance(each, dict) and _CODE.fullmatch(str(each.get("external_id")))
    ]
    phases = said.get("kill_chain_phases")
    found = [
        (str(each.get("kill_chain_name", "")), str(each.get("phase_name", "")))
        for each in (phases if isinstance(phases, list) else ())
        if isinstance(each, dict)
    ]
    return Technique(
        str(said.get("id", "")), codes[0] if codes else "", str(said.get("name", "")), tuple(found)
    )


def codes_in(body: bytes) -> set[str]:
    """Return the codes of techniques that an object names, in words or as Sigma tags do (`attack.t1059.001`)."""
    found = (match.groups() for match in _NAMED.finditer(body))
    return {f"T{whole.decode()}" + (f".{part.decode()}" if part else "") for whole, part in found}


def chains_of(techniques: Iterable[Technique]) -> tuple[str, ...]:
    """Return the names of the kill chains there are, that with most techniques first."""
    counted: dict[str, int] = defaultdict(int)
    for each in techniques:
        for chain in {chain for chain, _ in each.phases}:
            counted[chain] += 1
    return tuple(sorted(counted, key=lambda chain: (-counted[chain], chain)))


def matrix_of(
    techniques: Iterable[Technique],
    chain: str,
    using: Mapping[str, Collection[str]],
    detecting: Mapping[str, Collection[str]],
) -> tuple[Column, ...]:
    """Return the columns of a kill chain; `using` and `detecting` are ids by the id of a technique."""
    listed = sorted(techniques, key=lambda each: (each.code or "~", each.name.casefold(), each.id))
    wholes = {each.code for each in listed if "." not in each.code}
    parts: dict[str, list[Cell]] = defaultdict(list)
    alone = []
    for each in listed:
        if "." in each.code and each.whole in wholes:
            parts[each.whole].append(_cell(each, using, detecting))
        else:
            alone.append(each)
    columns: dict[str, list[Cell]] = defaultdict(list)
    for each in alone:
        cell = _cell(each, using, detecting, tuple(parts.get(each.code, ())) if each.code else ())
        for phase in dict.fromkeys(phase for name, phase in each.phases if name == chain):
            columns[phase].append(cell)
    rank = {phase: place for place, phase in enumerate(ORDER)}
    return tuple(
        Column(phase, tuple(columns[phase])) for phase in sorted(columns, key=lambda p: (rank.get(p, 99), p))
    )


def _cell(
    technique: Technique,
    using: Mapping[str, Collection[str]],
    detecting: Mapping[str, Collection[str]],
    parts: tuple[Cell, ...] = (),
) -> Cell:
    return Cell(
        technique,
        frozenset(using.get(technique.id, ())).union(*(part.using for part in parts)),
        frozenset(detecting.get(technique.id, ())).union(*(part.detecting for part in parts)),
        parts,
    )
