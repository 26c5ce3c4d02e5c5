"""Writes the access journal beside the requests: they never wait for it, and a clean stop loses none of it."""

from __future__ import annotations

import logging
import queue
import threading

from tocsin.errors import TocsinError
from tocsin.server.auth import Authenticator
from tocsin.store import Store, accounts, journal
from tocsin.store.journal import Entry

_log = logging.getLogger("tocsin.server")
_EVERY = 0.5  # seconds
_AT_ONCE = 5000
_WAITING_AT_MOST = 100_000


class Journalist:
    """A thread that writes entries in batches."""

    def __init__(self, store: Store, authenticator: Authenticator) -> None:
        """Bind to a store; `start` begins."""
        self._store = store
        self._authenticator = authenticator
        self._entries: queue.Queue[Entry] = queue.Queue(_WAITING_AT_MOST)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def note(self, entry: Entry) -> None:
        """Take an entry. When 100,000 wait because the database is away, the caller waits as well."""
        self._entries.put(entry)

    def stop(self) -> None:
        """Write what waits, and end."""
        self._stopping.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY):
            self._write()
        self._write()

    def _write(self) -> None:
        entries: list[Entry] = []
        while len(entries) < _AT_ONCE:
            try:
                entries.append(self._entries.get_nowait())
            except queue.Empty:
                break
        used = self._authenticator.take_used()
        if not entries and not used:
            return
        try:
            with self._store.transaction() as connection:
                if entries:
                    journal.append(connection, entries)
                accounts.touch(connection, used)
        except TocsinError as error:
            _log.error("the journal cannot be written: %s", error)
            for entry in entries:
                try:
                    self._entries.put_nowait(entry)
                except queue.Full:
                    _log.error("journal entry lost: %s %s %s", entry.principal, entry.action, entry.target)
            self._stopping.wait(1.0)
