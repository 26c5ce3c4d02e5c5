from __future__ import annotations

import json
from pathlib import Path

import pytest

from tocsin.errors import FormatError, LimitError
from tocsin.formats import stix
from tocsin.formats.items import HEAD, Limits, RawItem, Refusal

VECTORS = Path(__file__).parents[2] / "vectors" / "formats" / "stix"
A = b'{"type":"x-a","id":"x-a--1","n":"}]{"}'
B = b'{"type":"x-b","id":"x-b--2","l":[{},{"k":"\\""}]}'
C = b'{"id":"x-c--3","type":"x-c"}'


def read(data: bytes, size: int = 1 << 20, **limits) -> list[RawItem | Refusal]:
    chunks = (data[at : at + size] for at in range(0, len(data), size))
    return list(stix.read(chunks, "f", Limits(**limits)))


def items(found: list[RawItem | Refusal]) -> list[tuple[str, bytes]]:
    return [(each.where, each.raw) for each in found if isinstance(each, RawItem)]


def refusals(found: list[RawItem | Refusal]) -> list[tuple[str, str]]:
    return [(each.where, each.rule) for each in found if isinstance(each, Refusal)]


@pytest.mark.parametrize("size", [1, 3, 50, 1 << 20])
@pytest.mark.parametrize("whole", [1, 1 << 20])
@pytest.mark.parametrize(
    ("text", "places"),
    [
        (b'{"type":"bundle","id":"bundle--1","objects":[%b,%b,%b]}', "f#/objects/{}"),
        (
            b'{"objects" : [ %b\n,\n%b , %b ] ,"x":[1,{"objects":[]}],"id":"bundle--1","type":"bundle"}',
            "f#/objects/{}",
        ),
        (b'{"more":true,"next":"17","objects":[%b,%b,%b]}', "f#/objects/{}"),
        (b'\xef\xbb\xbf  {"objects":[%b,%b,%b]}', "f#/objects/{}"),
        (b"[%b,%b,\t%b]\n", "f#/{}"),
    ],
    ids=["bundle", "bundle-sorted", "envelope", "byte-order-mark", "array"],
)
def test_packages(text: bytes, places: str, size: int, whole: int) -> None:
    found = read(text % (A, B, C), size, whole_bytes=whole)
    assert items(found) == [(places.format(n), raw) for n, raw in enumerate((A, B, C))]
    assert len(found) == 3


@pytest.mark.parametrize("size", [1, 3, 50, 1 << 20])
@pytest.mark.parametrize("whole", [1, 1 << 20])
def test_lines(size: int, whole: int) -> None:
    bundle = b'{"type":"bundle","objects":[%b,%b]}' % (A, B)
    found = read(A + b"\r\n\n" + bundle + b"\n" + C, size, whole_bytes=whole)
    assert items(found)[1:] == [("f:3#/objects/0", A), ("f:3#/objects/1", B), ("f:4", C)]
    assert items(found)[0][1] == A
    assert not refusals(found)


def test_values_one_after_another_without_lines() -> None:
    assert [raw for _, raw in items(read(A + B + b" " + C))] == [A, B, C]


def test_first_of_several_lines_is_named_by_its_line() -> None:
    assert items(read(A + b"\n" + B)) == [("f:1", A), ("f:2", B)]


@pytest.mark.parametrize("whole", [1, 1 << 20])
def test_single_object(whole: int) -> None:
    observed = b'{"type":"observed-data","id":"observed-data--1","objects":{"0":{}}}'
    custom = b'{"id":"x-a--1","objects":[1,2],"type":"x-a"}'
    for raw in (A, observed, custom):
        assert items(read(raw + b"\n", whole_bytes=whole)) == [("f", raw)]


def test_bundles_in_an_array() -> None:
    found = read(b'[{"type":"bundle","objects":[%b,%b]},%b]' % (A, B, C))
    assert items(found) == [("f#/0/objects/0", A), ("f#/0/objects/1", B), ("f#/1", C)]


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "bad",
    [
        b'{"type":"x","a":1,,}',
        b'{"type":"x","a":tru}',
        b'{"type":"x","a":"\\q"}',
        b'{"type":"x","a":"b}',  # a quote is missing
        b'{"type":"x","a":{"b":1}',  # a bracket is missing
        b'{"type":"x","a":[1}',
        b'{"type":"x","a":"new\nline"}',
        b'{"type":"x" "a":1}',
        b"17",
        b'"text"',
        b"nonsense",
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
    ],
)
def test_one_bad_element_costs_no_good_one(bad: bytes, size: int) -> None:
    for text in (b'{"objects":[%b,%b,%b,%b]}', b"[%b,%b,%b,%b]"):
        found = read(text % (A, bad, B, C), size)
        assert [raw for _, raw in items(found)] == [A, B, C]
        assert len(refusals(found)) == 1
        assert bad[:10] in next(each.raw for each in found if isinstance(each, Refusal))


def test_stray_bracket_after_an_element() -> None:
    found = read(b"[%b},%b]" % (A, B))
    assert ([raw for _, raw in items(found)], len(refusals(found))) == ([A, B], 1)


def test_missing_comma() -> None:
    found = read(b"[%b %b]" % (A, B))
    assert [raw for _, raw in items(found)] == [A, B]


@pytest.mark.parametrize(
    "bad", [b'{"type":"x",', b'{"type":"x","a":"b}', b"nonsense", b'{"objects":[{"type":"x",]}', b'["']
)
def test_one_bad_line_costs_no_good_one(bad: bytes) -> None:
    for lines in ([bad, A, B], [A, bad, B], [A, B, bad]):
        found = read(b"\n".join(lines))
        assert [raw for _, raw in items(found)] == [A, B]
        assert refusals(found)


def test_broken_element_inside_a_bundle_in_a_line() -> None:
    found = read(A + b'\n{"type":"bundle","objects":[%b,{"a":},%b]}\n' % (B, C) + A)
    assert [where for where, _ in items(found)] == ["f:1", "f:2#/objects/0", "f:2#/objects/2", "f:3"]
    assert refusals(found) == [("f:2#/objects/1", "json")]


def test_junk_before_the_objects_of_a_bundle() -> None:
    found = read(b'{"type":"bundle", oops, "x":1, "objects":[%b,%b]}' % (A, B))
    assert items(found) == [("f#/objects/0", A), ("f#/objects/1", B)]
    assert refusals(found) == [("f", "json")]


@pytest.mark.parametrize("size", [1, 50, 1 << 20])
def test_truncated_bundle_keeps_what_came_and_tells_the_offset(size: int) -> None:
    text = b'{"type":"bundle","objects":[%b,%b,%b]}' % (A, B, C)
    begin = text.index(C)
    found = read(text[: begin + 5], size)
    assert [raw for _, raw in items(found)] == [A, B]
    (refusal,) = (each for each in found if isinstance(each, Refusal))
    assert (refusal.where, refusal.rule, refusal.raw) == ("f#/objects/2", "truncated", C[:5])
    assert f"byte {begin}" in refusal.reason


def test_every_truncation_keeps_the_complete_ones() -> None:
    text = b'{"type":"bundle","objects":[%b,%b,%b],"id":"bundle--1"}' % (A, B, C)
    ends = [text.index(raw) + len(raw) for raw in (A, B, C)]
    for cut in range(1, len(text)):
        found = read(text[:cut])
        assert [raw for _, raw in items(found)] == [
            raw for raw, end in zip((A, B, C), ends, strict=True) if end <= cut
        ]
        assert len(refusals(found)) == 1, cut


@pytest.mark.parametrize("fault", [FormatError("the gzip stream ends early"), LimitError("a zip bomb")])
def test_fault_of_the_packing_comes_after_the_good_part(fault: Exception) -> None:
    def chunks():
        yield A + b"\n" + B + b"\n"
        raise fault

    found = list(stix.read(chunks(), "f"))
    assert [raw for _, raw in items(found)] == [A, B]
    assert refusals(found) == [
        (f"f@{len(A + B) + 2}", "truncated" if isinstance(fault, FormatError) else "packing")
    ]


def test_too_long_object_is_skipped_without_holding_it() -> None:
    def chunks():
        yield b'{"type":"bundle","objects":[' + A + b',{"type":"x","a":"'
        for _ in range(64):
            yield b"\\\\" * (1 << 19)
        yield b'"},' + B + b"]}"

    found = list(stix.read(chunks(), "f", Limits(object_bytes=1 << 20)))
    assert [raw for _, raw in items(found)] == [A, B]
    (refusal,) = (each for each in found if isinstance(each, Refusal))
    assert (refusal.where, refusal.rule) == ("f#/objects/1", "size")
    assert refusal.length == 64 * (1 << 20) + len(b'{"type":"x","a":""}')
    assert len(refusal.raw) == HEAD


def test_too_long_single_object_and_too_long_member_before_objects() -> None:
    long = b'"' + b"x" * 5000 + b'"'
    found = read(
        b'{"type":"x","a":' + long + b',"b":' + long + b"}\n" + A, whole_bytes=100, object_bytes=4000
    )
    assert refusals(found) == [("f", "size")]
    assert [raw for _, raw in items(found)] == [A]
    found = read(b'{"x":' + long + b',"objects":[' + A + b"]}", whole_bytes=100, object_bytes=4000)
    assert (refusals(found), items(found)) == ([], [("f#/objects/0", A)])


def test_refusals_of_the_same_bytes_are_the_same() -> None:
    text = b'[%b,{"a":},%b]' % (A, B)
    (one,) = (each for each in read(text) if isinstance(each, Refusal))
    (two,) = (each for each in read(text, 1) if isinstance(each, Refusal))
    assert one == two


@pytest.mark.parametrize("name", sorted(path.name for path in VECTORS.glob("*.json*")))
def test_vectors(name: str) -> None:
    """Files named `bad-<rule>...` have a refusal by that rule; each has the good objects its twin lists."""
    expected = json.loads((VECTORS / "expected.txt").read_text())[name]
    found = read((VECTORS / name).read_bytes())
    assert [where for where, _ in items(found)] == expected["items"]
    assert [list(each) for each in refusals(found)] == expected["refusals"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"{", True),
        (b" \n[", True),
        (b"\xef\xbb\xbf{", True),
        (b"<html>", False),
        (b"", False),
        (b"\xff\xfe{\0", False),
    ],
)
def test_sniff(head: bytes, expected: bool) -> None:
    assert stix.sniff(head) is expected
