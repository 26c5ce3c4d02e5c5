from __future__ import annotations

from deciding import KINDS, NOW, OWN_ID, UNKNOWN
from tocsin.sharing.facts import facts_of
from tocsin.sharing.labels import Definitions, label_for
from tocsin.sharing.table import Table
from tocsin.stix.markings import TLP, id_of

LABELS = {n: label_for([id_of(tlp)], owner=OWN_ID) for n, tlp in enumerate(TLP, 1)}
NONE = Definitions()


def rows(labels, definitions=NONE):
    return [(n, facts_of(label, definitions, own=OWN_ID, now=NOW)) for n, label in labels.items()]


def test_label_sets_are_appended() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE, NOW)
    kept, epoch = table.rows, table.epoch
    assert kept == rows(LABELS)
    more = {**LABELS, 9: label_for([], owner=OWN_ID)}
    table.update(more, NONE, NOW)
    assert table.rows is kept
    assert table.rows == rows(more)
    assert table.epoch == epoch


def test_fewer_label_sets_begin_an_epoch() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE, NOW)
    some = {n: LABELS[n] for n in (2, 4)}
    table.update(some, NONE, NOW)
    assert (table.rows, table.epoch) == (rows(some), 1)


def test_what_rests_on_others_is_known() -> None:
    table = Table(OWN_ID)
    resting = {
        **LABELS,
        9: label_for([], owner=OWN_ID, rests=[[2, 1]]),
        8: label_for([], owner=OWN_ID, rests=[[3]]),
    }
    table.update(resting, NONE, NOW)
    assert table.resting == [(8, ((3,),)), (9, ((1, 2),))]


def test_what_rests_on_others_is_known_once_after_a_beginning() -> None:
    table = Table(OWN_ID)
    table.update(LABELS | {9: label_for([], owner=OWN_ID, rests=[[3]])}, NONE, NOW)
    table.update({3: LABELS[3], 9: label_for([], owner=OWN_ID, rests=[[3]])}, NONE, NOW)
    assert (table.epoch, table.resting) == (1, [(9, ((3,),))])


def test_as_many_but_others_are_not_taken_for_the_same() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE, NOW)
    others = {n + 1: label for n, label in LABELS.items()}
    table.update(others, NONE, NOW)
    assert sorted(table.rows) == sorted(rows(others))


def test_a_number_that_means_something_else_begins_an_epoch() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE, NOW)
    changed = LABELS | {1: label_for([], owner="x")}
    table.update(changed, NONE, NOW)
    assert table.epoch == 1
    assert table.rows == rows(changed)


def test_a_definition_begins_an_epoch_only_where_it_matters() -> None:
    labels = LABELS | {6: label_for([UNKNOWN], owner=OWN_ID)}
    table = Table(OWN_ID)
    table.update(labels, NONE, NOW)
    table.update(labels, Definitions(KINDS), NOW)
    assert table.epoch == 0
    said = Definitions({(UNKNOWN, OWN_ID): "statement"})
    table.update(labels, said, NOW)
    assert table.epoch == 1
    assert table.rows == rows(labels, said)
    table.update(labels, NONE, NOW)
    assert table.rows == rows(labels)


# --- dates ---

SOON, LATER = NOW + 1_000, NOW + 2_000
DATED = Definitions({(UNKNOWN, OWN_ID): f'handling:{{"not_before":{SOON},"not_after":{LATER}}}'})


def test_a_date_that_is_reached_begins_an_epoch() -> None:
    table = Table(OWN_ID)
    labels = LABELS | {6: label_for([UNKNOWN], owner=OWN_ID)}
    seen = []
    for now in (NOW, SOON - 1, SOON, LATER - 1, LATER, LATER + 1):
        table.update(labels, DATED, now)
        assert dict(table.rows) == {
            n: facts_of(label, DATED, own=OWN_ID, now=now) for n, label in labels.items()
        }
        seen.append((dict(table.rows)[6].timing, table.epoch, table.until))
    assert seen == [
        ("embargoed", 0, SOON),
        ("embargoed", 0, SOON),
        ("current", 1, LATER),
        ("current", 1, LATER),
        ("expired", 2, None),
        ("expired", 2, None),
    ]


def test_the_first_of_several_dates_counts() -> None:
    other = "marking-definition--00000000-0000-4000-8000-00000000000f"
    said = {
        (UNKNOWN, OWN_ID): f'handling:{{"not_before":{SOON}}}',
        (other, OWN_ID): f'handling:{{"not_before":{LATER}}}',
    }
    for order in ((UNKNOWN, other), (other, UNKNOWN)):
        table = Table(OWN_ID)
        table.update(
            {n: label_for([one], owner=OWN_ID) for n, one in enumerate(order)}, Definitions(said), NOW
        )
        assert table.until == SOON


def test_a_new_date_for_what_stands_is_noted() -> None:
    table = Table(OWN_ID)
    labels = {6: label_for([UNKNOWN], owner=OWN_ID)}
    table.update(labels, DATED, NOW)
    longer = Definitions({(UNKNOWN, OWN_ID): f'handling:{{"not_before":{LATER}}}'})
    table.update(labels, longer, NOW)
    assert table.until == LATER
    table.update(labels, longer, SOON)
    assert dict(table.rows)[6].timing == "embargoed"


# --- columns ---


def test_columns_are_shared_until_a_row_comes() -> None:
    table = Table(OWN_ID)
    table.update(LABELS, NONE, NOW)
    some = table.since(2)
    assert list(some.rows) == table.rows[2:]
    assert table.since(2) is some
    assert list(table.since(0).rows) == table.rows
    table.update({**LABELS, 9: label_for([], owner=OWN_ID)}, NONE, NOW)
    assert list(table.since(2).rows) == table.rows[2:]
    assert len(table.since(2).rows) == len(LABELS) - 1
