from __future__ import annotations

import sys
import threading

import pytest

from tocsin.node import beginning


def test_turns_are_shorter_while_somebody_hunts_on_threads_and_as_before_afterwards() -> None:
    before = sys.getswitchinterval()
    with beginning.others(1) as pool, beginning.others(2):
        assert pool is not None
        assert sys.getswitchinterval() < before
    assert sys.getswitchinterval() == before
    with pytest.raises(KeyError), beginning.others(1):
        raise KeyError
    assert sys.getswitchinterval() == before


def test_one_alone_changes_nothing() -> None:
    before = sys.getswitchinterval(), threading.active_count()
    with beginning.others(0) as pool:
        assert pool is None
        assert (sys.getswitchinterval(), threading.active_count()) == before
