from __future__ import annotations

import gzip
import json

import pyarrow.parquet as pq
import pytest

from tocsin.errors import ConflictError, FormatError
from tocsin.node import keeping, kept_folder
from tocsin.node.keeping import Keeping
from tocsin.node.logs import Reading
from tocsin.telemetry import kept

DAY = "2026-11-20"


def _keep(folder, *paths):
    with kept_folder.locked(folder):
        made = Keeping(folder)
        made.keep([str(path) for path in paths])
    return made.report


def _records(folder):
    return [
        record
        for part in kept_folder.parts(folder)
        for record in kept.records(pq.ParquetFile(part.path).read())
    ]


def _lines(first, last, day=DAY):
    return "".join(
        f"{day}T08:{n // 60 % 60:02}:{n % 60:02}Z host{n}.example asked\n" for n in range(first, last)
    )


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "telemetry"


def test_a_log_is_kept_as_its_reader_gave_it(tmp_path, folder):
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 10))
    report = _keep(folder, log)
    assert (report.logs, report.records, report.faults) == ({"kept": 1}, 10, [])
    (part,) = kept_folder.parts(folder)
    assert (part.first, part.end, part.day) == (0, 10, DAY)
    assert part.path.parent.name == f"day={DAY}"
    assert part.path.stat().st_mode & 0o077 == 0
    meta = keeping.read_meta(part)
    assert (meta.name, meta.format) == (str(log), "text")
    assert [(each.line, each.raw) for each in _records(folder)] == [
        (n + 1, line.encode()) for n, line in enumerate(_lines(0, 10).splitlines())
    ]


def test_a_record_of_a_time_to_come_does_not_keep_its_file_for_ever(tmp_path, folder):
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 10) + _lines(0, 1, "2099-01-01"))
    with kept_folder.locked(folder):
        Keeping(folder, reading=Reading(now=1_795_200_000_000_000)).keep([str(log)])
        (part,) = kept_folder.parts(folder)
        assert (part.end, part.day) == (11, DAY)
        assert kept_folder.expire(folder, oldest="2027-01-01", largest=10**9) == [part]


def test_what_was_kept_is_not_kept_twice(tmp_path, folder):
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 100))
    _keep(folder, log)
    before = _records(folder)
    assert _keep(folder, log).logs == {"known": 1}
    (folder / "logs.json").unlink()
    assert _keep(folder, log).logs == {"known": 1}  # it is read again and found to be the same
    packed = tmp_path / "app.log.1.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    report = _keep(folder, packed)
    assert (report.logs, report.records) == ({"known": 1}, 0)
    assert _records(folder) == before


@pytest.mark.parametrize("cut", [b"", b"2026-11-20T08:01:40Z ho"])
def test_a_log_that_has_grown_goes_on_where_it_stopped(tmp_path, folder, cut):
    log = tmp_path / "app.log"
    log.write_bytes(_lines(0, 100).encode() + cut)  # the last line may not have been written to its end
    _keep(folder, log)
    log.write_text(_lines(0, 150))
    report = _keep(folder, log)
    assert report.logs == {"grown": 1}
    assert [each.raw.decode() for each in _records(folder)] == _lines(0, 150).splitlines()
    assert len(list(folder.glob("day=*/*.parquet"))) == 1


def test_logs_that_begin_alike_are_told_apart(tmp_path, folder):
    first, second, third = (tmp_path / f"{n}.log" for n in "abc")
    first.write_text("the same banner\n" + _lines(0, 50))
    second.write_text("the same banner\n" + _lines(50, 90))
    third.write_text("the same banner\n" + _lines(0, 20))  # ends before it could be told
    assert _keep(folder, first, second, third).logs == {"kept": 3}
    assert len(_records(folder)) == 51 + 41 + 21
    (folder / "logs.json").unlink()
    assert _keep(folder, first, second, third).records == 0
    assert len(_records(folder)) == 51 + 41 + 21


def test_large_logs_are_kept_in_parts(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(keeping, "PART", 2000)
    monkeypatch.setattr(keeping, "GROUP", 500)
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 200))
    _keep(folder, log)
    parts = kept_folder.parts(folder)
    assert len(parts) > 3
    assert [part.first for part in parts[1:]] == [part.end for part in parts[:-1]]
    assert all(keeping.groups_in(part) > 2 for part in parts[:-1])
    untouched = [part.path.stat().st_mtime_ns for part in parts[:-1]]
    log.write_text(_lines(0, 300))
    assert _keep(folder, log).records == 100
    assert [each.raw.decode() for each in _records(folder)] == _lines(0, 300).splitlines()
    assert [part.path.stat().st_mtime_ns for part in parts[:-1]] == untouched


def test_a_part_ends_with_the_day(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(keeping, "_DAY_BREAK", 100)
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 10) + _lines(0, 10, "2026-11-21") + "no time\n")
    _keep(folder, log)
    assert [(part.day, part.first, part.end) for part in kept_folder.parts(folder)] == [
        (DAY, 0, 10),
        ("2026-11-21", 10, 21),
    ]


def test_a_log_without_times_has_no_day(tmp_path, folder):
    log = tmp_path / "app.log"
    log.write_text("no time\n")
    _keep(folder, log)
    assert kept_folder.parts(folder)[0].day == "unknown"


def test_what_a_crash_left_is_put_right(tmp_path, folder, monkeypatch):
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 50))
    _keep(folder, log)
    (old,) = kept_folder.parts(folder)
    monkeypatch.setattr(kept_folder, "remove", lambda parts: None)  # it ended before the old file was removed
    log.write_text(_lines(0, 80))
    _keep(folder, log)
    monkeypatch.undo()
    assert old.path.exists()
    (folder / ".making-1.parquet").write_bytes(b"half")
    (folder / f"day={DAY}" / "text-0.0.000000000000-000000000001.summary").write_bytes(b"alone")
    assert len(_records(folder)) == 80
    with kept_folder.locked(folder):
        kept_folder.tidy(folder)
    assert not old.path.exists()
    assert sorted(each.suffix for each in folder.rglob("*-*.*")) == [".parquet", ".summary"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path, folder, monkeypatch):
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 50))
    _keep(folder, log)

    def full(self, *_arguments, **_more):
        raise OSError(28, "No space left on device")

    log.write_text(_lines(0, 80))
    monkeypatch.setattr(keeping._Part, "finish", full)
    with pytest.raises(OSError, match="No space"):
        _keep(folder, log)
    monkeypatch.undo()
    assert len(_records(folder)) == 50
    assert not list(folder.glob(".making*"))
    assert _keep(folder, log).logs == {"grown": 1}
    assert len(_records(folder)) == 80


def test_containers_and_malformed_lines_are_kept(tmp_path, folder):
    log = tmp_path / "eve.json"
    log.write_text(json.dumps({"timestamp": f"{DAY}T08:00:00Z", "event_type": "dns"}) + "\n{broken\n")
    report = _keep(folder, log)
    assert (report.records, report.malformed) == (2, 1)
    assert _records(folder)[1].rule == "json"


def test_a_log_that_cannot_be_read_to_its_end_is_asked_again(tmp_path, folder):
    log = tmp_path / "app.log.gz"
    whole = gzip.compress(_lines(0, 2000).encode())
    log.write_bytes(whole[: len(whole) // 2])
    (fault,) = _keep(folder, log).faults
    assert fault[0] == str(log)
    assert 0 < len(_records(folder)) < 2000
    assert len(_keep(folder, log).faults) == 1
    log.write_bytes(whole)
    assert _keep(folder, log).faults == []
    assert [each.raw.decode() for each in _records(folder)] == _lines(0, 2000).splitlines()


def test_the_folder_itself_is_no_log(tmp_path, folder):
    (tmp_path / "app.log").write_text(_lines(0, 10))
    _keep(folder, tmp_path)
    assert _keep(folder, tmp_path).logs == {"known": 1}


def test_old_telemetry_goes_first(tmp_path, folder):
    for n, day in enumerate(("2026-11-18", "2026-11-19", "2026-11-20")):
        (tmp_path / f"{n}.log").write_text(_lines(0, 10, day))
    (tmp_path / "3.log").write_text("no time\n")
    _keep(folder, tmp_path)
    with kept_folder.locked(folder):
        assert [each.day for each in kept_folder.expire(folder, oldest="2026-11-19", largest=10**9)] == [
            "2026-11-18"
        ]
        size = max(part.size for part in kept_folder.parts(folder))
        assert [each.day for each in kept_folder.expire(folder, oldest="", largest=2 * size)] == [
            "2026-11-19"
        ]
        assert {each.day for each in kept_folder.parts(folder)} == {"2026-11-20", "unknown"}
        kept_folder.tidy(folder)
    assert not (folder / "day=2026-11-18").exists()


def test_two_do_not_keep_at_once(folder):
    with (
        kept_folder.locked(folder),
        pytest.raises(ConflictError, match="being kept"),
        kept_folder.locked(folder),
    ):
        pass
    with kept_folder.locked(folder, shared=True), kept_folder.locked(folder, shared=True):
        pass


def test_a_damaged_part_is_named(tmp_path, folder):
    log = tmp_path / "app.log"
    log.write_text(_lines(0, 10))
    _keep(folder, log)
    (part,) = kept_folder.parts(folder)
    part.path.write_bytes(b"PAR1 nothing")
    with pytest.raises(FormatError, match=part.path.name):
        keeping.read_meta(part)
    pq.write_table(kept.table([]), part.path)
    with pytest.raises(FormatError, match="no file of kept telemetry"):
        keeping.read_meta(part)
