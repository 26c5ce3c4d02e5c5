"""Controlled Unclassified Information (CUI) of the United States, as STIX 2.1 carries it.

Form: OASIS extension definition dff17fb3. Meaning: 32 CFR part 2002 and the limited dissemination controls of the CUI
Registry of the National Archives. docs/reference/markings.md has the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tocsin.stix.countries import ALPHA_2
from tocsin.stix.handling import NOBODY, Handling, together

_REQUIRED = {"extension_type", "control", "designator_ref"}
_KNOWN = _REQUIRED | {"categories", "disseminations", "supplemental_administrative"}
_IDENTITY = re.compile(r"identity--[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# CUI Basic. A category that begins with SP- is CUI Specified: its own law says who may have it (32 CFR 2002.4).
_CATEGORY = re.compile(r"(?!SP-)[A-Z0-9][A-Z0-9-]*")
_RELEASABLE = re.compile(r"REL TO (?:\[(?P<listed>[^\[\]]+)\]|(?P<bare>[^\[\]]+))")
# They may not limit dissemination (32 CFR 2002.20), but their text is free: only these are known not to.
_ADMINISTRATIVE = {"draft", "deliberative", "pre-decisional", "predecisional", "provisional"}
# For a lawful Government purpose, which may be that of authorities such as state and local law enforcement (2002.4(bb), 2002.16(a)).
# No contractor is among them, so NOCON adds nothing.
_AUTHORITIES = Handling(roles=("government", "law-enforcement"), not_public=True, encrypted=True)
_US = Handling(countries=("US",))
_CONTROLS = {
    "NOFORN": _US,
    "NOCON": Handling(),
    # employees of the federal executive branch, with FEDCON its contractors: this node knows governments, not branches of one
    "FED ONLY": NOBODY,
    "FEDCON": NOBODY,
    # those on a list that comes beside the document, in no form that could be read
    "DL ONLY": NOBODY,
}


def read(body: Mapping[str, Any]) -> Handling | None:
    """Return what a CUI marking asks for; None where any part of it is not known here.

    Source: OASIS CUI Marking Definition for STIX 2.1 section 2; `required_statements` are free text and not read.
    """
    if not body.keys() >= _REQUIRED or not body.keys() <= _KNOWN:
        return None
    if body["control"] not in ("CUI", "CONTROLLED") or not _fits(_IDENTITY, body["designator_ref"]):
        return None
    for name in (_KNOWN - _REQUIRED) & body.keys():
        if type(body[name]) is not list or not body[name]:
            return None
    if not all(_fits(_CATEGORY, each) for each in body.get("categories", [])):
        return None
    for text in body.get("supplemental_administrative", []):
        if type(text) is not str or text.lower() not in _ADMINISTRATIVE:
            return None
    asked = [_control(each) for each in body.get("disseminations", [])]
    known = [each for each in asked if each is not None]
    if len(known) != len(asked):
        return None
    # abroad only by decision of the designating agency, which REL TO tells
    home = [] if any(each.countries is not None for each in known) else [_US]
    return together([_AUTHORITIES, *home, *known])


def _control(control: object) -> Handling | None:
    """A limited dissemination control by its banner marking (CUI Registry: Limited Dissemination Controls)."""
    if type(control) is not str:
        return None
    released = _RELEASABLE.fullmatch(control)
    if released is None:
        return _CONTROLS.get(control)
    countries = [code.strip() for code in (released["listed"] or released["bare"]).split(",")]
    if countries[0] != "USA" or not all(code in ALPHA_2 for code in countries):
        return None
    return Handling(countries=tuple(ALPHA_2[code] for code in countries))


def _fits(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
