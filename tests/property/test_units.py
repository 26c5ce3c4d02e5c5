"""No text names an entry without holding a unit that the entry asks for: a summary may cost time, never a hit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from property.test_matching import _LEFT, _RIGHT, TEXTS, VALUES
from tocsin.matching import Entry, Index, Indicator, fuse, scan_text
from tocsin.matching.units import Units, Wanted, wanted
from tocsin.matching.values import Kind, classify, normalise

_PHRASES: list[tuple[Kind, str]] = [
    ("file_name", "evil.exe"),
    ("file_name", "invoice 2026.pdf"),
    ("registry_key", r"HKLM\Software\Evil-Corp\Run"),
    ("mutex", "Global\\EvilMutex"),
    ("user_agent", "Mozilla/5.0 (EvilBot/1.0; http://bot.example/)"),
    ("cve", "CVE-2026-0001"),
    ("wallet", "0x52908400098527886E0F7030069857D2E4169EE7"),
    ("ja4", "t13d1516h2_8daaf6152771_02713d6af862"),
    ("mutex", "hxxps"),
    ("mutex", "2026-11-20"),
]
_MORE = [
    "http://intranet/x",
    "http://b\u00fccher.example/x",
    "\u00e9ve@evil.example",
    "mail@b\u00fccher.example",
    "t.tt",
    "12.tz",
    "192.0.0.0/9",
    "1.2.0.0/16",
    "1.2.3.0/24",
    "1.2.3.4/31",
    "198.51.0.0/19",
    "2001:db8::/33",
    "2001:db8:5:9::/65",
    "2001::/16",
    "2001:d00::/24",
]
ENTRIES = [
    Entry(kind, value, Indicator(id=f"indicator--{n}"))
    for n, (kind, value) in enumerate(
        [
            *((found.kind, found.text) for found in map(classify, VALUES + _MORE)),
            *((kind, normalise(kind, text)) for kind, text in _PHRASES),
        ]
    )
]
INDEX = Index.build(ENTRIES)
WANTED = [wanted(entry) for entry in ENTRIES]

_PIECES = [
    *(entry.value for entry in ENTRIES),
    *(entry.value.upper() for entry in ENTRIES),
    *("hxxp://", "fxp:", "h**ps[", "[.]", "(dot)", "[@]", "{at}", "[://]", "[/]", "[:/]", "(DOT}"),
    *(
        "http://",
        "\u212aim@evil.example",
        "evil\u3002example",
        "::ffff:1.2.3.4",
        "\n",
        "\r\n",
        "\\n",
        "\ud800",
    ),
    "evil\udcff.example",
]
_GLUE = st.text(alphabet=" .-_:/@,;()[]{}\"'=+\t<>%?#\u00e9s\n", max_size=3)
_ANY = st.lists(st.tuples(st.sampled_from(_PIECES), _GLUE), max_size=6).map(
    lambda pairs: "".join(a + b for a, b in pairs)
)
_AROUND = st.tuples(st.sampled_from(_LEFT), st.sampled_from(_PIECES), st.sampled_from(_RIGHT)).map("".join)


def _missed(text: str) -> list[str]:
    units = Units()
    units.add([text])
    held = set(units.hashes().tolist())
    assert len(held) == len(units)
    found = {each.entry for each in scan_text(text, INDEX)}
    return [
        INDEX.entries[each].value
        for each in found
        if (asked := WANTED[each]) is not None and held.isdisjoint(one or 1 for one in asked)
    ]


@given(st.one_of(_ANY, _AROUND, TEXTS))
@settings(max_examples=1500, deadline=None)
def test_what_a_text_names_is_among_its_units(text: str) -> None:
    text = text.encode("utf-8", "replace").decode() if "\ud800" in text else text
    assert _missed(text) == []


@given(st.lists(_ANY, max_size=8), st.sampled_from(range(len(ENTRIES))))
@settings(max_examples=300, deadline=None)
def test_a_filter_of_many_texts_holds_what_each_names(texts: list[str], one: int) -> None:
    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    units = Units()
    units.add(texts)
    shape, prints = fuse.build(units.hashes())
    asked = Wanted([INDEX.entries[one]])
    if any(found.entry == one for text in texts for found in scan_text(text, INDEX)):
        assert asked.anything or fuse.may_hold_any(shape, prints, asked.hashes)
    for each in units.hashes().tolist():
        assert fuse.may_hold_any(shape, prints, np.array([each], np.uint64))
