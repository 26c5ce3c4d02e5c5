"""The facts of all label sets of a node, worked out once and appended to as label sets come."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.sharing.facts import Facts, facts_of
from tocsin.sharing.labels import Definitions, Label
from tocsin.sharing.residual import Row


class Table:
    """Rows of (label id, facts). They do not depend on the recipient, so all share them.

    Within one `epoch` rows are only appended: whoever has worked through the first n rows goes on from there. Whatever
    changes a row that stands (a marking was defined) begins a new epoch.
    """

    def __init__(self, own: str) -> None:
        self._own = own
        self._labels: Mapping[int, Label] = {}
        self._known: dict[int, tuple[Label, Facts]] = {}
        self._definitions = Definitions()
        self.rows: list[Row] = []
        self.epoch = 0

    def update(self, labels: Mapping[int, Label], definitions: Definitions) -> bool:
        """Take what is known now.

        Args:
            labels: label sets by id; the mapping is not changed afterwards.
            definitions: what markings mean.

        Returns:
            Whether `rows` are now those of `labels`. They are not where `labels` are only some of those known: then
            ask `some`.
        """
        if labels is self._labels and len(labels) == len(self.rows) and definitions == self._definitions:
            return True
        if definitions != self._definitions:
            self._define(definitions)
        if any(number in self._known and self._known[number][0] != label for number, label in labels.items()):
            self._begin()  # a number means something else than before: another database was restored
        if len(labels) < len(self.rows) or any(number not in labels for number in self._known):
            return False
        for number, label in labels.items():
            if number not in self._known:
                facts = facts_of(label, definitions, own=self._own)
                self._known[number] = (label, facts)
                self.rows.append((number, facts))
        self._labels = labels
        return True

    def some(self, labels: Mapping[int, Label], definitions: Definitions) -> list[Row]:
        """Return the rows of `labels` alone."""
        rows = []
        for number, label in labels.items():
            known = self._known.get(number)
            if known is None or known[0] != label:
                rows.append((number, facts_of(label, definitions, own=self._own)))
            else:
                rows.append((number, known[1]))
        return rows

    def _define(self, definitions: Definitions) -> None:
        self._definitions = definitions
        if any(facts_of(label, definitions, own=self._own) != facts for label, facts in self._known.values()):
            self._begin()

    def _begin(self) -> None:
        self.rows = []
        self._known = {}
        self._labels = {}
        self.epoch += 1
