from __future__ import annotations

import pytest

from tocsin.telemetry import MalformedLine, Observation
from tocsin.telemetry.schema import flat
from tocsin.telemetry.text_logs import Shape, _without_groups, text_log

LOG = text_log(
    "x",
    title="x logs",
    shapes=(
        Shape(rb"(\d+) user=(\w+) from \(([\w.]+)\)", ("time", "user", "client")),
        Shape(rb"(\d+) (.*+)", ("time", "message")),
        Shape(rb"--.*+", (), telling=False),
    ),
    when=lambda values, reference: int(values["time"]) if "time" in values else None,
    host="client",
    schema=flat("", {}),
    further=lambda values: [("more", values["user"].upper())] if "user" in values else [],
)


def _read(data, **options):
    return list(LOG.read([data], "x", **options))


def test_the_first_shape_that_fits_names_the_fields():
    first, second, third, bad = _read(
        b"7 user=ann from (gw.example)\r\n8 user=ann\n-- title\nnothing of it\n"
    )
    assert first.fields == (("time", "7"), ("user", "ann"), ("client", "gw.example"), ("more", "ANN"))
    assert (first.at, first.host, first.raw) == (7, "gw.example", b"7 user=ann from (gw.example)")
    assert second.fields == (("time", "8"), ("message", "user=ann"))
    assert third.fields == ()
    assert (bad.rule, bad.line, bad.reason) == ("shape", 4, "it does not look like a line of x logs")


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"7 a\n8 b\n", True),
        (b"7 a", True),
        (b"-- title\n-- title\n7 a\n", True),
        (b"-- title\n-- title\n", False),
        (b"7 a\nx\ny\n", False),
        (b"", False),
        (b"\n\n7 a\nx, cut he", True),
    ],
)
def test_most_of_the_first_lines_tell(head, told):
    assert LOG.sniff(head) is told


def test_lines_passed_over_are_checked_all_the_same():
    data = b"7 a\n\n8 b\r\nbad\n9 c\n  \nbad"
    assert [each.line for each in _read(data, look=lambda block: [])] == [4, 7]
    assert all(isinstance(each, MalformedLine) for each in _read(data, look=lambda block: []))
    looked = _read(data, look=lambda block: [(0, 3)] if block.startswith(b"7 a") else [])
    assert [each.line for each in looked if isinstance(each, Observation)] == [1]


def test_groups_of_a_pattern_are_not_kept_twice():
    assert _without_groups(rb"(a)(?:b)\((?P<n>c)[(]") == rb"(?:a)(?:b)\((?P<n>c)[(?:]"


def test_a_mark_of_the_byte_order_is_no_part_of_a_line():
    (found,) = _read(b"\xef\xbb\xbf7 a\n")
    assert found.fields == (("time", "7"), ("message", "a"))
