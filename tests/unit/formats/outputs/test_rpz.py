from __future__ import annotations

import pytest

from tocsin.formats.outputs.rpz import trigger


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("192.0.2.1", "32.1.2.0.192"),
        ("192.0.2.0/24", "24.0.2.0.192"),
        ("2001:db8::1", "128.1.zz.db8.2001"),  # the example of the draft
        ("::", "128.zz"),
        ("2001:db8:0:1::/64", "64.zz.1.0.db8.2001"),
        ("2001:0:0:1:0:0:0:1", "128.1.zz.1.0.0.2001"),
        ("1:0:0:2:3:0:0:4", "128.4.0.0.3.2.zz.1"),
    ],
)
def test_addresses_as_names(value: str, expected: str) -> None:
    assert trigger(value) == expected
