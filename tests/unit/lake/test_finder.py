from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from integration.test_lake_on_spark import LISTS, NOW, catalogue, tables
from tocsin.errors import FormatError
from tocsin.lake import finder
from tocsin.lake.finder import FILE, ROW, Task
from tocsin.node import index_release
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.sharing.decision import clear

__all__ = ["tables"]


@pytest.fixture
def index(tmp_path):
    path = tmp_path / "tocsin.index"
    index_release.save(clear("identity--a", "match", (1,), 1).seal(catalogue()), LISTS, path)
    return str(path)


def _batches(file, size, **more):
    """The rows of a file in batches, with columns that say where they are from."""
    at = 0
    for batch in pq.ParquetFile(file).iter_batches(batch_size=size):
        rows = pa.array(range(at, at + batch.num_rows), pa.int64())
        yield batch.append_column(FILE, pa.array([str(file)] * batch.num_rows)).append_column(ROW, rows)
        at += batch.num_rows


def _key(hit):
    return (hit.file, hit.line - 1, hit.field, hit.indicator.id, hit.value, list(hit.flags), hit.at, hit.text)


@pytest.mark.parametrize("size", [7, 1000, 100_000])
def test_hits_are_those_of_a_hunt_in_the_files(tables, index, size):
    files = sorted(tables.iterdir())
    kind = finder.format_of_rows([next(iter(pq.ParquetFile(files[0]).iter_batches(batch_size=20)))])
    assert kind == "zeek_json"
    found = []
    for file in files:
        for batch in finder.find(_batches(file, size), index, Task(kind, NOW)):
            assert pa.types.is_timestamp(batch.schema.field("at").type)
            at = batch.column("at").cast(pa.int64()).to_pylist()
            found += [
                (
                    *(row[name] for name in ("file", "row", "field", "indicator", "value", "flags")),
                    moment,
                    row["record"],
                )
                for row, moment in zip(batch.to_pylist(), at, strict=True)
            ]
    expected = [_key(hit) for hit in Hunt(catalogue(), now=NOW, options=Options()).run([str(tables)])]
    assert len(expected) > 1000
    assert sorted(found) == sorted(expected)


def test_an_index_is_opened_once(tables, index):
    before = finder.loads()
    for file in tables.iterdir():
        list(finder.find(_batches(file, 500), index, Task("zeek_json", NOW)))
    assert finder.loads() == before + 1


def test_nothing_is_looked_for_in_where_rows_come_from(index):
    batch = pa.RecordBatch.from_pydict({"query": ["quiet"], FILE: ["evil.example"], ROW: [1]})
    assert list(finder.find([batch], index, Task("json_lines", NOW))) == []


def test_rows_that_come_from_nowhere_are_counted(index):
    batch = pa.RecordBatch.from_pydict({"query": ["quiet", "evil.example"]})
    (found,) = finder.find([batch], index, Task("json_lines", NOW))
    assert (found.column("file").to_pylist(), found.column("row").to_pylist()) == ([None], [1])
    assert found.schema.names == [part.split()[0] for part in finder.SCHEMA.split(", ")]


def test_a_damaged_index_is_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"nothing")
    with pytest.raises(FormatError):
        list(finder.find([], str(tmp_path / "x"), Task("json_lines", NOW)))
