"""What pages claim for themselves is theirs alone."""

from __future__ import annotations

from collections import Counter

from tocsin.server.pages.page import pages


def test_no_two_places_are_reached_by_the_same_letter_or_stand_at_the_same_rank() -> None:
    entries = [entry for page in pages() for entry in page.entries]
    assert len(entries) > 10
    for what in ("path", "rank", "icon"):
        assert max(Counter(getattr(entry, what) for entry in entries).values()) == 1, what
    assert max(Counter(entry.key for entry in entries if entry.key).values()) == 1
