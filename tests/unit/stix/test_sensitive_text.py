"""Text by itself: bits, disguises, and what asks for a second reading."""

from __future__ import annotations

import pytest

from tocsin.stix.sensitive_text import EMAIL, INTERNAL, NETWORK, SENSITIVE, in_text


def test_bits_are_the_places_of_the_names() -> None:
    assert [SENSITIVE[bit.bit_length() - 1] for bit in (EMAIL, INTERNAL, NETWORK)] == [
        "email-address",
        "internal",
        "network-address",
    ]


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("203.0.113.5", NETWORK),
        ("203.0.113.5 and 1.", NETWORK),
        ("1.203.0.113.5", 0),
        ("255.255.255.256", 0),
        ("0.0.0.0", INTERNAL),
        ("100.64.0.1", INTERNAL),
        ("100.128.0.1", NETWORK),
        ("::1", INTERNAL),
        ("::", 0),
        ("'::ffff:1'", NETWORK),
        (".lan", 0),
        ("x.lan", INTERNAL),
        ("x.land", 0),
        ("@a", 0),
        ("a@b", EMAIL),
    ],
)
def test_in_text(text, bits) -> None:
    assert in_text(text, versions=False, wide=False) == bits


def test_versions_are_no_addresses() -> None:
    assert in_text("203.0.113.5 x.lan", versions=True, wide=False) == INTERNAL


def test_fullwidth_is_looked_for_when_told() -> None:
    assert in_text("a\uff20b.example", versions=False, wide=True) == EMAIL
