"""Every verdict on an object beside the OASIS `stix2-validator`'s; each difference is listed here, with why it is right.

docs/reference/stix-conformance.md says the same in words.
"""

from __future__ import annotations

import copy
import json
import logging
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from stix2validator import ValidationOptions, validate_parsed_json

from mutating_objects import invalid, mutants, valid
from tocsin.errors import ParseError
from tocsin.formats import RawItem, open_path
from tocsin.stix import parse

# Refused here, passed there: rule -> why the specification is with us.
STRICTER = {
    "id": "section 2.9: `type--UUID` and nothing after it; there, `$` of a pattern lets a newline pass, references in lists are not looked at",
    "ref-type": "the property's own section names the types it refers to; there, most references may point at anything",
    "type": "section 2: a value of another type inside a list, a dictionary or a bundle",
    "empty-dictionary": "section 2.4: empty dictionaries are prohibited",
    "empty-list": "section 2.12: empty lists are prohibited",
    "marking-version": "section 7.2.1: marking definitions have neither modified nor revoked",
    "precision": "section 3.2: created says milliseconds, of marking definitions, too",
    "semver": "section 7.3: version is a semantic version",
    "json-integer": "section 2.11: a whole number beyond 2^53 - 1 is no I-JSON number",
    "null": "null is no STIX value",
    "custom-name": "section 7.3: names of properties",
    "required": "the property's own section",
    "range": "the property's own section",
}
# Passed here, refused there: what its message says -> why that is not a MUST, or less than one.
LAXER = {
    r"mime_type: .* does not match|'mime_type' property": "section 6.1 and 6.7: SHOULD be of the IANA registry",
    r"'marking_ref' is a required property": "section 7.2.3: lang stands instead of it",
    r"additional_header_fields\..* is not valid under any": "section 6.6: a list of one header field is a list",
    r"must be an IANA registered character set|(path|name)_enc: .* does not match": (
        "section 6.3: the list of 2013 is not carried here; the form of its names is checked"
    ),
    r"TLP marking definitions must match": "section 7.2.1.4: what counts is the id, and that it names the same level",
    r"valid RFC 5646 language code|invalid language code|languages\[\d\]: .* does not match|Invalid key .* RFC 5646": (
        "RFC 5646: the form of a tag is checked, not the registry of languages, which grows"
    ),
    r"startup_info\.\w+: .* is not of type 'string'": "section 6.13.2 names the keys; the structure has numbers, too",
}


def _theirs(data: dict[str, Any]) -> tuple[bool, list[str]]:
    """Return their verdict and what they said. Where they raise, they have not accepted it."""
    try:
        answer = validate_parsed_json(copy.deepcopy(data), ValidationOptions(version="2.1"))
    except Exception as error:  # noqa: BLE001 - whatever it is
        return False, [f"raised {type(error).__name__}"]
    return bool(answer.is_valid), [str(error) for error in answer.errors or []]


def _ours(data: dict[str, Any]) -> tuple[bool, str]:
    try:
        parse(json.dumps(data).encode())
    except ParseError as error:
        return False, error.rule
    return True, ""


def _compare(objects: Iterable[tuple[str, dict[str, Any]]]) -> tuple[Counter[str], list[str]]:
    """Return how often each listed difference occurred, and the differences that are not listed."""
    listed: Counter[str] = Counter()
    unlisted: list[str] = []
    for name, data in objects:
        (we, rule), (they, said) = _ours(data), _theirs(data)
        if we == they:
            listed["agreed"] += 1
        elif they and rule in STRICTER:
            listed[rule] += 1
        elif we and all(any(re.search(p, each) for p in LAXER) for each in said):
            listed.update(p for p in LAXER if any(re.search(p, each) for each in said))
        else:
            unlisted.append(f"{name}: ours {we} {rule}, theirs {they} {said}")
    return listed, unlisted


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def _vectors() -> list[tuple[str, dict[str, Any]]]:
    return [*valid().items(), *((each["fault"], each["object"]) for each in invalid())]


def test_vectors_and_mutations() -> None:
    seen, unlisted = _compare([*_vectors(), *mutants(1000, seed=1)])
    assert not unlisted, "\n".join(unlisted)
    assert seen["agreed"] > 900


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 8))
def test_many_mutations(seed: int) -> None:
    _, unlisted = _compare(mutants(20_000, seed))
    assert not unlisted, "\n".join(unlisted)


def test_real_objects() -> None:
    file = Path(__file__).resolve().parents[3] / "shared" / "data" / "enterprise-attack-18.1.json.zst"
    if not file.exists():
        pytest.skip("../shared/data is not here")
    every = [json.loads(item.raw) for item in open_path(file) if isinstance(item, RawItem)]
    seen, unlisted = _compare((data["id"], data) for data in every[::80])
    assert not unlisted, "\n".join(unlisted)
    assert seen["agreed"] > len(every) // 100
