"""What marking ids mean: the Traffic Light Protocol in all the forms met in the wild (STIX 2.1 section 7.2.1).

TLP has two families of fixed ids: TLP 1 of the STIX specification, TLP 2.0 of the OASIS extension definition
60a3c5c5 (FIRST TLP 2.0). OpenCTI adds one private id for AMBER+STRICT. The ids are all that counts: a definition
that calls itself TLP under another id is not TLP, and neither are the invented ids that circulate. Nothing here changes an object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Final, Literal

from tocsin.errors import ParseError
from tocsin.stix import marking_readers

TLP2_EXTENSION: Final = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"


class TLP(IntEnum):
    """A level of the Traffic Light Protocol 2.0; the greater, the stricter."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def label(self) -> str:
        """The label as FIRST writes it, such as `TLP:AMBER+STRICT`."""
        return f"TLP:{self.name.replace('_', '+')}"


_TLP1: Final = {
    TLP.CLEAR: ("marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"),
    TLP.GREEN: ("marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
    TLP.AMBER: ("marking-definition--f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
    TLP.RED: ("marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
}
_TLP2: Final = {
    TLP.CLEAR: ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"),
    TLP.GREEN: ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"),
    TLP.AMBER: ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"),
    TLP.AMBER_STRICT: ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"),
    TLP.RED: ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "red"),
}
OPENCTI_AMBER_STRICT: Final = "marking-definition--826578e1-40ad-459f-bc73-ede076f81f37"

_LEVELS: Final = {
    **{marking: tlp for family in (_TLP1, _TLP2) for tlp, (marking, _) in family.items()},
    OPENCTI_AMBER_STRICT: TLP.AMBER_STRICT,
}


def _definitions() -> dict[str, Mapping[str, Any]]:
    common = {"type": "marking-definition", "spec_version": "2.1"}
    found: dict[str, Mapping[str, Any]] = {}
    for marking, word in _TLP1.values():
        found[marking] = {
            **common,
            "id": marking,
            "created": "2017-01-20T00:00:00.000Z",
            "definition_type": "tlp",
            "name": f"TLP:{word.upper()}",
            "definition": {"tlp": word},
        }
    for tlp, (marking, word) in _TLP2.items():
        found[marking] = {
            **common,
            "id": marking,
            "created": "2022-10-01T00:00:00.000Z",
            "name": tlp.label,
            "extensions": {TLP2_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": word}},
        }
    return found


TLP_DEFINITIONS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(_definitions())
"""The marking-definition objects of both families by id, as their specifications fix them."""


def tlp_of(marking_id: str) -> TLP | None:
    """Return the level a marking id stands for, None for every id that is not a TLP marking."""
    return _LEVELS.get(marking_id)


def id_of(tlp: TLP) -> str:
    """Return the TLP 2.0 marking id for a level: what the node marks its own objects with."""
    return _TLP2[tlp][0]


def strictest(levels: Iterable[TLP]) -> TLP | None:
    """Return the strictest of several levels, None of none."""
    return max(levels, default=None)


def definition_kind(data: Mapping[str, Any]) -> str:
    """Return what a marking-definition object is.

    Returns:
        `tlp` for the fixed ids, whatever the object says: the id carries the meaning.
        `statement` for plain text that asks for nothing a machine must obey (section 7.2.1.3).
        `handling:` and what it asks for (`tocsin.stix.marking_readers`): PAP, the Chatham House Rule, IEP 2.0, ISA/ACS 3.0a,
        CUI, Tocsin's own extension.
        `unknown` for all else, to be handled as the strictest: TLP under a foreign id, extensions that are not read whole,
        custom definitions, and statements that name a handling level or rule in words.
    """
    if data.get("type") != "marking-definition":
        return "unknown"
    identifier = data.get("id")
    if isinstance(identifier, str) and identifier in _LEVELS:
        return "tlp"
    asked = marking_readers.read(data)
    return asked.to_kind() if asked is not None else _statement_kind(data)


def _statement_kind(data: Mapping[str, Any]) -> Literal["statement", "unknown"]:
    definition = data.get("definition")
    if (
        data.get("definition_type") != "statement"
        or "extensions" in data
        or not isinstance(definition, Mapping)
    ):
        return "unknown"
    # OpenCTI writes its own kinds of markings, PAP among them, as statements and tells the kind beside.
    if str(data.get("x_opencti_definition_type", "statement")).lower() != "statement":
        return "unknown"
    statement = definition.get("statement")
    if len(definition) != 1 or not isinstance(statement, str):
        return "unknown"
    words = (statement, str(data.get("name", "")), str(data.get("x_opencti_definition", "")))
    return "unknown" if any(map(marking_readers.names_handling, words)) else "statement"


def marking_ids(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the distinct marking ids of an object, sorted: of the whole, of its parts, of objects it contains.

    Granular markings count for the whole object: it is shared as one. So do the markings of objects in the deprecated
    `objects` of observed-data.

    Raises:
        ParseError: markings are not lists of ids (`markings`): what cannot be read must not be shared.
    """
    refs = data.get("object_marking_refs")
    granular = data.get("granular_markings")
    contained = data.get("objects") if data.get("type") == "observed-data" else None
    if granular is None and contained is None:
        if refs is None:
            return ()
        if type(refs) is list and len(refs) == 1 and type(refs[0]) is str:
            return (refs[0],)
    found: set[str] = set()
    _collect(data, "", found)
    if isinstance(contained, Mapping):
        for key, member in contained.items():
            if isinstance(member, Mapping):
                _collect(member, f"/objects/{key}", found)
    return tuple(sorted(found))


def _collect(data: Mapping[str, Any], pointer: str, found: set[str]) -> None:
    refs = data.get("object_marking_refs", [])
    if not isinstance(refs, list):
        raise ParseError(
            "expected a list of marking ids", pointer=f"{pointer}/object_marking_refs", rule="markings"
        )
    for place, ref in enumerate(refs):
        if not isinstance(ref, str):
            raise ParseError(
                "expected a marking id", pointer=f"{pointer}/object_marking_refs/{place}", rule="markings"
            )
        found.add(ref)
    granular = data.get("granular_markings", [])
    if not isinstance(granular, list):
        raise ParseError(
            "expected a list of markings", pointer=f"{pointer}/granular_markings", rule="markings"
        )
    for place, marking in enumerate(granular):
        where = f"{pointer}/granular_markings/{place}"
        if not isinstance(marking, Mapping):
            raise ParseError("expected a granular marking", pointer=where, rule="markings")
        ref = marking.get("marking_ref")
        if ref is None and "lang" in marking:
            continue
        if not isinstance(ref, str):
            raise ParseError("expected a marking id", pointer=f"{where}/marking_ref", rule="markings")
        found.add(ref)
