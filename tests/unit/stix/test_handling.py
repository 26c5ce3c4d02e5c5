from __future__ import annotations

import itertools
from typing import Any

import pytest

from tocsin.stix.handling import HANDLING_EXTENSION, IEP_EXTENSION, PAP, Handling, from_kind, read, together
from tocsin.stix.markings import definition_kind
from tocsin.stix.timestamps import to_micros

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
        iep(encrypt_in_transit="must"),
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


@pytest.mark.parametrize(
    "kind", [None, "", "statement", "handling:", "handling:{", 'handling:{"pap":9}', 'handling:{"new":1}']
)
def test_kinds_that_say_no_handling(kind: str | None) -> None:
    assert from_kind(kind) is None


def test_together_is_the_strictest_of_each_in_any_order() -> None:
    parts = [
        Handling(pap=PAP.GREEN, not_before=5, countries=("DE", "FR")),
        Handling(pap=PAP.RED, not_before=9, not_after=30, no_regulators=True),
        Handling(not_after=20, countries=("FR", "IT"), hide_source=True),
        Handling(no_law_enforcement=True),
        Handling(),
    ]
    expected = Handling(
        pap=PAP.RED, not_before=9, not_after=20, countries=("FR",),
        no_regulators=True, no_law_enforcement=True, hide_source=True,
    )  # fmt: skip
    for some in itertools.permutations(parts):
        assert together(some) == expected
    assert together([]) == Handling()
    assert together([Handling(countries=("DE",)), Handling(countries=("FR",))]).countries == ()
