"""External dynamic lists of PAN-OS: one list for each type (addresses, domains, URLs).

Source: Palo Alto Networks, "Formatting Guidelines for an External Dynamic List". URLs have no scheme; `*` and `^` would stand for anything; most firewalls
hold 50,000 entries of a type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import is_plain

_LONGEST = 255


def _entry(item: Item) -> str:
    return item.value.partition("://")[2] if item.kind == "url" else item.value


def _fits(item: Item) -> bool:
    entry = _entry(item)
    if item.kind == "url" and not item.value.startswith(("http://", "https://")):
        return False
    return is_plain(entry) and len(entry) <= _LONGEST and not set(entry) & set("*^")


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield f"{_entry(item)}\n"


OUTPUT = Output(
    name="paloalto",
    summary="Block list for PAN-OS (external dynamic list): one type at a time",
    action="block",
    types=("ip", "domain", "url"),
    single=True,
    capacity=50_000,
    fits=_fits,
    write=_write,
)
