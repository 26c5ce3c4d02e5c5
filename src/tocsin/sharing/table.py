"""The facts of all label sets of a node, worked out once and appended to as label sets come."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.clock import Micros
from tocsin.sharing.facts import Facts, facts_of, turns_of
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.residual import Row


class Table:
    """Rows of (label id, facts). They do not depend on the recipient, so all share them.

    Within one `epoch` rows are only appended: whoever has worked through the first n rows goes on from there. Whatever
    changes a row that stands (a marking was defined, a date was reached) begins a new epoch.

    Attributes:
        rows: label ids with their facts.
        epoch: counts the beginnings.
        until: the moment at which the first of the rows changes by itself; None if none does.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._labels: Mapping[int, Label] = {}
        self._known: dict[int, tuple[Label, Facts]] = {}
        self._definitions = Definitions()
        self.rows: list[Row] = []
        self.epoch = 0
        self.until: Micros | None = None

    def update(self, labels: Mapping[int, Label], definitions: Definitions, now: Micros) -> bool:
        """Take what is known now.

        Args:
            labels: label sets by id; the mapping is not changed afterwards.
            definitions: what markings mean.
            now: the moment to decide for.

        Returns:
            Whether `rows` are now those of `labels`. They are not where `labels` are only some of those known: then
            ask `some`.
        """
        if self.until is not None and now >= self.until:
            self._begin()
        if labels is self._labels and len(labels) == len(self.rows) and definitions == self._definitions:
            return True
        if definitions != self._definitions:
            self._define(definitions, now)
        if any(number in self._known and self._known[number][0] != label for number, label in labels.items()):
            self._begin()  # a number means something else than before: another database was restored
        if len(labels) < len(self.rows) or any(number not in labels for number in self._known):
            return False
        for number, label in labels.items():
            if number not in self._known:
                facts = facts_of(label, definitions, own=self._own, now=now)
                self._known[number] = (label, facts)
                self.rows.append((number, facts))
                self._note_turn(label, definitions, now)
        self._labels = labels
        return True

    def some(self, labels: Mapping[int, Label], definitions: Definitions, now: Micros) -> list[Row]:
        """Return the rows of `labels` alone; `update` with the same facts comes first."""
        rows = []
        for number, label in labels.items():
            known = self._known.get(number)
            if known is None or known[0] != label:
                rows.append((number, facts_of(label, definitions, own=self._own, now=now)))
                self._note_turn(label, definitions, now)
            else:
                rows.append((number, known[1]))
        return rows

    def _note_turn(self, label: Label, definitions: Definitions, now: Micros) -> None:
        turn = turns_of(label, definitions, own=self._own, now=now)
        if turn is not None:
            self.until = turn if self.until is None else min(self.until, turn)

    def _define(self, definitions: Definitions, now: Micros) -> None:
        """Begin anew where a row that stands means something else now, or will at another moment."""
        before, self._definitions = self._definitions, definitions
        for label, facts in self._known.values():
            if facts_of(label, definitions, own=self._own, now=now) != facts or turns_of(
                label, definitions, own=self._own, now=now
            ) != turns_of(label, before, own=self._own, now=now):
                self._begin()
                return

    def _begin(self) -> None:
        self.rows = []
        self._known = {}
        self._labels = {}
        self.until = None
        self.epoch += 1
