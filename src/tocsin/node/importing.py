"""Imports that can be left and returned to: how far one is, and what became of it, is kept while it runs."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from tocsin.clock import Micros
from tocsin.errors import TocsinError
from tocsin.node.intake import Committed, IntakeReport
from tocsin.node.unsought import Unsought
from tocsin.store import Store, imports
from tocsin.store.imports import Import

_EVERY: Final[Micros] = 1_000_000
_NAME = 200
OnCommitted = Callable[[Committed], None]


class Recorder:
    """Keeps how far one import is."""

    def __init__(self, store: Store, made: Import) -> None:
        """Note that it begins."""
        self._store = store
        self.made = made
        self.unsought = Unsought()
        self._counts: dict[str, int] = {"kept": 0, "refused": 0}
        self._told = made.began
        with store.transaction() as connection:
            imports.begin(connection, made)

    def committed(self, batch: Committed) -> None:
        """Count a batch; `Intake.take` tells of each."""
        self.unsought.take(batch)
        self._counts["kept"] += len(batch.objects)
        self._counts["refused"] += len(batch.refusals)
        now = self._store.clock()
        if now - self._told >= _EVERY:
            self._told = now
            self._note(dict(self._counts), ended=False)

    def run(self, work: Callable[[OnCommitted], IntakeReport]) -> IntakeReport:
        """Do the work, and keep what became of it.

        Raises:
            TocsinError: what the work raises; that is kept, too.
        """
        try:
            report = work(self.committed)
        except TocsinError as error:
            self._note(self._counts | {"failed": str(error)}, ended=True)
            raise
        except BaseException:
            self._note(self._counts | {"failed": "it broke off"}, ended=True)
            raise
        self._note(counts_of(report) | {"unsought": self.unsought_by_rule()}, ended=True)
        return report

    def unsought_by_rule(self) -> list[dict[str, Any]]:
        """Return what was kept and nobody will look for, as `counts_of` has what was refused; the most frequent rule first."""
        return _by_rule(dict(self.unsought.counts.most_common()), self.unsought.examples)

    def _note(self, report: dict[str, Any], *, ended: bool) -> None:
        with self._store.transaction() as connection:
            imports.note(connection, self.made.id, report, now=self._store.clock(), ended=ended)


def recorder(
    store: Store, *, organisation: str, account: str, channel: str, collection: str, name: str
) -> Recorder:
    """Begin to record an import; arguments as of `store.imports.Import`."""
    now = store.clock()
    printable = name.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_NAME]
    made = Import(
        uuid.uuid4(), organisation, account, channel, collection, printable, now, now, None, {"kept": 0, "refused": 0}
    )  # fmt: skip
    return Recorder(store, made)


def counts_of(report: IntakeReport) -> dict[str, Any]:
    """Return a report as it is kept, and as JSON has it: counts, and for each rule how many it refused, with the place and reason of the first."""
    return {
        "new": report.new,
        "updated": report.updated,
        "same": report.same,
        "refused": report.refused,
        "reasons": _by_rule(report.reasons, report.examples),
        "seconds": round(report.seconds, 3),
    }


def _by_rule(counts: Mapping[str, int], examples: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    return [
        {"rule": rule, "count": count, "where": examples[rule][0], "reason": examples[rule][1]}
        for rule, count in counts.items()
    ]
