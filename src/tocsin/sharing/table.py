"""The facts of all label sets of a node, worked out once and appended to as label sets come."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.clock import Micros
from tocsin.sharing.columns import Columns, Row
from tocsin.sharing.facts import Facts, facts_of, turns_of
from tocsin.sharing.labels import Definitions, Label


class Table:
    """Rows of (label id, facts). They do not depend on the recipient, so all share them.

    Within one `epoch` rows are only appended: whoever has worked through the first n rows goes on from there. Whatever
    changes a row that stands (a marking was defined, a date was reached) begins a new epoch.

    Attributes:
        rows: label ids with their facts.
        resting: ids of those that rest on others, ascending, and on which (`Label.rests`).
        epoch: counts the beginnings.
        until: the moment at which the first of the rows changes by itself; None if none does.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._labels: Mapping[int, Label] = {}
        self._known: dict[int, tuple[Label, Facts]] = {}
        self._definitions = Definitions()
        self.rows: list[Row] = []
        self._columns: dict[int, Columns] = {}
        self.resting: list[tuple[int, tuple[tuple[int, ...], ...]]] = []
        self.epoch = 0
        self.until: Micros | None = None

    def update(self, labels: Mapping[int, Label], definitions: Definitions, now: Micros) -> None:
        """Take what is known now.

        Args:
            labels: label sets by id; the mapping is not changed afterwards.
            definitions: what markings mean.
            now: the moment to decide for.
        """
        if self.until is not None and now >= self.until:
            self._begin()
        if labels is self._labels and definitions == self._definitions:
            return
        if definitions != self._definitions:
            self._define(definitions, now)
        if any(labels.get(number) != label for number, (label, _) in self._known.items()):
            self._begin()  # a number means something else than before, or nothing: another database was restored
        self._columns = {}
        for number in sorted(labels.keys() - self._known.keys()):
            label = labels[number]
            facts = facts_of(label, definitions, own=self._own, now=now)
            self._known[number] = (label, facts)
            self.rows.append((number, facts))
            if label.rests:
                self.resting.append((number, label.rests))
            self._note_turn(label, definitions, now)
        self._labels = labels

    def since(self, done: int) -> Columns:
        """Return the rows without the first `done`, as columns. Most recipients have worked through as many: they share them."""
        found = self._columns.get(done)
        if found is None:
            found = self._columns[done] = Columns(self.rows[done:])
        return found

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
        self.resting = []
        self._known = {}
        self._labels = {}
        self.until = None
        self.epoch += 1
