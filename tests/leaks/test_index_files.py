"""Files of indexes that hunts share: none is used under another clearance than it was made under.

Guard: `Asked.labels`. The label sets that may be matched can change though nothing else does that the name of a file rests on: a date has come.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from hunting import GREEN, RED, indicator, prepare, take
from tocsin.node import following
from tocsin.node.clearances import Clearances
from tocsin.sharing.release import Clearance
from tocsin.store import Store


class _Narrowed(Clearances):
    """Clearances of the same generation that allow less."""

    allowed: Collection[int] = ()

    def get(self, *args, **more) -> Clearance:
        return super().get(*args, **more).narrow(self.allowed.__contains__)


def _all_of(found) -> str:
    every = (*found.index.entries, *found.index.base.indicators, *found.evaluated.indicators.values())
    return str((every, found.rules, found.examples, found.indicators))


@pytest.mark.parametrize("observables", [False, True])
def test_what_a_wider_clearance_made_is_not_used(store: Store, tmp_path: Path, *, observables: bool) -> None:
    store.home = tmp_path
    prepare(store)
    take(store, indicator("hidden", "[domain-name:value = 'hidden.example']", object_marking_refs=[RED]))
    take(store, indicator("hidden rule", "title: hidden", pattern_type="sigma", object_marking_refs=[RED]))
    take(store, indicator("shown", "[domain-name:value = 'shown.example']", object_marking_refs=[GREEN]))
    wide = following.load(store, Clearances(store), observables=observables)
    assert "hidden" in _all_of(wide.value)
    narrow = _Narrowed(store)
    narrow.allowed = {
        source.label_id for tag in range(3) for source in wide.value.sources[tag] if source.tlp == "TLP:GREEN"
    }
    assert narrow.snapshot.generation == Clearances(store).snapshot.generation
    for _ in range(2):  # made, and mapped
        found = _all_of(following.load(store, narrow, observables=observables).value)
        assert "hidden" not in found
        assert "shown" in found
    assert "hidden" in _all_of(following.load(store, Clearances(store), observables=observables).value)
