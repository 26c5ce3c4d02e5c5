from __future__ import annotations

from tocsin.matching.words import url_ends


def test_a_url_has_an_end() -> None:
    """A line of URLs without one was read once for each of them."""
    assert url_ends("http://a.example/" * 10_000, 0)[0] == 8192
