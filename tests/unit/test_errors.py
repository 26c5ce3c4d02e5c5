from __future__ import annotations

from collections.abc import Iterator

import pytest

from tocsin import errors


def _all(base: type[errors.TocsinError] = errors.TocsinError) -> Iterator[type[errors.TocsinError]]:
    yield base
    for child in base.__subclasses__():
        yield from _all(child)


def test_codes_are_unique_within_the_tree() -> None:
    codes = [e.code for e in _all() if e.__module__ == errors.__name__]
    assert len(codes) == len(set(codes))


def test_the_drawing_names_every_class() -> None:
    for found in _all():
        if found.__module__ == errors.__name__:
            assert found.__name__ in (errors.__doc__ or ""), found


@pytest.mark.parametrize(
    "found", [e for e in _all() if e.__module__ == errors.__name__], ids=lambda e: e.__name__
)
def test_a_hint_is_kept_and_the_exit_code_is_an_error(found: type[errors.TocsinError]) -> None:
    assert found("what", hint="do this").hint() == "do this"
    assert found("what").hint() == ""
    assert 0 < found.exit_code < 10


def test_where_is_part_of_the_message() -> None:
    assert str(errors.FormatError("not gzip", where="a.gz")) == "a.gz: not gzip"
    assert errors.ParseError("x", pointer="/id", rule="id").pointer == "/id"
