"""The same events written in every format, with values planted in some fields: each format gives all of the hits and no other."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.sieve import Sieve
from tocsin.matching.values import classify
from tocsin.telemetry import log_of
from tocsin.telemetry.finding import find_in

PLANTED = {
    "evil.example": ["evil.example", "www.evil.example", "EVIL.example", "evil.example.", "http://evil.example/", "evil[.]example"],
    "1.2.3.4": ["1.2.3.4", "tcp://1.2.3.4:80", "x,1.2.3.4;y"],
    "198.51.100.0/25": ["198.51.100.77", "198.51.100.0"],
    "2001:db8::66": ["2001:db8::66", "2001:0db8:0000:0000:0000:0000:0000:0066"],
    "http://drop.example/a?b=1": ["http://drop.example/a?b=1", "hxxp://drop.example/a?b=1", "drop.example/a?b=1"],
    "bob@mail.example": ["bob@mail.example", "<Bob@mail.example>", 'from="bob@mail.example"'],
    "d41d8cd98f00b204e9800998ecf8427e": ["D41D8CD98F00B204E9800998ECF8427E", "md5:d41d8cd98f00b204e9800998ecf8427e"],
    "bücher.example": ["bücher.example", "xn--bcher-kva.example", "„bücher.example“"],
    "o'neil@x.example": ["o'neil@x.example"],
}  # fmt: skip
NEAR = [
    "notevil.example", "evil.example.org", "evil.example-x", "11.2.3.40", "1.2.3.4.5", "v1.2.3.4", "198.51.100.200", "2001:db8::6",
    "http://drop.example/a?b=12", "abob@mail.example", "d41d8cd98f00b204e9800998ecf8427", "bücher.example.org", "neil@x.example",
    "quiet", "", "-", "(empty)", 'tab\tquote"back\\slash', "\\x65vil.exampl", "é", "line\nfeed", "10.0.0.1", "C:\\nevil.example",
]  # fmt: skip
INDEX = Index.build(
    Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(map(classify, PLANTED))
)
_WANTED = list(map(classify, PLANTED))
_CELLS = st.one_of(
    st.sampled_from(NEAR).map(lambda text: (text, None)),
    st.sampled_from([(text, value) for value, texts in PLANTED.items() for text in texts]),
)
ROWS = st.lists(st.lists(_CELLS, min_size=3, max_size=3), min_size=1, max_size=6)
NAMES = ("first", "evil.example", "third")  # a value as the name of a field is no hit


def _escaped(text: str) -> str:
    # as Zeek's ASCII writer: control characters, the separator, the backslash, and bytes beyond ASCII
    raw = text.encode()
    if raw in {b"-", b"(empty)"}:
        return f"\\x{raw[0]:02x}{text[1:]}"
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\x{b:02x}" for b in raw)


def _zeek_tsv(rows: list[list[str]]) -> str:
    head = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
    head += "#fields\tts\t" + "\t".join(NAMES) + "\n#types\ttime" + "\tstring" * len(NAMES) + "\n"
    return head + "".join("1795161600.5\t" + "\t".join(map(_escaped, row)) + "\n" for row in rows)


def _zeek_json(rows: list[list[str]]) -> str:
    return "".join(
        json.dumps(
            {"_path": "x", "ts": 1795161600.5, **dict(zip(NAMES, row, strict=True))}, ensure_ascii=False
        )
        + "\n"
        for row in rows
    )


def _eve(rows: list[list[str]]) -> str:
    return "".join(
        json.dumps({"timestamp": "2026-11-20T08:00:00.500000+0000", "event_type": "x", "x": dict(zip(NAMES, row, strict=True))}) + "\n"
        for row in rows
    )  # fmt: skip


def _eve_array(rows: list[list[str]]) -> str:
    return json.dumps([json.loads(line) for line in _eve(rows).splitlines()], indent=1)


def _text(rows: list[list[str]]) -> str:
    return "".join(
        "2026-11-20T08:00:00.5Z | " + " | ".join(cell.replace("\n", " ") for cell in row) + "\n"
        for row in rows
    )


def _line(row: list[str]) -> str:
    return " | ".join(cell.replace("\n", " ") for cell in row)


def _syslog_bsd(rows: list[list[str]]) -> str:
    return "".join(f"2026-11-20T08:00:00.5Z gw app[7]: {_line(row)}\n" for row in rows)


def _syslog(rows: list[list[str]]) -> str:
    return "".join(f'<13>1 2026-11-20T08:00:00.5Z gw app 7 - [x@1 a="b"] {_line(row)}\n' for row in rows)


def _cef_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\n", " ")


def _cef(rows: list[list[str]]) -> str:
    return "".join(
        "CEF:0|a|b|1|2|c|3|rt=1795161600500 "
        + " ".join(f"cs{n}={_cef_value(cell)}" for n, cell in enumerate(row))
        + "\n"
        for row in rows
    )


def _ecs(rows: list[list[str]]) -> str:
    return "".join(
        json.dumps(
            {
                "@timestamp": "2026-11-20T08:00:00.500Z",
                "ecs.version": "8",
                "labels": dict(zip(NAMES, row, strict=True)),
            }
        )
        + "\n"
        for row in rows
    )


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("zeek_tsv", _zeek_tsv),
        ("zeek_json", _zeek_json),
        ("suricata_eve", _eve),
        ("suricata_eve", _eve_array),
        ("text", _text),
        ("syslog_rfc3164", _syslog_bsd),
        ("syslog_rfc5424", _syslog),
        ("cef", _cef),
        ("ecs", _ecs),
    ],
)
@given(rows=ROWS)
@settings(max_examples=300, deadline=None)
def test_all_planted_hits_and_no_other(
    name: str, write: Callable[[list[list[str]]], str], rows: list
) -> None:
    data = write([[text for text, _ in row] for row in rows]).encode()
    log = log_of(data)
    assert log.name == name
    expected = [sorted({value for _, value in row if value}) for row in rows]
    expected = [values for values in expected if values]
    for look in (None, Sieve(INDEX, log.escapes).spans):
        found = []
        for record in log.read([data], "x", look=look):
            values = sorted(list(PLANTED)[finding.entry] for finding in find_in(record, INDEX))
            assert getattr(record, "at", None) == 1_795_161_600_500_000
            if values:
                found.append(values)
        assert found == expected


def _planted(samples: Path, member: str, into: Path) -> Path:
    import tarfile

    with tarfile.open(samples) as tar:
        found = tar.extractfile(member)
        assert found is not None
        into.write_bytes(found.read())
    return into


def test_real_zeek_logs_give_what_a_plain_search_of_their_columns_gives(
    shared_data: Path, tmp_path: Path
) -> None:
    """Names and addresses out of Zeek's own sample, hunted for in its TSV and JSON; the truth is worked out column by column."""
    import gzip

    samples = shared_data / "zeek-sample.tar"
    if not samples.exists():
        pytest.skip("zeek-sample.tar is not in ../shared/data")
    tsv = gzip.decompress(_planted(samples, "zeek-default/dns.log.gz", tmp_path / "dns.log.gz").read_bytes())
    as_json = gzip.decompress(
        _planted(samples, "zeek-json/dns.json.gz", tmp_path / "dns.json.gz").read_bytes()
    )
    tsv, as_json = (b"".join(data.splitlines(keepends=True)[:12_008]) for data in (tsv, as_json))
    as_json = b"".join(as_json.splitlines(keepends=True)[:12_000])
    rows = [line.split("\t") for line in tsv.decode().splitlines() if not line.startswith("#")]
    dice = random.Random(20261123)
    names = dice.sample(
        sorted({row[9].lower() for row in rows if row[9].count(".") in (2, 3) and row[9][-1].isalpha()}), 15
    )
    hosts = dice.sample(sorted({row[2] for row in rows if ":" not in row[2]}), 5)
    wanted = [classify(text) for text in (*names, *hosts)]
    index = Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{i}")) for i, v in enumerate(wanted))
    searched = {
        (number, position)
        for number, row in enumerate(rows)
        for position, value in enumerate(wanted)
        for cell in (c for column in row for c in column.lower().split(","))
        if cell == value.text or (value.kind == "domain" and cell.endswith(f".{value.text}"))
    }
    assert len(searched) > 50
    for data, first in ((tsv, 9), (as_json, 1)):
        log = log_of(data)
        found = {
            (record.line - first, finding.entry)
            for record in log.read([data], "x", look=Sieve(index, log.escapes).spans)
            for finding in find_in(record, index)
        }
        # columns hold free text, too (TXT answers, names with other characters): what is found there beyond whole cells is looked at
        assert searched <= found
        for number, entry in found - searched:
            assert wanted[entry].text in "\t".join(rows[number]).lower()
        assert len(found - searched) <= len(found) // 100


def test_real_eve_logs_give_every_address(shared_data: Path, tmp_path: Path) -> None:
    import io
    import tarfile

    import zstandard

    samples = shared_data / "suricata-eve-samples.tar.zst"
    if not samples.exists():
        pytest.skip("suricata-eve-samples.tar.zst is not in ../shared/data")
    packed = zstandard.ZstdDecompressor().decompressobj().decompress(samples.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        logs = [tar.extractfile(m).read() for m in tar if m.name.endswith("alerts-only.json")]  # type: ignore[union-attr]
    assert len(logs) == 4
    for data in logs:
        events = json.loads(data)
        addresses = sorted({event["dest_ip"] for event in events})[::3]
        index = Index.build(
            Entry(v.kind, v.text, Indicator(id=f"indicator--{i}"))
            for i, v in enumerate(map(classify, addresses))
        )
        log = log_of(data)
        assert log.name == "suricata_eve"
        found = [
            [index.entries[f.entry].value for f in find_in(r, index) if f.field == "dest_ip"]
            for r in log.read([data], "x")
        ]
        assert found == [[e["dest_ip"]] if e["dest_ip"] in addresses else [] for e in events]
