from __future__ import annotations

import pytest

from tocsin.errors import FormatError
from tocsin.matching import Entry, Index, Indicator, scan
from tocsin.matching.values import classify
from tocsin.node import index_file


def _index(*texts):
    values = [classify(text) for text in texts]
    return Index.build(Entry(v.kind, v.text, Indicator(id=f"indicator--{v.text}")) for v in values)


def test_a_file_is_replaced_under_those_who_read_it(tmp_path):
    path = tmp_path / "indicators.index"
    index_file.save(_index("evil.example"), path, {"of": b"yesterday"})
    old, extra = index_file.load(path)
    index_file.save(_index("bad.example"), path)
    new, _ = index_file.load(path)
    assert extra == {"of": b"yesterday"}
    log = b"evil.example bad.example"
    assert [hit.value for hit in scan(log, old)] == ["evil.example"]
    assert [hit.value for hit in scan(log, new)] == ["bad.example"]
    assert [file.name for file in tmp_path.iterdir()] == ["indicators.index"]
    assert path.stat().st_mode & 0o077 == 0


def test_what_was_there_stays_when_writing_fails(tmp_path):
    path = tmp_path / "indicators.index"
    index_file.save(_index("evil.example"), path)
    with pytest.raises(ValueError, match="anew"):
        index_file.save(_index("bad.example").changed(remove=[0]), path)
    assert [entry.value for entry in index_file.load(path)[0].entries] == ["evil.example"]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [None, b"", b"TOCSINIX", b"x" * 1000])
def test_what_is_no_index_is_refused_by_name(tmp_path, content):
    path = tmp_path / "indicators.index"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        index_file.load(path)
    assert str(path) in str(caught.value)
