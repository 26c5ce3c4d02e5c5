from __future__ import annotations

import numpy as np
import pytest

from tocsin.errors import LimitError
from tocsin.matching import fuse


def _hashes(count, seed=1):
    return np.unique(np.random.default_rng(seed).integers(1, 2**63, count, np.uint64))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 100, 1_000, 50_000])
def test_what_is_in_a_filter_is_found(count):
    hashes = _hashes(count)
    shape, prints = fuse.build(hashes)
    assert shape.is_sound()
    assert len(prints) == shape.places
    assert all(fuse.may_hold_any(shape, prints, hashes[at : at + 1]) for at in range(len(hashes)))


def test_what_is_not_is_seldom_taken_for_a_member():
    shape, prints = fuse.build(_hashes(100_000))
    others = _hashes(200_000, seed=2)
    wrong = sum(fuse.may_hold_any(shape, prints, others[at : at + 1]) for at in range(len(others)))
    assert wrong < 20  # about 3 are to be expected
    assert shape.places * 16 < 20 * 100_000


def test_one_of_many_is_enough():
    hashes, others = _hashes(1_000), _hashes(50, seed=2)
    shape, prints = fuse.build(hashes)
    assert not fuse.may_hold_any(shape, prints, others)
    assert fuse.may_hold_any(shape, prints, np.concatenate((others, hashes[7:8])))
    assert not fuse.may_hold_any(shape, prints, np.zeros(0, np.uint64))


def test_values_that_stand_there_twice_are_refused():
    with pytest.raises(LimitError, match="twice"):
        fuse.build(np.array([5, 5, 7], np.uint64))


@pytest.mark.parametrize(
    "shape",
    [
        fuse.Shape(-1, 4, 1),
        fuse.Shape(0, 3, 1),
        fuse.Shape(0, 0, 1),
        fuse.Shape(0, 4, 0),
        fuse.Shape(0, 1 << 19, 1),
        fuse.Shape(0, 1 << 18, 1 << 12),
    ],
)
def test_a_shape_that_would_lead_astray_is_not_sound(shape):
    assert not shape.is_sound()
