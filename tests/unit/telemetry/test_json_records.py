from __future__ import annotations

import json
from datetime import timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.matching.blocks import blocks
from tocsin.telemetry import MalformedLine, Tally, json_records
from tocsin.telemetry.json_lines import LOG
from tocsin.telemetry.json_records import read, said_before
from tocsin.telemetry.times import Reference

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(
    st.lists(st.dictionaries(st.text(max_size=5), JSON, max_size=4), max_size=8),
    st.sampled_from([None, 2]),
    st.integers(1, 40),
)
@settings(deadline=None)  # the first call loads the compiler
def test_arrays_cut_anywhere_give_their_records(records, indent, step):
    data = json.dumps(records, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    tally = Tally()
    pieces = (data[at : at + step] for at in range(0, len(data), step))
    found = list(LOG.read(pieces, "x", tally=tally))
    assert [
        json.loads(each.raw) for each in found if not isinstance(each, MalformedLine) or each.rule == "json"
    ] == records
    assert tally.bytes == len(data)


@pytest.mark.parametrize(
    "data",
    [b'{"a":1}\n{"b":2}\n', b'{"a":1}\r\n{"b":2}', b'\xef\xbb\xbf{"a":1}\n{"b":2}\n', b' \n{"a":1}\n\n{"b":2}\n', b'[{"a":1},\n{"b":2}]\n', b'[{"a":1}][{"b":2}]'],
)  # fmt: skip
def test_ways_to_write_two_records(data):
    assert LOG.sniff(data)
    assert [each.fields for each in LOG.read([data], "x")] == [(("a", "1"),), (("b", "2"),)]


def test_fields_are_flat_and_lists_repeat_their_name():
    data = b'{"a":{"b":["x",{"c":"y"},1,true,null,1.5]},"d":"z"}'
    (found,) = LOG.read([data], "x")
    assert found.fields == (("a.b", "x"), ("a.b.c", "y"), ("a.b", "1"), ("a.b", "1.5"), ("d", "z"))


@pytest.mark.parametrize(
    ("raw", "before"),
    [
        (b'{"a":"1","b":"2"}', []),
        (b'{"ua":"evil.example","uri":"/x","ua":"benign"}', [("ua", "evil.example")]),
        (
            b'{"a" : {"q":["evil.example",{"x":7}]} , "a" :{"q":"b"}}',
            [("a.q", "evil.example"), ("a.q.x", "7")],
        ),
        (b'{"a":{"b":"1","b":"2","b":"3"}}', [("b", "1"), ("b", "2")]),
        (b'{"ua":"evil.example","x":"\xff","ua":"benign"}', [("ua", "evil.example")]),
        (b'{"text":"it says \\"a\\": 1 and \\"a\\": 2"}', []),
        (b'[{"a":"1"},{"a":"2"}]', []),
        (b"{" * 5000, []),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, []),
    ],
)
def test_what_a_record_says_twice_is_there_twice(raw, before):
    assert said_before(raw) == before


def test_a_value_is_not_hidden_behind_another_of_its_name():
    """nginx without `escape=json` writes what a client sends."""
    line = b'{"host":"a","ua":"evil.example","uri":"/","ua":"Mozilla"}'
    (record,) = read([line + b"\n"], look=None, tally=None, facts=lambda _: (None, None, []))
    assert record.fields == (("host", "a"), ("ua", "Mozilla"), ("uri", "/"), ("ua", "evil.example"))


def test_deep_nesting_is_kept_as_text():
    data = b'{"a":' * 200 + b'"evil.example"' + b"}" * 200
    (found,) = LOG.read([data], "x")
    assert "evil.example" in found.fields[0][1]


def test_absurd_nesting_is_malformed_not_fatal():
    data = b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"\n" + b'{"b":2}\n'
    found = list(LOG.read([data], "x"))
    assert isinstance(found[0], MalformedLine)
    assert found[1].fields == (("b", "2"),)


def test_of_an_oversized_record_the_rest_is_text(monkeypatch):
    monkeypatch.setattr(json_records, "_LARGEST", 1000)
    data = b'[{"a":"first"},\n{"b":"' + b"x " * 2000 + b'evil.example"},\n{"c":"last"}]'
    found = list(LOG.read([data[at : at + 300] for at in range(0, len(data), 300)], "x"))
    assert found[0].fields == (("a", "first"),)
    assert (found[1].rule, found[1].line) == ("too-long", 2)
    assert [(each.line, each.fields[0][0]) for each in found[2:]] == [(2, "line"), (3, "line")]
    assert found[2].fields[0][1].endswith('evil.example"},')


def _fits(data: bytes) -> bool:
    (block,) = blocks([data])
    return json_records.fits(block)


def test_the_shape_of_a_block():
    assert _fits(b'{"a":1}\n{"a":1}\n')
    assert _fits(b'{"a":1}\r\n{"a":1}\r\n')
    assert not _fits(b'{"a":1}\n{"a":1\n')
    assert not _fits(b'{"a":1}\n\n{"a":1}\n')
    assert not _fits(b'x{"a":1}\n')


@pytest.mark.parametrize(
    ("record", "at"),
    [
        ('{"timestamp":"20/Nov/2026:08:00:00 +0000"}', 1_795_161_600_000_000),
        ('{"time":"[20/Nov/2026:08:00:00 +0000]"}', 1_795_161_600_000_000),
        ('{"__REALTIME_TIMESTAMP":"1795161600000001","_HOSTNAME":"h"}', 1_795_161_600_000_001),
        ('{"time":"1795161600000"}', 1_795_161_600_000_000),
        ('{"time":"2026-11-20 09:00:00"}', 1_795_161_600_000_000),
        ('{"date":"20261120","time":"20261120080000"}', None),
    ],
)
def test_times_of_any_json(record, at):
    reference = Reference(latest=1_795_161_600_000_000, zone=timezone(timedelta(hours=1)))
    assert [each.at for each in LOG.read([record.encode()], "x", reference=reference)] == [at]


@pytest.mark.parametrize("members", [{f"a{n}": 1 for n in range(10_000)}, [{"a": "b"}] * 10_000])
def test_a_long_name_is_not_repeated_before_each_of_those_below_it(members):
    """It took six gigabytes for a line of 700 kB."""
    line = json.dumps({"n" * 300_000: members, "x": "y"}).encode()
    (record,) = LOG.read([line], "x")
    assert len(record.fields) == 10_001
    assert record.fields[-1] == ("x", "y")
    assert sum(len(name) for name, _ in record.fields) < 10_001 * 1_100
    assert all(name.startswith("n" * 1_000) for name, _ in record.fields[:-1])
