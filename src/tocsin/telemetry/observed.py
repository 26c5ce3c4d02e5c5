"""Typed observations as STIX 2.1: observed-data (section 4.14) that refers to cyber-observable objects (section 6).

`graph` is a table-driven builder: facts of one record become objects, and objects refer to each other as the specification has it (a connection to its
ends, a process to its image, parent and user, a file to its folder). What STIX has no object or property for (registry access by whom, pipes, rule names)
stays in the facts; nothing is put into custom properties.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from tocsin.clock import Micros, to_text
from tocsin.stix import Object, canonical, parse
from tocsin.telemetry.schemas import Typed
from tocsin.telemetry.stix_graph import NAMESPACE, Graph, Sketch

_HASHES = {"md5": "MD5", "sha1": "SHA-1", "sha256": "SHA-256", "sha512": "SHA-512"}
_HIVES = {
    "HKLM": "HKEY_LOCAL_MACHINE",
    "HKU": "HKEY_USERS",
    "HKCU": "HKEY_CURRENT_USER",
    "HKCR": "HKEY_CLASSES_ROOT",
    "HKCC": "HKEY_CURRENT_CONFIG",
    "\\REGISTRY\\MACHINE": "HKEY_LOCAL_MACHINE",
    "\\REGISTRY\\USER": "HKEY_USERS",
}
_TRANSPORTS = {"tcp", "udp", "icmp", "ipv6-icmp", "sctp", "gre", "esp"}


GIVEN: Mapping[str, frozenset[str]] = {
    kind: frozenset({"type", "spec_version", "id", *names.split()})
    for kind, names in {
        "user-account": "user_id account_login display_name",
        "email-addr": "value belongs_to_ref",
        "email-message": "is_multipart from_ref to_refs subject message_id",
        "process": "pid command_line cwd image_ref parent_ref creator_user_ref",
        "file": "name hashes size parent_directory_ref",
        "directory": "path",
        "mac-addr": "value",
        "ipv4-addr": "value",
        "ipv6-addr": "value",
        "domain-name": "value resolves_to_refs",
        "url": "value",
        "network-traffic": "src_ref dst_ref src_port dst_port src_byte_count dst_byte_count src_packets dst_packets protocols extensions",
        "windows-registry-key": "key values creator_user_ref",
        "x509-certificate": "hashes serial_number subject issuer",
        "mutex": "name",
    }.items()
}
"""The properties that objects of records can have, by type: a pattern that asks for another cannot be met by any log."""


def graph(found: Typed, salt: str, markings: Sequence[str] = ()) -> list[Object]:
    """Return the cyber-observable objects that a record speaks of, in a stable order.

    Args:
        found: the record's facts.
        salt: distinguishes this record from others; processes take their ids from it (section 2.9: they have no deterministic id).
        markings: for each object.
    """
    made = Graph(_by_name(found), salt, markings)
    _fill(made, found)
    return list(made.objects.values())


def sketch(found: Typed) -> dict[str, dict[str, Any]]:
    """Return the same objects as `graph`, by names that their references use: for patterns, which only look. They are not checked."""
    made = Sketch(_by_name(found))
    _fill(made, found)
    return made.found


def _by_name(found: Typed) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for fact in found.facts:
        facts.setdefault(fact.name, []).append(fact.value)
    return facts


def _fill(made: Graph, found: Typed) -> None:
    about = {fact.name.partition(".")[0] for fact in found.facts}  # most records are about little
    user = None
    if "user" in about:
        user = _user(made, "user")
        _user(made, "user.target")
    if "process" in about:
        _processes(made, user)
    for slot in ("file", "dll"):
        if slot in about:
            _file(made, slot)
    if not about.isdisjoint(("source", "destination", "related")):
        _network(made, found)
    if not about.isdisjoint(("dns", "source", "destination", "url", "tls")):
        _names(made)
    if "email" in about:
        _mail(made)
    if "registry" in about:
        _registry(made, user)
    if "tls" in about:
        _certificate(made)
    if "mutex" in about:
        made.add("mutex", name=made.first("mutex.name"))


def _user(made: Graph, slot: str) -> str | None:
    name, number = made.first(f"{slot}.name"), made.first(f"{slot}.id")
    domain = made.first(f"{slot}.domain")
    user = made.add(
        "user-account",
        user_id=number,
        account_login=name,
        display_name=f"{domain}\\{name}" if domain and name else None,
    )
    for address in made.every(f"{slot}.email"):
        made.add("email-addr", value=address, belongs_to_ref=user)
    return user


def _processes(made: Graph, user: str | None) -> None:
    parent = _process(made, "process.parent", None, None)
    _process(made, "process", parent, user)
    _process(made, "process.target", None, None)


def _process(made: Graph, slot: str, parent: str | None, user: str | None) -> str | None:
    image = _file(made, slot)
    own: dict[str, Any] = {
        "pid": made.number(f"{slot}.pid"),
        "command_line": made.first(f"{slot}.command_line"),
        "cwd": made.first(f"{slot}.working_directory"),
        "image_ref": image,
    }
    if all(value is None for value in own.values()):
        return None
    return made.add("process", slot, **own, parent_ref=parent, creator_user_ref=user)


def _file(made: Graph, slot: str) -> str | None:
    path = made.first(f"{slot}.executable") or made.first(f"{slot}.path")
    name = made.first(f"{slot}.name")
    hashes = {
        label: value
        for short, label in _HASHES.items()
        if (value := made.first(f"{slot}.hash.{short}")) is not None
    }
    folder = None
    if path:
        at = max(path.rfind("\\"), path.rfind("/"))
        folder, name = (path[: at + 1] if at <= 2 else path[:at]) if at >= 0 else None, path[at + 1 :] or name
    if not name and not hashes:
        return None
    size = made.number(f"{slot}.size") if slot == "file" else None
    return made.add(
        "file", name=name, hashes=hashes, size=size, parent_directory_ref=made.add("directory", path=folder)
    )


def _network(made: Graph, found: Typed) -> None:
    source, destination = made.first("source.ip"), made.first("destination.ip")
    src, dst = made.address(source), made.address(destination)
    for mac in (*made.every("source.mac"), *made.every("destination.mac")):
        made.add("mac-addr", value=mac)
    for address in (*made.every("source.ip"), *made.every("destination.ip"), *made.every("related.ip")):
        made.address(address)
    src = src or made.add("domain-name", value=made.first("source.domain"))
    dst = dst or made.add("domain-name", value=made.first("destination.domain"))
    if src is None and dst is None:
        return
    request = made.first("http.request.method")
    web = request is not None or found.category == "web"
    protocols = _protocols(made, source or destination, web=web, both=bool(src and dst))
    if not protocols:
        return  # a source address alone, as of a sign-in, is no traffic that anybody saw
    made.add(
        "network-traffic",
        src_ref=src,
        dst_ref=dst,
        src_port=made.number("source.port"),
        dst_port=made.number("destination.port"),
        src_byte_count=made.number("source.bytes"),
        dst_byte_count=made.number("destination.bytes"),
        src_packets=made.number("source.packets"),
        dst_packets=made.number("destination.packets"),
        protocols=protocols,
        extensions=_request(made) if request is not None else None,
    )


def _protocols(made: Graph, address: str | None, *, web: bool, both: bool) -> list[str]:
    """Return the protocols from the outermost in, as section 6.12 wants them: `ipv4`, `tcp`, `http`."""
    transport = made.first("network.transport")
    inner = made.first("network.protocol") or ("http" if web else None)
    if transport is None and inner is None and made.first("dns.question.name") is not None:
        inner = "dns"
    outer = transport if transport in _TRANSPORTS else "tcp" if inner == "http" else None
    if outer is None and inner is None and not both:
        return []
    layer = None if address is None else "ipv6" if ":" in address else "ipv4"
    parts = (layer, outer, inner.lower() if inner else None)
    return [part for part in parts if part is not None and part.isascii() and " " not in part]


def _request(made: Graph) -> dict[str, Any]:
    headers = {
        "Host": made.first("url.domain"),
        "User-Agent": made.first("user_agent.original"),
        "Referer": made.first("http.request.referrer"),
    }
    extension: dict[str, Any] = {
        "request_method": (made.first("http.request.method") or "").lower(),
        "request_value": made.first("url.path") or made.first("url.full") or "/",
    }
    known = {name: [value] for name, value in headers.items() if value}
    if known:
        extension["request_header"] = known
    return {"http-request-ext": extension}


def _names(made: Graph) -> None:
    resolved = [made.address(value) for value in made.every("dns.resolved_ip")]
    answers = [made.add("domain-name", value=value) for value in made.every("dns.answers.name")]
    refs = [ref for ref in (*resolved, *answers) if ref is not None]
    names = made.every("dns.question.name")
    for name in names:
        made.add("domain-name", value=name, resolves_to_refs=refs if len(names) == 1 else None)
    for slot in ("source.domain", "destination.domain", "url.domain", "tls.client.server_name"):
        for name in made.every(slot):
            made.add("domain-name", value=name)
    for url in made.every("url.full"):
        made.add("url", value=url)


def _mail(made: Graph) -> None:
    sender = made.add("email-addr", value=made.first("email.from.address"))
    to = [ref for value in made.every("email.to.address") if (ref := made.add("email-addr", value=value))]
    subject, message = made.first("email.subject"), made.first("email.message_id")
    if subject or message or (sender and to):
        made.add(
            "email-message",
            "email",
            is_multipart=False,
            from_ref=sender,
            to_refs=to,
            subject=subject,
            message_id=message,
        )


def _registry(made: Graph, user: str | None) -> None:
    path = made.first("registry.path")
    if path is None:
        return
    data, name = made.first("registry.data.strings"), made.first("registry.value")
    if name is not None and path.endswith(f"\\{name}"):  # in ECS the path ends with the value's name
        path = path[: -len(name) - 1]
    value = {key: text for key, text in (("name", name), ("data", data)) if text is not None}
    for short, long in _HIVES.items():
        if path.upper().startswith((f"{short}\\", f"{short}/")) or path.upper() == short:
            path = long + path[len(short) :]
            break
    made.add("windows-registry-key", key=path, values=[value] if value else None, creator_user_ref=user)


def _certificate(made: Graph) -> None:
    hashes = {
        label: value
        for short, label in _HASHES.items()
        if (value := made.first(f"tls.server.hash.{short}")) is not None
    }
    made.add(
        "x509-certificate",
        "certificate",
        hashes=hashes,
        serial_number=made.first("tls.server.x509.serial_number"),
        subject=made.first("tls.server.subject"),
        issuer=made.first("tls.server.issuer"),
    )


def observed_data(
    found: Typed,
    *,
    place: str,
    raw: bytes,
    now: Micros,
    created_by: str | None = None,
    markings: Sequence[str] = (),
) -> list[Object]:
    """Return a record as an observed-data object and the objects it refers to, each checked by `stix.parse`; nothing if it has none.

    Args:
        found: what the record says.
        place: names log and line; with `raw` it makes the id.
        raw: the record's bytes.
        now: when the object is made, and when the record was seen if it does not say itself.
        created_by: identity of whoever observed.
        markings: for the observed-data and each object.

    Raises:
        ParseError: a marking or the identity is no STIX id.
    """
    salt = f"{place}|{hashlib.sha256(raw).hexdigest()}"
    objects = graph(found, salt, markings)
    if not objects:
        return []
    at = _moment(now if found.at is None else found.at)
    data: dict[str, Any] = {
        "type": "observed-data",
        "spec_version": "2.1",
        "id": f"observed-data--{uuid.uuid5(NAMESPACE, salt.encode('utf-8', 'replace').decode())}",
        "created": _moment(now),
        "modified": _moment(now),
        "first_observed": at,
        "last_observed": at,
        "number_observed": 1,
        "object_refs": [each.id for each in objects],
    }
    if markings:
        data["object_marking_refs"] = list(markings)
    if created_by is not None:
        data["created_by_ref"] = created_by
    return [*objects, parse(canonical(data))]


def _moment(at: Micros) -> str:
    return to_text(at)[:23] + "Z"
