"""From the bytes of an object to the decision: the vectors of tests/vectors/sharing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deciding import DEFINITIONS, IDS, OWN, recipient_of
from factories import indicator, parsed
from tocsin.sharing import policy
from tocsin.sharing.decision import Decider
from tocsin.sharing.labels import label_for

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "sharing" / "decisions.json").read_text(encoding="utf-8")
)["vectors"]
DECIDER = Decider(policy.load(), OWN)


@pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
def test_vector(vector: dict) -> None:
    found = parsed(indicator(1, **vector["object"]))
    label = label_for(
        found.markings,
        owner=IDS[vector.get("owner", "third")],
        communities=vector.get("addressed", ()),
        recipients=[IDS[each] for each in vector.get("named", ())],
    )
    recipient = recipient_of(**vector.get("recipient", {}))
    assert DECIDER.decide(recipient, "receive", label, DEFINITIONS).allowed == (vector["result"] == "allow")
    cleared = DECIDER.clearance(recipient, "receive", {1: label}, DEFINITIONS, 1).labels
    assert (cleared == (1,)) == (vector["result"] == "allow")


def test_refusals_are_named_so() -> None:
    assert all(v["name"].startswith("refused-") == (v["result"] == "deny") for v in VECTORS)
