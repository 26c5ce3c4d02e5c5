from __future__ import annotations

import shutil
import uuid
from collections import Counter
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.values import classify
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node import keeping, kept_folder, retro
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.hunt import Hunt, Options
from tocsin.node.keeping import Keeping
from tocsin.node.logs import Reading
from tocsin.node.retro import Done, Retro
from tocsin.sharing.labels import label_for

NOW = 1_795_996_800_000_000
EVENT = 1_795_161_600_000_000  # 2026-11-20T08:00:00Z
SOURCE = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))
READING = Reading(zone=timezone(timedelta(hours=1)), now=NOW)
VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "telemetry"
LISTS = (Listed("resolvers", "cidr", (), ("192.0.2.7",)),)


def _catalogue(*texts, **facts):
    entries = []
    for tag, text in enumerate(texts):
        value = classify(text)
        entries.append(Entry(value.kind, value.text, Indicator(id=f"indicator--{text}", tag=tag, **facts)))
    return Catalogue(
        Index.build(entries), [(SOURCE,)] * len(texts), len(texts), Counter(), {}, Warninglists(LISTS)
    )


def _keep(folder, *paths):
    with kept_folder.locked(folder):
        Keeping(folder, reading=READING).keep([str(path) for path in paths])


def _retro(folder, catalogue, done=Done(), **options):  # noqa: B008 - it does not change
    made = Retro(catalogue, folder, now=NOW, options=Options(**options))
    return list(made.run(done)), made


def _hunt(catalogue, *paths, **options):
    return list(Hunt(catalogue, now=NOW, options=Options(reading=READING, **options)).run(map(str, paths)))


def _sorted(hits):
    return sorted(hits, key=lambda hit: (hit.file, hit.line, hit.indicator.id, hit.nth))


def _vectors():
    for file in sorted(VECTORS.glob("*/*")):
        if not file.name.endswith((".expected.json", ".typed.json")) and (
            file.parent.name != "pcap" or shutil.which("tshark")
        ):
            yield file


@pytest.mark.parametrize("group", [200, 1 << 25], ids=["many groups", "one group"])
def test_hits_of_every_format_are_those_of_a_hunt_in_its_logs(tmp_path, monkeypatch, group):
    monkeypatch.setattr(keeping, "GROUP", group)
    monkeypatch.setattr(keeping, "PART", 4 * group)
    logs = list(_vectors())
    catalogue = _catalogue(*(VECTORS / "indicators.txt").read_text("utf-8").split())
    _keep(tmp_path, *logs)
    found, made = _retro(tmp_path, catalogue)
    last = {(part.log, part.copy): part for part in kept_folder.parts(tmp_path)}
    names = {keeping.read_meta(part).name for part in last.values()}
    twice = {file.name for file in logs if file.stat().st_size} - {Path(name).name for name in names}
    assert len(twice) < 10, twice  # those that say the same in another packing are one log
    expected = [hit for hit in _hunt(catalogue, *logs) if hit.file in names]
    assert len(expected) > 100
    assert _sorted(found) == _sorted(expected)
    assert made.past.unsummarised == []
    if group == 200:
        assert made.past.groups_read < made.past.groups


_WORDS = [
    "evil.example",
    "www.evil.example",
    "1.2.3.4",
    "1.2.3.77",
    "good.example",
    "evil[.]example",
    "b\u00fccher.example",
]
_WORDS += [
    "http://evil.example/a",
    "bob@evil.example",
    "2001:db8::1",
    "d41d8cd98f00b204e9800998ecf8427e",
    "\udcff",
    "x",
]
_LINES = st.lists(st.lists(st.sampled_from(_WORDS), max_size=3).map(" ".join), max_size=30)
_VALUES = st.sets(
    st.sampled_from([word for word in _WORDS if len(word) > 1] + ["1.2.3.0/24", "192.0.2.7"]), min_size=1
)


@given(st.lists(_LINES, max_size=3), _VALUES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hits_are_those_of_a_hunt_in_the_logs(tmp_path_factory, monkeypatch, logs, values):
    monkeypatch.setattr(keeping, "GROUP", 60)
    monkeypatch.setattr(keeping, "PART", 200)
    where = tmp_path_factory.mktemp("logs")
    for number, lines in enumerate(logs):
        text = f"log {number}\n" + "".join(
            f"2026-11-20T08:00:{n:02}Z {line}\n" for n, line in enumerate(lines)
        )
        (where / f"{number}.log").write_bytes(text.encode("utf-8", "surrogateescape"))
    catalogue = _catalogue(*sorted(values))
    folder = tmp_path_factory.mktemp("telemetry")
    _keep(folder, where)
    assert _sorted(_retro(folder, catalogue)[0]) == _sorted(_hunt(catalogue, where))


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "telemetry"
    for number, value in enumerate(("evil.example", "1.2.3.4", "quiet")):
        (tmp_path / f"{number}.log").write_text(f"2026-11-2{number}T08:00:00Z to {value}\n" * 2)
    _keep(folder, tmp_path)
    return folder


def test_only_files_that_may_match_are_read(folder):
    hits, made = _retro(folder, _catalogue("evil.example"))
    assert [(hit.wanted, hit.line, hit.nth) for hit in hits] == [
        ("evil.example", 1, 1),
        ("evil.example", 2, 2),
    ]
    assert (made.past.files, made.past.groups, made.past.groups_read) == (3, 3, 1)
    assert made.past.bytes_read < made.past.bytes
    assert (made.report.hits, made.report.formats) == (2, {"text": 1})


def test_what_was_done_is_not_done_again(folder, tmp_path):
    catalogue = _catalogue("evil.example")
    hits, made = _retro(folder, catalogue)
    assert len(hits) == 2
    retro.save(folder, made.done())
    hits, made = _retro(folder, catalogue, retro.load(folder))
    assert (hits, made.past.groups_read, made.past.indicators) == ([], 0, 0)
    # a new indicator meets all telemetry, the others do not again
    hits, made = _retro(folder, _catalogue("evil.example", "1.2.3.4"), retro.load(folder))
    assert {hit.wanted for hit in hits} == {"1.2.3.4"}
    assert made.past.indicators == 1
    retro.save(folder, made.done())
    # new telemetry meets all indicators; a log that has grown is looked through as a whole, so that equal lines are counted on
    (tmp_path / "0.log").write_text("2026-11-20T08:00:00Z to evil.example\n" * 3)
    _keep(folder, tmp_path / "0.log")
    hits, made = _retro(folder, _catalogue("evil.example", "1.2.3.4"), retro.load(folder))
    assert [(hit.wanted, hit.nth) for hit in hits] == [
        ("evil.example", 1),
        ("evil.example", 2),
        ("evil.example", 3),
    ]
    assert made.past.new_logs == 1


def test_an_indicator_that_holds_at_another_time_is_new(folder):
    _, made = _retro(folder, _catalogue("evil.example", valid_until=EVENT))
    hits, _ = _retro(folder, _catalogue("evil.example", valid_until=EVENT + 1), made.done())
    assert [hit.raised for hit in hits] == [True, True]


def test_what_is_not_known_to_be_done_is_done(folder):
    for raw in (b"", b"nonsense", b"\x92\xc4\x03abc\x80"):
        (folder / retro.DONE).write_bytes(raw)
        assert retro.load(folder) == Done()


def test_earlier_telemetry_is_passed_over(folder):
    catalogue = _catalogue("evil.example", "1.2.3.4")
    hits, made = _retro(folder, catalogue, since=EVENT + 86_400_000_000)
    assert {hit.wanted for hit in hits} == {"1.2.3.4"}
    assert made.past.groups_read == 1


@pytest.mark.parametrize("damage", [None, b"", b"TOCSINSU nothing"])
def test_a_file_without_a_summary_is_read(folder, damage):
    for part in kept_folder.parts(folder):
        if damage is None:
            part.summary.unlink()
        else:
            part.summary.write_bytes(damage)
    hits, made = _retro(folder, _catalogue("evil.example"))
    assert len(hits) == 2
    assert len(made.past.unsummarised) == 3
    assert made.past.groups_read == 3


def test_telemetry_that_cannot_be_read_is_said_and_stays_to_be_done(folder):
    damaged = next(part for part in kept_folder.parts(folder) if part.day == "2026-11-20")
    whole = damaged.path.read_bytes()
    damaged.path.write_bytes(whole[:100] + bytes(len(whole) - 500) + whole[-400:])
    hits, made = _retro(folder, _catalogue("evil.example", "1.2.3.4"))
    assert {hit.wanted for hit in hits} == {"1.2.3.4"}
    assert "cannot be read" in made.report.faults[0][1]
    assert len(made.done().logs) == 2
    damaged.path.write_bytes(b"nothing")
    assert len(_retro(folder, _catalogue("evil.example", "1.2.3.4"))[1].report.faults) == 1


def test_nothing_is_hunted_where_nothing_is_kept(tmp_path):
    hits, made = _retro(tmp_path, _catalogue("evil.example"))
    assert (hits, made.past.files, made.report.hits) == ([], 0, 0)
