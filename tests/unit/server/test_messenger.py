from __future__ import annotations

import threading

import pytest

from tocsin.errors import StoreUnavailableError
from tocsin.server.messenger import Messenger


class _Dispatcher:
    """Fails once, then has two deliveries."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.left = 2
        self.done = threading.Event()

    def gather(self) -> int:
        self.calls.append("gather")
        if len(self.calls) == 1:
            raise StoreUnavailableError("the database is away")
        return 2

    def deliver(self) -> bool:
        self.calls.append("deliver")
        self.left -= 1
        if self.left < 0:
            self.done.set()
        return self.left >= 0


def test_it_sends_all_that_is_due_and_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    dispatcher = _Dispatcher()
    made = Messenger(dispatcher, every=0.01)  # type: ignore[arg-type]
    made.start()
    try:
        assert dispatcher.done.wait(10)
    finally:
        made.stop()
    assert dispatcher.calls[:5] == ["gather", "gather", "deliver", "deliver", "deliver"]
    assert "not told" in caplog.text
