from __future__ import annotations

import pytest

from tocsin.clock import to_text
from tocsin.formats.outputs.text import is_plain, moment, one_line, row, words


def test_moments_are_those_of_the_clock() -> None:
    for at in (0, 1_795_608_000_123_999, 253_402_300_799_999_999):
        assert moment(at) == f"{to_text(at)[:-4]}Z"
    assert (moment(None), moment(-5), moment(1 << 62)) == (
        "",
        "1970-01-01T00:00:00.000Z",
        "9999-12-31T23:59:59.999Z",
    )


@pytest.mark.parametrize(
    ("cells", "expected"),
    [(("a", "b"), "a,b"), (("a,b", ""), '"a,b",'), (('a"b', "c"), '"a""b",c'), (("a\nb", "c"), '"a\nb",c')],
)
def test_rows(cells: tuple[str, ...], expected: str) -> None:
    assert row(cells) == f"{expected}\n"


def test_words_are_one_line_and_no_formula() -> None:
    assert one_line("a\r\n\x1b[1m b\u2028c") == "a [1m b c"
    assert words("\t=1+1") == "'=1+1"
    assert words("\uff1d1") == "'\uff1d1"
    assert len(one_line("x" * 5000)) == 200


@pytest.mark.parametrize("value", ["", "a b", "a\nb", "#a", ";a", "ä", "a\x7f"])
def test_what_is_not_plain(value: str) -> None:
    assert not is_plain(value)
