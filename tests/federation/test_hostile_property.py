"""However an honest peer's pages arrive (any order, partition, repetition, loss, crash), every reader ends with the same set."""

from __future__ import annotations

import contextlib

from following import Reader
from hostile import Faults, Peer, serving, with_faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.errors import ExchangeError
from tocsin.exchange.taxii.chain import Bounds

SECOND = 1_000_000

RATES = st.sampled_from([0.0, 0.0, 0.1, 0.3])
FLAKY = st.builds(
    Faults,
    status_rate=RATES,
    status=st.sampled_from([500, 502, 503, 504, 429]),
    cut_rate=RATES,
    garble_rate=RATES,
    reset_rate=RATES,
    repeat_rate=st.sampled_from([0.0, 0.5, 0.9]),
    shuffle=st.booleans(),
    next=st.sampled_from(["stateless", "moving"]),
    dates=st.sampled_from(["honest", "honest", "missing", "future", "swapped", "early"]),
    empty_more=st.sampled_from(["", "", "next"]),
    ignore_added_after=st.booleans(),
    more_than_limit=st.booleans(),
    packing=st.sampled_from(["", "gzip", "zstd"]),
)
BATCHES = st.lists(
    st.tuples(st.integers(1, 30), st.integers(1, 9), st.integers(1, 12), st.none() | st.integers(1, 4)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(faults=FLAKY, batches=BATCHES, seed=st.integers(0, 2**16), exact=st.booleans())
def test_every_reader_converges(
    faults: Faults, batches: list[tuple[int, int, int, int | None]], seed: int, exact: bool
) -> None:
    """Each batch: how many objects come, how many share a date, how many a page holds, after how many pages we crash."""
    peer = Peer(faults=faults, seed=seed, exact=exact)
    reader = Reader()
    with serving(peer):
        for count, same_date, limit, crash_after in batches:
            peer.add(count, same_date=same_date, start=peer.now)
            peer.now += 600 * SECOND
            with contextlib.suppress(ExchangeError):
                reader.poll(peer, bounds=Bounds(limit=limit), crash_after=crash_after)
        with_faults(peer, status_rate=0.0, cut_rate=0.0, garble_rate=0.0, reset_rate=0.0)
        reader.poll_until_quiet(peer, bounds=Bounds(limit=7))
    assert set(reader.objects) == {raw for _, raw in peer.held}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    counts=st.lists(st.integers(1, 25), min_size=1, max_size=4),
    same_date=st.integers(1, 30),
    limit=st.integers(1, 12),
    status_rate=RATES,
    seed=st.integers(0, 99),
)
def test_a_peer_without_next_converges(
    counts: list[int], same_date: int, limit: int, status_rate: float, seed: int
) -> None:
    """Followed by date, which relies on the order that the specification promises and on nothing else."""
    peer = Peer(faults=Faults(next="none", status_rate=status_rate), seed=seed)
    reader = Reader()
    with serving(peer):
        for count in counts:
            peer.add(count, same_date=same_date, start=peer.now)
            peer.now += 600 * SECOND
            reader.poll_until_quiet(peer, bounds=Bounds(limit=limit))
    assert set(reader.objects) == {raw for _, raw in peer.held}
