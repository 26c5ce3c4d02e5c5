"""What markings ask for, in words."""

from __future__ import annotations

import pytest

from deciding import NOW
from tocsin.clock import to_text
from tocsin.sharing.wording import asked_in_words, level
from tocsin.stix.handling import PAP, Handling


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Handling(), []),
        (Handling(tlp="amber"), ["TLP:AMBER"]),
        (Handling(pap=PAP.RED), ["PAP:RED"]),
        (Handling(pap=PAP.NOTHING), ["contact before any action"]),
        (
            Handling(not_before=NOW, not_after=NOW + 1),
            [f"nothing before {to_text(NOW)}", f"nothing from {to_text(NOW + 1)} on"],
        ),
        (Handling(countries=("DE", "FR")), ["only to DE and FR"]),
        (Handling(countries=()), ["only to no country"]),
        (Handling(communities=("c1", "c2")), ["only to members of c1 and c2"]),
        (Handling(communities=()), ["only to members of no community"]),
        (Handling(organisations=("a", "b")), ["only to a and b"]),
        (Handling(organisations=()), ["only to nobody"]),
        (Handling(roles=("csirt", "isac")), ["only to organisations that are csirt or isac"]),
        (Handling(roles=()), ["only to organisations that are nothing"]),
        (
            Handling(
                no_regulators=True, no_law_enforcement=True, hide_source=True, encrypted=True, not_public=True
            ),
            [
                "no regulatory use",
                "no use by law enforcement",
                "its source is not to be told",
                "over encrypted channels only",
                "nothing public: TLP:CLEAR beside it counts as TLP:GREEN",
            ],
        ),
    ],
)
def test_each_wish_has_its_words(asked: Handling, said: list[str]) -> None:
    assert list(asked_in_words(asked)) == said


def test_levels() -> None:
    assert [level(each) for each in ("none", "clear", "amber+strict")] == [
        "unmarked",
        "TLP:CLEAR",
        "TLP:AMBER+STRICT",
    ]
