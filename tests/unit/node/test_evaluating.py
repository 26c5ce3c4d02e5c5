from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.matching import Index, Indicator
from tocsin.matching.clues import clues_of
from tocsin.matching.warninglists import Listed, Warninglists
from tocsin.node.catalogue import Catalogue, Source, wanted_of
from tocsin.node.hits import Options
from tocsin.node.hunt import Hunt
from tocsin.node.logs import Reading, open_logs
from tocsin.sharing.labels import label_for
from tocsin.stix.patterns import Pattern, parse, render
from tocsin.stix.patterns.ast import AllOf, Comparison, Observation
from tocsin.stix.patterns.ast import Path as ObjectPath
from tocsin.telemetry import Observation as Record
from tocsin.telemetry.observed import GIVEN, graph, sketch
from tocsin.telemetry.schemas import typed

VECTORS = Path(__file__).parents[2] / "vectors" / "telemetry"
NOW = 1_795_200_000_000_000
START = 1_795_161_600  # 2026-11-20T08:00:00Z
SOURCE = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))


def _catalogue(*patterns, lists=()):
    """Of texts, or of (text, facts) for indicators with facts of their own."""
    kept = []
    for tag, each in enumerate(patterns):
        text, facts = each if isinstance(each, tuple) else (each, {})
        kept.append(
            (Indicator(id=f"indicator--{tag}", name=f"number {tag}", pattern=text, tag=tag, **facts), None)
        )
    made = wanted_of(kept)
    return Catalogue(
        *(Index.build(made.entries), [(SOURCE,)] * len(kept), len(kept), made.passed, made.examples),
        Warninglists(lists),
        made.evaluated,
    )


def _hunt(catalogue, *paths, **options):
    hunt = Hunt(catalogue, now=NOW, options=Options(**options))
    return list(hunt.run([str(path) for path in paths])), hunt.report


def _conn(second, dst, port=443, src="10.0.0.5"):
    return {
        "ts": START + second,
        "uid": f"C{second}",
        "id.orig_h": src,
        "id.orig_p": 50000,
        "id.resp_h": dst,
        "id.resp_p": port,
        "proto": "tcp",
    }


def _dns(second, query):
    return {**_conn(second, "10.0.0.53", 53), "proto": "udp", "query": query, "qtype_name": "A"}


def _log(tmp_path, *records, name="conn.log"):
    file = tmp_path / name
    file.write_text("".join(json.dumps(each) + "\n" for each in records))
    return file


def test_both_of_two_values_have_to_be_in_one_record(tmp_path):
    log = _log(tmp_path, _conn(0, "1.2.3.4", 80), _conn(1, "1.2.3.4", 4444), _conn(2, "1.2.3.5", 4444))
    pattern = "[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 4444]"
    (hit,), report = _hunt(_catalogue(pattern), log)
    assert (hit.line, hit.kind, hit.wanted, hit.raised) == (2, "pattern", pattern, True)
    assert (hit.value, hit.at) == ("1.2.3.4, 4444", (START + 1) * 1_000_000)
    assert [(part.line, part.values) for part in hit.parts] == [
        (2, (("network-traffic:dst_ref.value", "1.2.3.4"), ("network-traffic:dst_port", "4444")))
    ]
    assert (report.hits, report.lines) == (1, 3)


def test_lines_in_order_within_a_window_name_all_that_met_the_pattern(tmp_path):
    pattern = "([domain-name:value = 'evil.example'] FOLLOWEDBY [network-traffic:dst_ref.value = '1.2.3.4']) WITHIN 60 SECONDS"
    log = _log(
        tmp_path, _conn(0, "1.2.3.4"), _dns(10, "evil.example"), _conn(69, "1.2.3.4"), _conn(500, "1.2.3.4")
    )
    (hit,), _ = _hunt(_catalogue(pattern), log)
    assert [part.line for part in hit.parts] == [2, 3]
    assert hit.line == 3
    late = _log(tmp_path, _dns(10, "evil.example"), _conn(70, "1.2.3.4"), name="late.log")
    assert _hunt(_catalogue(pattern), late)[0] == []


def test_lines_may_stand_in_several_files_and_in_any_order(tmp_path):
    pattern = "([domain-name:value = 'evil.example'] FOLLOWEDBY [network-traffic:dst_ref.value = '1.2.3.4']) WITHIN 60 SECONDS"
    first = _log(tmp_path, _conn(69, "1.2.3.4"), name="a.log")
    second = _log(tmp_path, _dns(10, "evil.example"), name="b.log")
    (hit,), _ = _hunt(_catalogue(pattern), first, second)
    assert [(Path(part.file).name, part.line) for part in hit.parts] == [("a.log", 1), ("b.log", 1)]


def test_repeats_and_start_stop(tmp_path):
    log = _log(tmp_path, *[_dns(second, "evil.example") for second in range(7)])
    hits, _ = _hunt(_catalogue("[domain-name:value = 'evil.example'] REPEATS 3 TIMES WITHIN 10 SECONDS"), log)
    assert [[part.line for part in hit.parts] for hit in hits] == [[1, 2, 3], [4, 5, 6]]
    timed = "[domain-name:value = 'evil.example'] START t'2026-11-20T08:00:02Z' STOP t'2026-11-20T08:00:04Z'"
    assert [hit.line for hit in _hunt(_catalogue(timed), log)[0]] == [3, 4]


def test_records_without_a_time_happened_in_the_order_in_which_they_stand(tmp_path):
    one, two = _dns(0, "a.example"), _dns(0, "b.example")
    del one["ts"], two["ts"]
    pattern = "[domain-name:value = 'a.example'] FOLLOWEDBY [domain-name:value = 'b.example']"
    known = {"format": "zeek_json"}
    assert len(_hunt(_catalogue(pattern), _log(tmp_path, one, two), reading=Reading(**known))[0]) == 1
    assert _hunt(_catalogue(pattern), _log(tmp_path, two, one, name="b"), reading=Reading(**known))[0] == []


def test_a_pattern_with_a_value_that_suffices_makes_one_hit_a_line(tmp_path):
    pattern = "[domain-name:value = 'evil.example'] OR [network-traffic:dst_port = 53]"
    hits, _ = _hunt(_catalogue(pattern), _log(tmp_path, _dns(0, "evil.example"), _dns(1, "good.example")))
    assert [(hit.line, hit.kind) for hit in hits] == [(1, "domain"), (2, "pattern")]


def test_spelling_of_values_is_that_of_records(tmp_path):
    pattern = "[domain-name:value = 'EVIL.Example.' AND domain-name:type = 'domain-name']"
    assert len(_hunt(_catalogue(pattern), _log(tmp_path, _dns(0, "evil.EXAMPLE")))[0]) == 1


def test_a_pattern_is_met_only_while_its_indicator_holds(tmp_path):
    pattern = "[network-traffic:dst_ref.value = '1.2.3.4' AND network-traffic:dst_port = 443]"
    facts = {"valid_from": (START + 1) * 1_000_000, "valid_until": (START + 2) * 1_000_000}
    log = _log(tmp_path, *[_conn(second, "1.2.3.4") for second in range(3)])
    assert [hit.line for hit in _hunt(_catalogue((pattern, facts)), log)[0]] == [2]
    assert [hit.line for hit in _hunt(_catalogue((pattern, facts)), log, any_time=True)[0]] == [1, 2, 3]


def test_what_only_names_listed_values_is_flagged(tmp_path):
    listed = [Listed("resolvers", "cidr", ("ip-dst",), ("9.9.9.9",))]
    log = _log(tmp_path, _conn(0, "9.9.9.9"), _conn(1, "9.9.9.9"))
    alone = "[ipv4-addr:value = '9.9.9.9'] REPEATS 2 TIMES"
    more = "[network-traffic:dst_ref.value = '9.9.9.9' AND network-traffic:dst_port = 443]"
    hits, _ = _hunt(_catalogue(alone, more, lists=listed), log)
    assert [(hit.indicator.tag, hit.line, hit.flags) for hit in hits] == [
        (1, 1, ()),
        (0, 2, ("warninglist:resolvers",)),
        (1, 2, ()),
    ]


def test_a_pattern_that_everything_meets_is_given_up(tmp_path):
    log = _log(tmp_path, *[_conn(second, "1.2.3.4") for second in range(30)])
    hits, report = _hunt(_catalogue("[network-traffic:dst_port > 0]"), log, most=5, breaker=10)
    assert (len(hits), report.hits, report.held_back) == (5, 10, 5)
    assert report.counts[0].given_up


def test_what_no_log_says_is_passed_over_and_told():
    made = _catalogue(
        "[process:name = 'x']",
        "[file:name MATCHES '(a']",
        "[file:name = 'x' AND file:magic_number_hex = h'00']",
    )
    assert len(made.evaluated) == 0
    assert made.passed == {"kind": 2, "pattern": 1}


def test_memory_is_bounded_and_what_was_forgotten_is_told(tmp_path):
    log = _log(tmp_path, *[_dns(second, "evil.example") for second in range(2500)])
    pattern = "[domain-name:value = 'evil.example'] AND [domain-name:value = 'never.example']"
    hits, report = _hunt(_catalogue(pattern), log)
    assert (hits, report.dropped) == ([], 500)


def _objects(file: Path) -> Iterator[tuple[str, dict[str, object]]]:
    for log in open_logs(
        [str(file)], on_read=lambda _: None, on_fault=lambda *_: None, reading=Reading(now=NOW)
    ):
        for record in log.log.read(log.stream, log.name, reference=log.reference):
            if isinstance(record, Record):
                said = typed(record, log.log)
                made = sketch(said)
                checked = {each.id: each.data for each in graph(said, "salt")}
                # the sketch has what the checked objects have, and perhaps what STIX has rules against
                assert len(made) >= len(checked)
                for each in made.values():
                    assert set(each) <= GIVEN[str(each["type"])], each
                    yield log.log.name, each


def _leaves(
    value: object, steps: tuple[str | int | None, ...] = ()
) -> Iterator[tuple[tuple[str | int | None, ...], str]]:
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _leaves(inner, (*steps, name))
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, (*steps, None))


@pytest.mark.parametrize(
    "file",
    sorted(f for f in VECTORS.glob("*/*") if f.parent.name not in {"arrow", "parquet", "pcap", "windows_evtx"} and ".json." not in f.name and not f.name.endswith((".expected.json", ".typed.json"))),
    ids=lambda f: f"{f.parent.name}-{f.name}",
)  # fmt: skip
def test_a_clue_never_hides_a_record(file):
    """Whatever a record says, a pattern that asks for it finds the record by its clue. Guard: `clues._AS_WRITTEN`, `needles`."""
    wanted: dict[str, None] = {}
    for _, each in _objects(file):
        kind = str(each["type"])
        for steps, value in _leaves(each):
            if (
                str(steps[0]).endswith(("_ref", "_refs"))
                or steps[0] in {"type", "spec_version"}
                or not value.isprintable()
            ):
                continue
            own = Comparison(ObjectPath(kind, ("type",)), "=", kind)
            one = Comparison(ObjectPath(kind, steps), "=", value)
            text = render(Pattern(Observation(AllOf((one, own)))))
            if not clues_of(parse(text)).everywhere:
                wanted[text] = None
    known = _catalogue(*wanted)
    assert not known.evaluated.clues.everywhere
    hunt = Hunt(known, now=NOW, options=Options(threads=1, any_time=True))
    found = {hit.wanted for hit in hunt.run([str(file)]) if hit.kind == "pattern"}
    assert set(wanted) - {each.pattern for each in known.evaluated.indicators.values()} == set()
    assert set(wanted) - found == set()
