"""Constants of STIX patterns (STIX 2.1 section 9.2) and what they must look like beside a path (section 9.6.1)."""

from __future__ import annotations

import base64
import ipaddress
import math
import re
from typing import Final

from tocsin.errors import ParseError
from tocsin.stix.deterministic import CONTRIBUTING
from tocsin.stix.patterns.ast import Binary, Constant, Hex, Path, Timestamp
from tocsin.stix.patterns.lexer import Token, expected, fault
from tocsin.stix.timestamps import to_micros

_SAFE = 2**53 - 1  # section 2.8: the range of integers
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_ESCAPE = re.compile(r"\\(.)")

# Names as section 10.7 and STIX 2.0 write them, folded: `hashes.MD5`, `hashes.'SHA-256'`, `hashes.sha256`.
_HEX = "[0-9A-Fa-f]"
HASHES: Final = {
    "MD5": rf"{_HEX}{{32}}",
    "SHA1": rf"{_HEX}{{40}}",
    "SHA224": rf"{_HEX}{{56}}",
    "SHA256": rf"{_HEX}{{64}}",
    "SHA384": rf"{_HEX}{{96}}",
    "SHA512": rf"{_HEX}{{128}}",
    "SHA3224": rf"{_HEX}{{56}}",
    "SHA3256": rf"{_HEX}{{64}}",
    "SHA3384": rf"{_HEX}{{96}}",
    "SHA3512": rf"{_HEX}{{128}}",
    "RIPEMD160": rf"{_HEX}{{40}}",
    "WHIRLPOOL": rf"{_HEX}{{128}}",
    "SSDEEP": r"[A-Za-z0-9/+:.]{1,148}",
    "TLSH": rf"(?:T1)?{_HEX}{{70}}",
}
_HASHES = {name: re.compile(form) for name, form in HASHES.items()}

# SCO types which are no address: a path straight to their `value` never leads to a set of addresses.
_NO_ADDRESS = frozenset(CONTRIBUTING) - {"ipv4-addr", "ipv6-addr"}


def unescape(token: Token) -> str:
    """Return the value of a string token; the lexer has seen to its escapes."""
    inner = token.text[1:-1]
    return _ESCAPE.sub(r"\1", inner) if "\\" in inner else inner


def constant(token: Token) -> Constant:
    """Return the value of a token that must be a constant.

    Raises:
        ParseError: it is none, or its value is not allowed (`pattern-integer`, `-float`, `-binary`, `-hex`,
            `-timestamp`).
    """
    kind = token.kind
    if kind == "string":
        return unescape(token)
    if kind in {"integer", "float"}:
        return _number(token)
    if kind in {"true", "false"}:
        return kind == "true"
    if kind == "coded":
        match token.text[0]:
            case "t":
                return timestamp(token)
            case "h":
                return _hex(token)
            case _:
                return _binary(token)
    raise expected(token, "a constant")


def _number(token: Token) -> int | float:
    if token.text[0] == "+":
        raise fault(token, token.kind, "a positive number is written without plus sign")
    if token.kind == "float":
        number = float(token.text)
        if not math.isfinite(number):
            raise fault(token, "float", "number is beyond what a float can hold")
        return number
    if len(token.text) > 17 or not -_SAFE <= int(token.text) <= _SAFE:
        raise fault(token, "integer", "integer is beyond ±(2^53-1)")
    return int(token.text)


def _hex(token: Token) -> Hex:
    digits = token.text[2:-1]
    try:
        if digits.isalnum() or not digits:  # fromhex would let white space pass
            return Hex(bytes.fromhex(digits))
    except ValueError:
        pass
    raise fault(token, "hex", "h'...' needs an even number of hexadecimal digits")


def _binary(token: Token) -> Binary:
    text = token.text[2:-1].replace("\r", "").replace("\n", "")  # section 9.2: line feeds are ignored
    if _BASE64.fullmatch(text) is None:
        raise fault(token, "binary", "b'...' needs padded base64 (RFC 4648 section 4)")
    return Binary(base64.b64decode(text))


def timestamp(token: Token) -> Timestamp:
    """Return the value of a `t'...'` token.

    Raises:
        ParseError: it is none, or no date and time there is (`pattern-timestamp`).
    """
    if token.kind != "coded" or token.text[0] != "t":
        raise expected(token, "a timestamp such as t'2026-01-31T12:00:00Z'")
    text = token.text[2:-1]
    if _TIMESTAMP.fullmatch(text) is None:
        raise fault(token, "timestamp", "t'...' needs the form YYYY-MM-DDTHH:MM:SS[.s+]Z")
    try:
        return Timestamp(text, to_micros(text))
    except ParseError as error:
        raise fault(token, "timestamp", "there is no such date or time") from error


def check_hash(path: Path, value: Constant, token: Token) -> None:
    """Refuse a string that cannot be a digest of the algorithm its path names (section 10.7).

    Raises:
        ParseError: `pattern-hash`.
    """
    name = path.steps[-1]
    if not isinstance(name, str) or not isinstance(value, str) or "hashes" not in path.steps[:-1]:
        return
    form = _HASHES.get(name.upper().replace("-", ""))
    if form is not None and form.fullmatch(value) is None:
        raise fault(token, "hash", f"not a {name} digest")


def check_set(path: Path, value: str, token: Token) -> None:
    """Check both sides of ISSUBSET and ISSUPERSET (section 9.6.1): the value of an IP address, an address or CIDR.

    Types outside the specification may hold addresses anywhere, so their path is not judged.

    Raises:
        ParseError: `pattern-set`.
    """
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or "%" in value or not _prefix_is_short(value):
        raise fault(token, "set", "expected an IPv4 or IPv6 address or CIDR range")
    if path.type in {"ipv4-addr", "ipv6-addr"}:
        if path.steps != ("value",):
            raise fault(token, "set", f"the path must be {path.type}:value")
        if network.version != int(path.type[3]):
            raise fault(token, "set", f"not an address of type {path.type}")
        return
    referring = any(isinstance(step, str) and step.endswith(("_ref", "_refs")) for step in path.steps)
    if path.type in _NO_ADDRESS and (path.steps[-1] != "value" or not referring):
        raise fault(token, "set", "the path must lead to the value of an ipv4-addr or ipv6-addr")


def _prefix_is_short(value: str) -> bool:
    # Python also takes netmasks and hostmasks behind the slash.
    _, slash, prefix = value.partition("/")
    return not slash or (prefix.isascii() and prefix.isdigit() and len(prefix) <= 3)
