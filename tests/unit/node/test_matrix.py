"""Techniques by tactic."""

from __future__ import annotations

import pytest

from tocsin.node.matrix import Technique, chains_of, codes_in, matrix_of, technique_of


def technique(code: str, *phases: str, chain: str = "mitre-attack") -> Technique:
    return Technique(f"id-{code}", code, f"name of {code}", tuple((chain, phase) for phase in phases))


ALL = [
    technique("T1059", "execution"),
    technique("T1059.001", "execution"),
    technique("T1078", "persistence", "initial-access"),
    technique("T9", "x-last", chain="other"),
]


def test_columns_stand_in_the_order_of_an_attack() -> None:
    columns = matrix_of([*ALL, technique("T2", "a-made-up-one")], "mitre-attack", {}, {})
    assert [each.phase for each in columns] == [
        "initial-access", "execution", "persistence", "a-made-up-one",
    ]  # fmt: skip
    assert [cell.technique.code for cell in columns[0].cells] == ["T1078"]


def test_parts_count_for_the_whole() -> None:
    using, detecting = (
        {"id-T1059.001": {"malware--1"}, "id-T1059": {"tool--1"}},
        {"id-T1059.001": {"indicator--1"}},
    )
    (cell,) = next(
        c for c in matrix_of(ALL, "mitre-attack", using, detecting) if c.phase == "execution"
    ).cells
    assert cell.using == {"malware--1", "tool--1"}
    assert cell.detecting == {"indicator--1"}
    assert [part.technique.code for part in cell.parts] == ["T1059.001"]
    assert cell.parts[0].using == {"malware--1"}


@pytest.mark.parametrize(
    ("using", "detecting", "state"),
    [((), (), ""), (("a",), (), "lacking"), (("a",), ("b",), "detected"), ((), ("b",), "detected")],
)
def test_states(using: tuple[str, ...], detecting: tuple[str, ...], state: str) -> None:
    columns = matrix_of(ALL[2:3], "mitre-attack", {"id-T1078": set(using)}, {"id-T1078": set(detecting)})
    assert columns[0].cells[0].state == state


def test_a_part_without_its_whole_stands_for_itself() -> None:
    columns = matrix_of(ALL[1:2], "mitre-attack", {}, {})
    assert [cell.technique.code for cell in columns[0].cells] == ["T1059.001"]


def test_kill_chains_by_how_much_there_is() -> None:
    assert chains_of(ALL) == ("mitre-attack", "other")


def test_what_an_attack_pattern_says() -> None:
    said = {
        "id": "attack-pattern--1",
        "name": "Phishing",
        "external_references": [
            {"source_name": "x"},
            "no",
            {"external_id": "CAPEC-1"},
            {"external_id": "T1566"},
        ],
        "kill_chain_phases": [{"kill_chain_name": "mitre-attack", "phase_name": "initial-access"}, 3],
    }
    assert technique_of(said) == Technique(
        "attack-pattern--1", "T1566", "Phishing", (("mitre-attack", "initial-access"),)
    )
    assert technique_of(said | {"revoked": True}) is None
    assert technique_of(said | {"x_mitre_deprecated": True}) is None
    bare = technique_of({"id": "attack-pattern--1", "external_references": 7, "kill_chain_phases": "x"})
    assert bare == Technique("attack-pattern--1", "", "", ())


def test_codes_that_a_text_names() -> None:
    assert codes_in(b"T1059.001, attack.t1566 xT1000 T12345 T1078.") == {"T1059.001", "T1566", "T1078"}
    assert codes_in(b"nothing, attack.execution") == set()
