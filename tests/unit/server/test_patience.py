"""Patience with addresses: counted, limited, forgotten, and no lock-out of the innocent."""

from __future__ import annotations

import pytest

from tocsin.server.patience import Patience
from tocsin.server.problems import RequestError


class Hand:
    """A clock hand that tests move."""

    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


def worn(address: str, ticks: Hand | None = None, times: int = 20) -> Patience:
    patience = Patience(ticks or Hand())
    for _ in range(times):
        patience.require(address)
        patience.failed(address)
    return patience


def test_the_twenty_first_attempt_waits_and_is_told_how_long() -> None:
    hand = Hand()
    patience = worn("192.0.2.1", hand)
    with pytest.raises(RequestError) as caught:
        patience.require("192.0.2.1")
    assert caught.value.status == 429
    assert caught.value.headers["Retry-After"] == "61"
    hand.at += 59.5
    with pytest.raises(RequestError) as caught:
        patience.require("192.0.2.1")
    assert caught.value.headers["Retry-After"] == "1"
    hand.at += 1
    patience.require("192.0.2.1")
    patience.failed("192.0.2.1")
    patience.require("192.0.2.1")


def test_others_are_not_concerned() -> None:
    patience = worn("192.0.2.1")
    patience.require("192.0.2.2")
    worn("192.0.2.1", times=19).require("192.0.2.1")


def test_an_ipv6_host_roams_in_its_network() -> None:
    patience = worn("2001:db8::1")
    with pytest.raises(RequestError):
        patience.require("2001:db8::ffff")
    patience.require("2001:db8:0:1::1")
    with pytest.raises(RequestError):
        worn("::ffff:192.0.2.1").require("192.0.2.1")


def test_credentials_that_held_are_let_through() -> None:
    patience = worn("192.0.2.1")
    patience.held("secret")
    patience.require("192.0.2.1", "secret")
    with pytest.raises(RequestError):
        patience.require("192.0.2.1", "other")


def test_memory_is_bounded() -> None:
    patience = Patience(Hand())
    for number in range(11_000):
        patience.failed(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
        patience.held(str(number))
    assert len(patience._failures) == 10_000
    assert len(patience._good) == 10_000
    patience.require("not an address")
