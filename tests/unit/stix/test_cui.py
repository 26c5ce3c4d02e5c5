from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tocsin.stix import cui
from tocsin.stix.handling import CUI_EXTENSION, Handling, from_kind
from tocsin.stix.markings import definition_kind

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "stix" / "cui" / "cases.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_cases(case: dict[str, Any]) -> None:
    expected = None if case["asks"] is None else msgspec.convert(case["asks"], Handling)
    assert cui.read(case["body"]) == expected
    kind = definition_kind(
        {
            "type": "marking-definition",
            "spec_version": "2.1",
            "id": "marking-definition--5a9d2f0c-6a51-4a5f-9a0c-0d3b5e2f7c11",
            "created": "2026-03-02T09:30:00.000Z",
            "extensions": {CUI_EXTENSION: case["body"]},
        }
    )
    assert (kind == "unknown") == (expected is None)
    assert from_kind(kind) == expected
