"""Values that hold several: taken apart into names of the vocabulary. Schemas name these in their tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tocsin.telemetry.schema import Split

_HASH = re.compile(r"\b(MD5|SHA-?1|SHA-?256|SHA-?512|IMPHASH)[=:]\s*([0-9A-Fa-f]{32,128})\b", re.IGNORECASE)
_ADDRESS = re.compile(r"[0-9A-Fa-f:.]{3,45}")
_PROTOCOLS = {
    "1": "icmp",
    "6": "tcp",
    "17": "udp",
    "47": "gre",
    "50": "esp",
    "58": "ipv6-icmp",
    "132": "sctp",
}
_BY_LENGTH = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def hashes(slot: str) -> Split:
    """Take `SHA1=..,MD5=..,IMPHASH=..` apart, as Sysmon writes the hashes of the file in `slot`."""

    def split(value: str) -> Iterator[tuple[str, str]]:
        for found in _HASH.finditer(value):
            name = found[1].lower().replace("-", "")
            yield f"{slot}.pe.imphash" if name == "imphash" else f"{slot}.hash.{name}", found[2]

    return split


def one_hash(slot: str) -> Split:
    """Take one hash without a name; its length says which it is."""

    def split(value: str) -> Iterator[tuple[str, str]]:
        name = _BY_LENGTH.get(len(value.strip()))
        if name is not None:
            yield f"{slot}.hash.{name}", value

    return split


def account(slot: str) -> Split:
    r"""Take `DOMAIN\name` or `name@domain` apart."""

    def split(value: str) -> Iterator[tuple[str, str]]:
        domain, separator, name = value.partition("\\")
        if separator:
            yield f"{slot}.domain", domain
            yield f"{slot}.name", name
            return
        yield f"{slot}.name", value
        if "@" in value:
            yield f"{slot}.email", value

    return split


def end(slot: str) -> Split:
    """Take an address or a name, with a port or without: `1.2.3.4:80`, `[2001:db8::1]:80`, `host.example`."""

    def split(value: str) -> Iterator[tuple[str, str]]:
        text = value.strip().lstrip("/")
        host, port = text, ""
        if text.startswith("["):
            host, _, rest = text[1:].partition("]")
            port = rest.lstrip(":")
        elif text.count(":") == 1:
            host, _, port = text.partition(":")
        yield f"{slot}.ip", host
        if not host.replace(".", "").isdigit() and ":" not in host:
            yield f"{slot}.domain", host
        if port:
            yield f"{slot}.port", port

    return split


def transport(value: str) -> Iterator[tuple[str, str]]:
    """Take a transport protocol by its name or its number (IANA protocol numbers)."""
    yield "network.transport", _PROTOCOLS.get(value.strip(), value.strip().lower())


def lower(name: str) -> Split:
    """Take a word that some write in capitals."""
    return lambda value: [(name, value.strip().lower())]


def mapped(name: str, words: Mapping[str, str]) -> Split:
    """Take a word that has another in the vocabulary; one that has none is left out."""
    return lambda value: [(name, words[value])] if value in words else []


def answers(value: str) -> Iterator[tuple[str, str]]:
    """Take an answer of the DNS: an address or a name, or several of both as Windows writes them (`type:  5 a.example;1.2.3.4;`)."""
    for part in re.split(r"[;,\s]+", value):
        if _ADDRESS.fullmatch(part) and ("." in part or ":" in part):
            yield "dns.resolved_ip", part
        elif "." in part and not part.endswith(":"):
            yield "dns.answers.name", part


def url(value: str) -> Iterator[tuple[str, str]]:
    """Take a URL, or the path of one."""
    if "://" in value:
        yield "url.full", value
        yield (
            "url.domain",
            re.split(r"[/?#]", value.split("://", 1)[1], maxsplit=1)[0].rpartition("@")[2].partition(":")[0],
        )
    else:
        yield "url.path", value


def request(value: str) -> Iterator[tuple[str, str]]:
    """Take the request line of HTTP: `GET /path HTTP/1.1`."""
    method, _, rest = value.partition(" ")
    if rest and method.isalpha() and len(method) < 20:
        yield "http.request.method", method
        yield from url(rest.rpartition(" ")[0] or rest)


def registry_value(value: str) -> Iterator[tuple[str, str]]:
    """Take the path of a registry value, which ends with the value's name."""
    yield "registry.path", value
    _, separator, name = value.rpartition("\\")
    if separator:
        yield "registry.value", name


def mailboxes(name: str) -> Split:
    """Take addresses out of a header: `Bob <bob@mail.example>, ann@mail.example`."""
    found = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,253}\w")
    return lambda value: [(name, each[0]) for each in found.finditer(value[:4096])]
