from __future__ import annotations

import pytest

from tocsin.matching import Entry, Index, Indicator, scan, scan_text, words
from tocsin.matching.values import classify, normalise

VALUES = (
    "evil.example",
    "1.2.3.4",
    "198.51.100.0/25",
    "http://drop.example/up?id=1",
    "2001:db8::66",
    "bob@evil.example",
    "d41d8cd98f00b204e9800998ecf8427e",
    "co.uk",
)


def _index(*texts):
    values = [classify(text) for text in texts]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(values))


INDEX = _index(*VALUES)


def _found(text):
    return [INDEX.entries[f.entry].value for f in scan_text(text, INDEX)]


@pytest.mark.parametrize(
    "text",
    [
        "notevil.example",
        "evil.example.org",
        "evil.example-x",
        "x-evil.example",
        "evil.example_x",
        "evil-example",
        "11.2.3.4",
        "1.2.3.40",
        "1.2.3.4.5",
        "0.1.2.3.4",
        "v1.2.3.4",
        "1.2.3.4-5",
        "lib-1.2.3.4",
        "1.2.3.4.tar.gz",
        "4.3.2.1.in-addr.arpa",
        "198.51.100.128",
        "other.co.uk",
        "http://drop.example/up?id=12",
        "https://drop.example/up?id=1",
        "2001:db8::6",
        "2001:db8::66:1",
        "xbob@evil.example.org",
        "d41d8cd98f00b204e9800998ecf8427e0",
        "0d41d8cd98f00b204e9800998ecf8427e",
        "evil.example@other.example",
        "12:34:56",
    ],
)
def test_what_is_no_hit(text):
    for around in (text, f" {text} ", f'"{text}"', f"({text})", f"a={text};", f"<{text}>"):
        assert _found(around) == []
        assert list(scan(around.encode(), INDEX)) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("WWW.Evil.Example.", ["evil.example"]),
        ("1.2.3.4:443", ["1.2.3.4"]),
        ("1.2.3.4-198.51.100.9", ["1.2.3.4", "198.51.100.0/25"]),
        ("1.2.3.4-1.2.3.4-2001", ["1.2.3.4"]),
        ("1.2.3.4:80-198.51.100.9:443", ["1.2.3.4", "198.51.100.0/25"]),
        ("1.2.3.4->10.0.0.1", ["1.2.3.4"]),
        ("::ffff:1.2.3.4", ["1.2.3.4"]),
        ("http://drop.example:80/up?id=1", ["http://drop.example/up?id=1"]),
        ("drop.example/up?id=1", ["http://drop.example/up?id=1"]),
        ("(see http://drop.example/up?id=1).", ["http://drop.example/up?id=1"]),
        ("http://drop.example/up?id=1,200,GET", ["http://drop.example/up?id=1"]),
        ("http://drop.example/x/../up?id=1#top", ["http://drop.example/up?id=1"]),
        ("[2001:db8:0:0::66]:443", ["2001:db8::66"]),
        ("src:2001:DB8::66:", ["2001:db8::66"]),
        ("mailto:Bob@evil.example", ["bob@evil.example", "evil.example"]),
        ("xbob@evil.example", ["evil.example"]),
        ("/q/d41d8cd98f00b204e9800998ecf8427e.bin", ["d41d8cd98f00b204e9800998ecf8427e"]),
        ("MD5=D41D8CD98F00B204E9800998ECF8427E,X", ["d41d8cd98f00b204e9800998ecf8427e"]),
        ("co.uk", ["co.uk"]),
    ],
)
def test_what_is_a_hit(text, values):
    assert _found(text) == values
    assert [m.entry.value for m in scan(b"first\n" + text.encode(), INDEX)] == values


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("evil[.]example", ("defanged",)),
        ("evil.example", ()),
        ("co.uk", ("public-suffix",)),
        ("Skype/1.2.3.4 (x)", ("version",)),
        ("curl/1.2.3.4", ("version",)),
        ("HIER_DIRECT/1.2.3.4", ()),
        ("tcp/1.2.3.4", ()),
        ("http://x.example/1.2.3.4", ()),
        ("Skype/1.2.3.4 from 1.2.3.4", ()),
    ],
)
def test_flags(text, flags):
    (found,) = scan_text(text, INDEX)
    assert found.flags == flags


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("http://drop.example/up?id=1", [("http://drop.example/up", ("query",))]),
        ("drop.example:80/up?id=1&x=(1)", [("http://drop.example/up", ("query",))]),
        ("http://drop.example/up?", [("http://drop.example/up", ())]),
        ("http://drop.example/up?a http://drop.example/up", [("http://drop.example/up", ())]),
        ("hxxp://drop[.]example/up?id=1", [("http://drop.example/up", ("defanged", "query"))]),
        (
            "http://drop.example/up?id=2",
            [("http://drop.example/up", ("query",)), ("http://drop.example/up?id=2", ())],
        ),
        ("http://drop.example?id=1", [("http://drop.example/", ("query",))]),
        ("http://drop.example/upper?id=1", []),
        ("http://drop.example/x?http://drop.example", [("http://drop.example/", ())]),
        ("https://drop.example/up?id=1", []),
    ],
)
def test_a_url_without_a_query_is_found_whatever_is_asked_of_it(text, found):
    index = Index.build(
        Entry("url", url, Indicator(id=url))
        for url in ("http://drop.example/up", "http://drop.example/up?id=2", "http://drop.example/")
    )
    assert sorted((index.entries[f.entry].value, f.flags) for f in scan_text(text, index)) == found
    assert sorted((m.entry.value, m.flags) for m in scan(text.encode(), index)) == found


def test_places_in_a_log_with_defanged_and_foreign_text():
    data = "zuerst\r\nöde é hxxp://www[.]evil[.]example/ und 1.2.3.4\r\n".encode()
    first, second = scan(data, INDEX)
    assert (first.line_no, first.value, first.kind) == (2, "www[.]evil[.]example", "domain")
    assert data[first.offset :].startswith(b"www[.]evil")
    assert second.column == second.offset - data.index(b"\n") - 1
    assert data[second.offset :].startswith(b"1.2.3.4")


def test_each_entry_once_a_line():
    data = b"evil.example www.evil.example evil.example\nevil.example\n"
    assert [(m.line_no, m.value) for m in scan(data, INDEX)] == [(1, "evil.example"), (2, "evil.example")]


def test_a_line_without_end_is_scanned_in_bounded_memory():
    def stream():
        for number in range(40):
            yield b"x" * 100_000 + (b" www.evil.example " if number % 10 == 5 else b"")
        yield b"\n1.2.3.4"

    found = list(scan(stream(), INDEX))
    assert [(m.line_no, m.value) for m in found] == [(1, "www.evil.example")] * 4 + [(2, "1.2.3.4")]
    assert [m.column for m in found[:2]] == [600_001, 600_001 + 1_000_018]


def test_hostile_lines_take_time_in_proportion():
    for hostile in (
        b"a." * 500_000,
        b":" * 1_000_000,
        b"-" * 1_000_000,
        b"1.2.3.4-" * 100_000,
        b"[.]" * 300_000,
        b"@" * 500_000,
        b"http://" * 100_000,
    ):
        list(scan(hostile + b"\n", INDEX))  # the suite's time limit is the judge


@pytest.mark.parametrize(
    "text",
    [
        r"HKLM\Software\Evil\Run",
        r"key=HKEY_LOCAL_MACHINE\SOFTWARE\evil\run\x",
        r"\REGISTRY\MACHINE\SOFTWARE\Evil\Run",
        r"HKLM:\Software\Evil\Run",
        r'{"key": "HKLM\\Software\\Evil\\Run"}',
    ],
)
@pytest.mark.parametrize("written", [r"HKEY_LOCAL_MACHINE\Software\Evil\Run", r"hklm\\Software\\Evil\\Run"])
def test_a_key_of_the_registry_is_found_however_its_root_is_written(written: str, text: str) -> None:
    key = normalise("registry_key", written)
    index = Index.build([Entry("registry_key", key, Indicator(id="indicator--1"))])
    assert [index.entries[each.entry].value for each in scan_text(text, index)] == [key]
    assert [match.entry.value for match in scan([text.encode()], index)] == [key]
    assert not scan_text(text.replace("HKLM", "HKCU").replace("MACHINE", "USERS"), index)
    assert not scan_text(text.replace("Run", "Runs").replace("run", "runs"), index)


@pytest.mark.parametrize("scheme", ["http", "HTTPS", "a1", "x" * 16, "ws+tls", "a.b-c"])
def test_where_a_url_begins(scheme):
    for before in ("", " ", '"', "(", "_", "é"):
        assert list(words.schemes(f"{before}{scheme}://evil.example/a")) == [len(before)]


@pytest.mark.parametrize(
    "text",
    ["://evil.example", "x://evil.example", "1http://a", "x" * 17 + "://a", "-x://", "é://a", "http:/a"],
)
def test_what_is_no_beginning_of_a_url(text):
    assert list(words.schemes(text)) == []


def test_where_urls_begin_that_stand_together():
    assert list(words.schemes("http://a,https://b;x://c ftp://d://e")) == [0, 9, 25]
