"""The index and sieve against a matcher that tries every entry at every place, and the quick paths against the slow ones."""

from __future__ import annotations

import ipaddress
import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tocsin.errors import FormatError, ParseError
from tocsin.matching import Entry, Index, Indicator, entries_of, scan, scan_text
from tocsin.matching.sieve import Sieve
from tocsin.matching.values import classify, normalise, refang, url
from tocsin.stix import patterns

VALUES = [
    "evil.example",
    "www.evil.example",
    "bad.co.uk",
    "co.uk",
    "bücher.example",
    "x-y.example",
    "1.2.3.4",
    "11.2.3.40",
    "198.51.100.0/25",
    "2001:db8::1",
    "2001:db8:5::/48",
    "::1",
    "http://evil.example/a",
    "https://evil.example/a?b=1",
    "http://1.2.3.4:8080/",
    "http://[2001:db8::1]/x",
    "http://[2001:db8::77]/x",
    "http://only-url.example/a",
    "carol@post.example",
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "bob@evil.example",
    "o'neil@evil.example",
    "bob+tag@bad.co.uk",
]


def _index(values: list[str]) -> Index:
    found = [classify(value) for value in values]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(found))


INDEX = _index(VALUES)

# ---- the naive matcher: the rules in the docstring of tocsin.matching.words, by comparing characters ----


def _is_word(c: str) -> bool:
    return c.isalnum() or c == "_"


def _naive_words(text: str) -> list[tuple[int, int]]:
    out = []
    at = 0
    while at < len(text):
        if not (_is_word(text[at]) or text[at] == "-"):
            at += 1
            continue
        end = at
        while end < len(text) and (
            _is_word(text[end])
            or text[end] == "-"
            or (
                text[end] == "." and end + 1 < len(text) and (_is_word(text[end + 1]) or text[end + 1] == "-")
            )
        ):
            end += 1
        first, last = at, end
        while first < last and text[first] in ".-":
            first += 1
        while last > first and text[last - 1] in ".-":
            last -= 1
        if first < last:
            out.append((first, last))
        at = end
    return out


def _ip4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(
        p.isascii() and p.isdigit() and str(int(p)) == p and int(p) < 256 for p in parts
    )


def _naive_quads(word: str) -> list[str]:
    if _ip4(word):
        return [word]
    if "-" not in word or len(word) >= 100 or any(c not in string.digits + ".-" for c in word):
        return []
    parts = word.split("-")
    good = []
    for i, part in enumerate(parts):
        left = i == 0 or _ip4(parts[i - 1]) or parts[i - 1].isdigit()
        right = i == len(parts) - 1 or _ip4(parts[i + 1])
        if _ip4(part) and left and right:
            good.append(part)
    return good


def _naive_name(word: str, value: str) -> bool:
    labels = []
    for label in word.split("."):
        try:
            labels.append(
                label.lower()
                if label.isascii()
                else normalise("domain", label + ".example")[: -len(".example")]
            )
        except FormatError:
            labels.append(label)
    want = value.split(".")
    return len(labels) >= len(want) and labels[-len(want) :] == want


def _naive_v6(text: str) -> list[int]:
    found = []
    at = 0
    inside = lambda c: _is_word(c) or c in ":."  # noqa: E731
    while at < len(text):
        if not inside(text[at]):
            at += 1
            continue
        end = at
        while end < len(text) and inside(text[end]):
            end += 1
        run = text[at:end]
        if not (at and text[at - 1] in "@-"):
            run = run.rstrip(".")
            if run.endswith(":") and not run.endswith("::"):
                run = run[:-1]
            for start in [0, *[i + 1 for i, c in enumerate(run) if c == ":"]]:
                try:
                    found.append(int(ipaddress.IPv6Address(run[start:])))
                    break
                except ValueError:
                    continue
        at = end
    return found


def _url_candidates(text: str, start: int) -> list[str]:
    end = start
    while end < len(text) and not (
        text[end].isspace() or text[end] in '"<>`\\^{}|' or ord(text[end]) < 33 or ord(text[end]) == 127
    ):
        end += 1
    cuts = [end, *[i for i in range(start, end) if text[i] in ",;)]'(["][:64]]
    out = []
    for cut in cuts:
        out += [text[start:cut], text[start:cut].rstrip(".,;:!?'*)]")]
    asked = text.find("?", start, end)  # a page is what it is whatever it is asked for
    return out if asked < 0 else [*out, text[start:asked]]


def _naive_url(text: str, value: str) -> bool:
    ascii_alnum = string.ascii_letters + string.digits
    at = text.find("://")
    while at >= 0:
        start = at
        while start > 0 and text[start - 1] in ascii_alnum + "+.-":
            start -= 1
        if start < at and text[start] in string.ascii_letters and 2 <= at - start <= 16:
            for candidate in _url_candidates(text, start):
                host = candidate.partition("://")[2].partition("/")[0].rpartition("@")[2]
                if "%" not in host and url(candidate) == value:
                    return True
        at = text.find("://", at + 1)
    rest = value.partition("://")[2]
    for start, end in _naive_words(text):
        if text[end:].lstrip(".-").startswith("@"):
            continue
        if text[max(0, start - 3) : start] == "://" or (start and text[start - 1] == "@"):
            continue
        after = text[end:]
        if after.startswith(":"):
            digits = len(after[1:7]) - len(after[1:7].lstrip("".join(c for c in after[1:7] if c.isdigit())))
            if not digits:
                continue
            after = after[1 + digits :]
        if not after.startswith("/"):
            continue
        for candidate in _url_candidates(text, start):
            if len(candidate) > len(text) - len(after) - start:
                forms = {url(f"{scheme}://{candidate}") for scheme in ("http", "https")}
                if rest in {f.partition("://")[2] for f in forms if f}:
                    return True
    return False


def _naive_email(text: str, value: str) -> bool:
    local, _, host = value.rpartition("@")
    for start, end in _naive_words(text):
        if start == 0 or text[start - 1] != "@" or text[end:].lstrip(".-").startswith("@"):
            continue
        word = text[start:end]
        if not ("." in word and _naive_name(word, host) and _naive_name("x." + host, word.lower())):
            continue
        before = text[: start - 1]
        if before.lower().endswith(local):
            left = before[: len(before) - len(local)]
            if not left or not (_is_word(left[-1]) or left[-1] in ".+-"):
                return True
    return False


def _naive(text: str, entry: Entry) -> bool:
    text = refang(text)
    value = entry.value
    words = [text[a:b] for a, b in _naive_words(text) if not text[b:].lstrip(".-").startswith("@")]
    match entry.kind:
        case "ipv4":
            return any(value in _naive_quads(word) for word in words)
        case "cidr":
            network = ipaddress.ip_network(value)
            if network.version == 4:
                return any(ipaddress.ip_address(q) in network for word in words for q in _naive_quads(word))
            return any(ipaddress.IPv6Address(n) in network for n in _naive_v6(text))
        case "ipv6":
            return int(ipaddress.IPv6Address(value)) in _naive_v6(text)
        case "domain":
            if value == "co.uk":
                return any(word.lower() == value for word in words)
            return any("." in word and _naive_name(word, value) for word in words)
        case "email":
            return _naive_email(text, value)
        case "url":
            return _naive_url(text, value)
        case _:
            low = text.lower()
            alnum = string.ascii_letters + string.digits
            return any(
                low[i : i + len(value)] == value
                and low[i - 1 : i] not in alnum[:26] + string.digits + string.ascii_uppercase
                and (i + len(value) == len(low) or low[i + len(value)] not in alnum)
                if i
                else low.startswith(value) and (len(low) == len(value) or low[len(value)] not in alnum)
                for i in range(len(low) - len(value) + 1)
            )


# ---- texts that are close to hits ----

_PIECES = [
    *VALUES,
    "2001:0DB8:0:0:0:0:0:1",
    "2001:db8:5:9::a",
    "::ffff:1.2.3.4",
    "198.51.100.77",
    "198.51.100.200",
    "EVIL.EXAMPLE",
    "xn--bcher-kva.example",
    "BÜCHER.example",
    "\uff45vil.example",  # a full-width e
    "hxxp://",
    "https://",
    "http://",
    "evil[.]example",
    "1.2.3[.]4",
    "bob[at]evil(dot)example",
    "hxxps[:]//evil[.]example/a?b=1",
    "user@",
    "@",
    "/a",
    "/a?b=1",
    ":8080/",
    ":80/x",
    "443-",
    "-80",
    "Skype/",
    "src:",
    "\\",
    "\\n",
    "%2F",
    "\u00e9",
    "\u201c",
    "\x00",
    "abc",
    "7",
]
_GLUE = st.text(alphabet=" .-_:/@,;()[]\"'=+\t<>%?#é", max_size=3)
TEXTS = st.lists(st.tuples(st.sampled_from(_PIECES), _GLUE), max_size=6).map(
    lambda pairs: "".join(a + b for a, b in pairs)
)


@given(TEXTS)
@example("1.2.3.4-1.2.3.4-2001:db8::1")
@settings(max_examples=1500, deadline=None)
def test_scan_text_equals_the_naive_matcher(text: str) -> None:
    found = {each.entry for each in scan_text(text, INDEX)}
    expected = {i for i, entry in enumerate(INDEX.entries) if _naive(text, entry)}
    assert {INDEX.entries[i].value for i in found} == {INDEX.entries[i].value for i in expected}


_LEFT = [
    "",
    " ",
    ".",
    "..",
    "-",
    "--",
    "@",
    "a@",
    "x.",
    "x-",
    "://",
    "http://",
    "hxxp://",
    "//",
    "/",
    ":",
    "é",
    "\u201c",
    "%2F",
    "+",
    "=",
    "_",
    "7",
    "::",
]
_RIGHT = ["", " ", ".", "..", "-", "--", "-.", ".-", ".@", "-@", "@x.example", ":", ":80", ":80/x", "/", "/a", "/a.", "/a,", "é", "\u201d", "_", ".x", "7", "::", "[.]x", "..x", "...x", "-..x", "-.x", "-7", "-1.2.3.4", "\\"]  # fmt: skip


_PARTS = [
    *"..-_A@/é1234",
    "..",
    "evil",
    "example",
    "Evil",
    "EXAMPLE",
    "co",
    "uk",
    "bad",
    "www",
    "x-y",
    "x-",
    "198",
    "51",
]


@given(
    st.one_of(
        st.sampled_from(VALUES),
        st.lists(
            st.sampled_from(_PARTS),
            max_size=9,
        ).map("".join),
    )
)
@settings(max_examples=1500)
def test_a_text_that_is_one_word_holds_what_it_holds_between_others(word: str) -> None:
    """Fields of records are looked up as a whole where they are one word; a space before them has them looked through."""
    one = [(f.entry, f.start, f.end, f.flags) for f in scan_text(word, INDEX)]
    assert one == [(f.entry, f.start - 1, f.end - 1, f.flags) for f in scan_text(" " + word, INDEX)]


def test_scan_finds_what_scan_text_finds_between_all_neighbours() -> None:
    sieve = Sieve(INDEX)
    for piece in _PIECES:
        lines = [f"{left}{piece}{right}" for left in _LEFT for right in _RIGHT]
        for data in (*lines, "\n".join(lines)):
            got = [(m.line_no, m.entry.value, m.value) for m in scan(data.encode(), INDEX, sieve=sieve)]
            want = [
                (number, INDEX.entries[f.entry].value, line[f.start : f.end])
                for number, line in enumerate(data.split("\n"), 1)
                for f in scan_text(line, INDEX)
            ]
            assert got == want, data[:100]


@given(st.lists(TEXTS.map(lambda t: t.replace("\n", " ")), max_size=8), st.sampled_from(["\n", "\r\n"]))
@example(["1.2.3.4-1.2.3.4-2001", "x 198.51.100.9-1.2.3.4-80 y" * 3], "\n")
@settings(max_examples=800, deadline=None)
def test_scan_finds_on_each_line_what_scan_text_finds(lines: list[str], feed: str) -> None:
    data = feed.join(lines).encode()
    # the sieve has a memory: what it learned from the first pass must not change the second
    sieve = Sieve(INDEX)
    for _ in range(2):
        got = [(m.line_no, m.entry.value, m.value, m.flags) for m in scan(data, INDEX, sieve=sieve)]
        want = [
            (number, INDEX.entries[f.entry].value, line[f.start : f.end], f.flags)
            for number, line in enumerate(lines, 1)
            for f in scan_text(line, INDEX)
        ]
        assert got == want
        for match in scan(data, INDEX, sieve=sieve):
            assert data[match.offset :].startswith(match.value.encode())


@given(TEXTS, st.lists(st.integers(1, 40), max_size=20))
@settings(max_examples=300, deadline=None)
def test_scan_does_not_care_how_the_stream_is_cut(text: str, cuts: list[int]) -> None:
    data = (text + "\n" + text[::-1] + "\n").encode("utf-8", "surrogateescape")
    pieces, at = [], 0
    for cut in cuts:
        pieces.append(data[at : at + cut])
        at += cut
    pieces.append(data[at:])
    assert list(scan(pieces, INDEX)) == list(scan(data, INDEX))


# ---- values of many words ----

_PHRASES = {
    "file_name": ["invoice.pdf", "evil update.exe", "run-me"],
    "registry_key": ["HKEY_LOCAL_MACHINE\\Software\\Evil Corp"],
    "mutex": ["Global\\Evil-Mutex_7", "evil.example"],
    "user_agent": ["Mozilla/5.0 (compatible; EvilBot/1.0)"],
    "cve": ["cve-2021-44228"],
    "domain": ["evil.example"],
}
_MANY = Index.build(
    Entry(kind, value, Indicator(id=f"indicator--{kind}"))
    for kind, values in _PHRASES.items()
    for value in values
)
_PHRASE_PIECES = [value for values in _PHRASES.values() for value in values] + [
    "INVOICE.PDF",
    "hklm",
    "hklm\\software\\evil corp",
    "\\\\REGISTRY\\\\MACHINE\\\\Software\\\\Evil Corp",
    "Evil",
    "update.exe",
]
_PHRASE_TEXTS = st.lists(
    st.tuples(st.sampled_from(_PHRASE_PIECES), st.text(alphabet=' .-_:/\\=x7é"', max_size=2)), max_size=5
).map(lambda pairs: "".join(a + b for a, b in pairs))


def _naive_phrase(text: str, entry: Entry) -> bool:
    """Between characters that do not make its first or last word longer; a dot does where another character of words is behind it."""
    left = r"(?<![\w-])(?<![\w-]\.)" if re.match(r"[\w-]", entry.value[0]) else ""
    right = r"(?![\w-])(?!\.[\w-])" if re.match(r"[\w-]", entry.value[-1]) else ""
    fold = entry.kind in {"file_name", "registry_key", "cve"}
    flags = re.IGNORECASE if fold else 0
    body = re.escape(entry.value)
    if entry.kind == "registry_key":
        body = r"(?:HKEY_LOCAL_MACHINE|HKLM:?|(?P<s>\\\\?)REGISTRY(?P=s)MACHINE)(\\\\?)Software\2Evil\ Corp"
        left = rf"(?:{left}|(?=\\))"
    return re.search(left + body + right, text, flags) is not None


@given(st.lists(_PHRASE_TEXTS, min_size=1, max_size=4))
@settings(max_examples=600, deadline=None)
def test_values_of_many_words_equal_a_naive_matcher(lines: list[str]) -> None:
    got = {(m.line_no, m.kind, m.entry.value) for m in scan("\n".join(lines).encode(), _MANY)}
    want = {
        (number, entry.kind, entry.value)
        for number, line in enumerate(lines, 1)
        for entry in _MANY.entries
        if (_naive(line, entry) if entry.kind == "domain" else _naive_phrase(line, entry))
    }
    assert got == want


@given(st.binary(max_size=400))
@settings(max_examples=300, deadline=None)
def test_any_bytes_can_be_scanned(data: bytes) -> None:
    for match in scan(data + b" evil.example ", INDEX):
        assert match.line_no >= 1


@given(st.text(max_size=60))
@settings(max_examples=500, deadline=None)
def test_a_normal_spelling_is_its_own(text: str) -> None:
    try:
        value = classify(text)
    except FormatError:
        return
    assert normalise(value.kind, value.text) == value.text


@given(
    st.sampled_from(
        [
            "ipv4-addr:value",
            "ipv6-addr:value",
            "domain-name:value",
            "url:value",
            "email-addr:value",
            "file:hashes.MD5",
        ]
    ),
    st.sampled_from([v for v in VALUES if "'" not in v]),
    st.text(" \t\n", max_size=2),
)
@settings(max_examples=200, deadline=None)
def test_the_quick_reading_of_patterns_equals_the_parser(path: str, value: str, gap: str) -> None:
    quick = Indicator(id="indicator--1", pattern=f"[{gap}{path}{gap}={gap}'{value}'{gap}]")
    slow = Indicator(id="indicator--1", pattern=f"([{path} = '{value}'])")
    try:
        patterns.parse(quick.pattern)
    except ParseError:
        return
    ours = [(e.kind, e.value) if isinstance(e, Entry) else e.rule for e in entries_of(quick)]
    theirs = [(e.kind, e.value) if isinstance(e, Entry) else e.rule for e in entries_of(slow)]
    assert ours == theirs


@pytest.mark.nightly
@given(TEXTS, TEXTS)
@settings(max_examples=50_000, deadline=None)
def test_long_run_of_both(first: str, second: str) -> None:
    lines = [text.replace("\n", " ") for text in (first, second)]
    for line in lines:
        found = {each.entry for each in scan_text(line, INDEX)}
        assert found == {i for i, entry in enumerate(INDEX.entries) if _naive(line, entry)}
    got = [(m.line_no, m.entry.value) for m in scan("\n".join(lines).encode(), INDEX)]
    assert got == [
        (n, INDEX.entries[f.entry].value) for n, line in enumerate(lines, 1) for f in scan_text(line, INDEX)
    ]
