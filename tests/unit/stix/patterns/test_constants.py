from __future__ import annotations

import pytest

from tocsin.errors import ParseError
from tocsin.stix.patterns.ast import Binary, Hex, Path, Timestamp
from tocsin.stix.patterns.constants import HASHES, check_hash, check_set, constant, timestamp, unescape
from tocsin.stix.patterns.lexer import Token, tokens


def first(text):
    return tokens(text)[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'it\'s \\n'", r"it's \n"),
        ("''", ""),
        ("0", 0),
        ("-9007199254740991", -(2**53) + 1),
        (".25", 0.25),
        ("-1.5", -1.5),
        ("true", True),
        ("false", False),
        ("h'00fF'", Hex(b"\x00\xff")),
        ("h''", Hex(b"")),
        ("b'AP8='", Binary(b"\x00\xff")),
        ("b'A\r\nP8\n='", Binary(b"\x00\xff")),
        ("b''", Binary(b"")),
        ("t'1970-01-01T00:00:01.5Z'", Timestamp("1970-01-01T00:00:01.5Z", 1_500_000)),
    ],
)
def test_values(text, value):
    assert constant(first(text)) == value
    assert type(constant(first(text))) is type(value)


@pytest.mark.parametrize("text", ["a", "]", "AND", "", "'"])
def test_no_constant(text):
    with pytest.raises(ParseError, match="column 1: "):
        constant(first(text))


def test_escapes_are_undone_once():
    assert unescape(first(r"'\\\\\'\\'")) == "\\\\'\\"


@pytest.mark.parametrize("text", ["'2024-01-01T00:00:00Z'", "h'00'", "5"])
def test_only_t_makes_a_timestamp(text):
    with pytest.raises(ParseError, match="expected a timestamp"):
        timestamp(first(text))


NOWHERE = Token("string", "", 0)
LENGTHS = {
    "MD5": 32,
    "SHA1": 40,
    "SHA224": 56,
    "SHA256": 64,
    "SHA384": 96,
    "SHA512": 128,
    "SHA3224": 56,
    "SHA3256": 64,
}
LENGTHS |= {"SHA3384": 96, "SHA3512": 128, "RIPEMD160": 40, "WHIRLPOOL": 128, "TLSH": 70}


@pytest.mark.parametrize("name", sorted(LENGTHS))
def test_digests_have_one_length(name):
    path = Path("file", ("hashes", name))
    check_hash(path, "aF" * (LENGTHS[name] // 2), NOWHERE)
    for wrong in ("a" * (LENGTHS[name] - 1), "a" * (LENGTHS[name] + 1), "g" * LENGTHS[name], ""):
        with pytest.raises(ParseError, match=f"not a {name} digest"):
            check_hash(path, wrong, NOWHERE)


def test_all_digests_are_tested():
    assert set(HASHES) == {*LENGTHS, "SSDEEP"}


@pytest.mark.parametrize(
    ("steps", "value"),
    [
        (("name",), "x"),
        (("hashes",), "x"),
        (("hashes", None), "x"),
        (("hashes", "x_foo"), "x"),
        (("MD5",), "x"),
        (("hashes", "MD5"), 5),
        (("hashes", "MD5"), Hex(b"x")),
    ],
)
def test_other_paths_and_types_are_not_digests(steps, value):
    check_hash(Path("file", steps), value, NOWHERE)


@pytest.mark.parametrize(
    ("kind", "steps", "value"),
    [
        ("ipv4-addr", ("value",), "10.0.0.1"),
        ("ipv4-addr", ("value",), "10.0.0.1/8"),
        ("ipv6-addr", ("value",), "2001:db8::/32"),
        ("network-traffic", ("src_ref", "value"), "10.0.0.0/8"),
        ("domain-name", ("resolves_to_refs", None, "value"), "::1"),
        ("x-net", ("cidr",), "10.0.0.0/8"),
    ],
)
def test_sets(kind, steps, value):
    check_set(Path(kind, steps), value, NOWHERE)
