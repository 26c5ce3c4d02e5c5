"""MISP galaxy clusters as STIX 2.1 objects (MISP galaxy format, draft-dulaunoy-misp-galaxy-format).

A galaxy's clusters become objects of the STIX type that `KINDS` names for the galaxy; galaxies that say nothing STIX
has a type for (firearms, job roles, ...) are left out, and so are MITRE's, whose originals are STIX already. Ids are
deterministic: the cluster's own UUID, as MISP's converter has it, so that both name the same thing. `related` clusters
become relationships where both ends are known.

Galaxies carry no times. `created` is the day of the first galaxy, `modified` that many seconds later as the galaxy's
version counts, so a newer galaxy is a newer version of its objects. All else a cluster says is kept as `x_misp_...`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid5

import msgspec

from tocsin import clock
from tocsin.errors import FormatError, LimitError
from tocsin.formats.items import Discarded, Limits, RawItem, Refusal
from tocsin.formats.plugin import Format

Resolve: TypeAlias = Callable[[str], str | None]
"""Returns the STIX id of a cluster by its UUID, or None."""

_NAMESPACE = UUID("3c1d3a2b-70e4-5b7e-9f9a-6a5c35c1f2f0")
_EPOCH = int(datetime(2017, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
_GALAXY_BYTES = 64 * 1024 * 1024
CREATOR = f"identity--{uuid5(_NAMESPACE, 'misp-galaxy')}"


class Kind(msgspec.Struct, frozen=True):
    """What a galaxy's clusters become: a STIX type and the properties all of them have."""

    type: str
    fixed: dict[str, Any] = {}


def _malware(*types: str) -> Kind:
    fixed: dict[str, Any] = {"is_family": True}
    return Kind("malware", fixed | {"malware_types": list(types)} if types else fixed)


_PATTERN = Kind("attack-pattern")
_ACTION = Kind("course-of-action")
_ACTOR = Kind("threat-actor")
KINDS: Mapping[str, Kind] = {
    "360net-threat-actor": _ACTOR,
    "microsoft-activity-group": _ACTOR,
    "threat-actor": _ACTOR,
    "groups": Kind("intrusion-set"),
    "campaigns": Kind("campaign"),
    "android": _malware(),
    "backdoor": _malware("backdoor"),
    "banker": _malware("trojan"),
    "botnet": _malware("bot"),
    "cryptominers": _malware("resource-exploitation"),
    "exploit-kit": _malware("exploit-kit"),
    "malpedia": _malware(),
    "ransomware": _malware("ransomware"),
    "rat": _malware("remote-access-trojan"),
    "stealer": _malware("spyware"),
    "software": Kind("tool"),
    "online-service": Kind("tool"),
    "tds": Kind("tool"),
    "tool": Kind("tool"),
    "amitt-misinformation-pattern": _PATTERN,
    "atrm": _PATTERN,
    "bhadra-framework": _PATTERN,
    "cmtmf-attack-pattern": _PATTERN,
    "disarm-techniques": _PATTERN,
    "financial-fraud": _PATTERN,
    "gsma-motif": _PATTERN,
    "technique": _PATTERN,
    "disarm-countermeasures": _ACTION,
    "preventive-measure": _ACTION,
    "branded-vulnerability": Kind("vulnerability"),
    "country": Kind("location"),
    "sector": Kind("identity", {"identity_class": "class"}),
}
# MITRE's galaxies keep the UUIDs of the STIX objects they were made from, so that what is related to them is in ATT&CK.
_ATTACK = {
    "mitre-attack-pattern": "attack-pattern",
    "mitre-course-of-action": "course-of-action",
    "mitre-intrusion-set": "intrusion-set",
    "mitre-malware": "malware",
    "mitre-tool": "tool",
}
_ALIASED = {"threat-actor", "intrusion-set", "campaign", "malware", "tool"}
_PHASED = {"attack-pattern", "malware", "tool"}
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_VERB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[!-;=?-_a-z~]+")
_CVE = re.compile(r"CVE.(\d{4}).(\d{4,})")


class Cluster(msgspec.Struct, frozen=True):
    """One cluster of a galaxy, as MISP writes it."""

    value: str
    uuid: str
    description: str = ""
    meta: dict[str, Any] = {}
    related: list[dict[str, Any]] = []


class Galaxy(msgspec.Struct, frozen=True):
    """The clusters of one galaxy."""

    type: str
    version: int
    values: list[Cluster]
    name: str = ""
    uuid: str = ""


_decode = msgspec.json.Decoder(Galaxy, strict=False).decode
_encode = msgspec.json.Encoder().encode


def decode(raw: bytes, where: str) -> Galaxy:
    """Return the galaxy in a cluster file.

    Raises:
        FormatError: it is not one.
    """
    try:
        return _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"not a MISP galaxy: {error}", where=where) from error


def stix_ids(galaxy: Galaxy) -> Iterator[tuple[str, str]]:
    """Yield the UUID and STIX id of each cluster that has one, as `Resolve` needs them."""
    kind = _ATTACK.get(galaxy.type)
    for cluster in galaxy.values:
        if kind is not None:
            yield cluster.uuid.lower(), f"{kind}--{cluster.uuid.lower()}"
        elif galaxy.type in KINDS:
            yield cluster.uuid.lower(), _identify(cluster, galaxy.type)


def convert(galaxy: Galaxy, resolve: Resolve) -> Iterator[dict[str, Any]]:
    """Yield the STIX objects of a galaxy: who made them, the clusters, and how they are related.

    Args:
        galaxy: one whose type is in `KINDS`; others give nothing.
        resolve: finds the other end of a relation.
    """
    if galaxy.type not in KINDS:
        return
    yield _creator()
    for cluster in galaxy.values:
        made = _object(cluster, galaxy)
        yield made
        yield from _relations(cluster, made["id"], galaxy, resolve)


def items(galaxy: Galaxy, resolve: Resolve) -> Iterator[RawItem]:
    """Yield what `convert` yields as bytes, placed by the galaxy's type and the object's id."""
    for made in convert(galaxy, resolve):
        yield RawItem(f"{galaxy.type}/{made['id']}", _encode(made))


def sniff(head: bytes) -> bool:
    """Tell a galaxy cluster file: its members are sorted, and `authors` comes first."""
    return (
        re.match(rb'\s*\{\s*"authors"\s*:\s*\[', head) is not None
        and re.search(rb'"values"\s*:\s*\[', head) is not None
        and b'"category"' in head
    )


def read(chunks: Iterable[bytes], where: str, limits: Limits) -> Iterator[RawItem | Refusal]:
    """Yield the STIX objects of one cluster file; relations to clusters of other files are left out."""
    del limits  # a galaxy is one document: it has a limit of its own
    passed = Discarded()
    try:
        galaxy = _whole(chunks, where, passed)
    except (FormatError, LimitError) as error:
        yield passed.refusal(where, "galaxy", str(error).removeprefix(f"{where}: "))
        return
    for item in items(galaxy, dict(stix_ids(galaxy)).get):
        yield RawItem(f"{where}#{item.where}", item.raw)


def _whole(chunks: Iterable[bytes], where: str, passed: Discarded) -> Galaxy:
    held: list[bytes] = []
    for chunk in chunks:
        held.append(chunk)
        passed.add(chunk)
        if passed.length > _GALAXY_BYTES:
            raise LimitError(f"longer than the {_GALAXY_BYTES:,} bytes that a galaxy may have")
    galaxy = decode(b"".join(held), where)
    if galaxy.type not in KINDS:
        count = len(galaxy.values)
        raise FormatError(f"the galaxy {galaxy.type!r} says nothing STIX has a type for ({count} clusters)")
    return galaxy


FORMAT = Format(name="misp_galaxy", suffixes=(".json",), sniff=sniff, read=read)


def _time(version: int) -> str:
    # Some galaxies count versions, others write the day as a number: as seconds both rise, and stay below the year 2050
    return clock.to_text(_EPOCH + min(version, 10**9) * 1_000_000)[:-4] + "Z"


def _identify(cluster: Cluster, galaxy_type: str) -> str:
    kind = KINDS[galaxy_type].type
    if galaxy_type == "software" and cluster.meta.get("type") == ["Malware"]:
        kind = "malware"
    try:
        uuid = UUID(cluster.uuid)
    except ValueError:
        uuid = uuid5(_NAMESPACE, cluster.uuid)
    if uuid.version not in {4, 5}:
        uuid = uuid5(_NAMESPACE, cluster.uuid.lower())
    return f"{kind}--{uuid}"


def _creator() -> dict[str, Any]:
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": CREATOR,
        "created": _time(0),
        "modified": _time(0),
        "name": "MISP Galaxy",
        "description": "Clusters of the MISP galaxies (CC0 1.0 or BSD 2-clause), converted to STIX.",
        "identity_class": "group",
    }


def _object(cluster: Cluster, galaxy: Galaxy) -> dict[str, Any]:
    identifier = _identify(cluster, galaxy.type)
    kind = identifier.partition("--")[0]
    made: dict[str, Any] = {
        "type": kind,
        "spec_version": "2.1",
        "id": identifier,
        "created_by_ref": CREATOR,
        "created": _time(0),
        "modified": _time(galaxy.version),
        "name": cluster.value,
        **KINDS[galaxy.type].fixed,
    }
    if kind == "malware":
        made["is_family"] = True
    if cluster.description:
        made["description"] = cluster.description
    meta = {str(key): value for key, value in cluster.meta.items() if value not in ("", [], None)}
    if kind in _ALIASED and (aliases := _texts(meta.pop("synonyms", None))):
        made["aliases"] = aliases
    if kind in _PHASED and (phases := _phases(meta)):
        made["kill_chain_phases"] = phases
    if kind == "location":
        made["country"] = str(meta.get("ISO", "")) or cluster.value
    if kind == "campaign":
        _seen(made, meta)
    made["external_references"] = _references(cluster, galaxy, meta, kind)
    for key, value in meta.items():
        slug = _NOT_ALPHANUMERIC.sub("_", key.lower()).strip("_")
        if slug:
            made[f"x_misp_{slug}"[:250]] = value if isinstance(value, (str, bool, int)) else _texts(value)
    return made


def _texts(value: Any) -> list[str]:
    found = value if isinstance(value, list) else [] if value is None else [value]
    return list(dict.fromkeys(str(each) for each in found if each not in ("", None)))


def _phases(meta: dict[str, Any]) -> list[dict[str, str]]:
    """Take `kill_chain` (`chain:phase` or `chain:tab:phase`) out of `meta`."""
    phases = []
    for text in _texts(meta.pop("kill_chain", None)):
        chain, _, phase = text.rpartition(":")
        names = (_NOT_ALPHANUMERIC.sub("-", name.lower()).strip("-") for name in (chain, phase))
        chain, phase = names
        if chain and phase:
            phases.append({"kill_chain_name": chain, "phase_name": phase})
    return phases


def _seen(made: dict[str, Any], meta: dict[str, Any]) -> None:
    for name in ("first_seen", "last_seen"):
        text = str(meta.pop(name, ""))
        if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text):
            made[name] = text
    if made.get("last_seen", "9") < made.get("first_seen", ""):
        made["x_misp_last_seen"] = made.pop("last_seen")


def _references(cluster: Cluster, galaxy: Galaxy, meta: dict[str, Any], kind: str) -> list[dict[str, str]]:
    source = f"misp-galaxy:{galaxy.type}"
    found = [{"source_name": source, "external_id": cluster.uuid}]
    if external := str(meta.pop("external_id", "")):
        found.append({"source_name": source, "external_id": external})
    if kind == "vulnerability":
        numbers = filter(None, map(_CVE.fullmatch, _texts(meta.get("aliases"))))
        found += [{"source_name": "cve", "external_id": f"CVE-{match[1]}-{match[2]}"} for match in numbers]
    for text in _texts(meta.pop("refs", None)):
        is_url = _URL.fullmatch(text) is not None
        found.append({"source_name": source, "url" if is_url else "description": text})
    return found


def _relations(cluster: Cluster, source: str, galaxy: Galaxy, resolve: Resolve) -> Iterator[dict[str, Any]]:
    done = set()
    for relation in cluster.related:
        other = str(relation.get("dest-uuid", "")).lower()
        verb = str(relation.get("type", "")).strip().lower()
        target = resolve(other)
        if target is None or target == source or not _VERB.fullmatch(verb) or (other, verb) in done:
            continue
        done.add((other, verb))
        made: dict[str, Any] = {
            "type": "relationship",
            "spec_version": "2.1",
            "id": f"relationship--{uuid5(_NAMESPACE, f'{galaxy.type} {source} {verb} {target}')}",
            "created_by_ref": CREATOR,
            "created": _time(0),
            "modified": _time(galaxy.version),
            "relationship_type": verb,
            "source_ref": source,
            "target_ref": target,
        }
        if tags := _texts(relation.get("tags")):
            made["x_misp_tags"] = tags
        yield made
