from __future__ import annotations

import json
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
from tocsin.node.catalogue import Catalogue, Source, wanted_of
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
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


def _patterns(*texts, **facts):
    """Return a catalogue of indicators with these patterns."""
    kept = [
        (Indicator(id=f"indicator--{text}", pattern=text, tag=n, **facts), None)
        for n, text in enumerate(texts)
    ]
    made = wanted_of(kept)
    index, sources = Index.build(made.entries), [(SOURCE,)] * len(kept)
    lists = Warninglists(LISTS)
    return Catalogue(index, sources, len(kept), made.passed, made.examples, lists, made.evaluated)


A, B = (
    "[domain-name:value = 'a.example']",
    "[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 443]",
)
THEN = f"({A} FOLLOWEDBY {B}) WITHIN 60 SECONDS"
PATTERNS = [
    B,
    THEN,
    f"{A} AND {B}",
    f"{A} REPEATS 2 TIMES WITHIN 30 SECONDS",
    f"{A} OR ({B} FOLLOWEDBY {A})",
    "[domain-name:value LIKE '%xampl%' AND domain-name:value != 'a.example']",  # a piece of a word
    "[network-traffic:dst_port > 8000]",  # no clue at all
    "[domain-name:value = 'a.example'] START t'2026-11-20T08:00:10Z' STOP t'2026-11-20T08:00:40Z'",
]


def _said(second, what):
    facts = {"query": what, "qtype_name": "A", "id.resp_h": "10.0.0.53", "id.resp_p": 53}
    if what.startswith("1."):
        facts = {"id.resp_h": what.partition(":")[0], "id.resp_p": int(what.partition(":")[2])}
    base = {
        "ts": EVENT // 1_000_000 + second,
        "uid": f"C{second}",
        "id.orig_h": "10.0.0.5",
        "id.orig_p": 50000,
        "proto": "tcp",
    }
    return json.dumps({**base, **facts}) + "\n"


def _write(path, *said):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(_said(second, what) for second, what in said))


_SAID = st.tuples(
    st.integers(0, 90),
    st.sampled_from(["a.example", "b.example", "1.2.3.4:443", "1.2.3.4:80", "1.2.3.5:9000"]),
)


@given(
    st.lists(st.lists(_SAID, min_size=1, max_size=12), min_size=1, max_size=3),
    st.sets(st.sampled_from(PATTERNS), min_size=1),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_hits_of_patterns_are_those_of_a_hunt_in_the_logs(tmp_path_factory, monkeypatch, logs, patterns):
    monkeypatch.setattr(keeping, "GROUP", 400)
    monkeypatch.setattr(keeping, "PART", 1200)
    where, folder = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("telemetry")
    for number, said in enumerate(logs):
        # a first line of its own, so that no log is another one; the last is read before those in folders
        name = f"{number}.log" if number == 2 else f"below/{number}.log"
        _write(where / name, (-10 - number, "first.example"), *said)
    catalogue = _patterns(*sorted(patterns))
    _keep(folder, where)
    assert _retro(folder, catalogue)[0] == _hunt(catalogue, where)


@pytest.mark.parametrize("group", [400, 1 << 25], ids=["many groups", "one group"])
def test_hits_of_patterns_of_every_format_are_those_of_a_hunt(tmp_path, monkeypatch, group):
    monkeypatch.setattr(keeping, "GROUP", group)
    monkeypatch.setattr(keeping, "PART", 4 * group)
    logs = list(_vectors())
    patterns = []
    for text in (VECTORS / "indicators.txt").read_text("utf-8").split():
        value = classify(text)
        kind = {"domain": "domain-name", "ipv4": "ipv4-addr", "ipv6": "ipv6-addr", "url": "url"}.get(
            value.kind
        )
        if kind is not None:
            patterns.append(f"[{kind}:value = '{value.text}' AND {kind}:type = '{kind}']")
    patterns.append("[process:command_line LIKE '%e%' AND process:command_line LIKE '%exe%']")
    catalogue = _patterns(*patterns)
    _keep(tmp_path, *logs)
    names = {keeping.read_meta(part).name for part in kept_folder.parts(tmp_path)}
    found, _ = _retro(tmp_path, catalogue)
    expected = [hit for hit in _hunt(catalogue, *logs) if hit.file in names]
    assert len(expected) > 20
    assert _sorted(found) == _sorted(expected)


def test_a_new_pattern_meets_old_telemetry_once(tmp_path):
    folder = tmp_path / "telemetry"
    _write(tmp_path / "one.log", (0, "a.example"), (10, "1.2.3.4:443"), (20, "1.2.3.4:80"))
    _keep(folder, tmp_path / "one.log")
    hits, made = _retro(folder, _patterns(THEN))
    assert [[part.line for part in hit.parts] for hit in hits] == [[1, 2]]
    retro.save(folder, made.done())
    hits, made = _retro(folder, _patterns(THEN), retro.load(folder))
    assert (hits, made.past.indicators, made.past.groups_read) == ([], 0, 0)
    # the clues of the new one are those of the old one, too
    hits, made = _retro(folder, _patterns(THEN, B), retro.load(folder))
    assert [(hit.wanted, hit.line) for hit in hits] == [(B, 2)]
    assert (made.past.indicators, made.report.hits) == (1, 1)
    # one that holds at another time is new
    hits, _ = _retro(folder, _patterns(THEN, valid_from=EVENT), made.done())
    assert [hit.wanted for hit in hits] == [THEN]


def test_old_and_new_telemetry_meet_a_pattern_together(tmp_path):
    folder = tmp_path / "telemetry"
    _write(tmp_path / "one.log", (0, "a.example"), (10, "1.2.3.4:443"), (20, "a.example"))
    _keep(folder, tmp_path / "one.log")
    catalogue = _patterns(THEN)
    hits, made = _retro(folder, catalogue)
    assert len(hits) == 1
    done = made.done()
    _write(tmp_path / "two.log", (30, "1.2.3.4:443"))
    _keep(folder, tmp_path / "two.log")
    hits, made = _retro(folder, catalogue, done)
    (hit,) = hits
    assert [(Path(part.file).name, part.line) for part in hit.parts] == [("one.log", 3), ("two.log", 1)]
    assert made.report.hits == 1
    assert [count.raised for count in made.report.counts.values()] == [1]


def test_old_telemetry_is_read_again_only_where_a_pattern_may_go_on(tmp_path):
    folder = tmp_path / "telemetry"
    _write(tmp_path / "old.log", (0, "a.example"), (10, "1.2.3.4:443"))
    _write(tmp_path / "one.log", (3600, "a.example"))
    _keep(folder, tmp_path)
    catalogue = _patterns(THEN, f"{A} OR ({B} FOLLOWEDBY {A}) WITHIN 60 SECONDS")
    hits, made = _retro(folder, catalogue)
    assert len(hits) == 3
    done = made.done()
    _write(tmp_path / "two.log", (3630, "1.2.3.4:443"))
    _keep(folder, tmp_path / "two.log")
    hits, made = _retro(folder, catalogue, done)
    assert [[(Path(part.file).name, part.line) for part in hit.parts] for hit in hits] == [
        [("one.log", 1), ("two.log", 1)]
    ]
    assert (made.past.groups, made.past.groups_read) == (3, 2)
    # one without a limit has all of it read that holds a clue
    catalogue = _patterns(f"{A} FOLLOWEDBY {B}")
    _, made = _retro(
        folder,
        catalogue,
        Done(frozenset(map(retro.key_of_pattern, catalogue.evaluated.indicators.values())), done.logs),
    )
    assert made.past.groups_read == 3


def test_what_no_summary_can_tell_is_read_and_said(tmp_path):
    folder = tmp_path / "telemetry"
    _write(tmp_path / "one.log", (0, "b.example"), (1, "1.2.3.5:9000"))
    (tmp_path / "two.log").write_text("2026-11-20T08:00:00Z text says nothing of ports\n")
    _keep(folder, tmp_path / "one.log", tmp_path / "two.log")
    hits, made = _retro(folder, _patterns("[network-traffic:dst_port > 8000]"))
    assert [hit.line for hit in hits] == [2]
    assert made.past.anything
    assert made.past.groups_read == 1  # no pattern can be met by lines of text
    _, made = _retro(folder, _patterns(B))
    assert not made.past.anything


def test_only_some_indicators_are_looked_for(tmp_path):
    known = _patterns(A, B, "[network-traffic:dst_port > 8000]", THEN)
    some = retro.only(known, {1})
    assert [entry.value for entry in some.index.entries] == ["1.2.3.4"]
    assert set(some.evaluated.indicators) == set(some.evaluated.texts) == {1}
    assert not some.evaluated.clues.everywhere
    assert (some.indicators, some.values, retro.only(known, {0}).values) == (1, 0, 1)
    assert len(retro.only(known, {0}).evaluated.clues.entries) == 0


def test_figures_of_what_was_held_back_and_forgotten_are_of_the_whole(tmp_path):
    folder = tmp_path / "telemetry"
    _write(tmp_path / "one.log", *[(n, "a.example") for n in range(9)])
    _keep(folder, tmp_path / "one.log")
    hits, made = _retro(folder, _patterns(A), most=4)
    assert len(hits) == 4
    (count,) = made.report.counts.values()
    assert (count.raised, count.beyond, made.report.held_back) == (9, 5, 5)
    done = made.done()
    _write(tmp_path / "two.log", *[(n, "b.example") for n in range(9)])
    _keep(folder, tmp_path / "two.log")
    other = "[domain-name:value = 'b.example' AND domain-name:type = 'domain-name']"
    _, made = _retro(folder, _patterns(other), Done(done.entries, done.logs), most=4)
    assert [each.beyond for each in made.report.counts.values()] == [5]
