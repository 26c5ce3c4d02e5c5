"""Writes the access journal, and receipts of what was handed out, beside the requests: they never wait for it, and a clean stop loses none of it.

While the database is away entries wait, up to `_WAITING_AT_MOST`; what does not fit any more goes to the log instead.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence

from tocsin.errors import TocsinError
from tocsin.server.auth import Authenticator
from tocsin.server.metrics import Metrics
from tocsin.store import Store, accounts, journal, receipts
from tocsin.store.journal import Entry
from tocsin.store.receipts import Receipt

_log = logging.getLogger("tocsin.server")
_EVERY = 0.5  # seconds
_AT_ONCE = 5000
_WAITING_AT_MOST = 100_000
_STOP_SECONDS = 10.0


class Journalist:
    """A thread that writes entries in batches."""

    def __init__(self, store: Store, authenticator: Authenticator, metrics: Metrics) -> None:
        """Bind to a store; `start` begins."""
        self._store = store
        self._authenticator = authenticator
        self._metrics = metrics
        self._entries: queue.Queue[Entry | Receipt] = queue.Queue(_WAITING_AT_MOST)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, entry: Entry) -> None:
        """Take an entry; never waits."""
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            self._lose([entry])

    def hand(self, receipt: Receipt) -> None:
        """Take a receipt; never waits."""
        try:
            self._entries.put_nowait(receipt)
        except queue.Full:
            self._lose([receipt])

    def stop(self) -> None:
        """Write what waits, and end; what cannot be written goes to the log."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)
        self._lose(self._take())

    def _run(self) -> None:
        stopping = False
        while not stopping:
            stopping = self._stopping.wait(_EVERY)
            going = True
            while going:  # after a burst there is more than one batch
                going = self._write()

    def _write(self) -> bool:
        """Write one batch; return whether there is more to write now."""
        taken = self._take(_AT_ONCE)
        entries = [each for each in taken if isinstance(each, Entry)]
        receipts_ = [each for each in taken if isinstance(each, Receipt)]
        used = self._authenticator.take_used()
        if not taken and not used:
            return False
        try:
            with self._store.transaction() as connection:
                if entries:
                    journal.append(connection, entries)
                if receipts_:
                    receipts.append(connection, receipts_)
                accounts.touch(connection, used)
        except TocsinError as error:
            _log.error("the journal cannot be written: %s", error)
            for entry in entries:
                self.note(entry)
            for each in receipts_:
                self.hand(each)
            return False
        return len(taken) == _AT_ONCE

    def _take(self, most: int = _WAITING_AT_MOST) -> list[Entry | Receipt]:
        taken: list[Entry | Receipt] = []
        while len(taken) < most:
            try:
                taken.append(self._entries.get_nowait())
            except queue.Empty:
                break
        return taken

    def _lose(self, entries: Sequence[Entry | Receipt]) -> None:
        for entry in entries:
            self._metrics.unwritten.inc()
            if isinstance(entry, Receipt):
                who, outcome = entry.account, f"handed {len(entry.cursors)} objects to {entry.recipient}"
            else:
                who, outcome = entry.principal, entry.outcome
            what = (who, entry.action, entry.target, outcome, entry.at)
            _log.error("not in the journal: %s %s %s %s at %s", *what)
