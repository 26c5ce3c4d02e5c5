r"""An intelligence file for Zeek's Intelligence Framework: columns separated by tabs.

Source: Zeek documentation, "Intelligence Framework"; a URL has no scheme there. `-` and `(empty)` mean nothing, `#` begins a directive, and
`\x` an escape, so none of these can stand for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import one_line

_FIELDS: Final = "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n"
_TYPES: Final = {
    "ipv4": "Intel::ADDR",
    "ipv6": "Intel::ADDR",
    "cidr": "Intel::SUBNET",
    "url": "Intel::URL",
    "domain": "Intel::DOMAIN",
    "email": "Intel::EMAIL",
    "md5": "Intel::FILE_HASH",
    "sha1": "Intel::FILE_HASH",
    "sha256": "Intel::FILE_HASH",
    "sha512": "Intel::FILE_HASH",
    "file_name": "Intel::FILE_NAME",
    "user_agent": "Intel::SOFTWARE",
}
_NOTHING: Final = frozenset(("-", "(empty)"))


def _fits(item: Item) -> bool:
    value = _value(item)
    return bool(value) and value.isprintable() and value not in _NOTHING and not value.startswith("#")


def _value(item: Item) -> str:
    text = item.value.partition("://")[2] if item.kind == "url" else item.value
    return text.replace("\\", "\\x5c")


def _write(items: Iterable[Item]) -> Iterator[str]:
    yield _FIELDS
    for item in items:
        name = one_line(item.name).replace("\\", "/")
        said = f"confidence {item.confidence}" + (f", {name}" if name else "")
        yield f"{_value(item)}\t{_TYPES[item.kind]}\ttocsin {item.indicator}\t{said}\n"


OUTPUT = Output(
    name="zeek",
    summary="Intelligence file for Zeek",
    action="match",
    types=("ip", "url", "domain", "email", "hash", "file", "user-agent"),
    suffix=".intel",
    capacity=1_000_000,
    fits=_fits,
    write=_write,
)
