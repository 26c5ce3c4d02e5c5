from __future__ import annotations

from tocsin.telemetry import MalformedLine
from tocsin.telemetry.zeek_tsv import LOG

HEAD = b"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#fields\tts\tname\tmany\n#types\ttime\tstring\tset[string]\n"


def _fields(*rows, head=HEAD):
    return [each.fields for each in LOG.read([head + b"".join(row + b"\n" for row in rows)], "x")]


def test_values():
    assert _fields(b"1.5\ta\tb,c", b"-\t-\t(empty)", b"1.5\t(empty)\t-") == [
        (("ts", "1.5"), ("name", "a"), ("many", "b"), ("many", "c")),
        (),
        (("ts", "1.5"),),
    ]


def test_escapes_are_undone_after_cutting():
    assert _fields(rb"1.5	a\x09b\\x	b\x2cc,d") == [
        (("ts", "1.5"), ("name", "a\tb\\x"), ("many", "b,c"), ("many", "d"))
    ]


def test_other_separators():
    head = b"#separator |\n#set_separator|;\n#unset_field|NONE\n#fields|ts|name|many\n#types|time|string|vector[string]\n"
    assert _fields(b"1.5|NONE|a;b", head=head) == [(("ts", "1.5"), ("many", "a"), ("many", "b"))]


def test_time_and_host():
    head = HEAD.replace(b"name", b"_system_name")
    (found,) = LOG.read([head + b"1795161600.25\tsensor\t-\n"], "x")
    assert found.at == 1_795_161_600_250_000
    assert found.host == "sensor"


def test_rows_that_do_not_fit_their_header():
    found = list(LOG.read([HEAD + b"1.5\ta\n1.5\ta\tb\tc\n1.5\ta\tb\n"], "x"))
    assert [each.rule for each in found if isinstance(each, MalformedLine)] == ["fields", "fields"]
    assert "2 fields where the header names 3" in found[0].reason


def test_a_look_does_not_hide_faults():
    found = list(LOG.read([HEAD + b"1.5\ta\n1.5\tb\tc\n"], "x", look=lambda block: []))
    assert [(type(each), each.telling) for each in found] == [(MalformedLine, False)]


def test_bytes_that_are_no_text():
    assert _fields(b"1.5\tcaf\xe9 evil.example\t-")[0][1][1].endswith("evil.example")


def test_sniff():
    assert LOG.sniff(HEAD)
    assert not LOG.sniff(b"# a comment\n")
