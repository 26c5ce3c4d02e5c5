from __future__ import annotations

import pytest

from tocsin.matching.sigma import Event
from tocsin.node import remembering
from tocsin.node.evaluating import Part
from tocsin.node.remembering import TEXT, Kept, Memory
from tocsin.store.watched import REMEMBERED, Position


def _kept(at: int, *, text: str = "line") -> Kept:
    part = Part("a.log", at, 0, at, None, text, f"digest {at}", (("a", "b"),))
    return Kept(Event(at, at, ("id", "name"), {"u": "x", "v": None}, at), part)


def test_what_was_remembered_is_there_again_for_the_same_watch_alone() -> None:
    memory = Memory(["b", "a"], [])
    places = [memory.add([_kept(1, text="y" * 5_000), _kept(2)]), memory.add([]), memory.add([_kept(3)])]
    assert places[1] is None
    positions = [each for each in places if each is not None]
    assert {each.device for each in positions} == {REMEMBERED}
    again = Memory(["a", "b"], [*reversed(positions), Position(5, 1, b"f", 3, "a.log", 7, 1)])
    assert [each.event for each in again] == [_kept(n).event for n in (1, 2, 3)]
    assert [len(each.part.text) for each in again] == [TEXT, 4, 4]
    assert len(Memory(["a"], positions)) == 0
    fresh = again.add([_kept(4)])
    assert fresh is not None
    assert fresh.key not in {each.key for each in positions}


def test_the_old_go_and_the_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 3)
    memory = Memory(["a"], [])
    places = [memory.add([_kept(n)]) for n in (10, 20, 30)]
    assert memory.forget(20) == [places[0].key]  # type: ignore[union-attr]
    assert memory.forgotten == 0
    memory.add([_kept(40), _kept(50)])
    assert memory.forget(0) == [places[1].key]  # type: ignore[union-attr]
    assert memory.forgotten == 1
    assert [each.event.at for each in memory] == [30, 40, 50]
    memory.add([_kept(n) for n in range(60, 65)])
    assert memory.forgotten == 3


@pytest.mark.parametrize("head", [b"", b"nothing", b"x\x9c"])
def test_what_cannot_be_read_goes_with_its_time(head: bytes) -> None:
    memory = Memory(["a"], [])
    place = memory.add([_kept(10)])
    assert place is not None
    broken = Position(place.device, 0, place.fingerprint, 1, "", 10, 1, head)
    again = Memory(["a"], [broken])
    assert len(again) == 0
    assert again.forget(11) == [broken.key]
