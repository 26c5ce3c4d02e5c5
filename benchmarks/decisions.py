"""Decisions after a change of policy: 100 recipients over 5,000 label sets, with everything that a node would do then.

`ours` is the decisions a second of a whole recomputation: policies loaded and validated, facts of all label sets worked out, policies
specialised for each recipient, all pairs decided, answers spot-checked by Cedar. `peer` is Cedar itself (`cedarpy`, policies and
entities parsed once, requests in batches), asked for each pair; every one of its answers is compared with ours. `limit` is
what a list comprehension with a constant condition does over the same pairs.

    uv run python -m benchmarks.decisions [--recipients 100] [--labels 5000] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from typing import Any

import cedarpy

from tocsin.sharing import oracle, policy
from tocsin.sharing.audience import Organisation
from tocsin.sharing.decision import Decider
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Definitions, Label, label_for
from tocsin.sharing.policy import PolicySet
from tocsin.stix.markings import TLP, id_of

ROUNDS = 5
PEER_PAIRS = 6_000
PEER_LABELS = 300
OWN = Organisation("identity--00000000-0000-4000-8000-000000000001", "Own", own=True)
STATEMENT = "marking-definition--00000000-0000-4000-8000-00000000000a"
UNKNOWN = "marking-definition--00000000-0000-4000-8000-00000000000b"
DEFINITIONS = Definitions({(STATEMENT, OWN.id): "statement"})


def _id(kind: str, number: int) -> str:
    return f"{kind}--00000000-0000-4000-8000-{number:012x}"


def recipients(count: int, chance: random.Random) -> list[Organisation]:
    """Return organisations in one to six of forty communities, a quarter of them clients, a few suspended."""
    return [
        Organisation(
            _id("identity", 100 + number),
            f"Organisation {number}",
            "XA",
            communities=tuple(_id("community", c) for c in chance.sample(range(40), chance.randint(1, 6))),
            client=chance.random() < 0.25,
            suspended=chance.random() < 0.03,
        )
        for number in range(count)
    ]


def labels(count: int, known: Sequence[Organisation], chance: random.Random) -> dict[int, Label]:
    """Return distinct label sets: all levels, from many owners, to communities and named organisations."""
    found: dict[Label, int] = {}
    levels = [id_of(tlp) for tlp in TLP]
    while len(found) < count:
        markings = chance.choices(levels, (3, 5, 5, 2, 2), k=chance.choice((1, 1, 1, 2)))
        markings += [STATEMENT] * (chance.random() < 0.2) + [UNKNOWN] * (chance.random() < 0.03)
        made = label_for(
            markings if chance.random() > 0.05 else (),
            owner=chance.choice([OWN, OWN, *known]).id,
            communities=[_id("community", chance.randrange(40)) for _ in range(chance.randrange(3))],
            recipients=[chance.choice(known).id for _ in range(chance.choice((0, 0, 1, 3, 8)))],
            assumed=chance.choice((None, None, None, "clear")),
        )
        found.setdefault(made, len(found) + 1)
    return {number: label for label, number in found.items()}


def recompute(
    known: Sequence[Organisation], every: dict[int, Label]
) -> tuple[float, dict[str, tuple[int, ...]]]:
    """Return the seconds of a whole recomputation and its outcome."""
    before = time.perf_counter()
    decider = Decider(policy.load(), OWN)
    found = {r.id: decider.clearance(r, "receive", every, DEFINITIONS, 1).labels for r in known}
    return time.perf_counter() - before, found


def one_more(known: Sequence[Organisation], every: dict[int, Label]) -> float:
    """Return the seconds for all recipients when one label set is added to those decided already."""
    decider = Decider(policy.load(), OWN)
    for recipient in known:
        decider.clearance(recipient, "receive", every, DEFINITIONS, 1)
    more = {**every, len(every) + 1: label_for([id_of(TLP.CLEAR)], owner=OWN.id)}
    before = time.perf_counter()
    for recipient in known:
        decider.clearance(recipient, "receive", more, DEFINITIONS, 2)
    return time.perf_counter() - before


def ask_cedar(
    policies: PolicySet,
    known: Sequence[Organisation],
    every: dict[int, Label],
    ours: dict[str, tuple[int, ...]],
    chance: random.Random,
) -> float:
    """Return Cedar's decisions a second over random pairs.

    Raises:
        AssertionError: one of its answers is not ours.
    """
    numbers = chance.sample(sorted(every), min(PEER_LABELS, len(every)))
    document: list[dict[str, Any]] = [
        {"uid": {"type": "Organisation", "id": r.id}, "attrs": oracle.recipient_facts(r), "parents": []}
        for r in known
    ]
    for number in numbers:
        facts = facts_of(every[number], DEFINITIONS, own=OWN.id, now=0)
        uid = {"type": "LabelSet", "id": str(number)}
        document.append({"uid": uid, "attrs": oracle.label_facts(facts), "parents": []})
    entities = cedarpy.Entities.from_json_str(json.dumps(document), policies.schema)
    pairs = [(chance.choice(known), chance.choice(numbers)) for _ in range(PEER_PAIRS)]
    requests = [
        {
            "principal": {"type": "Organisation", "id": recipient.id},
            "action": {"type": "Action", "id": "receive"},
            "resource": {"type": "LabelSet", "id": str(number)},
            "context": oracle.context_facts(recipient),
        }
        for recipient, number in pairs
    ]
    before = time.perf_counter()
    answers = cedarpy.is_authorized_batch(requests, policies.cedar, entities, policies.schema)
    seconds = time.perf_counter() - before
    for (recipient, number), answer in zip(pairs, answers, strict=True):
        assert not answer.diagnostics.errors
        assert answer.allowed == (number in ours[recipient.id]), (recipient, every[number])
    return len(pairs) / seconds


def bare(count: int, every: dict[int, Label]) -> float:
    """Return pairs a second of a comprehension that decides nothing."""
    rows = [(number, facts_of(label, DEFINITIONS, own=OWN.id, now=0)) for number, label in every.items()]
    before = time.perf_counter()
    for _ in range(count):
        tuple(number for number, facts in rows if facts.understood)
    return count * len(rows) / (time.perf_counter() - before)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--recipients", type=int, default=100)
    parser.add_argument("--labels", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    chance = random.Random(3)
    known = recipients(chosen.recipients, chance)
    every = labels(chosen.labels, known, chance)
    pairs = len(known) * len(every)
    rounds = []
    for _ in range(ROUNDS):  # taking turns, so that other work on the machine meets all
        seconds, ours = recompute(known, every)
        rounds.append(
            (
                seconds,
                ask_cedar(policy.load(), known, every, ours, chance),
                bare(len(known), every),
                one_more(known, every),
            )
        )
    seconds, peer, limit, added = (statistics.median(column) for column in zip(*rounds, strict=True))
    if not chosen.json:
        released = sum(map(len, ours.values())) / pairs
        print(
            f"{len(known)} recipients over {len(every):,} label sets, {released:.0%} released; median of {ROUNDS}"
        )
        print(
            f"whole recomputation after a policy change {seconds * 1000:.0f} ms, {pairs / seconds:,.0f} decisions/s"
        )
        print(f"one label set added: {added * 1000:.1f} ms for all recipients")
        print(f"Cedar for each pair {peer:,.0f} decisions/s, nothing decided {limit:,.0f}/s")
    line = {
        "what": f"{len(known)} recipients x {len(every)} label sets after a policy change in {seconds:.3f} s, decisions/s, peer cedarpy for each pair",
        "ours": round(pairs / seconds),
        "peer": round(peer),
        "limit": round(limit),
        "ratio": round(pairs / seconds / peer, 1),
    }
    print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
