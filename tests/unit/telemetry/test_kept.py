from __future__ import annotations

import pyarrow as pa
import pytest

from tocsin.telemetry import MalformedLine, Observation, kept

RECORDS = [
    Observation(5, (("line", "a \udcff evil.example"),), 1, 0, b"a \xff evil.example", None),
    Observation(
        None, (("query", "evil.example"), ("answers", "1.2.3.4"), ("answers", "")), 2, 9, b"{}", "sensor"
    ),
    Observation(7, (), 3, 20, b"", None),
    Observation(7, (("line", "not the line"),), 4, 20, b"the line", None),
    Observation(-1, (("n\udcfe", "\ud800 x"), ("b", "\u00fc")), 5, 30, b"\x00\n\xff", "h\udcff"),
    Observation(1, (("", "\x00"),), 6, 40, b"x", ""),
    MalformedLine(7, 50, b"\xff broken", "json", "not JSON: \u00fc", telling=True),
    MalformedLine(8, 60, b"", "truncated", "", telling=False),
]


def test_records_come_back_as_they_were():
    assert kept.records(kept.table(RECORDS)) == RECORDS


@pytest.mark.parametrize("compression", ["zstd", "none"])
def test_records_come_back_out_of_a_file(tmp_path, compression):
    import pyarrow.parquet

    pyarrow.parquet.write_table(kept.table(RECORDS), tmp_path / "x", compression=compression)
    read = pyarrow.parquet.read_table(tmp_path / "x")
    assert kept.records(read) == RECORDS
    read.validate(full=True)  # what is no UTF-8 is not called text: other programs refuse that
    assert kept.records(read.take([6, 1])) == [RECORDS[6], RECORDS[1]]


def test_nothing_is_a_table_too():
    assert kept.records(kept.table([])) == []


def test_a_line_is_not_kept_twice():
    assert kept.table(RECORDS).column("fields").to_pylist()[0] is None


def _at(wanted, records):
    """Which rows are asked for by a look for lines that hold some bytes."""

    def look(block):
        spans, at = [], 0
        for line in block.split(b"\n"):
            if wanted in line:
                spans.append((at, at + len(line)))
            at += len(line) + 1
        return spans

    table = kept.table(records)
    texts = table.select(["fields", "exact"])
    return kept.rows_at(texts, lambda: table.column("raw"), look).tolist()


def test_rows_are_found_by_what_is_looked_at():
    assert _at(b"1.2.3.4", RECORDS) == [1, 4]  # what is no UTF-8 is always looked at
    assert _at(b"evil.example", RECORDS) == [0, 1, 4]
    assert _at(b"broken", RECORDS) == [4, 6]
    assert _at(b"the line", RECORDS) == [3, 4]
    assert _at(b"answers", RECORDS) == [4]
    assert _at(b"x", RECORDS[:1]) == [0]
    assert _at(b"x", RECORDS[2:3]) == []
    lines = [Observation(1, (("a", "x\ny"), ("b", "z")), 1, 0, b"", None)] * 3
    assert _at(b"y", lines) == [0, 1, 2]


@pytest.mark.parametrize("values", [[], [b""], [b"a", b"", b"b\nc", b"d"]])
def test_values_are_joined_to_lines(values):
    text, starts = kept.joined(pa.chunked_array([pa.array(values, pa.binary())]))
    assert text == b"\n".join(values)
    assert [text[at : at + len(value)] for at, value in zip(starts, values, strict=True)] == values
