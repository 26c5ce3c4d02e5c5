from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.stix import acs
from tocsin.stix.handling import ACS_EXTENSION, Handling, from_kind, together
from tocsin.stix.markings import definition_kind

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "stix" / "acs" / "cases.json").read_text())


def definition(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--5a9d2f0c-6a51-4a5f-9a0c-0d3b5e2f7c11",
        "created": "2026-03-02T09:30:00.000Z",
        "extensions": {ACS_EXTENSION: body},
        **more,
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_cases(case: dict[str, Any]) -> None:
    expected = None if case["asks"] is None else msgspec.convert(case["asks"], Handling)
    assert acs.read(case["body"]) == expected
    kind = definition_kind(definition(case["body"]))
    assert (kind == "unknown") == (expected is None)
    assert from_kind(kind) == expected


@pytest.mark.parametrize("case", CASES[:2], ids=lambda case: case["case"])
@pytest.mark.parametrize("name", ["", 1, None, [], "A"])
def test_nothing_raises_whatever_stands_in_place_of_a_property(case: dict[str, Any], name: Any) -> None:
    for prop in (
        *case["body"],
        "access_privilege",
        "further_sharing",
        "public_release",
        "resource_disposition",
    ):
        acs.read({**case["body"], prop: name})


def test_a_name_that_says_something_else_is_not_understood() -> None:
    unclassified = next(case["body"] for case in CASES if case["case"].startswith("unclassified"))
    assert definition_kind(definition(unclassified, name="ours")).startswith("handling:")
    assert definition_kind(definition(unclassified, name="TLP:RED")) == "unknown"
    assert definition_kind(definition(unclassified, name="Chatham House Rule")) == "unknown"


def test_a_level_and_what_acs_asks_for_join_though_defined_apart() -> None:
    by_name = {case["case"]: acs.read(case["body"]) for case in CASES}
    nations, hidden = by_name["nations"], by_name["the source is not identified"]
    assert nations is not None
    assert hidden is not None
    joined = together([nations, hidden, Handling(tlp="amber", countries=("DE", "US"))])
    assert joined == Handling(countries=("US",), hide_source=True, not_public=True)
