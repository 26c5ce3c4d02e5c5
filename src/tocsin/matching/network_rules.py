"""Rules of Suricata and Snort: read and checked, not evaluated (Suricata 7 user guide, chapter "Rules"; Snort 3 rule writing guide).

What is checked holds for both: the header, that options are written as they must be, and the options that others depend on (`sid`, `rev`, `msg`, `content`,
`pcre`, `flow`, `metadata`, `reference`). Keywords that only a sensor knows are taken as they are: it has the last word.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec

from tocsin.errors import ParseError
from tocsin.matching.sigma.rules import Refused
from tocsin.stix.patterns.regex import regex_fault

MAX_RULE: Final = 64 * 1024
MAX_OPTIONS: Final = 1_000
ACTIONS: Final = frozenset(
    [
        "alert",
        "pass",
        "drop",
        "reject",
        "rejectsrc",
        "rejectdst",
        "rejectboth",
        "log",
        "block",
        "react",
        "rewrite",
        "sdrop",
        "config",
    ]
)
FLOW: Final = frozenset(
    [
        "to_client",
        "to_server",
        "from_client",
        "from_server",
        "established",
        "not_established",
        "stateless",
        "only_stream",
        "no_stream",
        "only_frag",
        "no_frag",
    ]
)
_PROTOCOL = re.compile(r"[a-z][a-z0-9_.-]{0,30}")
_VARIABLE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_NUMBER = re.compile(r"[0-9]{1,10}")
_OFFSET = re.compile(r"-?[0-9]{1,6}|[A-Za-z_][A-Za-z0-9_.]{0,63}")
_QUOTED = re.compile(r"!?\"((?:[^\"\\]|\\.)*)\"(.*)", re.DOTALL)
_HEX = re.compile(r"\s*(?:[0-9A-Fa-f]{2}\s*)*")
_PCRE = re.compile(r"!?\"/(.*)/([A-Za-z]*)\"", re.DOTALL)
_AFTER_CONTENT = frozenset({"distance", "within", "offset", "depth"})
_DEEPEST = 8


class NetworkRule(msgspec.Struct, frozen=True):
    """A rule of Suricata or Snort.

    Attributes:
        action, protocol: as in its header.
        sid, gid, rev: numbers that name it.
        message: its `msg`.
        classtype: its `classtype`, or empty.
        references: type and value of each.
        metadata: name and value of each.
        line: line on which it begins, from 1.
        text: the rule, in one line.
    """

    action: str
    protocol: str
    sid: int
    gid: int
    rev: int
    message: str
    classtype: str
    references: tuple[tuple[str, str], ...]
    metadata: tuple[tuple[str, str], ...]
    line: int
    text: str


def parse(text: str, where: str) -> list[NetworkRule | Refused]:
    """Return the rules in a file, in order; comments and what is commented out are passed over. Never raises for its content."""
    found: list[NetworkRule | Refused] = []
    for line, rule in _rules(text):
        try:
            found.append(read(rule, line))
        except ParseError as error:
            found.append(Refused(f"{where}:{line}", error.rule, str(error), rule[:80]))
    return found


def _rules(text: str) -> Iterator[tuple[int, str]]:
    """Yield each rule with the number of its first line; a backslash at the end of a line goes on in the next."""
    begun, held = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if not held and (not stripped or stripped.startswith("#")):
            continue
        begun = begun or number
        goes_on = stripped.endswith("\\") and not stripped.endswith("\\\\")
        held += stripped[:-1].rstrip() + " " if goes_on else stripped
        # Snort 3 lets a rule go on until its bracket closes
        open_ = not goes_on and "(" in held and not held.endswith(")") and len(held) < MAX_RULE
        if goes_on or open_:
            held += " " if open_ else ""
            continue
        yield begun, held
        begun, held = 0, ""
    if held.strip():
        yield begun, held.strip()


def _error(reason: str) -> ParseError:
    return ParseError(reason, rule="network-rule")


def read(text: str, line: int = 1) -> NetworkRule:
    """Return one rule.

    Raises:
        ParseError: it is none (`network-rule`).
    """
    if len(text) > MAX_RULE:
        raise _error(f"{len(text):,} characters; {MAX_RULE:,} are the most that is read of a rule")
    head, bracket, rest = text.partition("(")
    if not bracket or not rest.rstrip().endswith(")"):
        raise _error("the options are not in brackets")
    action, protocol = _header(head)
    options = list(_options(rest.rstrip()[:-1]))
    for position, (name, value) in enumerate(options):
        if check := _CHECKED.get(name):
            check(name, value)
        if name in _AFTER_CONTENT and not any(
            each in {"content", "uricontent", "pcre"} or "." in each for each, _ in options[:position]
        ):
            raise _error(f"{name} follows nothing that it could be relative to")
    first = dict(reversed(options))
    if "sid" not in first:
        raise _error("there is no sid")
    return NetworkRule(
        action=action,
        protocol=protocol,
        sid=int(first["sid"]),
        gid=int(first.get("gid", "1")),
        rev=int(first.get("rev", "0")),
        message=_unquoted(first.get("msg", "")),
        classtype=first.get("classtype", ""),
        references=tuple(_pair(value, ",") for name, value in options if name == "reference"),
        metadata=tuple(
            _pair(each.strip(), " ")
            for name, value in options
            if name == "metadata"
            for each in value.split(",")
            if each.strip()
        ),
        line=line,
        text=text,
    )


def _header(head: str) -> tuple[str, str]:
    words = _words(head)
    if not words or words[0] not in ACTIONS:
        raise _error(f"{(words or [''])[0][:40]!r} is no action")
    if len(words) < 2 or not _PROTOCOL.fullmatch(words[1]):
        raise _error("there is no protocol")
    if len(words) == 2:  # Snort 3: a rule for a service or for files
        return words[0], words[1]
    if len(words) != 7:
        raise _error("the header is not: action protocol source port direction destination port")
    if words[4] not in {"->", "<>", "=>"}:
        raise _error(f"the direction {words[4][:10]!r} is neither -> nor <>")
    for address, port in ((words[2], words[3]), (words[5], words[6])):
        _listed(address, _address, 0)
        _listed(port, _port, 0)
    return words[0], words[1]


def _words(head: str) -> list[str]:
    """Return the words of a header; a list in brackets is one, whatever spaces it has."""
    words, depth, held = [], 0, ""
    for letter in head:
        depth += (letter == "[") - (letter == "]")
        if letter.isspace() and depth == 0:
            if held:
                words.append(held)
            held = ""
        elif not letter.isspace():
            held += letter
    return [*words, held] if held else words


def _listed(text: str, check: Callable[[str], None], depth: int) -> None:
    text = text.removeprefix("!")
    if depth > _DEEPEST:
        raise _error(f"lists nested deeper than {_DEEPEST}")
    if not text.startswith("["):
        check(text)
        return
    if not text.endswith("]"):
        raise _error(f"the list {text[:40]!r} is not closed")
    level, start = 0, 1
    for at in range(1, len(text) - 1):
        level += (text[at] == "[") - (text[at] == "]")
        if text[at] == "," and level == 0:
            _listed(text[start:at], check, depth + 1)
            start = at + 1
    _listed(text[start:-1], check, depth + 1)


def _address(text: str) -> None:
    if text == "any" or _VARIABLE.fullmatch(text):
        return
    try:
        if "-" in text:
            first, _, last = text.partition("-")
            ipaddress.ip_address(first)
            ipaddress.ip_address(last)
        else:
            ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise _error(f"{text[:60]!r} is no address, range or variable") from None


def _port(text: str) -> None:
    if text == "any" or _VARIABLE.fullmatch(text):
        return
    first, colon, last = text.partition(":")
    numbers = [each for each in (first, last) if each]
    if not numbers or any(not _NUMBER.fullmatch(each) or int(each) > 65_535 for each in numbers):
        raise _error(f"{text[:40]!r} is no port, range of ports or variable")
    if colon and first and last and int(first) > int(last):
        raise _error(f"the range of ports {text[:40]!r} ends before it begins")


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Yield name and value of each option; a semicolon in quotes or after a backslash ends none."""
    held, quoted, escaped, count = "", False, False, 0
    for letter in text:
        if letter == ";" and not quoted and not escaped:
            count += 1
            if count > MAX_OPTIONS:
                raise _error(f"more than {MAX_OPTIONS:,} options")
            yield _option(held)
            held = ""
            continue
        if letter == '"' and not escaped:
            quoted = not quoted
        escaped = letter == "\\" and not escaped
        held += letter
    if quoted:
        raise _error("a quotation mark is not closed")
    if held.strip():
        raise _error(f"the option {held.strip()[:40]!r} does not end in a semicolon")


def _option(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition(":")
    name = name.strip()
    if not _NAME.fullmatch(name):
        raise _error(f"{name[:40]!r} is no name of an option")
    return name, value.strip()


def _pair(text: str, by: str) -> tuple[str, str]:
    name, _, value = text.partition(by)
    return name.strip(), value.strip()


def _unquoted(text: str) -> str:
    found = _QUOTED.fullmatch(text)
    return re.sub(r"\\(.)", r"\1", found[1]) if found else text


def _check_number(name: str, value: str) -> None:
    if not _NUMBER.fullmatch(value) or not (name != "sid" or 0 < int(value) < 1 << 32):
        raise _error(f"{name} is no number: {value[:40]!r}")


def _check_quoted(name: str, value: str) -> None:
    found = _QUOTED.fullmatch(value)
    if found is None or found[2].strip() or value.startswith("!"):
        raise _error(f"{name} is not in quotation marks")


def _check_content(name: str, value: str) -> None:
    found = _QUOTED.fullmatch(value)
    if found is None or (found[2].strip() and not found[2].lstrip().startswith(",")):
        raise _error(f"{name} is not in quotation marks")
    if not found[1]:
        raise _error(f"{name} is empty")
    parts = re.split(r"(?<!\\)\|", found[1])
    if len(parts) % 2 == 0:
        raise _error(f"{name} has a | that is not closed")
    for octets in parts[1::2]:
        if not _HEX.fullmatch(octets) or not octets.strip():
            raise _error(f"{name} has between | what is no octets in hexadecimal: {octets[:40]!r}")
    for plain in parts[::2]:
        if re.search(r"(?:^|[^\\])(?:\\\\)*[;]", plain):
            raise _error(f"{name} has a semicolon without a backslash before it")


def _check_pcre(name: str, value: str) -> None:
    found = _PCRE.fullmatch(value)
    if found is None:
        raise _error(f'{name} is not of the form "/expression/flags"')
    if fault := regex_fault(found[1]):
        raise _error(f"{name}: {fault}")


def _check_flow(name: str, value: str) -> None:
    for each in value.split(","):
        if each.strip() not in FLOW:
            raise _error(f"{name} knows no {each.strip()[:40]!r}")


def _check_metadata(name: str, value: str) -> None:
    if not value:
        raise _error(f"{name} is empty")


def _check_reference(name: str, value: str) -> None:
    kind, comma, of = value.partition(",")
    if not comma or not _NAME.fullmatch(kind.strip()) or not of.strip():
        raise _error(f"{name} is not of the form type,value")


def _check_offset(name: str, value: str) -> None:
    if not _OFFSET.fullmatch(value):
        raise _error(f"{name} is neither a number nor a variable: {value[:40]!r}")


_CHECKED: Final[Mapping[str, Callable[[str, str], None]]] = {
    **dict.fromkeys(("sid", "rev", "gid", "priority"), _check_number),
    **dict.fromkeys(("distance", "within", "offset", "depth"), _check_offset),
    **dict.fromkeys(("content", "uricontent"), _check_content),
    "msg": _check_quoted,
    "pcre": _check_pcre,
    "flow": _check_flow,
    "metadata": _check_metadata,
    "reference": _check_reference,
}
