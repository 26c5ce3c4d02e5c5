from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sharing.redaction import values

INSIDE = (
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
    *("::/128", "::1/128", "::ffff:0:0/96", "fc00::/7", "fe80::/10"),
)


@pytest.mark.parametrize("text", INSIDE)
def test_both_ends_of_a_network_are_inside_and_their_neighbours_are_not(text: str) -> None:
    known = [ip_network(each) for each in INSIDE]
    ends = (ip_network(text)[0], ip_network(text)[-1])
    assert [values.network(str(each), coarse=False) for each in (*ends, text)] == [None] * 3
    bits = ends[0].max_prefixlen
    for number in (int(ends[0]) - 1, int(ends[1]) + 1):
        if 0 <= number < 1 << bits:
            near = ip_network((number, bits))[0]
            shown = values.network(str(near), coarse=False)
            assert (shown is None) == any(near in each for each in known)


def test_a_range_that_is_inside_in_part_only_is_not() -> None:
    for text in ("0.0.0.0/0", "8.0.0.0/6", "172.16.0.0/11", "::/0", "::/127", "f800::/5"):
        assert values.network(text, coarse=False) == text


@pytest.mark.parametrize(
    ("text", "coarse"),
    [
        ("198.51.100.77", "198.51.100.0/24"),
        ("255.255.255.255", "255.255.255.0/24"),
        ("1.20.199.250", "1.20.199.0/24"),
        ("8.8.9.8/23", "8.8.8.0/23"),
        ("8.8.9.8/255.255.255.192", "8.8.9.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("2001:db8:1:2::/32", "2001:db8::/32"),
    ],
)
def test_ranges_are_made_wider_never_narrower(text: str, coarse: str) -> None:
    assert values.network(text, coarse=False) == text
    assert values.network(text, coarse=True) == coarse


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", "1.2.3.4\n", "1.2.3.4/33", "::g", "\uff11.2.3.4"],
)
def test_what_is_no_address_goes(text: str) -> None:
    assert values.network(text, coarse=False) is None
    assert values.network(text, coarse=True) is None


@given(st.ip_addresses())
def test_a_coarse_range_holds_its_address(address) -> None:
    text = str(address)
    coarse = values.network(text, coarse=True)
    assert (coarse is None) == (values.network(text, coarse=False) is None)
    if coarse is not None:
        found = ip_network(coarse)
        assert ip_address(text) in found
        assert found.prefixlen == {4: 24, 6: 48}[address.version]
