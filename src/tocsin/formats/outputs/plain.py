"""One value a line, the best first: for whatever reads a list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import is_plain


def _fits(item: Item) -> bool:
    return is_plain(item.value)


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        yield f"{item.value}\n"


OUTPUT = Output(
    name="plain",
    summary="Block list, one value a line",
    action="block",
    types=("ip", "domain", "url", "email", "hash"),
    fits=_fits,
    write=_write,
)
