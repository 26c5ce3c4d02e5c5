"""YARA rules of others in one file: those that can stand beside each other (`yara_source`), and compile where YARA-X is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output
from tocsin.formats.outputs.text import ascii_line
from tocsin.formats.outputs.yara_source import rule_names


def _fits(item: Item) -> bool:
    return rule_names(item.value) is not None and _compiles(item.value)


def _compiles(source: str) -> bool:
    try:
        import yara_x  # noqa: PLC0415 - an extra: without it, pieces are only known to end what they begin
    except ImportError:
        return True
    try:
        yara_x.compile(source)
    except yara_x.CompileError:
        return False
    return True


def _write(items: Iterable[Item]) -> Iterator[str]:
    known: set[str] = set()
    for item in items:
        names = rule_names(item.value) or ()
        about = f"{ascii_line(item.indicator)} {ascii_line(item.name)}".rstrip()
        again = sorted(known.intersection(names))
        if again:
            yield f"// left out: {about}: there is a rule {again[0]} already\n\n"
            continue
        known.update(names)
        yield f"// {about}\n{item.value.strip()}\n\n"


OUTPUT = Output(
    name="yara",
    summary="YARA rules of others, in one file",
    action="match",
    types=(),
    rules=("yara",),
    suffix=".yar",
    fits=_fits,
    write=_write,
)
