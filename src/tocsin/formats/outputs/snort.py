"""Rules that Snort 2.9 and 3 read alike: addresses, and names in DNS over UDP; and rules that others wrote.

Source: Snort Users Manual 2.9, "Writing Snort Rules"; a name is looked for as DNS writes it (RFC 1035 section 3.1), so it covers those below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.network_rules import Sids, Theirs, about, carried, content, message
from tocsin.formats.outputs.plugin import Item, Output


def _fits(item: Item) -> bool:
    return item.kind != "snort" or carried(item.value) is not None


def _write(items: Iterable[Item]) -> Iterator[str]:
    numbers = Sids()
    theirs = Theirs()
    for item in items:
        if item.kind == "snort":
            yield from theirs.lines(item)
        else:
            number = numbers.of(item.kind, item.value)
            head = f'msg:"{message(item)}";'
            tail = f"{about(item)} sid:{number}; rev:1;"
            if item.kind == "domain":
                yield f'alert udp $HOME_NET any -> any 53 ({head} content:"{_name(item.value)}"; nocase; {tail})\n'
            else:
                yield f"alert ip $HOME_NET any <> {item.value} any ({head} {tail})\n"


def _name(domain: str) -> str:
    labels = domain.split(".")
    return content(b"".join(bytes((len(label),)) + label.encode() for label in labels) + b"\0")


OUTPUT = Output(
    name="snort",
    summary="Rules for Snort, and Snort rules of others",
    action="match",
    types=("ip", "domain"),
    rules=("snort",),
    suffix=".rules",
    capacity=50_000,
    fits=_fits,
    write=_write,
)
