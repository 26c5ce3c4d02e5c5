from __future__ import annotations

import pytest

from tocsin.telemetry.urls import requested


@pytest.mark.parametrize(
    ("host", "path", "port", "found"),
    [
        ("a.example", "/x", 80, ["a.example/x"]),
        ("a.example", "/x", "443", ["a.example/x"]),
        ("a.example", "/x", None, ["a.example/x"]),
        ("a.example", "/x", 8080, ["a.example/x", "a.example:8080/x"]),
        ("a.example:8080", "/x", 8080, ["a.example:8080/x"]),
        ("a.example", "http://a.example/x", 80, []),
        ("", "/x", 80, []),
        (None, "/x", 80, []),
        (["a.example"], "/x", 80, []),
    ],
)
def test_requested(host, path, port, found):
    assert requested("f", host, path, port) == [("f", text) for text in found]
