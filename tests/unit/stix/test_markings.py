from __future__ import annotations

import copy
import itertools
from pathlib import Path

import pytest
import stix2
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import ParseError
from tocsin.stix.canonical import canonical
from tocsin.stix.markings import (
    OPENCTI_AMBER_STRICT,
    TLP,
    TLP_DEFINITIONS,
    definition_kind,
    id_of,
    marking_ids,
    strictest,
    tlp_of,
)

M = "marking-definition--"
RED1 = f"{M}5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
KNOWN = {
    f"{M}613f2e26-407d-48c7-9eca-b8e91df99dc9": TLP.CLEAR,
    f"{M}34098fce-860f-48ae-8e50-ebd3cc5e41da": TLP.GREEN,
    f"{M}f88d31f6-486f-44da-b317-01333bde0b82": TLP.AMBER,
    RED1: TLP.RED,
    f"{M}94868c89-83c2-464b-929b-a1a8aa3c8487": TLP.CLEAR,
    f"{M}bab4a63c-aed9-4cf5-a766-dfca5abac2bb": TLP.GREEN,
    f"{M}55d920b0-5e8b-4f79-9ee9-91f868d9b421": TLP.AMBER,
    f"{M}939a9414-2ddd-4d32-a0cd-375ea402b003": TLP.AMBER_STRICT,
    f"{M}e828b379-4e03-4974-9ac4-e53a884c97c1": TLP.RED,
    f"{M}826578e1-40ad-459f-bc73-ede076f81f37": TLP.AMBER_STRICT,
}
INVENTED = [
    f"{M}bab4a63c-afd4-4e03-b846-b75e0496be71",
    f"{M}939a9414-2ddd-4d32-a0cd-b7571b03f430",
    f"{M}613f2e26-407d-48c7-9eba-b56c171b6f0c",
    RED1.upper(),
    f" {RED1}",
    RED1.removeprefix(M),
    "TLP:RED",
    "",
]


@pytest.mark.parametrize("marking", KNOWN)
def test_known_ids(marking):
    assert tlp_of(marking) is KNOWN[marking]


@pytest.mark.parametrize("marking", INVENTED)
def test_invented_ids_are_unknown(marking):
    assert tlp_of(marking) is None


def test_order_and_labels():
    assert TLP.CLEAR < TLP.GREEN < TLP.AMBER < TLP.AMBER_STRICT < TLP.RED
    assert [tlp.label for tlp in TLP] == [
        "TLP:CLEAR",
        "TLP:GREEN",
        "TLP:AMBER",
        "TLP:AMBER+STRICT",
        "TLP:RED",
    ]
    assert all(tlp_of(id_of(tlp)) is tlp for tlp in TLP)


def test_strictest():
    assert strictest([]) is None
    for several in itertools.permutations(TLP, 3):
        assert strictest(several) is max(several)


def test_definitions_are_those_of_their_specifications():
    assert set(TLP_DEFINITIONS) == set(KNOWN) - {OPENCTI_AMBER_STRICT}
    for marking, data in TLP_DEFINITIONS.items():
        assert data["id"] == marking
        assert data["name"].split(":")[1].replace("WHITE", "CLEAR") == KNOWN[marking].label.split(":")[1]
    for theirs in (stix2.v21.TLP_WHITE, stix2.v21.TLP_GREEN, stix2.v21.TLP_AMBER, stix2.v21.TLP_RED):
        ours = TLP_DEFINITIONS[theirs["id"]]
        assert {key: ours[key] for key in ("created", "definition_type", "name", "definition")} == {
            "created": "2017-01-20T00:00:00.000Z",
            "definition_type": "tlp",
            "name": theirs["name"],
            "definition": dict(theirs["definition"]),
        }
    # OASIS cti-stix-common-objects, tlp-2.0/examples/tlp-amber+strict.json
    assert canonical(TLP_DEFINITIONS[f"{M}939a9414-2ddd-4d32-a0cd-375ea402b003"]) == (
        b'{"created":"2022-10-01T00:00:00.000Z","extensions":{"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d":'
        b'{"extension_type":"property-extension","tlp_2_0":"amber+strict"}},'
        b'"id":"marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003","name":"TLP:AMBER+STRICT",'
        b'"spec_version":"2.1","type":"marking-definition"}'
    )


def test_the_table_of_ids_agrees_with_the_law_data():
    source = Path("/work/shared/law/markings.yaml")
    if not source.exists():
        pytest.skip("the shared data are not on this machine")
    text = source.read_text()
    for marking in KNOWN:
        assert marking == OPENCTI_AMBER_STRICT or marking.removeprefix(M) in text


STATEMENT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": f"{M}fa42a846-8d90-4e51-bc29-71d5b4802168",
    "created": "2017-06-01T00:00:00.000Z",
    "definition_type": "statement",
    "definition": {"statement": "Copyright 2015-2025, The MITRE Corporation."},
    "x_mitre_domains": ["enterprise-attack"],
}


@pytest.mark.parametrize(
    "data", TLP_DEFINITIONS.values(), ids=lambda data: data["name"] + data["created"][:4]
)
def test_tlp_only_under_its_own_id(data):
    assert definition_kind(data) == "tlp"
    assert definition_kind({**data, "id": STATEMENT["id"]}) == "unknown"


def test_the_id_decides_whatever_the_definition_says():
    assert definition_kind({**STATEMENT, "id": OPENCTI_AMBER_STRICT}) == "tlp"


def test_statement():
    assert definition_kind(STATEMENT) == "statement"
    assert definition_kind({**STATEMENT, "x_opencti_definition_type": "statement"}) == "statement"


@pytest.mark.parametrize(
    "change",
    [
        {"type": "indicator"},
        {"definition_type": "tlp"},
        {"definition_type": "iep"},
        {"definition_type": None},
        {"definition": None},
        {"definition": "text"},
        {"definition": {}},
        {"definition": {"statement": 5}},
        {"definition": {"statement": "x", "tlp": "red"}},
        {"definition": {"statement": "TLP:RED"}},
        {"definition": {"statement": "please treat as tlp: amber"}},
        {"definition": {"statement": "PAP:RED please"}},
        {"definition": {"statement": "PAP:RED"}, "name": "TLP:RED"},
        {"name": "TLP:AMBER+STRICT"},
        {"x_opencti_definition_type": "PAP"},
        {"x_opencti_definition": "TLP:AMBER+STRICT"},
        {"extensions": {"extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a": {}}},
        {"extensions": {}},
    ],
)
def test_everything_else_is_unknown(change):
    assert definition_kind({**STATEMENT, **change}) == "unknown"


def test_marking_ids_of_the_whole_and_its_parts():
    assert marking_ids({}) == ()
    assert marking_ids({"object_marking_refs": ["b"]}) == ("b",)
    assert marking_ids({"object_marking_refs": ["b", "a", "b"]}) == ("a", "b")
    assert marking_ids({"object_marking_refs": []}) == ()
    granular = [{"marking_ref": "c", "selectors": ["name"]}, {"lang": "de", "selectors": ["name"]}]
    assert marking_ids({"granular_markings": granular}) == ("c",)
    assert marking_ids({"object_marking_refs": ["d", "c"], "granular_markings": granular}) == ("c", "d")


def test_markings_of_contained_objects_count():
    data = {
        "type": "observed-data",
        "object_marking_refs": ["a"],
        "objects": {"0": {"type": "file", "object_marking_refs": ["z"]}, "1": {"type": "file"}},
    }
    assert marking_ids(data) == ("a", "z")
    assert marking_ids({**data, "type": "x-other"}) == ("a",)


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        ({"object_marking_refs": "a"}, "/object_marking_refs"),
        ({"object_marking_refs": None, "granular_markings": []}, "/object_marking_refs"),
        ({"object_marking_refs": [1]}, "/object_marking_refs/0"),
        ({"object_marking_refs": ["a", None]}, "/object_marking_refs/1"),
        ({"granular_markings": {}}, "/granular_markings"),
        ({"granular_markings": ["a"]}, "/granular_markings/0"),
        ({"granular_markings": [{"selectors": ["a"]}]}, "/granular_markings/0/marking_ref"),
        ({"granular_markings": [{"marking_ref": 1, "lang": "de"}]}, "/granular_markings/0/marking_ref"),
        (
            {"type": "observed-data", "objects": {"0": {"object_marking_refs": 1}}},
            "/objects/0/object_marking_refs",
        ),
    ],
)
def test_markings_that_cannot_be_read_are_refused(data, pointer):
    with pytest.raises(ParseError) as caught:
        marking_ids(data)
    assert (caught.value.pointer, caught.value.rule) == (pointer, "markings")


ids = st.lists(st.sampled_from([*KNOWN, *INVENTED]), max_size=5)


@given(whole=ids, parts=ids)
def test_marking_ids_are_the_set_of_all_and_nothing_is_changed(whole, parts):
    data = {
        "object_marking_refs": whole,
        "granular_markings": [{"marking_ref": ref, "selectors": ["a"]} for ref in parts],
    }
    before = copy.deepcopy(data)
    assert marking_ids(data) == tuple(sorted({*whole, *parts}))
    assert data == before
