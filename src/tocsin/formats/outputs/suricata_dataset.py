"""A dataset for Suricata: the quick way for many values. One type at a time; strings in Base64, addresses and digests as they are.

Source: Suricata User Guide, "Datasets". A string is compared whole: a name does not cover those below it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from typing import Final

from tocsin.formats.outputs.plugin import Item, Output

_STRINGS: Final = frozenset(("domain", "user_agent", "ja3"))


def _write(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if item.kind in _STRINGS:
            yield f"{base64.b64encode(item.value.encode()).decode()}\n"
        else:
            yield f"{item.value}\n"


OUTPUT = Output(
    name="suricata-dataset",
    summary="Dataset for Suricata: one type at a time",
    action="match",
    types=("ip", "domain", "md5", "sha256", "ja3", "user-agent"),
    without=frozenset(("cidr",)),
    single=True,
    suffix=".lst",
    capacity=1_000_000,
    write=_write,
)
