"""Who the node is to its readers, and where they have passkeys."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.requests import Request

from tocsin.config import Settings
from tocsin.server.identity.party import Party, party


@pytest.mark.parametrize(
    ("public", "host", "expected", "passkeys"),
    [
        (
            "https://cti.example.org",
            "127.0.0.1:8420",
            Party("https://cti.example.org", "cti.example.org"),
            True,
        ),
        ("https://CTI.example:8443/x", "h", Party("https://cti.example:8443", "cti.example"), True),
        ("", "localhost:8420", Party("http://localhost:8420", "localhost"), True),
        ("", "node.localhost", Party("http://node.localhost", "node.localhost"), True),
        ("", "cti.example.org", Party("http://cti.example.org", "cti.example.org"), False),
        ("", "127.0.0.1:8420", Party("http://127.0.0.1:8420", "127.0.0.1"), False),
        ("https://[2001:db8::1]", "h", Party("https://[2001:db8::1]", "2001:db8::1"), False),
        ("", "", Party("http://", ""), False),
        ("", "[", Party("", ""), False),
    ],
)
def test_the_public_address_counts_else_the_one_that_is_asked(
    public: str, host: str, expected: Party, passkeys: bool
) -> None:
    scope = {"type": "http", "scheme": "http", "path": "/", "query_string": b"", "server": ("h", 80)}
    request = Request(scope | {"headers": [(b"host", host.encode())]})
    found = party(Settings(home=Path("/x"), public_url=public), request)
    assert found == expected
    assert found.takes_passkeys is passkeys
