from __future__ import annotations

import io
import json

import pytest

from tocsin.errors import FormatError
from tocsin.telemetry import MalformedLine, arrow_rows, log_of

pa = pytest.importorskip("pyarrow")

AT = 1_795_161_600_123_456_789
NO_UTF8 = pa.Array.from_buffers(
    pa.string(),
    2,
    [None, pa.array([0, 12, 14], pa.int32()).buffers()[1], pa.py_buffer(b"evil.example\xff\xfe")],
)


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([AT, None], pa.timestamp("ns")), ["2026-11-20T08:00:00.123456Z", None]),
        (pa.array([[AT], []], pa.list_(pa.timestamp("ns", "UTC"))), [["2026-11-20T08:00:00.123456Z"], []]),
        (
            pa.array([AT, None], pa.timestamp("ns")).dictionary_encode(),
            ["2026-11-20T08:00:00.123456Z", None],
        ),
        (
            pa.StructArray.from_arrays(
                [pa.array([AT, None], pa.timestamp("ns")), pa.array(["x", "y"])], ["t", "n"]
            ),
            [{"t": "2026-11-20T08:00:00.123456Z", "n": "x"}, {"t": None, "n": "y"}],
        ),
        (pa.array([10**15, 0], pa.timestamp("s")), [10**15, "1970-01-01T00:00:00Z"]),
        (
            pa.array([1, 0], pa.timestamp("s", "Nowhere/Bad")),
            ["1970-01-01T00:00:01Z", "1970-01-01T00:00:00Z"],
        ),
        (
            pa.StructArray.from_arrays([pa.array([1, 0], pa.timestamp("s", "Nowhere/Bad"))], ["t"]),
            [{"t": "1970-01-01T00:00:01Z"}, {"t": "1970-01-01T00:00:00Z"}],
        ),
        (pa.array([1, 2], pa.duration("ns")), [1, 2]),
        (NO_UTF8, ["evil.example", "fffe"]),
    ],
    ids=["ns", "list", "dictionary", "struct", "far", "zone", "struct-zone", "duration", "utf8"],
)
def test_what_python_cannot_hold_costs_neither_row_nor_table(column, values):
    batch = pa.RecordBatch.from_arrays([pa.array(["a", "b"]), column], names=["name", "x"])
    rows = [json.loads(row) for row in arrow_rows.rows([batch])]
    assert [row["name"] for row in rows] == ["a", "b"]
    assert [row.get("x") for row in rows] == values


def test_offsets_that_lead_out_of_a_file_are_not_followed():
    """Arrow takes what a file says for true: memory of the process would be searched, and shown."""
    offsets = pa.array([0, 4096, 1], pa.int32()).buffers()[1]
    beyond = pa.Array.from_buffers(pa.binary(), 2, [None, offsets, pa.py_buffer(b"x")])
    with pytest.raises(FormatError, match="cannot be read on"):
        list(arrow_rows.rows([pa.RecordBatch.from_arrays([beyond], names=["x"])]))


def test_columns_of_one_name_are_all_read():
    batch = pa.RecordBatch.from_arrays([pa.array(["a", None]), pa.array(["b", "c"])], names=["x", "x"])
    assert [json.loads(row) for row in arrow_rows.rows([batch])] == [{"x": ["a", "b"]}, {"x": "c"}]


def test_a_parquet_file_whose_footer_is_encrypted_is_told():
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"a": [1]}), file)
    data = b"PARE" + file.getvalue()[4:-4] + b"PARE"
    log = log_of(data)
    assert log.name == "parquet"
    found = list(log.read([data], "x"))
    assert [type(each) for each in found] == [MalformedLine]
    assert "encrypted" in found[0].reason
