from __future__ import annotations

import uuid

import pytest

from tocsin.matching import Index, Indicator
from tocsin.matching.warninglists import Warninglists
from tocsin.node.catalogue import Catalogue, Source, wanted_of
from tocsin.node.hunt import Hunt, Options
from tocsin.node.text_objects import clues_in_text
from tocsin.sharing.labels import label_for

NOW = 1_795_200_000_000_000
SOURCE = Source("identity--a", "A", "TLP:GREEN", label_for((), owner="identity--a"), 1, uuid.UUID(int=1))
MD5 = "0123456789abcdef0123456789abcdef"
SHA256 = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
BOTH = "[domain-name:value = 'evil.example'] AND [ipv4-addr:value = '192.0.2.7']"
ORDERED = (
    "([domain-name:value = 'evil.example'] FOLLOWEDBY [ipv4-addr:value = '192.0.2.7']) WITHIN 60 SECONDS"
)
FILE = f"[file:name = 'tool.exe' AND file:hashes.MD5 = '{MD5}']"


def _lines_of_hits(tmp_path, pattern, *lines, **options):
    kept = [(Indicator(id="indicator--0", pattern=pattern, tag=0), None)]
    made = wanted_of(kept)
    catalogue = Catalogue(
        Index.build(made.entries),
        [(SOURCE,)],
        1,
        made.passed,
        made.examples,
        Warninglists(()),
        made.evaluated,
    )
    file = tmp_path / "app.log"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    hunt = Hunt(catalogue, now=NOW, options=Options(**options))
    return [[part.line for part in hit.parts] for hit in hunt.run([str(file)])]


def _at(second, text):
    return f"2026-11-20T08:{second // 60:02}:{second % 60:02}Z {text}"


@pytest.mark.parametrize(
    ("pattern", "lines", "expected"),
    [
        (BOTH, [_at(0, "query evil.example"), _at(5, "quiet"), _at(9, "to 192.0.2.7")], [[1, 3]]),
        (ORDERED, [_at(0, "query evil[.]example"), _at(9, "to 192.0.2.7")], [[1, 2]]),
        (ORDERED, [_at(0, "to 192.0.2.7"), _at(9, "query evil.example")], []),
        (ORDERED, [_at(0, "query evil.example"), _at(90, "to 192.0.2.7")], []),
        (
            "[ipv4-addr:value ISSUBSET '192.0.2.0/24'] REPEATS 2 TIMES WITHIN 5 SECONDS",
            [_at(0, "192.0.2.7"), _at(3, "192.0.2.8")],
            [[1, 2]],
        ),
        (
            FILE,
            [
                f"wrote C:\\x\\tool.exe (md5 {MD5})",
                f"wrote other.exe {MD5}",
                "tool.exe",
                f'{MD5.upper()} "TOOL.EXE"',
            ],
            [[1]],
        ),
        (FILE, [f"tool.exe {SHA256} {MD5}"], [[1]]),
        (
            f"[file:hashes.MD5 = '{MD5}' AND file:hashes.'SHA-256' = '{SHA256}']",
            [f"{MD5} x {SHA256}", MD5],
            [[1]],
        ),
        (
            "[domain-name:value = 'evil.example' AND domain-name:value != 'x.example']",
            ["a evil.example b"],
            [[1]],
        ),
        (
            "[email-addr:value = 'a@evil.example'] AND [url:value = 'http://evil.example/x']",
            [_at(0, "a@evil.example"), _at(1, "GET http://evil.example/x")],
            [[1, 2]],
        ),
    ],
)
def test_values_in_lines_of_text_meet_patterns(tmp_path, pattern, lines, expected):
    assert _lines_of_hits(tmp_path, pattern, *lines) == expected


@pytest.mark.parametrize("pattern", [BOTH, ORDERED, "[domain-name:value = 'evil.example'] REPEATS 2 TIMES"])
def test_lines_without_a_time_are_not_put_together(tmp_path, pattern):
    assert _lines_of_hits(tmp_path, pattern, "query evil.example", "to 192.0.2.7", "query evil.example") == []


@pytest.mark.parametrize(
    "pattern",
    [
        "[network-traffic:dst_ref.value = '192.0.2.7' AND network-traffic:dst_port = 443]",
        "[process:command_line LIKE '%whoami%' AND process:pid = 4]",
        "[file:name MATCHES '^tool']",
        "[domain-name:value != 'x.example']",
    ],
)
def test_what_text_does_not_say_or_nothing_helps_to_find_is_left_out(tmp_path, pattern):
    assert clues_in_text(pattern) is None
    assert _lines_of_hits(tmp_path, pattern, _at(0, "192.0.2.7 443 whoami 4 tool.exe x.example")) == []


def test_a_line_full_of_names_costs_no_more_than_others(tmp_path):
    names = " ".join(f"f{n}.exe" for n in range(500))
    assert _lines_of_hits(tmp_path, FILE, f"tool.exe {MD5} {names}", f"{names} tool.exe {MD5}") == [[1]]
