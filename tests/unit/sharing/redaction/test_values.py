"""Single values of forms: kept, made coarser, or gone."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.sharing.redaction import values

X = "x" * 63


@pytest.mark.parametrize(
    ("text", "coarse"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("8.8.8.8/32", "8.8.8.0/24"),
        ("8.8.8.0/20", "8.8.0.0/20"),
        ("9.0.0.0/8", "9.0.0.0/8"),
        ("100.63.0.1", "100.63.0.0/24"),
        ("100.128.0.1", "100.128.0.0/24"),
        ("2001:1:a00:1::1", "2001:1:a00::/48"),
        ("172.15.0.1", "172.15.0.0/24"),
        ("172.32.0.1", "172.32.0.0/24"),
        ("192.0.2.1", "192.0.2.0/24"),
        ("198.51.100.7", "198.51.100.0/24"),
        ("203.0.113.9", "203.0.113.0/24"),
        ("198.18.0.1", "198.18.0.0/24"),
        ("2001:db8::1", "2001:db8::/48"),
        ("2001:db8::/64", "2001:db8::/48"),
        ("2606:4700::1111", "2606:4700::/48"),
        ("2606:4700::/32", "2606:4700::/32"),
    ],
)
def test_addresses_of_outside(text: str, coarse: str) -> None:
    assert values.network(text, coarse=False) == text
    assert values.network(text, coarse=True) == coarse


@pytest.mark.parametrize(
    "text",
    [
        *("10.1.2.3", "10.255.255.255", "192.168.0.1", "172.16.0.1", "172.31.255.255", "127.0.0.1"),
        *("169.254.1.1", "0.0.0.0", "0.1.2.3", "10.0.0.0/9", "fc00::1", "fd12::1", "FD00::1", "fe80::1"),
        *("100.64.0.1", "100.127.255.255", "fec0::1", "::10.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::a00:1"),
        *("2001:0:a00:1::1", "2002:a00:1::1"),
        *("::1", "::", "::ffff:8.8.8.8", "x", "", "8.8.8", "8.8.8.256", "8.8.8.8/33", "1.2.3.4.5"),
    ],
)
def test_addresses_of_inside_and_none(text: str) -> None:
    assert values.network(text, coarse=False) is None
    assert values.network(text, coarse=True) is None


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a.example.com",
            "a.example.com.",
            "A-b.Example.COM",
            "_dmarc.example.com",
            "a.internal.example.com",
        ),
        *("local.example.com", f"{X}.com", "a." * 125 + "com"),
    ],
)
def test_names_of_outside(text: str) -> None:
    assert values.domain(text) == text


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a.local",
            "host.lan.",
            "x.corp",
            "x.CORP",
            "localhost",
            "router.home.arpa",
            "x.internal",
            "x.intranet",
        ),
        *("x.localdomain", "a.localhost", "example", "a..b.com", "-a.example.com", "a.example.c"),
        *("a.example.1com", f"x{X}.com", "a." * 126 + "com", "a b.com", "", ".com"),
    ],
)
def test_names_of_inside_and_none(text: str) -> None:
    assert values.domain(text) is None


@pytest.mark.parametrize(
    ("text", "coarse"),
    [
        ("bob@example.com", "@example.com"),
        (f"x{X}@example.com", "@example.com"),
        ("bob@example.com.", "@example.com."),
        ("bob@pc.corp", None),
        ("bob", None),
        ("@example.com", None),
        ("a b@example.com", None),
        ('"b"@example.com', None),
        (f"xx{X}@example.com", None),
        ("bob@exa_mple.com", None),
        ("b@c@example.com", None),
    ],
)
def test_senders(text: str, coarse: str | None) -> None:
    assert values.email(text, coarse=True) == coarse
    assert values.email(text, coarse=False) == (None if coarse is None else text)


@pytest.mark.parametrize(
    ("text", "kept", "coarse"),
    [
        ("http://example.com", "http://example.com", "http://example.com/"),
        ("HTTP://Example.com/A", "http://example.com/A", "http://example.com/"),
        (
            "https://bob:pw@example.com:8443/a/b?c=d#e",
            "https://example.com:8443/a/b",
            "https://example.com:8443/",
        ),
        ("ftp://example.com/a@b", "ftp://example.com/", "ftp://example.com/"),
        ("ftps://example.com/a%40b", "ftps://example.com/", "ftps://example.com/"),
        ("http://example.com:80/", "http://example.com:80/", "http://example.com:80/"),
        ("http://example.com:0/", "http://example.com/", "http://example.com/"),
        ("http://8.8.8.8/a", "http://8.8.8.8/a", None),
        ("http://[2606:4700::1111]:8080/a", "http://[2606:4700::1111]:8080/a", None),
        ("http://10.0.0.1/a", None, None),
        ("http://[fe80::1]/a", None, None),
        ("http://example.com:99999/", None, None),
        ("ldap://example.com/", None, None),
        ("http:///a", None, None),
        ("http://pc.corp/", None, None),
        ("http://exämple.com/", None, None),
        ("http://example.com/ä", None, None),
        ("http://8.8.8.0%2F24/a", None, None),
        ("http://[::1", None, None),
        ("", None, None),
    ],
)
def test_urls(text: str, kept: str | None, coarse: str | None) -> None:
    assert values.url(text, coarse=False) == kept
    assert values.url(text, coarse=True) == coarse


@pytest.mark.parametrize(
    ("algorithm", "length"),
    [("MD5", 32), ("SHA-1", 40), ("SHA-256", 64), ("SHA-512", 128), ("SHA3-256", 64), ("SHA3-512", 128)],
)
def test_hashes(algorithm: str, length: int) -> None:
    for sign in "aF0":
        assert values.digest(algorithm, sign * length) == sign * length
    for wrong in ("g" * length, "a" * (length - 1), "a" * (length + 1), 5, None, ["a"] * length):
        assert values.digest(algorithm, wrong) is None
    assert values.digest("SSDEEP", "a" * length) is None


def test_of_hashes_the_well_known_are_kept() -> None:
    good = "a" * 32
    assert values.hashes({"MD5": good, "SHA-1": "x", "SSDEEP": "3:a"}) == {"MD5": good}
    for nothing in ({"MD5": "x"}, {}, [good], good, None):
        assert values.hashes(nothing) is None


@pytest.mark.parametrize(
    ("text", "begins", "ends"),
    [
        ("2026-03-04T05:06:07Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z"),
        ("2026-03-04T00:00:00.000Z", "2026-03-04T00:00:00Z", "2026-03-04T00:00:00Z"),
        ("2026-03-04T00:00:00.001Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("2026-03-04T00:00:10Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("2026-03-04T10:00:00Z", "2026-03-04T00:00:00Z", "2026-03-05T00:00:00Z"),
        ("2026-12-31T23:59:59Z", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2024-02-28T12:00:00Z", "2024-02-28T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T00:00:00Z", None),
        ("9999-12-31T00:00:00Z", "9999-12-31T00:00:00Z", "9999-12-31T00:00:00Z"),
    ],
)
def test_days(text: str, begins: str, ends: str | None) -> None:
    assert (values.day(text), values.next_day(text)) == (begins, ends)


def test_what_is_no_day() -> None:
    for wrong in (5, None, ["2026-03-04"]):
        assert values.day(wrong) is None
        assert values.next_day(wrong) is None


def test_plain_values() -> None:
    assert [values.flag(each) for each in (True, False, 1, 0, "true", None)] == [True, False, *[None] * 4]
    most = 2**53 - 1
    assert [values.count(each) for each in (0, most, -1, most + 1, True, 1.0, "1")] == [0, most, *[None] * 5]
    small = values.small(100)
    assert [small(each) for each in (0, 100, -1, 101, True, "5", 5.0)] == [0, 100, *[None] * 5]
    word = values.word_of(frozenset(("a", "b")))
    assert [word(each) for each in ("a", "c", 5, ["a"])] == ["a", None, None, None]
    words = values.words_of(frozenset(("a", "b")))
    assert words(["b", "c", 5, "a", ["a"]]) == ["b", "a"]
    assert [words(each) for each in ([], ["c"], "ab", None, {"a": 1})] == [None] * 5
    assert [values.country(each) for each in ("DE", "de", "DEU", "D", 5, " DE", "DE\n")] == [
        "DE",
        *[None] * 6,
    ]


def test_phases_of_known_kill_chains_alone() -> None:
    keep = values.phases({"chain": frozenset(("one", "two"))})
    good = {"kill_chain_name": "chain", "phase_name": "one"}
    assert keep([good | {"x_note": "of Bob"}, {"kill_chain_name": "chain", "phase_name": "three"}]) == [good]
    for nothing in (
        [{"kill_chain_name": "other", "phase_name": "one"}],
        [{"phase_name": "one"}],
        [{"kill_chain_name": "chain"}],
        ["one"],
        good,
        None,
        [],
    ):
        assert keep(nothing) is None


def test_of_references_the_ids_of_public_catalogues() -> None:
    def ref(source: object, name: object) -> dict[str, object]:
        return {"source_name": source, "external_id": name, "url": "https://pc.corp/", "description": "Bob"}

    good = [
        ("cve", "CVE-2026-12345"),
        ("cwe", "CWE-79"),
        ("capec", "CAPEC-112"),
        ("mitre-attack", "T1059.001"),
        ("mitre-attack", "TA0001"),
        ("mitre-attack", "G0016"),
    ]
    bad = [
        *(
            (["cve"], "CVE-2026-12345"),
            ("cve", "CVE-2026-1"),
            ("cve", "xCVE-2026-12345"),
            ("ours", "CVE-2026-12345"),
            ("cwe", "CWE-123456"),
        ),
        *(("mitre-attack", "T1"), ("mitre-attack", "X0016"), (5, "CWE-79"), ("cve", 5), (None, None)),
    ]
    expected = [{"external_id": name, "source_name": source} for source, name in good]
    given = [ref(*each) for each in (*bad, *good)]
    assert values.external([*given, "cve", None]) == expected
    assert values.published_name({"external_references": given}) == "CVE-2026-12345"
    for nothing in ([ref(*each) for each in bad], "cve", None, {}):
        assert values.external(nothing) is None
        assert values.published_name({"external_references": nothing}) is None
    assert values.published_name({}) is None


# --- by the ends of networks ---

INSIDE = (
    *(
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ),
    *("::/96", "::ffff:0:0/96", "fc00::/7", "fe80::/10", "fec0::/10"),
    *("64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16"),
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
    for text in ("0.0.0.0/0", "8.0.0.0/6", "172.16.0.0/11", "::/0", "::/95", "f800::/5"):
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
    [
        "",
        "1.2.3",
        "1.2.3.256",
        "01.2.3.4",
        "1.2.3.4.5",
        "1.2.3.4\n",
        "1.2.3.4/33",
        "::g",
        "\uff11.2.3.4",
        "2003::1%bob",
    ],
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
