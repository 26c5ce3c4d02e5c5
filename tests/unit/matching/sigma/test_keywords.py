from __future__ import annotations

from typing import Any

import orjson
import pytest

from tocsin.matching.sigma.engine import Engine
from tocsin.matching.sigma.keywords import FOLDED
from tocsin.matching.sigma.kinds import Kind, offer
from tocsin.matching.sigma.modifiers import item
from tocsin.matching.sigma.rules import Head, LogSource, Rule

KIND = Kind((offer("test"),))


def test_every_sign_that_folds_to_letters_of_ascii_is_known() -> None:
    signs = (chr(n) for n in range(128, 0x110000) if not 0xD800 <= n < 0xE000)
    folding = {sign for sign in signs if any(letter.isascii() for letter in sign.casefold())}
    assert "\N{KELVIN SIGN}" in folding
    assert all(FOLDED.fullmatch(sign.encode()) for sign in folding)


@pytest.mark.parametrize("keyword", ["Skeleton::key", "k*n", '"quoted" words', "a\\b"])
@pytest.mark.parametrize(
    ("record", "holds"),
    [
        ({"f": 'the "quoted" words, a\\b, SKELETON::KEY, kin'}, True),
        (
            {"f": ["nothing", {"g": '"QUOTED" WORDS A\\B \N{KELVIN SIGN}eN s\N{KELVIN SIGN}eleton::key'}]},
            True,
        ),
        ({"f": "nothing \\users", "n": 1}, False),
    ],
)
def test_a_glance_at_the_line_hides_nothing(keyword: str, record: dict[str, Any], holds: bool) -> None:
    engine = Engine.of([Rule(Head("t"), LogSource("test"), item("", keyword))])
    escaped = "".join(
        f"\\u{ord(c):04x}" if c.isalpha() and ord(c) < 0x10000 else c for c in orjson.dumps(record).decode()
    )
    assert bool(engine.match(record, KIND)) == holds
    assert bool(engine.match(record, KIND, orjson.dumps(record))) == holds
    assert bool(engine.match(record, KIND, escaped.encode())) == holds
