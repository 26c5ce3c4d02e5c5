from __future__ import annotations

import re
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.stix.patterns.regex import MAX_REGEX, regex_fault


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("(", "not closed"),
        ("a)", "not open"),
        (")(", "not open"),
        ("(?<n>a", "not closed"),
        ("(*atomic:a", "not closed"),
        ("[a", "class"),
        (r"[a\]", "class"),
        ("*", "nothing to repeat"),
        ("(+a)", "nothing to repeat"),
        ("a|?", "nothing to repeat"),
        ("a\\", "backslash"),
        ("a" * (MAX_REGEX + 1), "characters"),
    ],
)
def test_faults(text, words):
    assert words in regex_fault(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "^C:\\\\Windows\\w+$",
        r"\(",
        r"[(]",
        r"[])(]",
        r"[^]()]+",
        r"[[:alpha:](]",
        r"[\]]",
        r"\Q(((\E",
        r"\Q(((",
        "(?#(()",
        "(*UTF)(*UCP)a",
        "(*LIMIT_MATCH=10)a",
        "(*pla:(a)b)",
        "(?i)a",
        "(?:a|b)*?",
        "(?(1)a|b)",
        "(?P<n>a)(?P=n)",
        "a{2,3}",
        "{",
        "]",
        "^*",
        "(?x) ( # it's )) all comment",
    ],
)
def test_no_fault(text):
    assert regex_fault(text) is None


@given(st.text(alphabet="ab()[]|*+?\\^$.{}1,", max_size=12))
def test_what_python_compiles_is_not_refused(text):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # sets in sets, some day
            re.compile(text)
    except (re.error, OverflowError):
        return
    assert regex_fault(text) is None


@pytest.mark.parametrize("piece", ["(", "[", "\\Q", "(?#", "(*", "[[:", "[\\Q", "a|", "\\"])
def test_the_longest_there_may_be_ends(piece):
    """One that backtracks would not, within a lifetime."""
    assert isinstance(regex_fault(piece * (MAX_REGEX // len(piece))), str | None)
