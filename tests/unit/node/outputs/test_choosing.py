from __future__ import annotations

from collections import Counter

import msgspec

from tocsin.formats import outputs
from tocsin.formats.outputs import Item
from tocsin.node.outputs.choosing import choose


def test_a_list_is_no_larger_than_what_its_device_reads() -> None:
    items = [Item("domain", f"d{n}.example", 50) for n in range(10)]
    output = msgspec.structs.replace(outputs.named("fortigate"), most_bytes=3 * len("d0.example\n"))
    left_out: Counter[str] = Counter()
    assert choose(items, output, 8, left_out) == items[:3]
    assert left_out == {"beyond-limit": 7}
    assert choose(items, output, 2, Counter()) == items[:2]
