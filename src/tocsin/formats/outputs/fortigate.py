"""Threat feeds of FortiOS: one list for each type (addresses, domains, URLs, digests of files).

Source: Fortinet, FortiOS Administration Guide, "Threat feeds": one entry a line, at most 131,072 and 10 MB; `*` would stand for anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import is_plain


def _fits(item: Item) -> bool:
    if item.kind == "url" and not item.value.startswith(("http://", "https://")):
        return False
    return is_plain(item.value) and "*" not in item.value


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield f"{item.value}\n"


OUTPUT = Output(
    name="fortigate",
    summary="Block list for FortiGate (external threat feed): one type at a time",
    action="block",
    types=("ip", "domain", "url", "hash"),
    without=frozenset(("sha512",)),
    single=True,
    capacity=131_072,
    most_bytes=10_000_000,
    fits=_fits,
    write=_write,
)
