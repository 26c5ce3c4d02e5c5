"""What an indicator says to look for: entries, and why some indicators give none.

Only what finds the whole pattern is taken: an atom that is not `sufficient` (`tocsin.stix.patterns.atoms`) would report
half a pattern as a hit. What is passed over comes back with its reason, so that nobody believes it was hunted for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from tocsin.clock import Micros
from tocsin.errors import FormatError, ParseError
from tocsin.matching import addresses, values, words
from tocsin.matching.values import EXACT, FOLDED, HASH_KINDS, Kind
from tocsin.stix import patterns
from tocsin.stix.patterns import Pattern


class Indicator(msgspec.Struct, frozen=True, gc=False):
    """An indicator, as far as matching is concerned.

    Attributes:
        id: its STIX id; of an observable when `observable` is set.
        name: for people; may be empty.
        pattern: in the language `pattern_type`.
        valid_from: first µs at which it holds, or None.
        valid_until: first µs at which it no longer holds, or None.
        confidence: 0 to 100, or None.
        observable: this is a cyber-observable that nobody said is malicious; `pattern` is empty.
        tag: a number of the caller's own, to find again what else it knows.
    """

    id: str
    name: str = ""
    pattern: str = ""
    pattern_type: str = "stix"
    valid_from: Micros | None = None
    valid_until: Micros | None = None
    confidence: int | None = None
    observable: bool = False
    tag: int = 0


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One value to look for, in its normal spelling, on behalf of one indicator."""

    kind: Kind
    value: str
    indicator: Indicator

    def valid_at(self, at: Micros) -> bool:
        """Return whether the indicator holds at `at` (STIX 2.1 section 4.7: `valid_until` is the first moment it does not)."""
        since, until = self.indicator.valid_from, self.indicator.valid_until
        return (since is None or since <= at) and (until is None or at < until)


class Passed(msgspec.Struct, frozen=True, gc=False):
    """A pattern, or a value in it, that is not hunted for.

    `rule` is one of `pattern-type`, `pattern` (cannot be read), `pattern-needs-evaluation` (no value alone is a match),
    `kind` (values of that property are not looked for), `value` (not what its property holds), `wide-range`, `no-host` (an address of no other
    machine), `single-label`, `no-word`, `empty-file` (the digest of no bytes at all).
    """

    indicator: str
    rule: str
    reason: str


_LOOKED_AT = 20  # values of a pattern that has many
EVALUATED = {"pattern-needs-evaluation", "kind", "no-word"}
"""Rules by which a value alone is passed over, though evaluating the pattern may find what it means."""

# What nearly every pattern in the wild looks like; reading it so is 20 times as quick as parsing, and equal (tests/property).
_SIMPLE = re.compile(
    r"\[\s*(ipv4-addr:value|ipv6-addr:value|domain-name:value|url:value|email-addr:value"
    r"|file:hashes\.(?:'(?:MD5|SHA-1|SHA-256|SHA-512)'|MD5))\s*=\s*'([^'\\]*)'\s*\]"
)
_PROPERTIES: dict[str, tuple[Kind, ...]] = {
    "ipv4-addr": ("ipv4", "cidr"),
    "ipv6-addr": ("ipv6", "cidr"),
    "domain-name": ("domain",),
    "url": ("url",),
    "email-addr": ("email",),
}
# Other properties that name one thing; the ends of paths stand for the many ways in which feeds write those that STIX has no property for.
_NAMED: dict[str, tuple[Kind, ...]] = {
    "file:name": ("file_name",),
    "windows-registry-key:key": ("registry_key",),
    "mutex:name": ("mutex",),
    "vulnerability:name": ("cve",),
}
_ENDINGS: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    (".request_header.'User-Agent'", ("user_agent",)),
    ("user_agent", ("user_agent",)),
    ("ja3", ("ja3",)),
    ("ja3s", ("ja3",)),
    ("ja3_hash", ("ja3",)),
    ("ja3s_hash", ("ja3",)),
    ("ja4", ("ja4",)),
    ("cve", ("cve",)),
    ("cve_id", ("cve",)),
)
_WALLETS = re.compile(r"(?:x-)?(?:crypto|cryptocurrency|bitcoin|wallet|coin)[a-z-]*:(?:address|value|wallet)")
_ADDRESSED: tuple[Kind, ...] = ("ipv4", "ipv6", "cidr", "domain")
_REFERRED: tuple[tuple[str, tuple[Kind, ...]], ...] = (
    ("network-traffic:src_ref.value", _ADDRESSED),
    ("network-traffic:dst_ref.value", _ADDRESSED),
    ("domain-name:resolves_to_refs[", _ADDRESSED),
    ("email-message:", ("email",)),
)
_HASH_NAMES: dict[str, Kind] = {"md5": "md5", "sha1": "sha1", "sha256": "sha256", "sha512": "sha512"}


def entries_of(indicator: Indicator) -> Iterator[Entry | Passed]:
    """Yield what `indicator` says to look for, and what of it is passed over."""
    if indicator.pattern_type != "stix":
        yield Passed(
            indicator.id, "pattern-type", f"its pattern is in {indicator.pattern_type!r}, not STIX patterning"
        )
        return
    simple = _SIMPLE.fullmatch(indicator.pattern)
    if simple is not None:
        yield from _entries(indicator, simple[1], simple[2])
        return
    try:
        atoms = patterns.atoms(patterns.parse(indicator.pattern))
    except ParseError as error:
        yield Passed(indicator.id, "pattern", f"its pattern cannot be read: {error}")
        return
    found = False
    for atom in atoms:
        if atom.sufficient:
            found = True
            if isinstance(atom.value, str):
                yield from _entries(indicator, atom.path, atom.value)
            else:
                yield Passed(indicator.id, "kind", f"values of {atom.path} are not looked for")
    if not found:
        yield Passed(indicator.id, "pattern-needs-evaluation", "no value in its pattern is a match alone")


def to_evaluate(indicator: Indicator, found: Iterable[Entry | Passed]) -> Pattern | None:
    """Return the pattern of an indicator if values alone do not find all that it matches; None if they do, or it cannot be read.

    Args:
        indicator: whose.
        found: what `entries_of` said of it. A value that was refused (too wide, no value of its kind) stays refused.
    """
    if indicator.pattern_type != "stix" or _SIMPLE.fullmatch(indicator.pattern) is not None:
        return None
    try:
        pattern = patterns.parse(indicator.pattern)
    except ParseError:
        return None
    missing = any(isinstance(each, Passed) and each.rule in EVALUATED for each in found)
    return pattern if missing or not patterns.whole(pattern) else None


def passed_over(indicator: Indicator) -> list[Passed]:
    """Return why nothing is looked for on behalf of a STIX pattern; empty where something is, or the pattern is evaluated, or in another language."""
    if indicator.pattern_type != "stix":
        return []
    found = list(islice(entries_of(indicator), _LOOKED_AT))
    passed = [each for each in found if isinstance(each, Passed)]
    return [] if len(passed) < len(found) or to_evaluate(indicator, found) is not None else passed


def entry_of(path: str, text: str, indicator: Indicator) -> Entry | None:
    """Return what to look for where an object path has this value; None if it is refused or of a kind that is not looked for."""
    found = next(iter(_entries(indicator, path, text)), None)
    return found if isinstance(found, Entry) else None


def observable_entries(indicator: Indicator, data: dict[str, object]) -> Iterator[Entry | Passed]:
    """Yield what to look for on behalf of a cyber-observable: the value or hashes in its properties `data`."""
    kind = str(data.get("type", ""))
    value = data.get("value")
    if kind in _PROPERTIES and isinstance(value, str):
        yield from _entries(indicator, f"{kind}:value", value)
    hashes = data.get("hashes")
    if kind == "file" and isinstance(hashes, dict):
        for name, digest in hashes.items():
            yield from _entries(indicator, f"file:hashes.'{name}'", str(digest))


def _entries(indicator: Indicator, path: str, text: str) -> Iterator[Entry | Passed]:
    kinds = _kinds(path)
    if not kinds:
        yield Passed(indicator.id, "kind", f"values of {path} are not looked for")
        return
    for kind in kinds:
        try:
            value = values.normalise(kind, text)
        except FormatError:
            continue
        yield _checked(indicator, kind, value)
        return
    yield Passed(indicator.id, "value", f"{text[:200]!r} is not what {path} holds")


def _kinds(path: str) -> tuple[Kind, ...]:
    root, _, rest = path.partition(":")
    if rest == "value" and root in _PROPERTIES:
        return _PROPERTIES[root]
    if path in _NAMED:
        return _NAMED[path]
    if _WALLETS.fullmatch(path):
        return ("wallet",)
    for ending, kinds in _ENDINGS:
        if path.endswith(ending) and (ending.startswith(".") or path[-len(ending) - 1] in ".:'"):
            return kinds
    before, hashes, name = rest.rpartition("hashes.")
    if hashes and (not before or before.endswith(".")):
        kind = _HASH_NAMES.get(name.strip("'").replace("-", "").lower())
        return (kind,) if kind else ()
    for start, kinds in _REFERRED:
        if path.startswith(start) and path.endswith(".value"):
            return kinds
    return ()


def _checked(indicator: Indicator, kind: Kind, value: str) -> Entry | Passed:
    kind, value = _plainest(kind, value)
    refused = refusal(kind, value)
    return Entry(kind, value, indicator) if refused is None else Passed(indicator.id, *refused)


def _plainest(kind: Kind, value: str) -> tuple[Kind, str]:
    """Return addresses in the form in which logs are asked about them: IPv4 as such, and a range of one address as that."""
    if kind == "ipv6" and value.startswith("::ffff:") and "." in value:
        return "ipv4", value[len("::ffff:") :]  # logs name the IPv4 address in either form
    if kind == "cidr":
        version, first, bits = addresses.unmapped(value)
        if bits == (32 if version == 4 else 128):
            return (
                ("ipv4", addresses.format_ipv4(first))
                if version == 4
                else ("ipv6", addresses.format_ipv6(first))
            )
        return kind, addresses.format_network(version, first, bits)
    return kind, value


def refusal(kind: str, value: str) -> tuple[str, str] | None:
    """Return the rule (of `Passed`) by which a value in normal spelling is never looked for, and why; None where it is."""
    if kind in {"ipv4", "ipv6", "cidr"} and addresses.is_no_host(value):
        return "no-host", f"{value!r} is no other machine: it stands in everyone's logs"
    if kind == "url" and _is_here(values.split_url(value).host):
        return (
            "no-host",
            f"{value[:200]!r} is on no other machine: it means something else in everyone's logs",
        )
    if kind == "cidr":
        version, _, bits = addresses.unmapped(value)
        if bits < addresses.WIDEST[version]:
            widest = addresses.WIDEST[version]
            return "wide-range", f"{value} is wider than /{widest}: it would hit everyone's traffic"
    if kind in {"domain", "email"} and "." not in value.rpartition("@")[2]:
        return "single-label", f"{value!r} is one label: it would hit ordinary words"
    if kind in FOLDED | EXACT and not words.anchor(value):
        return "no-word", f"{value!r} holds no word of two letters or more to find it by"
    if kind in _HASH_NAMES.values() and HASH_KINDS[len(value)] != kind:
        return "value", f"{value!r} is not what its property holds"
    if value in _OF_NOTHING:
        return "empty-file", f"{value} is the digest of an empty file: everyone has some"
    return None


def _is_here(host: str) -> bool:
    return host == "localhost" or (host[-1:] in "0123456789]" and addresses.is_no_host(host.strip("[]")))


_OF_NOTHING = frozenset(hashlib.new(name).hexdigest() for name in _HASH_NAMES.values())
