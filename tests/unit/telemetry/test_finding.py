from __future__ import annotations

import base64

import pytest

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.values import classify
from tocsin.telemetry import MalformedLine, Observation
from tocsin.telemetry.finding import MALFORMED, find_encoded, find_in

VALUES = [classify(text) for text in ("evil.example", "1.2.3.4")]
INDEX = Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(VALUES))


def _observed(*fields):
    return Observation(None, fields, 1, 0, b"")


def test_names_of_fields_are_no_place_to_look():
    assert find_in(_observed(("evil.example", "x"), ("1.2.3.4", "y")), INDEX) == []


@pytest.mark.parametrize(
    "name",
    ["user_agent", "http.http_user_agent", "version.addl", "unparsed_version", "Version", "tls.version"],
)
def test_versions_are_flagged(name):
    (found,) = find_in(_observed((name, "Thing 1.2.3.4")), INDEX)
    assert (found.field, found.flags) == (name, ("version",))


def test_the_field_least_in_doubt_is_named():
    (found,) = find_in(_observed(("version", "1.2.3.4"), ("dest_ip", "1.2.3.4"), ("other", "1.2.3.4")), INDEX)
    assert (found.field, found.flags) == ("dest_ip", ())


def test_a_malformed_line_is_read_as_text_if_the_sieve_let_it_through():
    assert [f.field for f in find_in(MalformedLine(1, 0, b"x evil.example", "json", "x"), INDEX)] == [
        MALFORMED
    ]
    assert find_in(MalformedLine(1, 0, b"x evil.example", "json", "x", telling=False), INDEX) == []


def test_a_long_name_is_not_repeated_for_what_is_encoded_below_it():
    encoded = base64.b64encode(b"see www.evil.example there").decode()
    (found,) = find_encoded(_observed(("n" * 100_000, encoded)), INDEX)
    assert found.field == "n" * 1024 + "|base64"


def test_a_long_name_is_looked_at_no_longer_than_it_takes_to_tell_a_version():
    """What it took grew with the square of its length: hours for one that is as long as its line."""
    (found,) = find_in(_observed(("_" * 1_000_000, "1.2.3.4")), INDEX)
    assert found.flags == ()
