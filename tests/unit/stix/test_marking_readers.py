from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.stix.handling import (
    ACS_EXTENSION,
    CUI_EXTENSION,
    HANDLING_EXTENSION,
    IEP_EXTENSION,
    PAP,
    Handling,
    from_kind,
)
from tocsin.stix.marking_readers import names_handling, read
from tocsin.stix.markings import definition_kind
from tocsin.stix.timestamps import to_micros

COMMUNITY = "8d5a3b0e-2f0a-4a55-9b7d-6d3f1f5a7c20"
IDENTITY = "identity--1c2f7e6a-5f0e-4c0f-8f55-7a3f0f6f9b31"
VECTORS = Path(__file__).parents[2] / "vectors" / "stix"
START, END = "2022-10-01T00:00:00Z", "2022-11-01T00:00:00Z"
BASE = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--da05d443-ad8d-46fc-abf5-31d3d00290f1",
    "created": "2024-01-10T14:52:41.853121Z",
}
IEP = {
    "extension_type": "property-extension",
    "encrypt_in_transit": "may",
    "permitted_actions": "externally-visible-direct-actions",
    "affected_party_notifications": "may",
    "tlp": "amber",
    "provider_attribution": "must-not",
    "unmodified_resale": "must-not",
    "iep_id": "0224bfdf-ea3a-49c3-96f6-66d908bb1845",
    "iep_version": 2.0,
    "description": "An Information Exchange Policy",
    "start_date": START,
}


def extended(name: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**BASE, "extensions": {name: body}, **more}


def iep(**changes: Any) -> dict[str, Any]:
    return extended(IEP_EXTENSION, {k: v for k, v in {**IEP, **changes}.items() if v is not None})


def ours(**asks: Any) -> dict[str, Any]:
    return extended(HANDLING_EXTENSION, {"extension_type": "property-extension", **asks})


def statement(text: str, **more: Any) -> dict[str, Any]:
    return {**BASE, "definition_type": "statement", "definition": {"statement": text}, **more}


CHATHAM_HOUSE = (
    *("Chatham House Rule", "chatham house rules", " The Chatham House  Rule applies. ", "tlp:ex:chr"),
    *("Under the Chatham House Rule", "Chatham House Rules apply"),
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (statement("PAP:RED"), Handling(pap=PAP.RED)),
        (statement("pap:white", name="PAP:WHITE"), Handling(pap=PAP.CLEAR)),
        (
            statement("custom", x_opencti_definition_type="PAP", x_opencti_definition="PAP:AMBER", name="PAP:AMBER"),
            Handling(pap=PAP.AMBER),
        ),
        (iep(), Handling(tlp="amber", pap=PAP.GREEN, not_before=to_micros(START), hide_source=True)),
        (
            iep(tlp="white", permitted_actions="none", provider_attribution="may", end_date=END),
            Handling(tlp="clear", pap=PAP.NOTHING, not_before=to_micros(START), not_after=to_micros(END)),
        ),
        (iep(permitted_actions="contact-for-instruction", provider_attribution="must"), Handling("amber", PAP.NOTHING, to_micros(START))),
        (
            iep(encrypt_in_transit="must", affected_party_notifications="must-not", unmodified_resale="may"),
            Handling(tlp="amber", pap=PAP.GREEN, not_before=to_micros(START), hide_source=True, encrypted=True),
        ),
        *((statement(text), Handling(hide_source=True)) for text in CHATHAM_HOUSE),
        (statement("Chatham House Rule", name="TLP:EX:CHR"), Handling(hide_source=True)),
        (ours(hide_source=True) | {"name": "Chatham House Rule"}, Handling(hide_source=True)),
        (
            ours(communities=[COMMUNITY], organisations=[IDENTITY, IDENTITY], roles=["isac", "csirt"]),
            Handling(communities=(COMMUNITY,), organisations=(IDENTITY,), roles=("csirt", "isac")),
        ),
        (ours(encrypt_in_transit=True, not_public=True), Handling(encrypted=True, not_public=True)),
        (ours(encrypt_in_transit=False), Handling()),
        (ours(pap="amber"), Handling(pap=PAP.AMBER)),
        (ours(pap="nothing"), Handling(pap=PAP.NOTHING)),
        (
            ours(not_before=START, not_after=END, releasable_to=["FR", "DE", "FR"]),
            Handling(not_before=to_micros(START), not_after=to_micros(END), countries=("DE", "FR")),
        ),
        (
            ours(no_regulatory_use=True, no_law_enforcement_use=True, hide_source=True),
            Handling(no_regulators=True, no_law_enforcement=True, hide_source=True),
        ),
    ],
)  # fmt: skip
def test_what_is_read(data: dict[str, Any], expected: Handling) -> None:
    assert read(data) == expected
    kind = definition_kind(data)
    assert from_kind(kind) == expected


@pytest.mark.parametrize(
    "data",
    [
        statement("PAP:BLUE"),
        statement("PAP:RED and PAP:GREEN"),
        statement("PAP:RED", name="TLP:GREEN"),
        statement("TLP:RED", x_opencti_definition_type="PAP", x_opencti_definition="PAP:CLEAR"),
        statement("custom", x_opencti_definition_type="CUI", x_opencti_definition="PAP:RED"),
        statement("PAP:RED", x_opencti_definition="PAP:GREEN"),
        {**BASE, "definition_type": "PAP", "definition": {"pap": "PAP:RED"}},
        *(iep(**{name: None}) for name in IEP if name not in {"description", "extension_type"}),
        iep(encrypt_in_transit="should"),
        iep(unmodified_resale="must"),
        iep(affected_party_notifications=["may"]),
        statement("Shared under the Chatham House Rule; do not forward"),
        statement("Chatham House Rule", name="TLP:RED"),
        statement("Copyright", name="Chatham House Rule"),
        statement("PAP:RED", name="Chatham House Rule"),
        statement("custom", x_opencti_definition_type="PAP", x_opencti_definition="Chatham House Rule"),
        statement('acs-marking:classification="S"'),
        statement('iep2-policy:tlp="red"'),
        statement("CUI//NOFORN"),
        ours(communities=[]),
        ours(communities=["mine"]),
        ours(communities=[COMMUNITY.upper()]),
        ours(organisations=[COMMUNITY]),
        ours(organisations=IDENTITY),
        ours(roles=["csirt", "press"]),
        ours(roles=[["csirt"]]),
        ours(encrypt_in_transit="must"),
        ours(not_public=1),
        {**ours(pap="red"), "name": "Chatham House Rule"},
        {**ours(pap="red"), "x_opencti_definition": "TLP:RED"},
        iep(tlp="amber+strict"),
        iep(tlp=["red"]),
        iep(permitted_actions=["none"]),
        iep(iep_version=3.0),
        iep(start_date="yesterday"),
        iep(end_date="never"),
        iep(x_further="condition"),
        iep(extension_type="new-sdo"),
        ours(),
        ours(pap="purple"),
        ours(pap=1),
        ours(not_before=1),
        ours(not_after="2022-13-01T00:00:00Z"),
        ours(releasable_to=[]),
        ours(releasable_to="DE"),
        ours(releasable_to=["de"]),
        ours(releasable_to=[["DE"]]),
        ours(no_regulatory_use="yes"),
        ours(pap="red", something_new=True),
        {**ours(pap="red"), "definition": {"statement": "x"}},
        {**ours(pap="red"), "name": "TLP:RED PAP:RED"},
        {**BASE, "extensions": {**ours(pap="red")["extensions"], **iep()["extensions"]}},
        {**BASE, "extensions": []},
        extended(HANDLING_EXTENSION, []),  # type: ignore[arg-type]
        extended("extension-definition--3a65884d-005a-4290-8335-cb2d778a83ce", {"extension_type": "property-extension"}),
    ],
)  # fmt: skip
def test_what_is_not_understood_whole_is_not_read(data: dict[str, Any]) -> None:
    assert read(data) is None
    assert definition_kind(data) == "unknown"


def test_two_extensions_at_once_are_not_understood() -> None:
    bodies = {
        ACS_EXTENSION: json.loads((VECTORS / "acs" / "cases.json").read_text())[6]["body"],
        CUI_EXTENSION: json.loads((VECTORS / "cui" / "cases.json").read_text())[0]["body"],
        HANDLING_EXTENSION: ours(pap="red")["extensions"][HANDLING_EXTENSION],
        IEP_EXTENSION: IEP,
    }
    for name, body in bodies.items():
        assert read(extended(name, body)) is not None
        for other in bodies.keys() - {name}:
            assert read({**BASE, "extensions": {name: body, other: bodies[other]}}) is None
            assert read(extended(name, bodies[other])) is None


@pytest.mark.parametrize("text", ["", "Copyright 2026", "Chatham, House 4", "acs", None, 3])
def test_texts_that_name_no_handling(text: object) -> None:
    assert not names_handling(text)


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
KEYS = (
    *(
        "extension_type",
        "pap",
        "communities",
        "roles",
        "releasable_to",
        "control",
        "designator_ref",
        "disseminations",
    ),
    *(
        "categories",
        "control_set",
        "access_privilege",
        "further_sharing",
        "public_release",
        "policy_reference",
    ),
    *(
        "classification",
        "formal_determination",
        "privilege_action",
        "privilege_scope",
        "rule_effect",
        "entity",
        *IEP,
    ),
)
WORDS = st.sampled_from(
    ["U", "PUBREL", "ALL", "LE", "permit", "CUI", "NOFORN", "property-extension", "USA", "must", START]
)
JSON = st.recursive(
    PLAIN | WORDS,
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), part, max_size=4)
    ),
    max_leaves=12,
)
VALID = st.sampled_from(
    [
        (name, case["body"])
        for name, folder in ((ACS_EXTENSION, "acs"), (CUI_EXTENSION, "cui"))
        for case in json.loads((VECTORS / folder / "cases.json").read_text())
        if case["asks"] is not None
    ]
    + [
        (IEP_EXTENSION, IEP),
        (HANDLING_EXTENSION, ours(roles=["isac"], pap="red")["extensions"][HANDLING_EXTENSION]),
    ]
)


@given(body=JSON, name=st.sampled_from([ACS_EXTENSION, CUI_EXTENSION, HANDLING_EXTENSION, IEP_EXTENSION]))
def test_reading_never_raises(body: Any, name: str) -> None:
    for typed in (body, {"extension_type": "property-extension", **body} if isinstance(body, dict) else body):
        asked = read({**BASE, "extensions": {name: typed}})
        assert asked is None or from_kind(asked.to_kind()) == asked


@given(valid=VALID, data=st.data(), value=JSON)
def test_reading_never_raises_near_what_is_valid(
    valid: tuple[str, dict[str, Any]], data: st.DataObject, value: Any
) -> None:
    name, body = valid
    changed = json.loads(json.dumps(body))
    place = changed
    while True:
        key = data.draw(
            st.sampled_from(sorted(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1)
        )
        if isinstance(place[key], (dict, list)) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        place[key] = value
        break
    asked = read({**BASE, "extensions": {name: changed}})
    assert asked is None or from_kind(asked.to_kind()) == asked
    assert read({**BASE, "extensions": {name: {**body, "x_new": value}}}) is None
