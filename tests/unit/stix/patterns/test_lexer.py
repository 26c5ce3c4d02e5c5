from __future__ import annotations

import unicodedata

import pytest

from tocsin.errors import ParseError
from tocsin.stix.patterns.lexer import KEYWORDS, MAX_LENGTH, tokens


def kinds(text):
    return [(token.kind, token.text) for token in tokens(text)[:-1]]


def test_tokens_and_their_places():
    text = "[a-b:c_1.'D E'[*] NOT >= -1.5]"
    assert [tuple(token) for token in tokens(text)] == [
        ("[", "[", 0),
        ("word", "a-b", 1),
        (":", ":", 4),
        ("word", "c_1", 5),
        (".", ".", 8),
        ("string", "'D E'", 9),
        ("[", "[", 14),
        ("*", "*", 15),
        ("]", "]", 16),
        ("NOT", "NOT", 18),
        (">=", ">=", 22),
        ("float", "-1.5", 25),
        ("]", "]", 29),
        ("end", "", 30),
    ]


@pytest.mark.parametrize("word", sorted(KEYWORDS))
def test_keywords_are_whole_words_in_their_case(word):
    assert kinds(word) == [(word, word)]
    assert kinds(f"{word}x") == [("word", f"{word}x")]
    assert kinds(f"{word}-x") == [("word", f"{word}-x")]
    assert kinds(word.swapcase()) == [("word", word.swapcase())]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.5.6", [("float", "1.5"), ("float", ".6")]),
        ("007", [("integer", "0"), ("integer", "0"), ("integer", "7")]),
        ("007.5", [("float", "007.5")]),
        ("1.", [("integer", "1"), (".", ".")]),
        ("5TIMES", [("integer", "5"), ("TIMES", "TIMES")]),
        ("h'ff'", [("coded", "h'ff'")]),
        ("hh'ff'", [("word", "hh"), ("string", "'ff'")]),
        ("t 'x'", [("word", "t"), ("string", "'x'")]),
        (r"'a\'b\\'", [("string", r"'a\'b\\'")]),
        (r"'a\b'", [("bad", "'"), ("word", "a"), ("bad", "\\"), ("word", "b"), ("bad", "'")]),
        ("<>=", [("<>", "<>"), ("=", "=")]),
        ("a/*x*/b//c\nd", [("word", "a"), ("word", "b"), ("word", "d")]),
        ("/*", [("bad", "/"), ("*", "*")]),
        ("é", [("bad", "é")]),
    ],
)
def test_longest_token_wins(text, expected):
    assert kinds(text) == expected


def test_white_space_is_what_unicode_says():
    # The White_Space property: category Z and the controls that separate.
    white = {chr(c) for c in range(0x3100) if unicodedata.category(chr(c)) in {"Zs", "Zl", "Zp"}} | set(
        "\t\n\v\f\r\x85"
    )
    for code in range(0x3100):
        assert (not kinds(chr(code))) == (chr(code) in white), hex(code)


def test_length_is_bounded():
    tokens(" " * MAX_LENGTH)
    with pytest.raises(ParseError) as caught:
        tokens(" " * (MAX_LENGTH + 1))
    assert caught.value.rule == "pattern-length"
