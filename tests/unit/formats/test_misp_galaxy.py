from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.errors import FormatError
from tocsin.formats import RawItem, Refusal, misp_galaxy, open_path

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "misp_galaxy"
GOOD = VECTORS / "ransomware.json"


def objects(path: Path) -> list[dict]:
    found = list(open_path(path))
    assert all(isinstance(each, RawItem) for each in found)
    return [json.loads(each.raw) for each in found]


def test_galaxy_is_told_from_stix_by_its_content() -> None:
    creator, first, relation, second, third = objects(GOOD)
    assert creator["type"] == "identity"
    assert {first["type"], second["type"], third["type"]} == {"malware"}
    assert relation["type"] == "relationship"


def test_cluster_becomes_an_object_that_loses_nothing() -> None:
    first = objects(GOOD)[1]
    assert first == {
        "type": "malware",
        "spec_version": "2.1",
        "id": "malware--44444444-4444-4444-8444-444444444444",
        "created_by_ref": misp_galaxy.CREATOR,
        "created": "2017-01-01T00:00:00.000Z",
        "modified": "2017-01-01T00:00:07.000Z",
        "name": "Example Locker",
        "description": "Encrypts what it finds.",
        "is_family": True,
        "malware_types": ["ransomware"],
        "aliases": ["Locker"],
        "external_references": [
            {"source_name": "misp-galaxy:ransomware", "external_id": "44444444-4444-4444-8444-444444444444"},
            {"source_name": "misp-galaxy:ransomware", "url": "https://example.com/a"},
            {"source_name": "misp-galaxy:ransomware", "description": "seen at a conference"},
        ],
        "x_misp_date": "March 2017",
        "x_misp_encryption": "AES-256",
        "x_misp_extensions": [".locked"],
    }


def test_relations_need_both_ends_and_a_verb() -> None:
    (relation,) = (each for each in objects(GOOD) if each["type"] == "relationship")
    assert relation["relationship_type"] == "variant-of"
    assert relation["source_ref"] == "malware--44444444-4444-4444-8444-444444444444"
    assert relation["target_ref"] == "malware--22222222-2222-4222-8222-222222222222"
    assert relation["x_misp_tags"]


def test_relations_reach_into_other_galaxies() -> None:
    galaxy = misp_galaxy.decode(GOOD.read_bytes(), "f")
    known = {"33333333-3333-4333-8333-333333333333": "intrusion-set--33333333-3333-4333-8333-333333333333"}
    made = [each for each in misp_galaxy.convert(galaxy, known.get) if each["type"] == "relationship"]
    assert [(each["relationship_type"], each["target_ref"]) for each in made] == [
        ("similar", "intrusion-set--33333333-3333-4333-8333-333333333333")
    ]


def test_reading_twice_gives_the_same_bytes() -> None:
    assert list(open_path(GOOD)) == list(open_path(GOOD))


def test_newer_galaxy_is_a_newer_version() -> None:
    galaxy = misp_galaxy.decode(GOOD.read_bytes(), "f")
    later = misp_galaxy.Galaxy(galaxy.type, galaxy.version + 1, galaxy.values)
    first, second = ([o["modified"] for o in misp_galaxy.convert(g, {}.get)] for g in (galaxy, later))
    assert all(a < b for a, b in zip(first[1:], second[1:], strict=True))


def test_mitre_clusters_resolve_to_attack() -> None:
    galaxy = misp_galaxy.Galaxy(
        "mitre-tool", 1, [misp_galaxy.Cluster("x", "AAAAAAAA-aaaa-4aaa-8aaa-aaaaaaaaaaaa")]
    )
    assert list(misp_galaxy.stix_ids(galaxy)) == [
        ("aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "tool--aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa")
    ]
    assert list(misp_galaxy.convert(galaxy, {}.get)) == []


@pytest.mark.parametrize(
    ("meta", "galaxy_type", "expected"),
    [
        ({"ISO": "AQ"}, "country", {"type": "location", "country": "AQ"}),
        (
            {"kill_chain": ["fraud-tactics:Initial Access"], "external_id": "FT001"},
            "financial-fraud",
            {"kill_chain_phases": [{"kill_chain_name": "fraud-tactics", "phase_name": "initial-access"}]},
        ),
        ({"type": ["Malware"]}, "software", {"type": "malware", "is_family": True}),
        ({}, "sector", {"type": "identity", "identity_class": "class"}),
        (
            {"first_seen": "2024-02-01T00:00:00Z", "last_seen": "2024-01-01T00:00:00Z"},
            "campaigns",
            {"first_seen": "2024-02-01T00:00:00Z", "x_misp_last_seen": "2024-01-01T00:00:00Z"},
        ),
    ],
)
def test_kinds(meta, galaxy_type, expected) -> None:
    cluster = misp_galaxy.Cluster("x", "44444444-4444-4444-8444-444444444444", meta=meta)
    made = list(misp_galaxy.convert(misp_galaxy.Galaxy(galaxy_type, 1, [cluster]), {}.get))[1]
    assert expected.items() <= made.items()


def test_named_vulnerability_refers_to_its_number() -> None:
    cluster = misp_galaxy.Cluster(
        "x",
        "44444444-4444-4444-8444-444444444444",
        meta={"aliases": ["CVE\u20132014\u20136271", "CVE-2014-6271"]},
    )
    made = list(misp_galaxy.convert(misp_galaxy.Galaxy("branded-vulnerability", 1, [cluster]), {}.get))[1]
    assert {"source_name": "cve", "external_id": "CVE-2014-6271"} in made["external_references"]


@pytest.mark.parametrize("name", sorted(path.name for path in VECTORS.glob("bad-*.json")))
def test_bad_vectors_are_refused(name: str) -> None:
    (refusal,) = open_path(VECTORS / name)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == name.split("-")[1]


def test_not_a_galaxy() -> None:
    with pytest.raises(FormatError, match="not a MISP galaxy"):
        misp_galaxy.decode(b'{"type":1}', "f")


@pytest.mark.parametrize("every", [1, 1000])
def test_everything_made_is_valid_stix(every: int) -> None:
    from tocsin import stix

    for made in objects(GOOD)[::every]:
        assert stix.validate(made) == []
