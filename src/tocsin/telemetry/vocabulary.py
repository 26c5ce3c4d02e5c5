"""The names that typed facts have, and what a value must look like to bear one: a part of the Elastic Common Schema 8.17.

Names are those of ECS where it has one, so that rules and people need not learn others. `pipe.name`, `mutex.name` and `finding.*` are not in ECS.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

_LONGEST = 32 * 1024
_SHORT = 128
_NOTHING = {"", "-", "N/A", "n/a", "(empty)", "null", "None"}
_DOMAIN = re.compile(r"(?=.{1,253}\.?$)[\w*-]{1,63}(?:\.[\w-]{1,63})*\.?")
_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "sha512": 128, "imphash": 32, "ja3": 32, "ja3s": 32}
_HEX = re.compile(r"[0-9a-f]+")
_MAC = re.compile(r"[0-9a-f]{2}([:-]?[0-9a-f]{2}){5}")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}://[^\s]+")
_EMAIL = re.compile(r"[^@\s<>\"]{1,128}@[\w.-]{1,253}\w")


def _text(value: str) -> str | None:
    return value


def _ip(value: str) -> str | None:
    text = value.strip("[]").partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def _number(largest: int) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        text = value.strip()
        if text[:2] in {"0x", "0X"}:  # Windows writes process ids so
            try:
                number = int(text[2:18], 16)
            except ValueError:
                return None
        elif text.isascii() and text.isdigit() and len(text) < 20:
            number = int(text)
        elif text.endswith(".0") and text[:-2].isascii() and text[:-2].isdigit() and len(text) < 20:
            number = int(text[:-2])
        else:
            return None
        return str(number) if number <= largest else None

    return check


def _domain(value: str) -> str | None:
    text = value.strip().rstrip(".").lower()
    if not text or _DOMAIN.fullmatch(text) is None or _ip(text) is not None:
        return None
    return text


def _digest(length: int) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        text = value.strip().lower()
        return text if len(text) == length and _HEX.fullmatch(text) and text.strip("0") else None

    return check


def _mac(value: str) -> str | None:
    text = value.strip().lower()
    if _MAC.fullmatch(text) is None:
        return None
    digits = text.replace(":", "").replace("-", "")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else None


def _url(value: str) -> str | None:
    return value if _URL.fullmatch(value) else None


def _email(value: str) -> str | None:
    text = value.strip().strip("<>").lower()
    return text if _EMAIL.fullmatch(text) else None


_CHECKS: Final[dict[str, Callable[[str], str | None]]] = {
    "text": _text,
    "ip": _ip,
    "port": _number(65_535),
    "pid": _number(2**32 - 1),
    "count": _number(2**63 - 1),
    "domain": _domain,
    "mac": _mac,
    "url": _url,
    "email": _email,
    **{name: _digest(length) for name, length in _DIGITS.items()},
}

_OF_FILES = {
    "path": "text",
    "name": "text",
    "size": "count",
    **{f"hash.{name}": name for name in ("md5", "sha1", "sha256", "sha512")},
    "pe.imphash": "imphash",
    "pe.original_file_name": "text",
}
_OF_PROCESSES = {
    "executable": "text",
    "name": "text",
    "pid": "pid",
    "entity_id": "text",
    "command_line": "text",
    "working_directory": "text",
    **{name: kind for name, kind in _OF_FILES.items() if name.startswith(("hash.", "pe."))},
}
_OF_USERS = {"name": "text", "id": "text", "domain": "text", "email": "email"}
_OF_ENDS = {
    "ip": "ip",
    "port": "port",
    "domain": "domain",
    "mac": "mac",
    "bytes": "count",
    "packets": "count",
}

TYPES: Final[dict[str, str]] = {
    **{f"{end}.{name}": kind for end in ("source", "destination") for name, kind in _OF_ENDS.items()},
    **{f"{slot}.{name}": kind for slot in ("file", "dll") for name, kind in _OF_FILES.items()},
    **{f"process.{name}": kind for name, kind in _OF_PROCESSES.items()},
    **{f"process.parent.{name}": kind for name, kind in _OF_PROCESSES.items()},
    **{f"process.target.{name}": kind for name, kind in _OF_PROCESSES.items()},
    **{f"{slot}.{name}": kind for slot in ("user", "user.target") for name, kind in _OF_USERS.items()},
    "network.transport": "text",
    "network.protocol": "text",
    "network.community_id": "text",
    "related.ip": "ip",
    "host.name": "text",
    "host.ip": "ip",
    "dns.question.name": "domain",
    "dns.question.type": "text",
    "dns.response_code": "text",
    "dns.resolved_ip": "ip",
    "dns.answers.name": "domain",
    "http.request.method": "text",
    "http.request.referrer": "text",
    "http.response.status_code": "count",
    "url.full": "url",
    "url.domain": "domain",
    "url.path": "text",
    "user_agent.original": "text",
    "tls.client.server_name": "domain",
    "tls.client.ja3": "ja3",
    "tls.client.ja4": "text",
    "tls.server.ja3s": "ja3s",
    "tls.server.hash.md5": "md5",
    "tls.server.hash.sha1": "sha1",
    "tls.server.hash.sha256": "sha256",
    "tls.server.x509.serial_number": "text",
    "tls.server.subject": "text",
    "tls.server.issuer": "text",
    "registry.path": "text",
    "registry.value": "text",
    "registry.data.strings": "text",
    "email.from.address": "email",
    "email.to.address": "email",
    "email.subject": "text",
    "email.message_id": "text",
    "pipe.name": "text",
    "mutex.name": "text",
    "service.name": "text",
    "powershell.file.script_block_text": "text",
    "powershell.command.invocation_details": "text",
    "rule.id": "text",
    "rule.name": "text",
    "finding.title": "text",
    "finding.id": "text",
    "event.action": "text",
    "event.code": "text",
    "event.outcome": "text",
    "cloud.account.id": "text",
    "cloud.region": "text",
    "cloud.instance.id": "text",
}
"""Each name and the type of its values."""


def accepted(name: str, value: str) -> str | None:
    """Return a value in the normal spelling of its field, or None if it is none.

    Args:
        name: of the vocabulary; an unknown one raises KeyError, which is a fault of a table, not of a log.
        value: as it stands in the log; longer ones than 32 KiB are not taken.
    """
    return _remembered(name, value) if len(value) < _SHORT else _judged(name, value)


def _judged(name: str, value: str) -> str | None:
    check = _CHECKS[TYPES[name]]
    if len(value) > _LONGEST or value.strip() in _NOTHING:
        return None
    return check(value)


_remembered = lru_cache(maxsize=50_000)(_judged)  # a log says the same few things over and over
