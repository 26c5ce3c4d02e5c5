"""A hosts file (hosts(5)) that sends names to nowhere. It covers the names themselves, not those below them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield f"0.0.0.0 {item.value}\n"


OUTPUT = Output(
    name="hosts",
    summary="Block list as a hosts file: names to 0.0.0.0",
    action="block",
    types=("domain",),
    write=_write,
)
