"""Access Control Specification 3.0a of the US Information Sharing Architecture (ISA/ACS), as STIX 2.1 carries it.

Form: OASIS extension definition 3a65884d and its schema `isa-acs-3-0.json`. Meaning: "ISA Access Control Specification",
version 3.0a, June 2019 (CISA). docs/reference/markings.md has the table.

A list of who may have something is read narrowly: a name that this node cannot tell apart, such as one agency, adds nobody.
Only unclassified markings are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from tocsin.stix.countries import ALPHA_2
from tocsin.stix.handling import NOBODY, PAP, Handling, together
from tocsin.stix.timestamps import micros_or_none

_REQUIRED = {
    *("extension_type", "identifier", "create_date_time", "responsible_entity_custodian"),
    *("policy_reference", "control_set"),
}
_KNOWN = _REQUIRED | {
    *("name", "responsible_entity_originator", "authority_reference", "resource_disposition"),
    *("public_release", "access_privilege", "further_sharing"),
}
_POLICY = re.compile(r"urn:isa:policy:acs:ns:v3\.0\?privdefault=(permit|deny)&sharedefault=(permit|deny)")
_AUTHORITY = re.compile(r"urn:isa:authority:\w+")
_AGENCY = re.compile(r"[A-Z0-9]+\.[A-Z0-9]+(\.[A-Z0-9][A-Z0-9-]+)?")
_SECTORS = {"CDC", "CIKR", "DIB", "FIN", "ISAC", "NONFED", "PRIVATESECTOR"}
_BEYOND = {"FOREIGNGOV", "SECTOR"}
_LIMITS = {"sensitivity", "shareability", "entity", "permitted_nationalities", "permitted_organizations"}
_INFORMS = {
    *("AIS", "PII-NECESSARY-TO-UNDERSTAND-THREAT", "NO-PII-PRESENT"),
    "INFORMATION-DIRECTLY-RELATED-TO-CYBERSECURITY-THREAT",
}
_DETERMINATIONS = _INFORMS | {"PUBREL", "NF", "FOUO"}
_SHAREABILITY = {"NCC", "EM", "LE", "IC"}
_ENTITIES = {"MIL", "GOV", "CTR", "SVR", "SVC", "DEV", "NET"}
_ACTIONS = {
    *("DSPLY", "IDSRC", "TENOT", "NETDEF", "LEGAL", "INTEL", "TEARLINE", "OPACTION", "REQUEST"),
    *("ANONYMOUSACCESS", "CISAUSES"),
}
# What uses for cybersecurity under the Cybersecurity Information Sharing Act of 2015 consist of, 6 U.S.C. 1503(d)(3) and 1504(d)(5)(A)
_CYBERSECURITY_USES = {"DSPLY", "NETDEF", "INTEL"}
_US = Handling(countries=("US",))


class _UnclearError(Exception):
    """Something that is not known here, or that this node could not see to."""


def read(body: Mapping[str, Any]) -> Handling | None:
    """Return what an ISA/ACS 3.0a marking asks for; None where any part of it is not known here."""
    try:
        return _read(body)
    except _UnclearError:
        return None


def _read(body: Mapping[str, Any]) -> Handling:
    _need(body.keys() >= _REQUIRED and body.keys() <= _KNOWN)
    _plain(body)
    policy = _POLICY.fullmatch(_text(body["policy_reference"]).strip())
    if policy is None:
        raise _UnclearError
    privileges, sharing = (word == "permit" for word in policy.groups())
    controls, public = _controls(body["control_set"])
    asked = together(
        (
            controls,
            _privileges(body, default=privileges),
            _sharing(body, default=sharing),
            _dates(body, public=public),
        )
    )
    public = public and not asked.not_public
    # to the public and further on: both have to be said before it is free
    free = public and sharing and asked.organisations is None
    return msgspec.structs.replace(asked, tlp="clear" if free else None, not_public=not public)


def _plain(body: Mapping[str, Any]) -> None:
    """What is for auditing only. The name may be anything but the name of another marking, which the caller sees to."""
    _need(type(body["identifier"]) is str and micros_or_none(body["create_date_time"]) is not None)
    _need(_AGENCY.fullmatch(_text(body["responsible_entity_custodian"])))
    _need(all(type(body.get(name, "")) is str for name in ("name", "responsible_entity_originator")))
    _words(body, "authority_reference", _AUTHORITY.fullmatch)


def _controls(controls: object) -> tuple[Handling, bool]:
    """Who may have it at all, and whether it was released to the public."""
    fields = _fields(controls, {"classification"}, _LIMITS | {"formal_determination"})
    _need(fields["classification"] == "U")
    found = set(_words(fields, "formal_determination", _DETERMINATIONS.__contains__))
    public = "PUBREL" in found
    # released to the public, and yet limited: nobody knows which of the two is meant
    _need(not public or (found <= _INFORMS | {"PUBREL"} and not fields.keys() & _LIMITS))
    parts = [_US] if "NF" in found else []
    if _words(fields, "sensitivity", {"LES"}.__contains__):
        parts.append(Handling(countries=("US",), roles=("law-enforcement",)))
    if shared := _words(fields, "shareability", _SHAREABILITY.__contains__):
        parts.append(Handling(countries=("US",), roles=("law-enforcement",)) if "LE" in shared else NOBODY)
    if kinds := _words(fields, "entity", _ENTITIES.__contains__):
        # kinds of people and machines inside an organisation: only all of them together are an organisation
        parts.append(Handling() if set(kinds) == _ENTITIES else NOBODY)
    if nations := _words(fields, "permitted_nationalities", ALPHA_2.__contains__):
        parts.append(Handling(countries=tuple(ALPHA_2[nation] for nation in nations)))
    if organisations := _words(fields, "permitted_organizations", _is_organisation):
        parts.append(_those(organisations))
    return together(parts), public


def _privileges(body: Mapping[str, Any], *, default: bool) -> Handling:
    """What may be done with it. A permit for some is none, a denial for some is one for all."""
    permitted: set[str] = set()
    denied: set[str] = set()
    protected = False
    for rule in _rules(body, "access_privilege", {"privilege_action", "privilege_scope", "rule_effect"}):
        action = _text(rule["privilege_action"])
        protected |= action == "CISAUSES"
        _need(action in _ACTIONS or action == "ALL")
        for_all = _is_everyone(rule["privilege_scope"])
        actions = _ACTIONS if action == "ALL" else {action}
        if rule["rule_effect"] == "deny":
            denied |= actions
        elif for_all:
            permitted |= actions
    if "CISAUSES" in permitted - denied:
        permitted |= _CYBERSECURITY_USES
    may = (permitted | (_ACTIONS if default else set())) - denied
    _need("DSPLY" in may)  # this node shows what it has
    pap = None
    if "NETDEF" not in may or "CISAUSES" in denied:
        pap = PAP.NOTHING
    elif "INTEL" not in may:
        pap = PAP.RED
    return Handling(
        pap=pap,
        hide_source="IDSRC" not in may,
        no_law_enforcement="LEGAL" not in may,
        # 6 U.S.C. 1504(d)(5)(D): not to regulate the lawful activities of anybody
        no_regulators=protected,
        not_public="ANONYMOUSACCESS" not in may,
    )


def _sharing(body: Mapping[str, Any], *, default: bool) -> Handling:
    """Whom those who have it may pass it on to. Nobody can tell who falls under a denial, so it is one for all."""
    named: list[str] = []
    denied = False
    for rule in _rules(body, "further_sharing", {"sharing_scope", "rule_effect"}):
        scope = _words(rule, "sharing_scope", lambda word: word in _BEYOND or _is_organisation(word))
        if rule["rule_effect"] == "deny":
            denied = True
        else:
            named += scope
    if denied:
        return NOBODY
    return Handling() if default else _those(named)


def _those(names: list[str]) -> Handling:
    """Return who is meant by names of appendix A, as far as this node can tell organisations apart.

    Its role `government` does not tell a federal agency from a state: only both together are the governments of one country.
    """
    roles = []
    if {"USA.USG", "USA.SLTT"} <= set(names):
        roles.append("government")
    if "ISAC" in names:
        roles.append("isac")
    return Handling(countries=("US",), roles=tuple(roles)) if roles else NOBODY


def _dates(body: Mapping[str, Any], *, public: bool) -> Handling:
    """The day of public release, and the day from which it is disposed of."""
    start = end = None
    if "public_release" in body:
        release = _fields(body["public_release"], {"released_by"}, {"released_on"})
        _need(public and type(release["released_by"]) is str)
        start = _moment(release["released_on"]) if "released_on" in release else None
    if "resource_disposition" in body:
        disposition = _fields(
            body["resource_disposition"], {"disposition_date", "disposition_process"}, set()
        )
        _need(type(disposition["disposition_process"]) is str)
        end = _moment(disposition["disposition_date"])
    return Handling(not_before=start, not_after=end)


def _is_everyone(scope: object) -> bool:
    """Return whether a scope leaves nobody out."""
    fits: dict[str, Callable[[str], object]] = {
        "permitted_nationalities": ALPHA_2.__contains__,
        "permitted_organizations": _is_organisation,
        "shareability": _SHAREABILITY.__contains__,
        "entity": _ENTITIES.__contains__,
    }
    fields = _fields(scope, set(), set(fits))
    _need(fields)
    everyone = True
    for name in fields:
        if fields[name] != ["ALL"]:
            _words(fields, name, fits[name])
            everyone = False
    return everyone


def _rules(body: Mapping[str, Any], name: str, properties: set[str]) -> list[Mapping[str, Any]]:
    if name not in body:
        return []
    rules = body[name]
    if type(rules) is not list or not rules:
        raise _UnclearError
    found = [_fields(rule, properties, set()) for rule in rules]
    _need(all(rule["rule_effect"] in ("permit", "deny") for rule in found))
    return found


def _fields(value: object, required: set[str], optional: set[str]) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not required <= value.keys() <= required | optional:
        raise _UnclearError
    return value


def _words(fields: Mapping[str, Any], name: str, fits: Callable[[str], object]) -> list[str]:
    """Return a list of words, each of which `fits`; an empty one only where there is no such list."""
    if name not in fields:
        return []
    words = fields[name]
    if type(words) is not list or not words or not all(type(word) is str and fits(word) for word in words):
        raise _UnclearError
    return words


def _is_organisation(word: str) -> bool:
    return word in _SECTORS or _AGENCY.fullmatch(word) is not None


def _moment(value: object) -> int:
    when = micros_or_none(value)
    if when is None:
        raise _UnclearError
    return when


def _need(met: object) -> None:
    if not met:
        raise _UnclearError


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
