"""Envelopes are cut, never rewritten; servers' habits are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.clock import to_text
from tocsin.exchange.taxii.resources import moment, read_envelope, read_listing, read_root, read_status


def test_objects_come_out_as_they_went_in() -> None:
    objects = [b'{"id": "a",  "n": 1.0e2, "x": "\\u00e9"}', b'{ "b" : [1,2 ] }', b"7"]
    found = read_envelope(
        b'{"x_more": 1, "more": true, "next": "t", "objects": [' + b" ,\n".join(objects) + b"]}"
    )
    assert found.objects == tuple(objects)
    assert (found.more, found.next) == (True, "t")


@pytest.mark.parametrize(
    ("raw", "more", "token"),
    [
        (b"{}", False, ""),
        (b'{"more": false, "next": null}', False, ""),
        (b'{"more": null, "next": ""}', False, ""),
        (b'{"more": true, "next": 17}', True, "17"),
        (b'{"type": "bundle", "id": "bundle--1", "objects": []}', False, ""),
    ],
)
def test_habits_of_servers(raw: bytes, more: bool, token: str) -> None:
    found = read_envelope(raw)
    assert (found.objects, found.more, found.next) == ((), more, token)


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b'"x"', b'{"objects": {}}', b'{"more": "true"}', b'{"next": []}', b'{"a": }']
)
def test_what_is_no_envelope(raw: bytes) -> None:
    with pytest.raises(ValueError):
        read_envelope(raw)


@given(st.integers(-62_000_000_000_000_000, 250_000_000_000_000_000))
def test_moment_reads_what_the_clock_writes(at: int) -> None:
    assert moment(to_text(at)) == at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-16T12:00:00Z", 1_794_830_400_000_000),
        ("2026-11-16t12:00:00.5z", 1_794_830_400_500_000),
        ("2026-11-16T12:00:00.123456789Z", 1_794_830_400_123_456),
        ("2026-11-16T13:00:00+01:00", 1_794_830_400_000_000),
        ("2026-11-16 12:00:00", 1_794_830_400_000_000),
        ("0000-00-00T00:00:00Z", None),
        ("99999-01-01T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moment_of_servers(text: str | None, expected: int | None) -> None:
    assert moment(text) == expected


def test_roots_listings_and_statuses_of_real_servers() -> None:
    opencti = read_root(
        b'{"title": "OpenCTI TAXII Server", "versions": ["application/taxii+json;version=2.1"], "max_content_length": 104857600}'
    )
    assert opencti.max_content_length == 104857600
    assert not opencti.exact
    listing = read_listing(
        b'{"collections": [{"id": "1", "title": "t", "can_read": true, "can_write": false, "media_types": null}]}'
    )
    assert listing.collections[0].can_read
    assert read_listing(b"{}").collections == []
    status = read_status(
        b'{"id": "s", "status": "complete", "success_count": 1, "successes": [{"id": "x"}], "failures": []}'
    )
    assert status.complete
