"""What someone types into the one box, read into a query that is nothing but data.

    evil.example type:indicator tlp:green source:"CERT X" after:2026-01-01 confidence:>=50 -revoked:yes

A bare word is taken by its form: an address finds itself and the ranges that contain it, a range the addresses in it, a domain itself,
what is below it and the names above it that are said as such, a URL itself and those names of its host; a port behind an address or a domain is passed over; hexadecimal digits the digests that begin with them, `T1059` a technique, a STIX id the object and what refers to it;
anything else is a word. `word*` is the beginning of a word, `"several words"` all of them. `-` before a term asks for what has it not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from tocsin.clock import Micros
from tocsin.errors import InputError
from tocsin.matching.suffixes import is_public_suffix
from tocsin.matching.values import HASH_KINDS, Value, split_url
from tocsin.store.search.terms import fit, fold, network, technique_lexemes, value_in, words

TEXT_AT_MOST = 1000
TERMS_AT_MOST = 32
_PREFIX = 2  # least characters before a `*`
_HASH_PREFIX = 6  # hexadecimal digits that are taken for the beginning of a digest
_TERM = re.compile(r'(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))')
_ID = re.compile(r"[a-z][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TECHNIQUE = re.compile(r"[Tt]\d{4}(\.\d{3})?")
_PORT = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^:/\[\]]+):[0-9]{1,5}/?")
_TYPE = re.compile(r"[a-z][a-z0-9-]{2,249}")
_CONFIDENCE = re.compile(r"(>=|<=|>|<|)(\d{1,3})")
_TLP = ("clear", "green", "amber", "amber+strict", "red", "none")
_MICRO = 1_000_000
_DAY: Micros = 86_400 * _MICRO


class Lexeme(msgspec.Struct, frozen=True):
    """A lexeme of `terms`, or the beginning of one."""

    text: str
    prefix: bool = False


class Clause(msgspec.Struct, frozen=True):
    """Something that an object must have, or not: at least one of `any_of`, of which each has all of its lexemes."""

    any_of: tuple[tuple[Lexeme, ...], ...]
    negated: bool = False


class Query(msgspec.Struct, frozen=True):
    """What is searched for; every part that is given must hold.

    Attributes:
        clauses: on what an object says.
        types: STIX types, one of which it is of.
        tlp: levels ("clear" to "red", or "none"), one of which it is marked with as the strictest.
        sources: ids or names of organisations, one of which asserts it; as typed.
        collections: aliases, one of which it stands in.
        after, before: µs; it was modified at or after the one, and before the other.
        least, most: confidence, 0 to 100; an object without is in no range.
        revoked: whether it is revoked; None asks for both.
        ids: STIX ids, one of which it has; no text asks for many, programs do.
        refers: STIX ids, one of which it refers to other than as its maker; the same. Few others are found as well, whose ids have the same hash.
    """

    clauses: tuple[Clause, ...] = ()
    types: tuple[str, ...] = ()
    tlp: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    after: Micros | None = None
    before: Micros | None = None
    least: int | None = None
    most: int | None = None
    revoked: bool | None = None
    ids: tuple[str, ...] = ()
    refers: tuple[str, ...] = ()


def saying(texts: Iterable[str]) -> Clause:
    """Return the clause of what says one of some texts, all of its words."""
    return Clause(tuple(tuple(Lexeme(f"w:{word}") for word in words(text)) for text in texts))


def parse(text: str) -> Query:
    """Return what `text` asks for; an empty text asks for everything.

    Raises:
        InputError: it is too long, has too many terms, or a term that cannot be read; the message says which.
    """
    if len(text) > TEXT_AT_MOST:
        raise InputError(f"a search has at most {TEXT_AT_MOST:,} characters, this one {len(text):,}")
    building = _Building()
    terms = list(_TERM.finditer(text.replace("\0", " ")))
    if len(terms) > TERMS_AT_MOST:
        raise InputError(f"a search has at most {TERMS_AT_MOST} terms, this one {len(terms)}")
    for term in terms:
        negative, field, quoted, plain = term.groups()
        value = quoted if quoted is not None else plain
        if field in _FIELDS and value:
            building.field(field, value, negated=bool(negative))
        elif field is not None:  # `http://...`, `fe80::1`, or a field nobody knows: it is text
            whole = f"{field}:{value}"
            building.clauses += bare(whole, negated=bool(negative))
        elif quoted is not None:
            building.clauses += _words(quoted, negated=bool(negative))
        else:
            building.clauses += bare(value, negated=bool(negative))
    return building.done()


def terms_in(text: str) -> list[str]:
    """Return the terms that `parse` reads in a text, each as it was typed and a query of its own."""
    return [found[0] for found in _TERM.finditer(text.replace("\0", " "))]


class _Building:
    """A query that is being read."""

    def __init__(self) -> None:
        self.clauses: list[Clause] = []
        self.lists: dict[str, list[str]] = {"type": [], "tlp": [], "source": [], "collection": []}
        self.bounds: dict[str, int] = {}
        self.revoked: bool | None = None

    def field(self, name: str, value: str, *, negated: bool) -> None:
        if name in _LEXICAL:
            self.clauses += _lexical(name, value, negated=negated)
            return
        if negated:
            raise InputError(
                f"-{name}: cannot be asked for", hint="only words, values, names, ids and techniques can"
            )
        if name in self.lists:
            self.lists[name] += [_checked(name, each) for each in value.split(",") if each]
        elif name in ("after", "before"):
            self.bounds[name] = moment(value, name)
        elif name == "confidence":
            self._confidence(value)
        else:
            if value not in ("yes", "no"):
                raise InputError(f"revoked:{value[:40]} is neither yes nor no")
            self.revoked = value == "yes"

    def _confidence(self, value: str) -> None:
        found = _CONFIDENCE.fullmatch(value)
        if found is None or int(found[2]) > 100:
            raise InputError(
                f"confidence:{value[:40]} is no confidence", hint="such as confidence:>=50, 0 to 100"
            )
        sign, number = found[1], int(found[2])
        if sign in (">=", ">", ""):
            self.bounds["least"] = number + (sign == ">")
        if sign in ("<=", "<", ""):
            self.bounds["most"] = number - (sign == "<")

    def done(self) -> Query:
        lists = {name: tuple(dict.fromkeys(found)) for name, found in self.lists.items()}
        return Query(
            clauses=tuple(self.clauses),
            types=lists["type"],
            tlp=lists["tlp"],
            sources=lists["source"],
            collections=lists["collection"],
            after=self.bounds.get("after"),
            before=self.bounds.get("before"),
            least=self.bounds.get("least"),
            most=self.bounds.get("most"),
            revoked=self.revoked,
        )


def bare(text: str, *, negated: bool = False) -> list[Clause]:
    """Return what a word without a field asks for, told by its form."""
    if _ID.fullmatch(text):
        return [_clause(negated, f"i:{text}", f"r:{text}")]
    if _TECHNIQUE.fullmatch(text):
        return [_clause(negated, f"a:{text.lower()}")]
    value = value_in(text) or _with_port(text)
    if value is not None:
        above = [] if negated else _above(value)  # what has not the one may well have the other
        return [Clause(tuple((each,) for each in (*_of_value(value), *above)), negated)]
    folded = text.casefold()
    if re.fullmatch(rf"[0-9a-f]{{{_HASH_PREFIX},127}}", folded):
        begins = Lexeme(f"h:{folded}", prefix=True)
        return [Clause(((begins,), (Lexeme(fit(f"w:{folded}")),)), negated)]
    return _words(text, negated=negated)


def moment(text: str, name: str) -> Micros:
    """Return a moment in µs: a date, or a timestamp with `Z` or an offset.

    Raises:
        InputError: it is none.
    """
    try:
        found = datetime.fromisoformat(text)
        at = found if found.tzinfo else found.replace(tzinfo=UTC)
        return int(at.timestamp()) * _MICRO + at.microsecond
    except (ValueError, OverflowError, OSError):
        raise InputError(
            f"{name}:{text[:40]} is no time", hint="say 2026-11-20 or 2026-11-20T08:00:00Z"
        ) from None


def _of_value(value: Value) -> list[Lexeme]:
    kind, text = value.kind, value.text
    if kind in ("ipv4", "ipv6", "cidr"):
        version, bits = network(text)
        # ranges that contain it, up to itself; and, of a range, what is within
        wider = [Lexeme(f"n{version}:{bits[:length]}") for length in range(len(bits) + 1)]
        whole = len(bits) == (32 if version == 4 else 128)
        if whole:
            return [Lexeme(f"{version}:{bits}"), *wider]
        return [Lexeme(f"{version}:{bits}", prefix=True), Lexeme(f"n{version}:{bits}", prefix=True)]
    if kind == "domain":
        return [Lexeme(fit(f"d:{text}"))]
    if kind in HASH_KINDS.values():
        return [Lexeme(f"h:{text}")]
    return [Lexeme(fit(f"v:{text}"))]


def _with_port(text: str) -> Value | None:
    """Return the address or domain before a port, as logs write `192.0.2.1:443` and `[2001:db8::1]:443`."""
    found = _PORT.fullmatch(text)
    value = value_in(found[1].strip("[]")) if found else None
    return value if value and value.kind in ("ipv4", "ipv6", "domain") else None


def _above(value: Value) -> list[Lexeme]:
    """Return the values whose indicators hunts find this one by: names above a domain, as far as they belong to somebody, and the host of a URL."""
    host = split_url(value.text).host.strip("[]") if value.kind == "url" else value.text
    named = value_in(host) if value.kind in ("url", "domain") else None
    if named is None:
        return []
    found = [named.text] if value.kind == "url" else []
    name = named.text.partition(".")[2] if named.kind == "domain" else ""
    while "." in name and not is_public_suffix(name):
        found.append(name)
        name = name.partition(".")[2]
    return [Lexeme(fit(f"v:{each}")) for each in found]


def _lexical(name: str, value: str, *, negated: bool) -> list[Clause]:
    if name == "id":
        return [_clause(negated, f"i:{value}")]
    if name == "refers":
        return [_clause(negated, f"r:{value}")]
    if name == "technique":
        if not _TECHNIQUE.fullmatch(value):
            raise InputError(
                f"technique:{value[:40]} is no technique", hint="such as technique:T1059 or T1059.001"
            )
        return [_clause(negated, technique_lexemes(value)[0])]
    if name == "name":
        begins = value.endswith("*")
        return [Clause(((Lexeme(fit(f"n:{fold(value.rstrip('*'))}"), prefix=begins),),), negated)]
    found = value_in(value)
    return bare(value, negated=negated) if found is None else [_clause(negated, f"v:{found.text}")]


def _words(text: str, *, negated: bool) -> list[Clause]:
    begins = text.endswith("*") and len(text) > _PREFIX
    found = words(text)
    if not found:
        return []
    lexemes = [Lexeme(fit(f"w:{word}")) for word in found]
    if begins and len(found[-1]) >= _PREFIX:
        lexemes[-1] = Lexeme(lexemes[-1].text, prefix=True)
    return [Clause((tuple(lexemes),), negated)]


def _clause(negated: bool, *lexemes: str) -> Clause:
    return Clause(tuple((Lexeme(fit(each)),) for each in lexemes), negated)


def _checked(name: str, value: str) -> str:
    if name == "type" and not _TYPE.fullmatch(value):
        raise InputError(f"type:{value[:40]} is no STIX type", hint="such as type:indicator")
    if name == "tlp" and value.lower() not in _TLP:
        raise InputError(f"tlp:{value[:40]} is no level", hint=f"one of {', '.join(_TLP)}")
    return value.lower() if name == "tlp" else value


_LEXICAL = frozenset(("id", "refers", "technique", "name", "value"))
_FIELDS = _LEXICAL | {"type", "tlp", "source", "collection", "after", "before", "confidence", "revoked"}
