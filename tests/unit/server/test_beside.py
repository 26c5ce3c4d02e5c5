from __future__ import annotations

import threading

import pytest

from tocsin.errors import StoreUnavailableError
from tocsin.server.beside import Beside


class _Counting(Beside):
    """Fails the first time, then has something more to do twice."""

    def __init__(self, every: float) -> None:
        super().__init__("counting", "nothing is counted", every=every, stop_seconds=5.0)
        self.done = 0
        self.enough = threading.Event()

    def work(self) -> bool:
        self.done += 1
        if self.done == 1:
            raise StoreUnavailableError("the database is away")
        if self.done == 4:
            self.enough.set()
        return self.done in {2, 3}


def test_it_goes_on_after_a_failure_and_while_there_is_more(caplog: pytest.LogCaptureFixture) -> None:
    made = _Counting(0.01)
    made.start()
    assert made.enough.wait(10)
    made.stop()
    done = made.done
    assert "nothing is counted: the database is away" in caplog.text
    threading.Event().wait(0.05)
    assert made.done == done, "it has ended"


def test_what_has_not_begun_can_be_stopped() -> None:
    made = _Counting(60)
    made.stop()
    made.start()
    made.stop()
    assert made.done == 0
