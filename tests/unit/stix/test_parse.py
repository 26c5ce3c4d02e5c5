from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.errors import LimitError, ParseError
from tocsin.stix import parse
from tocsin.stix.parse import Limits

NOTE: dict[str, Any] = {
    "type": "note",
    "spec_version": "2.1",
    "id": "note--8f0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e",
    "created": "1970-01-01T00:00:00.000Z",
    "modified": "1970-01-01T00:00:01.000Z",
    "content": "a",
    "object_refs": ["note--8f0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e"],
}
RED = "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed"
GREEN = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da"


def note(**changes: Any) -> bytes:
    return json.dumps(NOTE | changes).encode()


def test_what_it_says_of_itself() -> None:
    found = parse(note(revoked=True, object_marking_refs=[RED, GREEN]))
    assert (found.type, found.id, found.version, found.revoked) == ("note", NOTE["id"], 1_000_000, True)
    assert found.markings == (GREEN, RED), "sorted"


def test_versions() -> None:
    definition = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": "marking-definition--8f0f3a43-6f7b-4b36-9c0e-0a9b0f1c2d3e",
        "created": "1970-01-01T00:00:02.000Z",
        "definition_type": "statement",
        "definition": {"statement": "(c) us"},
    }
    assert parse(json.dumps(definition).encode()).version == 2_000_000, "created, where modified cannot be"
    address = {
        "type": "ipv4-addr",
        "id": "ipv4-addr--28bb3599-77cd-5a82-a950-b5bcdf4f8d9f",
        "value": "198.51.100.1",
    }
    assert parse(json.dumps(address).encode()).version is None


def test_markings_of_parts_count_for_the_whole() -> None:
    found = parse(note(granular_markings=[{"marking_ref": RED, "selectors": ["content"]}]))
    assert found.markings == (RED,)


def test_limits() -> None:
    raw = note(x_deep=[[[1]]])
    assert parse(raw, limits=Limits(size=len(raw), depth=4))
    with pytest.raises(LimitError, match="bytes"):
        parse(raw, limits=Limits(size=len(raw) - 1))
    with pytest.raises(LimitError, match="deep"):
        parse(raw, limits=Limits(depth=3))


@given(st.binary(max_size=200))
def test_any_bytes(raw: bytes) -> None:
    with pytest.raises((ParseError, LimitError)):
        parse(raw)


_KEYS = st.sampled_from(["x_a", "x_b", 'x_":', ":", 'a":', '\\":', "ä"])
_BLANKS = st.sampled_from(["", " ", "\n", "\t "])


@given(
    st.lists(st.tuples(_KEYS, _BLANKS, st.sampled_from(['":', ":", '"', "b", '\\":'])), max_size=5),
    st.booleans(),
)
def test_a_key_that_stands_twice_is_always_found(members: list[tuple[str, str, str]], escaped: bool) -> None:
    """Whatever the blanks, escapes and colons around it: compared with a reader that keeps all pairs."""
    text = "{" + ",".join(
        f"{json.dumps(key, ensure_ascii=escaped)}{blank}:{json.dumps(value)}" for key, blank, value in members
    )
    raw = f'{note().decode()[:-1]},"x_in":{text}}}}}'.encode()
    twice = len({key for key, _, _ in members}) < len(members)
    if not members:
        assert parse(raw).data["x_in"] == {}
    elif twice:
        with pytest.raises(ParseError) as caught:
            parse(raw)
        assert caught.value.rule == "duplicate-key"
    else:
        assert parse(raw).data["x_in"] == {key: value for key, _, value in members}


def test_markings_of_contained_objects_count() -> None:
    """Of old observed-data, whose `objects` hold whole objects; nothing else tells of these markings."""
    inner = {"type": "ipv4-addr", "value": "198.51.100.1", "object_marking_refs": [RED]}
    data = {k: v for k, v in NOTE.items() if k not in {"content", "object_refs"}} | {
        "type": "observed-data",
        "id": NOTE["id"].replace("note", "observed-data"),
        "first_observed": "2026-01-01T00:00:00Z",
        "last_observed": "2026-01-01T00:00:00Z",
        "number_observed": 1,
        "objects": {"0": inner},
    }
    assert parse(json.dumps(data).encode()).markings == (RED,)
