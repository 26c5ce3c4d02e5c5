"""YARA rules: check them, run them over files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli.context import json_option, open_store, tell, write

if TYPE_CHECKING:
    from tocsin.node.yara import Compiled, Hit, Scan

_FOUND = 10
_BAD = 4
_PLACES = 5


@click.group()
def COMMAND() -> None:
    """YARA rules: check them, run them over files."""


@COMMAND.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="RULES...")
@json_option
def check(paths: tuple[str, ...], *, as_json: bool) -> int:
    """Compile the rules in RULES (files, or folders of .yar files), and say on which line and why one cannot be.

    Exit status: 0 all are good, 4 some are not.
    """
    from tocsin.node import rules, yara

    found = yara.compiled(rules.of_files(paths, yara.SUFFIXES))
    facts = {
        "rules": found.count,
        "refused": [{"where": r.where, "rule": r.rule, "reason": r.reason} for r in found.refused],
    }
    lines = [f"{_shown(each.where)}: {_shown(each.reason)}" for each in found.refused]
    tell("\n".join([*lines, _summary(found)]), facts, as_json=as_json)
    return _BAD if found.refused else 0


@COMMAND.command("scan")
@click.argument("paths", nargs=-1, required=True, metavar="[RULES] PATH...")
@click.option(
    "--held", is_flag=True, help="Use the YARA rules among the node's indicators; every path is scanned then."
)
@click.option(
    "--timeout",
    type=click.IntRange(1, 3600),
    default=30,
    show_default=True,
    help="Most seconds for one file.",
)
@click.option(
    "--max-size",
    type=click.IntRange(1, 4096),
    default=256,
    show_default=True,
    help="Most megabytes (MiB) of one file that are looked at.",
)
@click.option("--fail-on-hit", is_flag=True, help="End with 10 when something was found.")
@json_option
def scan(
    *, paths: tuple[str, ...], held: bool, timeout: int, max_size: int, fail_on_hit: bool, as_json: bool
) -> int:
    """Look in each PATH, a file or a folder, for what RULES (a file, or a folder of .yar files) describe.

    Rules cannot include other files. Printed are the rule, its tags, and where in the file its patterns were found.

    Exit status: 0 done, found or not; 4 a file could not be scanned; 10 something was found and --fail-on-hit is set.
    """
    from tocsin.cli._hits import marking
    from tocsin.node import rules, yara
    from tocsin.node.clearances import Clearances
    from tocsin.node.yara import Limits, Scan

    limits = Limits(timeout, max_size * 1024 * 1024)
    if not held:
        if len(paths) < 2:
            raise click.UsageError("name RULES and then a PATH to scan, or say --held")
        found = yara.compiled(rules.of_files(paths[:1], yara.SUFFIXES))
        made = Scan(found, limits)
        hits = list(made.run(paths[1:]))
        click.echo(_answer(found, made, hits, {}, as_json=as_json))
    else:
        with open_store() as store:
            known = rules.of_store(store, Clearances(store), ("yara",), now=store.clock())
        sources = {
            each.id: f"{marking(each.sources)} from {', '.join(dict.fromkeys(s.owner_name for s in each.sources))}"
            for each in known.value
        }
        found = yara.compiled((each.id, each.pattern.encode()) for each in known.value)
        made = Scan(found, limits)
        hits = list(made.run(paths))
        write(known.derive(_answer(found, made, hits, sources, as_json=as_json)))
    if made.faults:
        return _BAD
    return _FOUND if fail_on_hit and hits else 0


def _answer(
    found: Compiled, scan_: Scan, hits: Sequence[Hit], sources: Mapping[str, str], *, as_json: bool
) -> str:
    if as_json:
        return json.dumps(
            {
                "rules": found.count,
                "refused": [{"where": r.where, "reason": r.reason} for r in found.refused],
                "files": scan_.files,
                "bytes": scan_.bytes,
                "hits": [_facts(hit, sources) for hit in hits],
                "faults": [{"file": file, "reason": reason} for file, reason in scan_.faults],
            },
            ensure_ascii=True,
            default=str,
        )
    lines = [line for hit in hits for line in _lines(hit, sources)]
    lines.append(
        f"{len(hits):,} hits in {scan_.files:,} files ({scan_.bytes / 1e6:,.1f} MB); {_summary(found)}"
    )
    lines += [
        f"cannot be compiled: {_shown(each.where)}: {_shown(each.reason)}" for each in found.refused[:_PLACES]
    ]
    return "\n".join([*lines, *(f"not scanned: {_shown(file)}: {_shown(why)}" for file, why in scan_.faults)])


def _facts(hit: Hit, sources: Mapping[str, str]) -> dict[str, Any]:
    return {
        "rule": hit.rule,
        "origin": hit.origin,
        "source": sources.get(hit.origin),
        "tags": list(hit.tags),
        "meta": {
            name: value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            for name, value in hit.meta
        },
        "file": hit.file,
        "cut": hit.cut,
        "places": [{"pattern": p.pattern, "offset": p.offset, "length": p.length} for p in hit.places],
    }


def _lines(hit: Hit, sources: Mapping[str, str]) -> list[str]:
    tags = f"  [{', '.join(hit.tags)}]" if hit.tags else ""
    places = ", ".join(f"{p.pattern} at {p.offset:,}" for p in hit.places[:_PLACES])
    more = f" and {len(hit.places) - _PLACES:,} more" if len(hit.places) > _PLACES else ""
    by = f"  {sources[hit.origin]}" if hit.origin in sources else ""
    cut = "  (only its first part was looked at)" if hit.cut else ""
    lines = [
        f"{_shown(hit.rule)}{_shown(tags)}  {_shown(hit.file)}{cut}",
        f"    by {_shown(hit.origin)}{_shown(by)}",
    ]
    return [*lines, f"    {_shown(places)}{more}"] if places else lines


def _summary(found: Compiled) -> str:
    return f"{found.count:,} YARA rules, {len(found.refused):,} faults"


def _shown(text: str) -> str:
    from tocsin.cli._hits import shown

    return shown(text)
