"""What a marking-definition object asks for beside TLP (STIX 2.1 section 7.2.1).

Read are the PAP of OpenCTI and MISP, the Chatham House Rule, FIRST IEP 2.0 (its OASIS extension definition 762e2e97),
ISA/ACS 3.0a (`tocsin.stix.acs`), CUI (`tocsin.stix.cui`) and Tocsin's own extension (docs/reference/markings.md).
A definition is read whole or not at all: one property that is not known here, or that this node could not
see to, and nobody knows what it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from tocsin.stix import acs, cui
from tocsin.stix.handling import (
    ACS_EXTENSION,
    CUI_EXTENSION,
    FLAGS,
    HANDLING_EXTENSION,
    IEP_EXTENSION,
    LISTS,
    PAP,
    ROLES,
    Handling,
)
from tocsin.stix.timestamps import micros_or_none

_PAP_TEXT = re.compile(r"PAP:(RED|AMBER|GREEN|CLEAR|WHITE)", re.IGNORECASE)
# Words of handling that names and statements may carry, where no machine would see them: markings in words, and
# tags of the MISP taxonomies tlp, PAP, iep, iep2-policy, acs-marking, ais-marking, dni-ism
_WORDS = re.compile(
    r"\b(?:tlp|pap|iep2?(?:-[a-z]+)*|cui|acs(?:-marking)?|ais(?:-marking)?|dni-ism)\s*(?:[:=]|//)",
    re.IGNORECASE,
)
_CHATHAM_HOUSE = re.compile(
    r"tlp:ex:chr|(?:under )?(?:the )?chatham house rules?(?: (?:applies|apply))?\.?", re.IGNORECASE
)
_CHATHAM_HOUSE_WORDS = re.compile(r"\bchatham\s+house\b", re.IGNORECASE)
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ON_LISTS: Final[Mapping[str, Callable[[str], object]]] = {
    "releasable_to": re.compile(r"[A-Z]{2}").fullmatch,
    "communities": re.compile(_UUID).fullmatch,
    "organisations": re.compile(f"identity--{_UUID}").fullmatch,
    "roles": ROLES.__contains__,
}
_IEP_REQUIRED = {
    *("extension_type", "encrypt_in_transit", "permitted_actions", "affected_party_notifications"),
    *("tlp", "provider_attribution", "unmodified_resale", "iep_id", "iep_version", "start_date"),
}
_IEP_KNOWN = _IEP_REQUIRED | {"policy_name", "name", "description", "end_date", "external_references"}
_IEP_ACTIONS = {
    "none": PAP.NOTHING,
    "contact-for-instruction": PAP.NOTHING,
    "internally-visible-actions": PAP.RED,
    "externally-visible-indirect-actions": PAP.AMBER,
    "externally-visible-direct-actions": PAP.GREEN,
}


def names_handling(text: object) -> bool:
    """Return whether `text` names a handling level or rule in words, which may ask for something no machine reads."""
    return _WORDS.search(str(text)) is not None or _CHATHAM_HOUSE_WORDS.search(str(text)) is not None


def read(data: Mapping[str, Any]) -> Handling | None:
    """Return what a marking-definition object asks for; None where any part of it is not known here."""
    extensions = data.get("extensions")
    if extensions is None:
        return _of_statement(data)
    if type(extensions) is not dict or len(extensions) != 1 or "definition" in data:
        return None
    (name, body), *_ = extensions.items()
    if type(body) is not dict or body.get("extension_type") != "property-extension":
        return None
    reader = _READERS.get(name)
    asked = reader(body) if reader is not None else None
    if asked is None:
        return None
    for beside in (data.get("name", ""), data.get("x_opencti_definition", "")):
        if _WORDS.search(str(beside)):  # which may ask for something else
            return None
        if _CHATHAM_HOUSE_WORDS.search(str(beside)) and not asked.hide_source:
            return None
    return asked


def _of_statement(data: Mapping[str, Any]) -> Handling | None:
    """PAP and the Chatham House Rule as text: OpenCTI tells PAP beside the statement, MISP's converter writes the tag as the statement."""
    definition = data.get("definition")
    if data.get("definition_type") != "statement" or type(definition) is not dict or len(definition) != 1:
        return None
    kind = data.get("x_opencti_definition_type")
    if kind is None or str(kind).lower() == "statement":
        if "x_opencti_definition" in data:
            return None
        said = definition.get("statement")
    else:
        said = data.get("x_opencti_definition") if str(kind).upper() == "PAP" else None
    if type(said) is not str:
        return None
    asked = _in_words(said)
    if asked is None or (said is not definition.get("statement") and asked.pap is None):
        return None
    for beside in (data.get("name", ""), definition.get("statement", "")):
        if names_handling(beside) and _in_words(str(beside)) != asked:
            return None
    return asked


def _in_words(text: str) -> Handling | None:
    """What a text asks for that is nothing but the name of a marking."""
    said = " ".join(text.split())
    if _CHATHAM_HOUSE.fullmatch(said):
        return Handling(hide_source=True)
    found = _PAP_TEXT.fullmatch(said)
    if found is None:
        return None
    word = found.group(1).upper()
    return Handling(pap=PAP.CLEAR if word == "WHITE" else PAP[word])


def _of_iep(body: Mapping[str, Any]) -> Handling | None:
    """FIRST IEP 2.0. Resale and notification of affected parties are acts that the node has no part in: nothing follows for release."""
    if not body.keys() >= _IEP_REQUIRED or not body.keys() <= _IEP_KNOWN or body["iep_version"] != 2:
        return None
    pap = _IEP_ACTIONS.get(_text(body["permitted_actions"]))
    tlp = {"white": "clear", "green": "green", "amber": "amber", "red": "red"}.get(_text(body["tlp"]))
    attribution = body["provider_attribution"]
    start, end = micros_or_none(body["start_date"]), micros_or_none(body.get("end_date"))
    if (
        pap is None
        or tlp is None
        or start is None
        or (end is None and "end_date" in body)
        or attribution not in ("may", "must", "must-not")
        or body["encrypt_in_transit"] not in ("may", "must")
        or body["unmodified_resale"] not in ("may", "must-not")
        or body["affected_party_notifications"] not in ("may", "must-not")
    ):
        return None
    return Handling(
        tlp=tlp,
        pap=pap,
        not_before=start,
        not_after=end,
        hide_source=attribution == "must-not",
        encrypted=body["encrypt_in_transit"] == "must",
    )


def _of_ours(body: Mapping[str, Any]) -> Handling | None:
    found: dict[str, Any] = {}
    for name, value in body.items():
        match name:
            case "extension_type":
                continue
            case "pap":
                level = _text(value).upper()
                if level not in PAP.__members__:
                    return None
                found["pap"] = PAP[level]
            case "not_before" | "not_after":
                if (when := micros_or_none(value)) is None:
                    return None
                found[name] = when
            case _ if name in LISTS:
                fits = _ON_LISTS[name]
                if type(value) is not list or not value or not all(fits(_text(each)) for each in value):
                    return None
                found[LISTS[name]] = tuple(sorted(set(value)))
            case _ if name in FLAGS:
                if type(value) is not bool:
                    return None
                found[FLAGS[name]] = value
            case _:
                return None
    return Handling(**found) if found else None


def _text(value: Any) -> str:
    return value if type(value) is str else ""


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], Handling | None]]] = {
    IEP_EXTENSION: _of_iep,
    ACS_EXTENSION: acs.read,
    CUI_EXTENSION: cui.read,
    HANDLING_EXTENSION: _of_ours,
}
