"""A reputation list for Suricata: address or range, category 1, and 1 to 127 for the confidence.

Source: Suricata User Guide, "IP Reputation Format".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tocsin.formats.outputs.plugin import Item, Output

CATEGORY = 1
_HIGHEST = 127


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        score = max(1, round(item.confidence * _HIGHEST / 100))
        yield f"{item.value},{CATEGORY},{score}\n"


OUTPUT = Output(
    name="suricata-iprep",
    summary="IP reputation for Suricata",
    action="match",
    types=("ip",),
    suffix=".list",
    capacity=1_000_000,
    write=_write,
)
