"""How long an answer takes, and when something was added, tells nothing either: not of one object, not how many there are.

Wall time is not measured. A hidden id and one that nobody has run the same statements in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from factories import FRIEND, indicator, settle
from leaks import plans
from leaks.ask import Line
from leaks.hidden import HIDDEN_IDS, POSTING
from leaks.recording import statements
from leaks.world import INNER_ID, VISIBLE_IDS, Hand, take
from tocsin.node.clearances import Clearances
from tocsin.sharing.release import Released
from tocsin.stix.markings import TLP
from tocsin.store import Store, pages
from tocsin.store.values import PageQuery

ROOT = "/taxii2/node"
INTEL = f"{ROOT}/collections/intel/objects"


def statements_of(line: Line, path: str, method: str = "GET", who: str = "writer") -> list[str]:
    """Return what a request asks the database once everything that is kept is kept."""
    line.ask(path, method, who=who)
    with statements() as found:
        line.ask(path, method, who=who)
    assert found, "the driver is recorded"
    return found


@pytest.mark.parametrize(
    ("path", "method"),
    [
        (f"{INTEL}/%s/", "GET"),
        (f"{INTEL}/%s/?match[version]=all", "GET"),
        (f"{INTEL}/%s/versions/", "GET"),
        (f"{INTEL}/%s/", "DELETE"),
        (f"{INTEL}/?match[id]=%s", "GET"),
        (f"{ROOT}/collections/intel/manifest/?match[id]=%s", "GET"),
    ],
)
def test_a_hidden_object_takes_the_statements_of_none(line: Line, path: str, method: str) -> None:
    """Guard: one query under the clearance (`taxii.reading._require_known`, `taxii.writing.delete`), never a look without it."""
    expected = statements_of(line, path % plans.RANDOM, method)
    for hidden in HIDDEN_IDS:
        assert statements_of(line, path % hidden, method) == expected, hidden
    if method == "GET" and "?match[id]" not in path:
        assert line.ask(path % VISIBLE_IDS[0]).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "objects/"),
        ("GET", "manifest/"),
        ("GET", f"objects/{VISIBLE_IDS[0]}/"),
        ("POST", "objects/"),
        ("DELETE", f"objects/{VISIBLE_IDS[0]}/"),
    ],
)
def test_a_hidden_collection_takes_the_statements_of_none(line: Line, method: str, path: str) -> None:
    """Guard: `taxii.access.one` looks in what is listed for who asks."""
    expected = statements_of(line, f"{ROOT}/collections/nothing/{path}", method)
    for hidden in ("inner", str(INNER_ID), "p0.feed"):
        assert statements_of(line, f"{ROOT}/collections/{hidden}/{path}", method) == expected, hidden


def test_anothers_posting_takes_the_statements_of_none(line: Line) -> None:
    """Guard: one query for both in `store.postings.get`: whether it is there is not asked before whose it is."""
    expected = statements_of(line, f"{ROOT}/status/{plans.RANDOM_ID}/")
    assert statements_of(line, f"{ROOT}/status/{POSTING}/") == expected


def test_gaps_between_dates_do_not_count_what_came_between(databases: Callable[[str], str]) -> None:
    """Of one envelope FRIEND sees the first and the last object; the dates added must not tell how many lie between.

    Guard: `store.objects._widest_first`: what FRIEND may not have comes after all that it may, whatever order it came in.
    """
    gaps = set()
    for count in (0, 3):
        with Store(databases("template"), clock=Hand(), pool_size=2) as store:
            collection = settle(store)
            between = [indicator(100 + n, tlp=TLP.RED) for n in range(count)]
            take(store, "intel", indicator(1, tlp=TLP.GREEN), *between, indicator(2, tlp=TLP.GREEN))
            friend = Clearances(store).get(FRIEND.id)
            found = pages.records(store, PageQuery(collection.id), friend)
            assert isinstance(found, Released)
            added = [each.added for each in found.value.records]
            gaps |= {after - before for before, after in pairwise(added)}
    assert len(gaps) == 1
