"""Media types: the table of TAXII 2.1 section 1.6.8 and of RFC 9110 section 12.5.1."""

from __future__ import annotations

import pytest

from tocsin.server.taxii.negotiation import accepts, is_envelope


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("application/taxii+json;version=2.1", True),
        ("application/taxii+json; version=2.1", True),
        ('application/taxii+json; version="2.1"', True),
        ("application/taxii+json", True),
        ("APPLICATION/Taxii+JSON;VERSION=2.1", True),
        ("*/*", True),
        ("application/*", True),
        ("application/*;q=0.1", True),
        ("text/html, */*;q=0.1", True),
        ("text/html,application/taxii+json;version=2.1;q=0.9", True),
        ("application/taxii+json;version=2.1,application/stix+json;version=2.1", True),
        ("application/taxii+json;version=2.0, application/taxii+json;version=2.1", True),
        ("application/taxii+json;version=2.0", False),
        ("application/taxii+json;version=2", False),
        ("application/vnd.oasis.taxii+json;version=2.0", False),
        ("application/stix+json;version=2.1", False),
        ("application/json", False),
        ("text/*", False),
        ("text/html", False),
        ("application/taxii+json;version=2.1;q=0", False),
        ("*/*;q=0", False),
        ("application/taxii+json;q=0, */*", False),
        ("*/*, application/taxii+json;q=0", False),
        ("application/taxii+json;version=2.1, */*;q=0", True),
        ("application/taxii+json;q=nonsense", False),
        (";;;,,,=", False),
    ],
)
def test_what_accept_allows(header: str, good: bool) -> None:
    assert accepts(header) is good


@pytest.mark.parametrize(
    ("header", "good"),
    [
        ("application/taxii+json;version=2.1", True),
        ("application/taxii+json", True),
        ("Application/TAXII+json; charset=utf-8; version=2.1", True),
        ("application/taxii+json;version=2.0", False),
        ("application/json", False),
        ("application/stix+json;version=2.1", False),
        ("multipart/form-data", False),
        ("", False),
    ],
)
def test_what_content_type_means_an_envelope(header: str, good: bool) -> None:
    assert is_envelope(header) is good
