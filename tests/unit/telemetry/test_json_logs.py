from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from tocsin.telemetry.json_logs import at_path, has, json_log
from tocsin.telemetry.schema import flat
from tocsin.telemetry.times import Reference

AT = 1_795_161_600_000_000


@pytest.mark.parametrize(
    ("record", "path", "found"),
    [
        ({"a": {"b": 1}}, "a.b", 1),
        ({"a.b": 1}, "a.b", 1),
        ({"a.b": {"c": 1}}, "a.b.c", 1),
        ({"a": {"b.c": 1}}, "a.b.c", 1),
        ({"a": 1}, "a.b", None),
        ({"a": [1]}, "a.b", None),
        ({}, "a", None),
        (
            {"a": {"x": 1}, "a.b": {"c": 2}},
            "a.b.c",
            None,
        ),  # the first member that has the beginning of the path decides
    ],
)
def test_paths_nested_and_dotted(record, path, found):
    assert at_path(record, path) == found


def test_what_is_null_is_not_there():
    assert has({"a": {"b": 0}}, ("a.b",))
    assert not has({"a": None}, ("a",))


def _log(**options):
    return json_log(
        "x",
        title="x",
        told_by=(("kind", "t"), ("other",)),
        when=("t", "u"),
        host=("h", "g"),
        schema=flat("", {}),
        **options,
    )


def test_one_group_of_members_tells_the_format():
    log = _log(only=lambda record: record.get("kind") != "no")
    assert log.sniff(b'{"kind":"a","t":1}\n')
    assert log.sniff(b'{"other":1}')
    assert not log.sniff(b'{"kind":"a"}')
    assert not log.sniff(b'{"kind":"no","t":1}')
    assert not log.sniff(b"[1]")


def test_time_and_host_are_the_first_that_hold_one():
    east = Reference(latest=AT, zone=timezone(timedelta(hours=1)))
    data = b'{"t":"never","u":"2026-11-20T09:00:00","h":7,"g":"gw"}\n'
    (found,) = _log().read([data], "x", reference=east)
    assert (found.at, found.host) == (AT + 3_600_000_000, "gw")  # a name of a zone is missing: UTC
    (found,) = _log(local=("u",)).read([data], "x", reference=east)
    assert found.at == AT
    (found,) = _log().read([b'{"t":"20/Nov/2026:08:00:00 +0000"}\n'], "x")
    assert (found.at, found.host) == (AT, None)


@pytest.mark.parametrize(
    "data",
    [
        b'{"Records":[{"other":1},{"other":2}]}',
        b'{"kind":"admin","n":1,"items": [\n{"other":1},\n{"other":2}\n]}\n',
        b'{"etag":"\\"x\\"","value":[{"other":1},{"other":2}],"next":"y"}',
    ],
)
@pytest.mark.parametrize("step", [3, 1 << 20])
def test_records_within_an_object(data, step):
    log = _log()
    assert log.sniff(data)
    found = list(log.read([data[at : at + step] for at in range(0, len(data), step)], "x"))
    assert [each.fields for each in found] == [(("other", "1"),), (("other", "2"),)]
    assert all(data[each.offset :].startswith(each.raw) for each in found)


def test_a_member_of_that_name_makes_no_array_of_lines():
    data = b'{"other":"a","items":[{"x":1}]}\n{"other":"b"}\n'
    assert len(list(_log().read([data], "x"))) == 2


def test_too_many_values_are_malformed(monkeypatch):
    from tocsin.telemetry import json_records

    monkeypatch.setattr(json_records, "_MOST_FIELDS", 10)
    first, second = _log().read([b'{"a":[1,2,3,4,5,6,7,8,9,10,11,12]}\n{"a":1}\n'], "x")
    assert (first.rule, second.fields) == ("fields", (("a", "1"),))
