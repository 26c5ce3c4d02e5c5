"""YAML within limits: values, lines, and what strangers try."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.errors import FormatError, LimitError
from tocsin.matching.sigma.documents import Broken, documents, parts


def values(text: str) -> list[Any]:
    return [each.value for each in documents(text.encode(), "x.yml")]


def test_the_core_schema() -> None:
    text = "a: 1\nb: '1'\nc: 0x10\nd: 0o17\ne: 1.5\nf: true\ng: yes\nh: ~\ni:\nj: 2026-01-02\nk: 1_000\nl: 010\nm: .5\nn: -3\no: +\n"
    assert values(text) == [
        {
            "a": 1,
            "b": "1",
            "c": 16,
            "d": 15,
            "e": 1.5,
            "f": True,
            "g": "yes",
            "h": None,
            "i": None,
            "j": "2026-01-02",
        }
        | {"k": "1_000", "l": 10, "m": 0.5, "n": -3, "o": "+"}
    ]


def test_several_documents_and_their_lines() -> None:
    found = documents(b"a:\n  - x\n  - y: 1\n---\nb: 2\n---\n", "x.yml")
    assert [each.value for each in found] == [{"a": ["x", {"y": 1}]}, {"b": 2}]
    assert found[0].line("a", 1, "y") == 3
    assert found[0].line("a", 7) == 2
    assert found[1].line("b") == 5
    assert found[1].line() == 5


def test_aliases_are_copies() -> None:
    (value,) = values("a: &x [1, {b: 2}]\nc: *x\n")
    assert value == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert value["a"] is not value["c"]


BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("raw", "kind", "why"),
    [
        (BOMB.encode(), LimitError, "x.yml:[4-7]: more than 50,000 values"),
        (b"a: " + b"[" * 10_000, LimitError, "x.yml:1: nested deeper than 32"),
        (b"a: " + b"{b: " * 40 + b"1" + b"}" * 40, LimitError, "nested deeper"),
        (b"x" * (10 << 20), LimitError, "10,485,760 bytes"),
        (b"[" + b"x," * 60_000 + b"x]", LimitError, "values"),
        (b"---\na\n" * 6_000, LimitError, "5,000 documents"),
        (b"a: 1\na: 2\n", FormatError, "x.yml:2: the key 'a' stands twice"),
        (b"? [a]\n: 1\n", FormatError, "no text"),
        (b"a: &x [*x]\n", FormatError, "stands for nothing, or for itself"),
        (b"a: *b\n", FormatError, "stands for nothing"),
        (b"b: &b {x: 1}\na:\n  <<: *b\n", FormatError, "merge keys"),
        (b"a: 'open\n", FormatError, r"x.yml:\d+: not YAML"),
        (b"a:\n\t- b\n", FormatError, "x.yml:2: not YAML"),
        (b"a: \xff\n", FormatError, "UTF-8"),
        (b"a: \x00\n", FormatError, "not YAML"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_is_refused(raw: bytes, kind: type[Exception], why: str) -> None:
    with pytest.raises(kind, match=why):
        documents(raw, "x.yml")


def test_tags_make_nothing() -> None:
    assert values("a: !!python/object/apply:os.system ['x']\nb: !!int '3'\n") == [{"a": ["x"], "b": "3"}]


def test_a_broken_document_costs_no_other() -> None:
    raw = b"a: 1\n---\nb: [\n--- # third\nc:\n  d: |\n    x\n   --- no start\n---\ne: 1\ne: 2\n---\nf: 3\n"
    with pytest.raises(FormatError):
        documents(raw, "x.yml")
    found = parts(raw, "x.yml")
    good = [each for each in found if not isinstance(each, Broken)]
    assert [(each.value, each.first) for each in good] == [
        ({"a": 1}, 1),
        ({"f": 3}, 12),
    ]
    bad = [each for each in found if isinstance(each, Broken)]
    assert [(each.first, each.where) for each in bad] == [(2, "x.yml:4"), (4, "x.yml:8"), (9, "x.yml:11")]
    assert "stands twice" in bad[2].reason


def test_documents_are_the_same_in_parts() -> None:
    raw = b"a:\n  - x\n---\nb: 2\n---\n"
    assert parts(raw, "x.yml") == documents(raw, "x.yml")
    with pytest.raises(LimitError):
        parts(b"---\na\n" * 5_001 + b"[", "x.yml")
