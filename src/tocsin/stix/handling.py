"""What marking definitions ask for beside TLP: permissible actions, dates, countries, uses, the source's name.

Read are the PAP of OpenCTI and MISP, FIRST IEP 2.0 (its OASIS extension definition 762e2e97) and Tocsin's own extension
(docs/reference/markings.md). A definition is read whole or not at all: one property that is not known here, or that this node could not
see to, and nobody knows what it asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, Final

import msgspec

from tocsin.clock import Micros, to_text
from tocsin.stix.timestamps import micros_or_none

IEP_EXTENSION: Final = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"
HANDLING_EXTENSION: Final = "extension-definition--7c1f6a5e-3b0d-4f63-9a51-2d0f5c8e4b17"

_PREFIX = "handling:"
_PAP_TEXT = re.compile(r"PAP:(RED|AMBER|GREEN|CLEAR|WHITE)", re.IGNORECASE)
# The Chatham House Rule as people write it, and as MISP tags it (taxonomy tlp v10)
_CHATHAM = re.compile(
    r"(?:this (?:information|object) is (?:shared |held )?under )?(?:the )?chatham house rules?(?: applies| apply)?\.?|tlp:ex:chr",
    re.IGNORECASE,
)
# Words of handling that names and statements may carry, where no machine would see them
HANDLING_WORDS: Final = re.compile(r"\b(?:tlp|pap|iep|cui|acs)\s*[:=]|chatham\s+house", re.IGNORECASE)
_IEP_REQUIRED = {
    *("extension_type", "encrypt_in_transit", "permitted_actions", "affected_party_notifications"),
    *("tlp", "provider_attribution", "unmodified_resale", "iep_id", "iep_version", "start_date"),
}
_IEP_KNOWN = _IEP_REQUIRED | {"policy_name", "name", "description", "end_date", "external_references"}

ROLES: Final = (
    *("csirt", "isac", "company", "government", "regulator"),
    *("law-enforcement", "researcher", "vendor", "individual"),
)
"""What organisations can be. Closed, because markings exclude some: a misspelt one would be let through."""

_FLAGS = {
    "no_regulatory_use": "no_regulators",
    "no_law_enforcement_use": "no_law_enforcement",
    "hide_source": "hide_source",
    "encrypt_in_transit": "encrypted",
}


_BOUNDS = ("countries", "communities", "organisations", "roles")
# property of Tocsin's extension -> field, and the form of each of its members
_LISTS = {
    "releasable_to": ("countries", re.compile(r"[A-Z]{2}")),
    "communities": (
        "communities",
        re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ),
    "organisations": (
        "organisations",
        re.compile(r"identity--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    ),
    "roles": ("roles", re.compile("|".join(ROLES))),
}


class PAP(IntEnum):
    """What a recipient may do with it, the greater the less: the Permissible Actions Protocol, and IEP's two levels beyond it.

    RED: passively, where nobody outside can see it. AMBER: also ask third parties. GREEN: also act against what it names, such as
    blocking. CLEAR: anything lawful. NOTHING: know it, and ask the source first (IEP `none`, `contact-for-instruction`).
    """

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    RED = 3
    NOTHING = 4


_IEP_ACTIONS = {
    "none": PAP.NOTHING,
    "contact-for-instruction": PAP.NOTHING,
    "internally-visible-actions": PAP.RED,
    "externally-visible-indirect-actions": PAP.AMBER,
    "externally-visible-direct-actions": PAP.GREEN,
}


class Handling(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What one marking, or several together, ask for. Defaults ask for nothing.

    Attributes:
        tlp: "clear" ... "red", where the marking names a level beside.
        pap: what may be done with it.
        not_before: µs before which it stays with its owner (embargo).
        not_after: µs from which nobody may use it any more.
        countries: ISO 3166-1 alpha-2 codes of the countries it may go to; None: of any.
        no_regulators: not for regulatory use.
        no_law_enforcement: not for law enforcement.
        hide_source: who it comes from must not be told (IEP `provider_attribution: must-not`, Chatham House Rule).
        communities: ids of the communities to whose members alone it may go; None: not bound to any.
        organisations: ids of the organisations to which alone it may go; None: not bound to any.
        roles: what organisations have to be, of `ROLES`, for it to go to them; None: anything.
        encrypted: only over encrypted channels (IEP `encrypt_in_transit: must`).
    """

    tlp: str | None = None
    pap: PAP | None = None
    not_before: Micros | None = None
    not_after: Micros | None = None
    countries: tuple[str, ...] | None = None
    no_regulators: bool = False
    no_law_enforcement: bool = False
    hide_source: bool = False
    communities: tuple[str, ...] | None = None
    organisations: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    encrypted: bool = False

    def to_kind(self) -> str:
        """Return it as the kind of a marking definition, as the store keeps it."""
        return _PREFIX + msgspec.json.encode(self, order="sorted").decode()

    def to_extension(self) -> dict[str, Any]:
        """Return it as the body of Tocsin's extension, which `read` reads; a level of TLP has no place in it."""
        found: dict[str, Any] = {"extension_type": "property-extension"}
        if self.pap is not None:
            found["pap"] = self.pap.name.lower()
        for name in ("not_before", "not_after"):
            if (when := getattr(self, name)) is not None:
                found[name] = to_text(when)
        for name, (field, _) in _LISTS.items():
            if (among := getattr(self, field)) is not None:
                found[name] = list(among)
        return found | {name: True for name, ours in _FLAGS.items() if getattr(self, ours)}


def from_kind(kind: str | None) -> Handling | None:
    """Return what `Handling.to_kind` wrote; None for any other kind."""
    if kind is None or not kind.startswith(_PREFIX):
        return None
    try:
        return msgspec.json.decode(kind[len(_PREFIX) :], type=Handling)
    except msgspec.DecodeError:
        return None


def together(parts: Iterable[Handling]) -> Handling:
    """Return what holds when all of `parts` hold: the strictest of each. Levels of TLP are the caller's to join."""
    pap = not_before = not_after = None
    bounds: dict[str, frozenset[str]] = {}
    regulators = law = source = encrypted = False
    for part in parts:
        if part.pap is not None:
            pap = part.pap if pap is None else max(pap, part.pap)
        if part.not_before is not None:
            not_before = part.not_before if not_before is None else max(not_before, part.not_before)
        if part.not_after is not None:
            not_after = part.not_after if not_after is None else min(not_after, part.not_after)
        for name in _BOUNDS:
            asked = getattr(part, name)
            if asked is not None:
                bounds[name] = bounds.get(name, frozenset(asked)).intersection(asked)
        regulators |= part.no_regulators
        law |= part.no_law_enforcement
        source |= part.hide_source
        encrypted |= part.encrypted
    return Handling(
        pap=pap,
        not_before=not_before,
        not_after=not_after,
        no_regulators=regulators,
        no_law_enforcement=law,
        hide_source=source,
        encrypted=encrypted,
        **{name: tuple(sorted(among)) for name, among in bounds.items()},
    )


def read(data: Mapping[str, Any]) -> Handling | None:
    """Return what a marking-definition object asks for; None where any part of it is not known here."""
    extensions = data.get("extensions")
    if extensions is None:
        return _of_statement(data)
    if HANDLING_WORDS.search(str(data.get("name", ""))):  # which may ask for something else
        return None
    if type(extensions) is not dict or len(extensions) != 1 or "definition" in data:
        return None
    (name, body), *_ = extensions.items()
    if type(body) is not dict or body.get("extension_type") != "property-extension":
        return None
    if name == IEP_EXTENSION:
        return _of_iep(body)
    return _of_ours(body) if name == HANDLING_EXTENSION else None


def _of_statement(data: Mapping[str, Any]) -> Handling | None:
    """PAP as text: OpenCTI tells it beside the statement, MISP's converter writes the tag as the statement."""
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
    if _CHATHAM.fullmatch(said.strip()) and "x_opencti_definition" not in data:
        return Handling(hide_source=True)
    found = _PAP_TEXT.fullmatch(said.strip())
    if found is None:
        return None
    for beside in (data.get("name", ""), definition.get("statement", "")):
        if HANDLING_WORDS.search(str(beside)) and str(beside).strip().lower() != found.group().lower():
            return None
    word = found.group(1).upper()
    return Handling(pap=PAP.CLEAR if word == "WHITE" else PAP[word])


def _of_iep(body: Mapping[str, Any]) -> Handling | None:
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
            case _ if name in _LISTS:
                field, form = _LISTS[name]
                if (
                    type(value) is not list
                    or not value
                    or not all(form.fullmatch(_text(each)) for each in value)
                ):
                    return None
                found[field] = tuple(sorted(set(value)))
            case _ if name in _FLAGS:
                if type(value) is not bool:
                    return None
                found[_FLAGS[name]] = value
            case _:
                return None
    return Handling(**found) if found else None


def _text(value: Any) -> str:
    return value if type(value) is str else ""
