"""Where a value can stand in a text. These rules are what a hit means, so they are written down once, here.

- A **word** is a run of letters, digits, `_`, `-` and single dots, without dots and dashes at its ends. A domain is a whole word or ends
  one at a label boundary: `evil.example` is in `www.evil.example`, not in `notevil.example` nor in `evil.example.org`.
- An **IPv4** address is a whole word. Two joined by `-`, or a port joined to an address (`443-192.0.2.1`), are words each; `192.0.2.1-5`,
  `v192.0.2.1` and `192.0.2.1.5` are versions or names.
- An **IPv6** address ends a run of letters, digits, `:` and `.`, and begins it or follows a `:` there (`src:2001:db8::1`).
- A **digest** stands between characters that are neither letters nor digits.
- A **mailbox** is a word before `@`, which may also hold `+` (and whatever an indicator's own local part holds), and the word after it.
- A **URL** begins with its scheme; or a word followed by `/` begins one whose scheme the log does not tell. It ends at white space, a quote or
  another character that URLs cannot hold, after 8,192 characters, or before one that usually stands between things: `,` `;` `)` `]` `'`, and closing punctuation;
  or before its query, if nothing else that is looked for ends further on: who names a page names it whatever it is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from tocsin.matching import addresses, values

WORD: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*")
DIGEST: Final = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})(?![0-9A-Za-z])"
)
COLONS: Final = re.compile(r"(?<![\w:.@-])[\w.]*+:[\w:.]*:[\w:.]*")

_SCHEME_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+.-"
_LONGEST_SCHEME = 16
_URL_REST = re.compile(r"[^\s\"<>`\\^{}|\x00-\x20\x7f]*")
_CUT = re.compile(r"[,;)\]'(\[]")
_CLOSING = ".,;:!?'*)]"
_AT = re.compile(r"[.-]*+@")
_LOCAL = re.compile(r"[\w.+-]*\Z")
_TOKEN_ENDING = re.compile(r"[a-z0-9_.-]*\Z")
_NUMBERS = re.compile(r"[0-9.-]+")
_PRODUCT = re.compile(r"(?:\A|[\s\"'(;,])([A-Za-z][\w.+-]*)/\Z")
_INSIDE = re.compile(r"[\w-]")
_COMMON = frozenset(
    {
        "mozilla",
        "applewebkit",
        "khtml",
        "gecko",
        "chrome",
        "safari",
        "windows",
        "compatible",
        "macintosh",
        "x86_64",
        "linux",
        "version",
        "microsoft",
    }
)
_MOST_CUTS = 64
_LONGEST_URL = 8192  # or a line of URLs without an end would be read once for each of them (RFC 9110 section 4.1 asks for 8,000)
_LONGEST_IPV6 = 45  # ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255
_LONGEST_LOCAL = 64  # RFC 5321 section 4.5.3.1.1
# Words that stand before `/address` in logs of firewalls; others there name a product and its version.
_PLACES = frozenset(
    {"tcp", "udp", "icmp", "ip", "ipv4", "sctp", "gre", "esp", "nat", "host", "from", "to"}
    | {"src", "dst", "source", "destination", "inside", "outside", "dmz"}
)


def words(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each word."""
    for found in WORD.finditer(text):
        start, end = found.span()
        if text[start] == "-" or text[end - 1] == "-":
            word = found[0]
            start += len(word) - len(word.lstrip(".-"))
            end -= len(word) - len(word.rstrip(".-"))
            if start >= end:
                continue
        yield start, end


def is_local_part(text: str, end: int) -> bool:
    """Return whether a word that ends at `end` is the local part of a mailbox: an `@` follows, or dots and dashes and then it."""
    return end < len(text) and text[end] in "@.-" and _AT.match(text, end) is not None


def quads(word: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of the IPv4 addresses that a word is."""
    if addresses.QUAD.fullmatch(word):
        yield 0, len(word)
    elif "-" in word and len(word) < 100 and _NUMBERS.fullmatch(word):
        parts = word.split("-")
        whole = [addresses.QUAD.fullmatch(part) is not None for part in parts]
        at = 0
        for position, part in enumerate(parts):
            before = position == 0 or whole[position - 1] or parts[position - 1].isdigit()
            after = position == len(parts) - 1 or whole[position + 1]
            if whole[position] and before and after:
                yield at, at + len(part)
            at += len(part) + 1


def name_of(word: str) -> str:
    """Return a word in the spelling of domain names; labels that cannot be any are kept as they are."""
    if word.isascii():
        return word.lower()
    return ".".join(values.a_label(label) or label for label in word.split("."))


def ipv6(run: str) -> tuple[int, int, int] | None:
    """Return start, end and number of the IPv6 address in a run of letters, digits, colons and dots."""
    end = len(run.rstrip("."))
    if run[:end].endswith(":") and not run[:end].endswith("::"):
        end -= 1
    at = max(0, end - _LONGEST_IPV6)
    if at:
        at = run.find(":", at, end) + 1
    while at < end:
        number = addresses.parse_ipv6(run[at:end])
        if number is not None:
            return at, end, number
        at = run.find(":", at, end) + 1
        if not at:
            break
    return None


def local_part(text: str, at: int) -> str:
    """Return the run before the `@` at position `at` that is a local part of the plain sort, in lower case."""
    found = _LOCAL.search(text[max(0, at - _LONGEST_LOCAL - 1) : at])
    return found[0].lower() if found else ""


def is_plain_local(local: str) -> bool:
    """Return whether `local_part` can find a local part; one with other characters (`o'neil`) is looked for letter by letter."""
    return _LOCAL.fullmatch(local) is not None


def token_ending(local: str) -> str:
    """Return the end of a local part that is in one token of a sieve with the `@` behind it."""
    return local[_TOKEN_ENDING.search(local).start() :]  # type: ignore[union-attr]  # it matches at the end at least


def plain_url(text: str) -> str | None:
    """Return the normal spelling of a URL in a text, or None. An encoded host (`ev%69l`) is not one that a log holds."""
    if "%" in text and "%" in text.partition("://")[2].partition("/")[0].rpartition("@")[2]:
        return None
    return values.url(text)


def ends_with_local(text: str, at: int, local: str) -> bool:
    """Return whether `local`, which is not of the plain sort, stands before the `@` at `at` and nothing of its kind before it."""
    start = at - len(local)
    return (
        start >= 0
        and text[start:at].lower() == local
        and (start == 0 or not (text[start - 1].isalnum() or text[start - 1] in "_.+-"))
    )


def schemes(text: str) -> Iterator[int]:
    """Yield where a URL begins with its scheme: a letter, up to 15 letters, digits, `+`, `.` and `-`, none of them before it, and `://`."""
    at = text.find("://")
    while at >= 0:
        before = text[max(0, at - _LONGEST_SCHEME - 1) : at]
        scheme = before[len(before.rstrip(_SCHEME_SIGNS)) :]
        if 2 <= len(scheme) <= _LONGEST_SCHEME and scheme[0].isalpha():
            yield at - len(scheme)
        at = text.find("://", at + 1)


def url_ends(text: str, start: int) -> list[int]:
    """Return where a URL that begins at `start` can end, the longest first: at least one place."""
    run = _URL_REST.match(text, start, start + _LONGEST_URL)
    assert run is not None  # it may be empty
    end = run.end()
    cuts = [found.start() for found in islice(_CUT.finditer(text, start, end), _MOST_CUTS)]
    ends = []
    for cut in (end, *reversed(cuts)):
        ends.append(cut)
        closed = start + len(text[start:cut].rstrip(_CLOSING))
        if closed != cut:
            ends.append(closed)
    return ends


def is_version(text: str, start: int, end: int) -> bool:
    """Return whether a dotted quad stands as the version of a product: `Skype/7.2.0.103 (…)` (RFC 9110 section 10.1.5)."""
    if (
        start == 0
        or text[start - 1] != "/"
        or (end < len(text) and not (text[end].isspace() or text[end] in ";),\"'"))
    ):
        return False
    product = _PRODUCT.search(text[max(0, start - 65) : start])
    # `HIER_DIRECT/192.0.2.1` of Squid and `TCP/192.0.2.1` are no products: those have small letters in their names
    return product is not None and not product[1].isupper() and product[1].lower() not in _PLACES


def anchor(value: str) -> str:
    """Return the word, in lower case, by which a value of many words is found; "" if it has none.

    It is the longest that is a word wherever the value stands between word boundaries. Words that most browsers name come last, since they
    would send each line of a web log to the exact rules. Roots of the registry, which every log of it names and writes in several ways, are passed over.
    """
    root, slash, rest = value.partition("\\")
    if slash and root.startswith("HKEY_") and (behind := anchor(rest)):
        return behind
    body = value.strip(".-")  # what is trimmed at the edges of a value may be part of a word in a text
    known = (body[start:end] for start, end in words(body))
    safe = [word.lower() for word in known if word.isascii() and len(word) > 1]
    return max(safe, key=lambda word: (word not in _COMMON, len(word), word), default="")


def stands_whole(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` begins and ends where words do."""
    return not (_joins(text, start - 1, start) or _joins(text, end, end - 1))


def _joins(text: str, outer: int, inner: int) -> bool:
    """Return whether the characters at two neighbouring positions are of one word."""
    if not 0 <= outer < len(text) or not _INSIDE.match(text[inner]):
        return False
    if _INSIDE.match(text[outer]):
        return True
    # a dot joins only what is on both sides of it
    far = outer + (outer - inner)
    return text[outer] == "." and 0 <= far < len(text) and _INSIDE.match(text[far]) is not None
