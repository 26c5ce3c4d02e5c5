from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from tocsin.matching import addresses


@given(st.ip_addresses(v=4))
def test_ipv4_both_ways(address):
    assert addresses.parse_ipv4(str(address)) == int(address)
    assert addresses.format_ipv4(int(address)) == str(address)


@given(st.ip_addresses(v=6))
def test_ipv6_both_ways(address):
    for text in (address.compressed, address.exploded, address.exploded.upper()):
        assert addresses.parse_ipv6(text) == int(address)
    assert addresses.parse_ipv6(addresses.format_ipv6(int(address))) == int(address)
    if address.ipv4_mapped is None:
        assert addresses.format_ipv6(int(address)) == address.compressed


@given(st.text(alphabet="0123456789abcdefg:./", max_size=24))
def test_agrees_with_the_standard_library_on_anything(text):
    def theirs(kind):
        try:
            return int(kind(text))
        except ValueError:
            return None

    assert addresses.parse_ipv4(text) == theirs(ipaddress.IPv4Address)
    assert addresses.parse_ipv6(text) == theirs(ipaddress.IPv6Address)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_networks(address, bits):
    expected = ipaddress.ip_network((int(address), bits), strict=False)
    assert addresses.parse_network(f"{address}/{bits}") == (4, int(expected.network_address), bits)
    assert addresses.format_network(4, int(expected.network_address), bits) == str(expected)
