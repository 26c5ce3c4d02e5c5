from __future__ import annotations

from pathlib import Path

from tocsin.config import Settings
from tocsin.server.well_known import contacts, text_of

NOW = 1_790_000_000_000_000  # 2026-09-21


def test_everything_that_is_set_is_told(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path,
        contact="mailto:cti@example.org",
        security_contact="mailto:psirt@example.org, https://example.org/report",
        security_policy="https://example.org/policy",
        security_languages="en, de",
        public_url="https://cti.example.org/",
    )
    assert text_of(settings, contacts(settings), NOW).splitlines() == [
        "Contact: mailto:psirt@example.org",
        "Contact: https://example.org/report",
        "Expires: 2026-12-20T00:00:00Z",
        "Preferred-Languages: en, de",
        "Policy: https://example.org/policy",
        "Canonical: https://cti.example.org/.well-known/security.txt",
    ]


def test_what_is_not_set_is_left_out(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, contact="tel:+4930123", public_url="http://cti.example.org")
    assert (
        text_of(settings, contacts(settings), NOW) == "Contact: tel:+4930123\nExpires: 2026-12-20T00:00:00Z\n"
    )
    assert contacts(Settings(home=tmp_path)) == ()


def test_it_is_the_same_for_a_day(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    hour = 3_600_000_000
    assert text_of(settings, (), NOW) == text_of(settings, (), NOW + hour)
    assert text_of(settings, (), NOW) != text_of(settings, (), NOW + 24 * hour)
