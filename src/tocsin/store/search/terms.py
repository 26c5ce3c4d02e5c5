"""What an object can be found by, as lexemes of one inverted index (PostgreSQL `tsvector`, without its dictionaries).

A lexeme starts with the kind of what follows:
`v:` a value in its normal spelling, `d:` a domain and all domains above it, `h:` a digest, `4:` and `6:` the bits of an address,
`n4:` and `n6:` the bits that all addresses of a range share, `w:` a word, `n:` a whole name, `a:` an ATT&CK technique, `i:` the object's
own id, `r:` an id it refers to. A search for a prefix of bits is a search for a range, one for a prefix of a digest is what it looks like.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from tocsin.errors import FormatError, ParseError
from tocsin.matching.values import HASH_KINDS, Value, classify, normalise, registry_spellings
from tocsin.stix import patterns
from tocsin.store.derived import references

WORDS_AT_MOST = 2000
NAME_LENGTH = 200
_TEXT_AT_MOST = 100_000  # characters of an object that are read for words
_VALUES_AT_MOST = 500
_LEXEME = 500  # bytes; PostgreSQL takes up to 2,046
_DEEP = 20
_VALUE_LENGTH = 4000
_WORD = re.compile(r"\w+")
_TECHNIQUE = re.compile(r"(?<![A-Za-z0-9])T(\d{4})(?:\.(\d{3}))?(?![0-9])")
# what can be a value within a text: with a sign that values have, or as long as a digest
_LIKELY = re.compile(r"[^\s\"'<>,;|]{3,2000}")
_SIMPLE = re.compile(r"\[[a-z0-9-]+:[A-Za-z0-9_.]+(?:'[A-Za-z0-9-]+')? = '([^'\\]*)'\]")
_TEXTLESS = frozenset(
    ("type", "spec_version", "id", "created", "modified", "pattern", "pattern_type", "lang", "valid_from", "valid_until")
)  # fmt: skip
_VALUED = ("ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr")


class Terms(msgspec.Struct, frozen=True):
    """What one object is found by.

    Attributes:
        lexemes: sorted, distinct.
        name: what to call it in a list: its name, or its value, or "".
        offered: names and values for suggestions: (kind, text), kind is "name", "alias" or the kind of a value.
        confidence: 0 to 100, as STIX has it; None where nobody said.
    """

    lexemes: tuple[str, ...]
    name: str
    offered: tuple[tuple[str, str], ...]
    confidence: int | None


def terms_of(body: bytes) -> Terms:
    """Return what an object is found by, from its canonical bytes."""
    data: dict[str, Any] = msgspec.json.decode(body)
    identifier = str(data["id"])
    found: set[str] = {f"i:{identifier}"}
    found.update(f"r:{ref}" for ref in references(body, identifier, None))
    values = list(dict.fromkeys(_values(data)))[:_VALUES_AT_MOST]
    names = [("name", data["name"])] if isinstance(data.get("name"), str) else []
    for key in ("aliases", "x_mitre_aliases"):
        if isinstance(data.get(key), list):
            names += [("alias", each) for each in data[key] if isinstance(each, str)]
    texts = " \n ".join(_texts(data, 0))[:_TEXT_AT_MOST]
    for technique in _TECHNIQUE.finditer(texts):
        found.update(technique_lexemes(technique[0]))
    found.update(f"w:{word}" for word in words(" \n ".join((texts, *_phrases(data))))[:WORDS_AT_MOST])
    found.update(f"n:{fold(name)}" for _, name in names)
    for value in (*values, *_mentioned(texts)):
        found.update(value_lexemes(value))
    confidence = data.get("confidence")
    offered = [*names, *((value.kind, value.text) for value in values[:20])]
    return Terms(
        lexemes=tuple(sorted({fit(each) for each in found})),
        name=(names[0][1] if names else values[0].text if values else "").replace("\0", "")[:NAME_LENGTH],
        offered=tuple(
            (kind, text.replace("\0", "")[:NAME_LENGTH]) for kind, text in offered if text.strip("\0")
        ),
        confidence=confidence if type(confidence) is int and 0 <= confidence <= 100 else None,
    )


def value_in(text: str) -> Value | None:
    """Return the value that a text is, told by its form; None for none. A single label is a word, not a domain."""
    try:
        found = classify(text[:_VALUE_LENGTH])
    except FormatError:
        return None
    return None if found.kind == "domain" and "." not in found.text else found


def fold(text: str) -> str:
    """Return a name as it is compared: without differences of case and of space."""
    return " ".join(text.replace("\0", "").casefold().split())


def words(text: str) -> list[str]:
    """Return the distinct words of a text, folded, in order."""
    return list(dict.fromkeys(_WORD.findall(text.casefold())))


def technique_lexemes(text: str) -> list[str]:
    """Return what an object that names technique `T1059.001` is found by: that and `T1059`."""
    folded = text.lower()
    return [f"a:{folded}", f"a:{folded.partition('.')[0]}"]


def value_lexemes(value: Value) -> list[str]:
    """Return what an object with this value is found by."""
    found = [f"v:{value.text}"]
    kind, text = value.kind, value.text
    if kind in ("ipv4", "ipv6", "cidr"):
        found.append(_bits(text))
    elif kind in HASH_KINDS.values():
        found.append(f"h:{text}")
    elif kind == "domain":
        found += domains(text)
    elif kind in ("url", "email"):
        found += _host(kind, text)
    return found


def domains(name: str) -> list[str]:
    """Return the lexemes of a domain and of all above it, but for its last label."""
    labels = name.split(".")
    return [f"d:{'.'.join(labels[at:])}" for at in range(max(1, len(labels) - 1))]


def network(text: str) -> tuple[int, str]:
    """Return the version of an address or range in its normal spelling, and the bits that all its addresses share."""
    found = ipaddress.ip_network(text, strict=False)
    width = found.max_prefixlen
    return found.version, format(int(found.network_address), f"0{width}b")[: found.prefixlen]


def _bits(text: str) -> str:
    version, bits = network(text)
    whole = len(bits) == (32 if version == 4 else 128)
    return f"{version}:{bits}" if whole else f"n{version}:{bits}"


def _host(kind: str, text: str) -> list[str]:
    host = text.rpartition("@")[2] if kind == "email" else text.partition("://")[2].partition("/")[0]
    if kind == "url":
        host = re.sub(r":\d*$", "", host.rpartition("@")[2]).strip("[]")
    inner = value_in(host)
    return value_lexemes(inner) if inner and inner.kind in ("domain", "ipv4", "ipv6") else []


def _values(data: dict[str, Any]) -> Iterator[Value]:
    """Yield the values that an indicator's pattern, or an observable, names."""
    kind = data["type"]
    raw: list[Any] = []
    if kind in _VALUED:
        raw.append(data.get("value"))
    if isinstance(data.get("hashes"), dict):
        raw += data["hashes"].values()
    if kind == "indicator" and data.get("pattern_type") == "stix" and isinstance(data.get("pattern"), str):
        raw += _compared(data["pattern"])
    for each in raw:
        if isinstance(each, str):
            found = value_in(each)
            if found is not None:
                yield found


def _phrases(data: dict[str, Any]) -> Iterator[str]:
    """Yield what an indicator's pattern compares with that has no form of its own: names of files and mutexes, keys of the registry, user agents, wallets."""
    if (
        data["type"] != "indicator"
        or data.get("pattern_type") != "stix"
        or not isinstance(data.get("pattern"), str)
    ):
        return
    for each in _compared(data["pattern"])[:_VALUES_AT_MOST]:
        if isinstance(each, str) and value_in(each) is None:
            yield each[:_VALUE_LENGTH]
            if "\\" in each:
                yield from _roots(each)


def _roots(key: str) -> Iterator[str]:
    """Yield how else logs write a key of the registry."""
    try:
        yield from registry_spellings(normalise("registry_key", key[:_VALUE_LENGTH]))
    except FormatError:
        return


def _compared(pattern: str) -> list[Any]:
    """Return what a pattern compares with."""
    simple = _SIMPLE.fullmatch(pattern)
    if simple is not None:  # nine of ten: worth not parsing
        return [simple[1]]
    try:
        return [atom.value for atom in patterns.atoms(patterns.parse(pattern))]
    except ParseError:
        return []


def _mentioned(text: str) -> Iterator[Value]:
    """Yield the values that a text mentions."""
    tried = 0
    for token in _LIKELY.finditer(text):
        word = token[0].strip("()[]{}.:!?")
        if "." not in word and ":" not in word and len(word) not in HASH_KINDS:
            continue
        tried += 1
        if tried > _VALUES_AT_MOST:
            return
        found = value_in(word)
        if found is not None:
            yield found


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Yield the texts in an object, but for ids, dates and patterns."""
    if isinstance(value, str):
        yield value
    elif depth < _DEEP and isinstance(value, dict):
        for key, inner in value.items():
            if not (key in _TEXTLESS or key.endswith(("_ref", "_refs"))):
                yield from _texts(inner, depth + 1)
    elif depth < _DEEP and isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth + 1)


def fit(lexeme: str) -> str:
    """Return a lexeme as it is kept: without NUL, and cut to what the index takes."""
    if len(lexeme) < _LEXEME // 4 and "\0" not in lexeme:
        return lexeme
    plain = lexeme.replace("\0", "")
    return plain.encode("utf-8", "replace")[:_LEXEME].decode("utf-8", "ignore")
