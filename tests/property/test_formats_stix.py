"""The splitter equals `json.loads` however the stream is cut, and never raises on anything."""

from __future__ import annotations

import contextlib
import gzip
import json

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import FormatError, LimitError
from tocsin.formats import packing, stix
from tocsin.formats.items import Limits, RawItem, Refusal

texts = st.text(st.sampled_from('ab"\\{}[],: é\n\t😀\u2028'), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
objects = st.builds(
    lambda extra, n: {"type": "x-t", "id": f"x-t--{n}"} | {f"x{key}": value for key, value in extra.items()},
    st.dictionaries(texts, values, max_size=4),
    st.integers(0, 99),
)
styles = st.fixed_dictionaries(
    {
        "ensure_ascii": st.booleans(),
        "indent": st.sampled_from([None, 0, 2]),
        "separators": st.sampled_from([(",", ":"), None]),
    }
)
sizes = st.lists(st.integers(1, 40), min_size=1, max_size=20)
limits = st.builds(Limits, whole_bytes=st.sampled_from([1, 30, 10**6]))


def cut(data: bytes, pattern: list[int]):
    at = n = 0
    while at < len(data):
        yield data[at : at + pattern[n % len(pattern)]]
        at += pattern[n % len(pattern)]
        n += 1


def loaded(data: bytes, pattern: list[int], limit: Limits) -> list[object]:
    found = list(stix.read(cut(data, pattern), "f", limit))
    assert all(isinstance(each, RawItem) for each in found), found
    return [json.loads(each.raw) for each in found]


@given(
    st.lists(objects, max_size=5),
    values,
    st.permutations(["type", "id", "objects", "x"]),
    styles,
    sizes,
    limits,
)
def test_bundle(found, extra, order, style, pattern, limit) -> None:  # noqa: PLR0917
    members = {"type": "bundle", "id": "bundle--1", "objects": found, "x": extra}
    data = json.dumps({name: members[name] for name in order}, **style).encode()
    assert loaded(data, pattern, limit) == found


@given(st.lists(objects, max_size=5), styles, sizes, limits)
def test_array(found, style, pattern, limit) -> None:
    assert loaded(json.dumps(found, **style).encode(), pattern, limit) == found


@given(st.lists(objects, max_size=5), st.sampled_from(["\n", "\r\n", "\n\n", " ", ""]), sizes, limits)
def test_values_one_after_another(found, between, pattern, limit) -> None:
    assert loaded(between.join(map(json.dumps, found)).encode(), pattern, limit) == found


@given(
    st.lists(objects, min_size=1, max_size=5),
    st.sampled_from(["bundle", "array", "lines"]),
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 10**6), st.sampled_from(b'{}[]",:\\\n x\xff\x00')),
        max_size=4,
    ),
    sizes,
    st.builds(Limits, whole_bytes=st.sampled_from([1, 10**6]), object_bytes=st.sampled_from([40, 10**6])),
)
def test_damaged_input_never_raises(found, packaging, damage, pattern, limit) -> None:
    data = bytearray(
        {
            "bundle": json.dumps({"type": "bundle", "objects": found}),
            "array": json.dumps(found),
            "lines": "\n".join(map(json.dumps, found)),
        }[packaging].encode()
    )
    for how, place, byte in damage:
        at = place % (len(data) + 1)
        if how == 0:
            data[at:at] = bytes([byte])
        elif how == 1:
            del data[at : at + 3]
        else:
            data[at : at + 1] = bytes([byte])
    total = 0
    for each in stix.read(cut(bytes(data), pattern), "f", limit):
        assert len(each.raw) <= limit.object_bytes or isinstance(each, Refusal)
        total += len(each.raw)
    assert total <= 2 * len(data) + 64


@given(st.binary(max_size=200), sizes)
def test_noise_never_raises(data, pattern) -> None:
    list(stix.read(cut(data, pattern), "f"))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"]), sizes)
def test_packed_noise_raises_nothing_else(data, magic, pattern) -> None:
    with contextlib.suppress(FormatError, LimitError):
        list(packing.unpack(cut(magic + data, pattern), Limits()))


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=4),
    st.sampled_from([gzip.compress, zstandard.compress]),
    sizes,
)
def test_members_unpack_to_their_sum(parts, compress, pattern) -> None:
    packed = b"".join(map(compress, parts))
    assert b"".join(packing.unpack(cut(packed, pattern), Limits())) == b"".join(parts)
