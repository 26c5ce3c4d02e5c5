"""Explanations and forms, word for word: what was once read and found right stays, until someone reads the change.

`python -m contract.test_sharing_words` (with `tests` on the path) writes the vectors anew, for reading in the diff.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deciding import (
    ACTIONS,
    AGREED,
    DEFINITIONS,
    HANDLING_IDS,
    NOW,
    OWN,
    OWN_ID,
    PEER_ID,
    THIRD_ID,
    UNKNOWN,
    recipient_of,
)
from deciding import labels as lattice
from deciding import recipients as lattice_recipients
from mutating_objects import valid
from tocsin.sharing import policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.labels import Label, label_for
from tocsin.sharing.redaction import Redactor
from tocsin.stix import canonical
from tocsin.stix.markings import TLP, id_of
from tocsin.stix.sensitive import SENSITIVE

FOLDER = Path(__file__).parents[1] / "vectors" / "sharing"
DECIDER = Decider(policy.load(), OWN, lambda: NOW)
REDACTOR = Redactor(bytes(range(32)), own=OWN_ID, recipient=PEER_ID)
NAMES = {"c1": "Alliance", "c2": "Constituency", THIRD_ID: "Third"}
CIRCLE = {"communities": ("c1",)}
PARTS = 24


def _recipients() -> list[Organisation]:
    return [
        recipient_of(),
        recipient_of(country="", transfer="unknown", communities=("c2", "c3")),
        recipient_of(**CIRCLE, ground="Commission Implementing Decision (EU) 2023/1795"),
        recipient_of(lapsed=(("c1", "the agreement 'A' ended on 2026-01-01"), ("c9", "it left"))),
        recipient_of(**CIRCLE, embargoed="XB does not share with XA", transfer="none"),
        recipient_of(**CIRCLE, trust="unverified", encrypted=False, client=True),
        recipient_of(**CIRCLE, suspended=True, roles=("regulator", "law-enforcement")),
        recipient_of(communities=("c2", "c1"), country="XC", client=True, roles=("company",)),
        OWN,
        msgspec.structs.replace(OWN, suspended=True, roles=("regulator",)),
    ]


def _labels() -> list[Label]:
    """Each marking that asks for something, each kind of what is held, and several at once."""
    green, clear, red = id_of(TLP.GREEN), id_of(TLP.CLEAR), id_of(TLP.RED)
    asked = [label_for([green, each], owner=THIRD_ID, communities=("c1",)) for each in HANDLING_IDS.values()]
    asked += [label_for([each], owner=OWN_ID, communities=("c1",)) for each in HANDLING_IDS.values()]
    held = [label_for([green], owner=OWN_ID, communities=("c1",), holds=(kind,)) for kind in SENSITIVE]
    return [
        *asked,
        *held,
        label_for([], owner=OWN_ID),
        label_for([], owner=THIRD_ID, assumed="white", communities=("c1", "c2")),
        label_for([], owner=THIRD_ID, assumed="amber+strict", recipients=(PEER_ID,)),
        label_for([red, green], owner=THIRD_ID, recipients=(THIRD_ID, PEER_ID)),
        label_for([red], owner=OWN_ID, communities=("c1", "c2", "c3", "c4", "c5", "c6", "c7")),
        label_for([UNKNOWN, clear], owner=THIRD_ID),
        *[label_for([clear], owner=THIRD_ID, communities=(each,)) for each in AGREED],
        label_for([clear, *list(HANDLING_IDS.values())[:8]], owner=OWN_ID, holds=SENSITIVE),
        label_for([clear, *list(HANDLING_IDS.values())[8:]], owner=THIRD_ID, communities=("c2",)),
        label_for([clear], owner=OWN_ID, rests=[[1], [2]]),
        label_for([clear], owner=OWN_ID, rests=[[2], [1, 3]]),
        label_for([clear], owner=OWN_ID, rests=[[4]]),
    ]


RESTED_ON = {
    1: label_for([id_of(TLP.GREEN)], owner=OWN_ID, communities=("c1",)),
    2: label_for([id_of(TLP.CLEAR)], owner=THIRD_ID, holds=("victim",)),
    3: label_for([id_of(TLP.RED)], owner=THIRD_ID),
    4: label_for([id_of(TLP.CLEAR)], owner=THIRD_ID, rests=[[3]]),
}


def cases() -> Iterator[tuple[Organisation, str, Label]]:
    """Every label set for two recipients and two actions, and a sample of the lattice."""
    people = itertools.cycle(_recipients())
    deeds = itertools.cycle(ACTIONS[:4] + ACTIONS[:1] + ACTIONS[4:])
    for label in _labels():
        for _ in range(2):
            yield next(people), "receive", label
            yield next(people), next(deeds), label
    others = itertools.cycle(lattice_recipients())
    for label in itertools.islice(lattice(), 0, None, 211):
        yield next(others), next(deeds), label


def explained() -> list[dict[str, Any]]:
    """Everything that is said of every case."""
    found = []
    for recipient, action, label in cases():
        said = DECIDER.explain(recipient, action, label, DEFINITIONS, names=NAMES, labels=RESTED_ON)
        found.append(msgspec.to_builtins(said, enc_hook=str))
    return found


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    """One object of each type, whole, and with each list and each reference left out."""
    for name, data in sorted(valid().items()):
        yield name, data
        for key in data:
            if key.endswith(("_ref", "_refs")) or isinstance(data[key], list | dict):
                yield f"{name} without {key}", {k: v for k, v in data.items() if k != key}


def forms() -> dict[str, Any]:
    """The redacted and the minimised form of every object; None where it has none."""
    found: dict[str, Any] = {}
    for name, data in objects():
        for minimise in (False, True):
            kept = tuple(REDACTOR.refs(canonical(data)))[::2]
            made = REDACTOR.redact(canonical(data), added=NOW, minimise=minimise, keep=kept)
            found[f"{name}, {'minimised' if minimise else 'redacted'}"] = made and json.loads(made)
    return found


def _read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("part", range(PARTS))
def test_explanations(part: int) -> None:
    written = _read("explanations.json")
    asked = list(cases())
    assert len(written) == len(asked)
    for place in range(part, len(asked), PARTS):
        recipient, action, label = asked[place]
        said = DECIDER.explain(recipient, action, label, DEFINITIONS, names=NAMES, labels=RESTED_ON)
        assert msgspec.to_builtins(said, str_keys=True, enc_hook=str) == _tupled(written[place]), (
            recipient,
            action,
            label,
        )


def _tupled(said: dict[str, Any]) -> Any:
    return json.loads(
        json.dumps(said),
        object_hook=lambda each: {k: tuple(v) if isinstance(v, list) else v for k, v in each.items()},
    )


def test_forms() -> None:
    assert forms() == _read("forms.json")


if __name__ == "__main__":
    for name, made in (("explanations.json", explained()), ("forms.json", forms())):
        (FOLDER / name).write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
