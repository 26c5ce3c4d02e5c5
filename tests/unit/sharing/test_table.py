from __future__ import annotations

from deciding import KINDS, OWN_ID, UNKNOWN
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Definitions, label_for
from tocsin.sharing.table import Table
from tocsin.stix.markings import TLP, id_of

LABELS = {n: label_for([id_of(tlp)], owner=OWN_ID) for n, tlp in enumerate(TLP, 1)}
NONE = Definitions()


def rows(labels, definitions=NONE):
    return [(n, facts_of(label, definitions, own=OWN_ID)) for n, label in labels.items()]


def test_label_sets_are_appended() -> None:
    table = Table(OWN_ID)
    assert table.update(LABELS, NONE)
    kept, epoch = table.rows, table.epoch
    assert kept == rows(LABELS)
    more = {**LABELS, 9: label_for([], owner=OWN_ID)}
    assert table.update(more, NONE)
    assert table.rows is kept
    assert table.rows == rows(more)
    assert table.epoch == epoch


def test_some_of_the_label_sets_leave_the_rows_as_they_are() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE)
    some = {n: LABELS[n] for n in (2, 4)} | {7: label_for([], owner="x")}
    assert not table.update(some, NONE)
    assert table.some(some, NONE) == rows(some)
    assert table.rows == rows(LABELS)
    assert table.update(LABELS, NONE)


def test_as_many_but_others_are_not_taken_for_the_same() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE)
    others = {n + 1: label for n, label in LABELS.items()}
    assert table.update(others, NONE)
    assert sorted(table.rows) == sorted(rows(others))


def test_a_number_that_means_something_else_begins_an_epoch() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE)
    changed = LABELS | {1: label_for([], owner="x")}
    assert table.update(changed, NONE)
    assert table.epoch == 1
    assert table.rows == rows(changed)


def test_a_definition_begins_an_epoch_only_where_it_matters() -> None:
    labels = LABELS | {6: label_for([UNKNOWN], owner=OWN_ID)}
    table = Table(OWN_ID)
    table.update(labels, NONE)
    table.update(labels, Definitions(KINDS))
    assert table.epoch == 0
    said = Definitions({(UNKNOWN, OWN_ID): "statement"})
    assert table.update(labels, said)
    assert table.epoch == 1
    assert table.rows == rows(labels, said)
    assert table.some(labels, said) == rows(labels, said)
    assert table.update(labels, NONE)
    assert table.rows == rows(labels)
