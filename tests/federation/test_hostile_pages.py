"""Paging against a peer that lies: every fault is a clear error or borne with a warning, and nothing is ever skipped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from following import Reader
from hostile import EPOCH, Peer, serving, with_faults

from tocsin.errors import ExchangeError
from tocsin.exchange.taxii.chain import Bounds, Position

SECOND = 1_000_000


@dataclass
class Case:
    name: str
    faults: dict[str, Any]
    warning: str = ""  # part of a warning that must be counted
    error: str = ""  # part of the error of every poll, "" when polls end well
    quiet: bool = True  # the poll after the first asks for nothing it has seen
    complete: bool = True  # everything is there in the end
    same_date: int = 1
    exact: bool = True


CASES = [
    Case("honest", {}),
    Case("repeats pages", {"repeat_rate": 0.7}, warning="repeated"),
    Case("reorders pages", {"shuffle": True}, warning="dates go back", quiet=False),
    Case("no next", {"next": "none"}, warning="followed by date"),
    Case("no next, many of one date", {"next": "none"}, warning="followed by date", same_date=7),
    Case("no next, one date longer than a page", {"next": "none"}, warning="followed by date", same_date=33),
    Case("state at the server", {"next": "moving"}),
    Case("next cannot be used", {"next": "forgotten"}, error="404", warning="not honoured", complete=False, quiet=False),
    Case("next loops", {"next": "same"}, error="in circles", complete=False, quiet=False),
    Case("dates missing", {"dates": "missing"}, warning="without usable dates", quiet=False),
    Case("dates garbage", {"dates": "garbage"}, warning="without usable dates", quiet=False),
    Case("dates in the future", {"dates": "future"}, warning="future", quiet=False),
    Case("dates backwards", {"dates": "backwards"}, warning="dates go back", quiet=False),
    Case("dates swapped", {"dates": "swapped"}, warning="ends before it begins", quiet=False),
    Case("dates too early", {"dates": "early"}, quiet=False),
    Case("dates too late", {"dates": "late"}),
    Case("no next and no dates", {"next": "none", "dates": "missing"}, error="neither", complete=False, quiet=False),
    Case("no next, dates in the future", {"next": "none", "dates": "future"}, error="cannot be gone on by", complete=False, quiet=False),
    Case("no next, swapped dates", {"next": "none", "dates": "swapped"}, error="cannot be gone on by", complete=False, quiet=False),
    Case("empty pages say more", {"empty_more": "next"}, warning="an empty page"),
    Case("empty page says more, no next", {"empty_more": "bare"}, error="neither", complete=False, quiet=False),
    Case("empty pages for ever", {"empty_more": "forever"}, error="in circles", complete=False, quiet=False),
    Case("ignores added_after", {"ignore_added_after": True}, quiet=False),
    Case("more than asked for", {"more_than_limit": True}, warning="more objects than"),
    Case("inexact server", {}, exact=False),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_each_lie(case: Case) -> None:
    peer = Peer(exact=case.exact)
    made = peer.add(95, same_date=case.same_date)
    reader = Reader()
    with serving(with_faults(peer, **case.faults)):
        warnings = _poll(reader, peer, case)
        if case.complete:
            assert set(reader.objects) == set(made)
        peer.now += 60 * SECOND
        later = peer.add(3, start=peer.now - SECOND)
        peer.now += 3600 * SECOND
        before = sum(reader.objects.values())
        warnings += _poll(reader, peer, case)
        if case.complete:
            assert set(reader.objects) == {*made, *later}, "what came later was skipped"
        if case.quiet:
            assert sum(reader.objects.values()) - before <= 3 + case.same_date + 1
        with_faults(peer, **{name: getattr(type(peer.faults)(), name) for name in case.faults})
        last = peer.add(2, start=peer.now)
        peer.now += 3600 * SECOND
        reader.poll(peer)
    assert set(reader.objects) == {*made, *later, *last}, "an honest peer is not read to the end any more"
    if case.warning:
        assert any(case.warning in w for w in warnings), warnings


def _poll(reader: Reader, peer: Peer, case: Case) -> list[str]:
    if not case.error:
        return list(reader.poll(peer))
    with pytest.raises(ExchangeError, match=case.error) as caught:
        reader.poll(peer, bounds=Bounds(limit=10, stuck=5))
    assert str(caught.value).startswith("peer: ")
    return [str(caught.value), *([] if "404" not in case.error else ["not honoured"])]


def test_a_poll_with_nothing_new_costs_one_empty_page() -> None:
    peer = Peer()
    peer.add(35)
    reader = Reader()
    with serving(peer):
        reader.poll(peer)
        peer.now += 3600 * SECOND
        peer.requests.clear()
        before = sum(reader.objects.values())
        reader.poll(peer)
    assert peer.requests["page"] == 1
    assert sum(reader.objects.values()) == before


def test_the_cursor_goes_no_further_than_the_moment_the_chain_began() -> None:
    peer = Peer()
    peer.add(5, start=peer.now + 100 * SECOND)  # the peer's clock is ahead of ours
    reader = Reader()
    with serving(peer):
        reader.poll(peer)
    after = Position.from_text(reader.position).after
    assert after is not None
    assert after <= peer.now + 3 * SECOND


def test_the_cursor_goes_no_further_than_the_order_is_proven() -> None:
    peer = with_faults(Peer(), shuffle=True)
    peer.add(95)
    reader = Reader()
    with serving(peer):
        reader.poll(peer)
        after = Position.from_text(reader.position).after
        last_page = [date for date, _ in peer.held][-10:]
        assert after is not None
        assert after < last_page[0]
        with_faults(peer, shuffle=False)
        reader.poll(peer)
    assert Position.from_text(reader.position).after == last_page[-1], "in order again, it moves on"


def test_the_cursor_never_moves_back() -> None:
    peer = Peer()
    peer.add(30)
    reader = Reader()
    with serving(peer):
        reader.poll(peer)
        kept = Position.from_text(reader.position).after
        with_faults(peer, dates="backwards", ignore_added_after=True)
        warnings = reader.poll(peer)
    assert kept is not None
    assert Position.from_text(reader.position).after == kept
    assert any("older than was asked for" in w for w in warnings)


def test_recent_objects_of_an_inexact_server_are_asked_for_again() -> None:
    """A slow transaction becomes visible under a date that is already behind the newest one."""
    peer = Peer(exact=False)
    first = peer.add(3, start=peer.now - 5 * SECOND)
    reader = Reader()
    with serving(peer):
        reader.poll(peer)
        hidden = peer.add(1, start=peer.now - 5 * SECOND)  # dated before the third, seen only now
        peer.held.sort(key=lambda item: item[0])
        peer.now += 5 * SECOND
        reader.poll(peer)
    assert set(reader.objects) == {*first, *hidden}


def test_an_interrupted_chain_goes_on_where_it_was() -> None:
    peer = Peer()
    made = peer.add(95)
    reader = Reader()
    with serving(peer):
        reader.poll(peer, crash_after=6)
        peer.requests.clear()
        reader.poll(peer)
        # the sixth page again, which was not acknowledged, the rest, and a look at what came since
        assert peer.requests["page"] == 6
    assert set(reader.objects) == set(made)


def test_a_state_at_the_server_is_never_kept() -> None:
    """medallion's `next` moves with each request: going on from a kept one would pass over the page in between."""
    peer = with_faults(Peer(), next="moving")
    made = peer.add(95)
    reader = Reader()
    with serving(peer):
        reader.poll(peer, crash_after=4)
        assert Position.from_text(reader.position) == Position()
        reader.poll(peer)
    assert set(reader.objects) == set(made)


@pytest.mark.parametrize("fault", ["cut_rate", "garble_rate", "reset_rate"])
def test_a_lost_answer_of_a_moving_server_is_not_asked_for_again(fault: str) -> None:
    peer = with_faults(Peer(seed=3), next="moving", **{fault: 0.05})
    made = peer.add(95)
    reader = Reader()
    with serving(peer):
        for _ in range(6):
            reader.poll_until_quiet(peer)
            assert set(reader.objects) == set(made)
            reader.position = ""


@pytest.mark.parametrize(
    "change",
    [
        lambda p: setattr(p, "seed", 1),
        lambda p: with_faults(p, cut_rate=0.2),
        lambda p: with_faults(p, status_rate=0.2),
    ],
    ids=["honest", "cut", "503"],
)
def test_pages_too_large_are_asked_for_in_smaller_ones(change: Callable[[Peer], object]) -> None:
    peer = Peer()
    change(peer)
    made = peer.add(64)
    reader = Reader()
    with serving(peer):
        reader.poll_until_quiet(peer, bounds=Bounds(limit=64), body=4_000)
    assert set(reader.objects) == set(made)


def test_a_bounded_pass_goes_on_the_next_time() -> None:
    peer = Peer()
    made = peer.add(95)
    reader = Reader()
    with serving(peer):
        warnings = reader.poll(peer, bounds=Bounds(limit=10, pages=4))
        assert any("stopped after 4 pages" in w for w in warnings)
        reader.poll(peer, bounds=Bounds(limit=10, pages=4))
        reader.poll(peer, bounds=Bounds(limit=10, pages=4))
    assert set(reader.objects) == set(made)
    assert max(reader.objects.values()) == 1


def test_what_was_kept_and_cannot_be_read_is_a_new_beginning() -> None:
    assert Position.from_text("") == Position()
    assert Position.from_text("{not json") == Position()
    assert Position.from_text('{"after": "soon"}') == Position()
    full = Position(after=EPOCH, token="t", high=EPOCH + 5, low=3, last=4, ceiling=EPOCH + 9, undated=True)
    assert Position.from_text(full.to_text()) == full
