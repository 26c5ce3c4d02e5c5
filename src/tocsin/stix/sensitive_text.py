r"""What text holds that needs care: addresses, mailboxes, devices, passwords in URLs, names of machines and homes of a network.

Text is all strings of an object, one a line. Where they wear one of the usual disguises (`203[.]0[.]113[.]5`, `a(at)b.example`, `%40`,
fullwidth letters, `\.` of regular expressions) they are read a second time without it.

Each regular expression begins with one literal, where `re` is quick, and can read a character a fixed number of times only.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final

ACCOUNT: Final = 1
CONTACT: Final = 2
CONTENT: Final = 4
CREDENTIAL: Final = 8
DEVICE: Final = 16
EMAIL: Final = 32
INTERNAL: Final = 64
NAME: Final = 128
NETWORK: Final = 256
OFFENCE: Final = 512
VICTIM: Final = 1024
WALLET: Final = 2048
SENSITIVE: Final = (
    *("account", "contact", "content", "credential", "device", "email-address"),
    *("internal", "name", "network-address", "offence", "victim", "wallet"),
)
"""All kinds there are, in the order of their bits."""

_DOT = re.compile(
    r"\.(?:([0-9]{1,3})\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9]|\.[0-9])"
    r"|(?:local|internal|lan|corp|intranet|home\.arpa)(?![0-9a-z_-]|\.[0-9a-z]))",
    re.IGNORECASE,
)
_COLON = re.compile(r":(?::|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:)")
_MAC = re.compile(r"(?<![0-9A-Za-z:])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z:])")
_DASHED_MAC = re.compile(
    r"-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}(?![\w-])"
)
_IPV6 = re.compile(r"(?<![\w:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,8}(?![\w:])")
_IMEI = re.compile(r"M(?:EI|EID)[^0-9]{0,20}[0-9][0-9 -]{13,20}")
_MAIL = re.compile(r"@[^\s\"'@\\.,;:!?()<>{}|/&=+*#%$-]")
_USERINFO = re.compile(r"://[^\s/\"'@:]{0,255}:[^\s/\"'@]{1,255}@")
_NOBODY = r"(?!public\b|default|all users|shared\b|[%<*$\[{])"
_HOME = re.compile(r"/(?:home|Users)/" + _NOBODY + r"[\w.-]", re.IGNORECASE)
_PROFILE = re.compile(r"\\(?:Users|Documents and Settings)(?:\\\\?|/)" + _NOBODY + r"[^\\/\"]", re.IGNORECASE)
_UNC = re.compile(r"\\\\(?:\\\\)?[0-9A-Za-z][\w.-]{0,62}\\\\?[\w$]")
_WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][a-zß-öø-ÿā-ž]"
# `Ms. Doe`, `Mme Martin`; and `contact: Jane Doe`, of which `_at_labels` reads the word before the colon
_TITLED = re.compile(r"M(?:rs?|s|me|lle|onsieur|adame)(?:\. ?| )" + _WORD)
_OTHER_TITLES = ("Herr", "Frau", "Señor")
_OTHERWISE_TITLED = re.compile(r"(?:Herrn?|Frau|Señora?)\.? (?:(?:Dr|Prof)\. ?){0,2}" + _WORD)
_LABELLED = re.compile(r": ?" + _WORD + r"[\w'\u2019-]{0,40}(?: [A-Z]\.)? " + _WORD)
_LABELS = frozenset(
    (
        *(
            "analyst",
            "author",
            "by",
            "caller",
            "complainant",
            "contact",
            "employee",
            "investigator",
            "kontakt",
            "manager",
        ),
        *(
            "nom",
            "nombre",
            "officer",
            "owner",
            "person",
            "recipient",
            "reporter",
            "sender",
            "staff",
            "suspect",
            "user",
        ),
        *("victim", "witness"),
    )
)
_BRACKETED = re.compile(r"\[ ?(?:\.|@|:|dot\b|at ?\])", re.IGNORECASE)
_PARENTHESISED = re.compile(r"\( ?(?:\.|@|:|dot\b|at ?\))", re.IGNORECASE)
_PERCENT = re.compile(r"%(2e|40|3a|5c|2f)", re.IGNORECASE)
_DISGUISED = re.compile(r" ?[\[(] ?(?:(\.|dot)|(@|at)|(:)) ?[\])] ?|\[\.|\.\]", re.IGNORECASE)


def in_text(text: str, *, versions: bool, wide: bool) -> int:
    """Return the bits of what `text` holds.

    Args:
        text: the strings, one a line.
        versions: four numbers with dots are versions here, not addresses.
        wide: there may be fullwidth letters.
    """
    found = _as_written(text, versions=versions)
    if _is_disguised(text, wide=wide):
        found |= _as_written(_undisguised(text), versions=versions)
    return found


def _as_written(text: str, *, versions: bool) -> int:
    found = 0
    if "@" in text:
        found |= _in_mail(text)
    if _DOT.search(text):
        found |= _at_dots(text, versions=versions)
    if _COLON.search(text):
        found |= _in_colons(text)
    if _names_somebody(text):
        found |= NAME
    if _IMEI.search(text) or _DASHED_MAC.search(text):
        found |= DEVICE
    if (
        "/" in text
        and _HOME.search(text)
        and any(_begins(text, match.start(), "-_.)") for match in _HOME.finditer(text))
    ):
        found |= INTERNAL | ACCOUNT
    if "\\" in text:
        if _PROFILE.search(text):
            found |= INTERNAL | ACCOUNT
        if any(_begins(text, match.start(), "%]})*:\\$^._-") for match in _UNC.finditer(text)):
            found |= INTERNAL
    return found


def _names_somebody(text: str) -> bool:
    """Whether a person is named with a title, or after a word that says so. Names that just stand in prose are not seen."""
    titles = [_TITLED]
    if any(title in text for title in _OTHER_TITLES):
        titles.append(_OTHERWISE_TITLED)
    if any(_begins(text, match.start(), "_-") for title in titles for match in title.finditer(text)):
        return True
    for match in _LABELLED.finditer(text):
        before = text[max(match.start() - 24, 0) : match.start()].split()
        if before and before[-1].lower() in _LABELS:
            return True
    return False


def _in_mail(text: str) -> int:
    found = 0
    if "://" in text:
        text, passwords = _USERINFO.subn("://", text)
        if passwords:
            found = CREDENTIAL
    for match in _MAIL.finditer(text):
        if match.start() and text[match.start() - 1] not in " \t\r\n@<>(),;:[]\\/'":
            return found | EMAIL
    return found


def _at_dots(text: str, *, versions: bool) -> int:
    """Return what stands around dots: addresses of four numbers, and names that end as internal names do."""
    found = 0
    last = ""
    for match in _DOT.finditer(text):
        start = match.start()
        if match.group(1) is None:
            if start and (text[start - 1].isalnum() or text[start - 1] in "-_*"):
                found |= INTERNAL
            continue
        first = start
        while first > max(start - 3, 0) and text[first - 1] in "0123456789":
            first -= 1
        address = text[first : match.end()]
        # five numbers and more are an object identifier; names and descriptions repeat the address of the pattern
        if (
            address == last
            or first == start
            or (first > 1 and text[first - 1] == "." and text[first - 2].isdigit())
        ):
            continue
        last = address
        if not versions:
            found |= _of_ipv4(address)
    return found


def _of_ipv4(address: str) -> int:
    one, two, three, four = map(int, address.split("."))
    if max(one, two, three, four) > 255:
        return 0
    return INTERNAL if _is_internal(one, two) else NETWORK


def _is_internal(one: int, two: int) -> bool:
    """Whether IPv4 addresses that begin so are private (RFC 1918, RFC 6598), loopback, link-local or of "this network"."""
    return (
        one in {0, 10, 127}
        or (one == 192 and two == 168)
        or (one == 172 and 16 <= two <= 31)
        or (one == 169 and two == 254)
        or (one == 100 and 64 <= two <= 127)
    )


def _in_colons(text: str) -> int:
    found = DEVICE if _MAC.search(text) else 0
    for match in _IPV6.finditer(text):
        written = match.group()
        if not any(map(str.isdigit, written)):  # `::` stands in code more often than in addresses
            continue
        try:
            high = int(ipaddress.IPv6Address(written)) >> 112
        except ValueError:
            continue
        local = high & 0xFE00 == 0xFC00 or high & 0xFFC0 == 0xFE80 or written == "::1"
        found |= INTERNAL if local else NETWORK
        if found & INTERNAL and found & NETWORK:
            break
    return found


def _begins(text: str, start: int, no_more: str) -> bool:
    """Whether a path that starts here is not the rest of something longer, such as a URL."""
    return not start or not (text[start - 1].isalnum() or text[start - 1] in no_more)


def _is_disguised(text: str, *, wide: bool) -> bool:
    return (
        _BRACKETED.search(text) is not None
        or ("(" in text and _PARENTHESISED.search(text) is not None)
        or ("%" in text and _PERCENT.search(text) is not None)
        or ("\\" in text and "\\." in text)
        or wide
    )


def _undisguised(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    text = _PERCENT.sub(lambda match: chr(int(match.group(1), 16)), text)
    text = text.replace("\\\\", "\\").replace("\\.", ".")
    return _DISGUISED.sub(lambda match: "@" if match.group(2) else ":" if match.group(3) else ".", text)
