"""Sigma rules: check them, run them over logs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli import _reading
from tocsin.cli.context import json_option, open_store, tell, write

if TYPE_CHECKING:
    from tocsin.matching.sigma.kinds import Kind
    from tocsin.matching.sigma.ruleset import RuleSet
    from tocsin.node.sigma import Run
    from tocsin.sharing.release import Released

_FOUND = 10
_BAD = 4
_SUFFIXES = (".yml", ".yaml")
_SHOWN = 3


def _rule_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--placeholders",
            metavar="FILE",
            help="YAML map from names to values that stand for %name% under `expand`.",
        ),
        click.option(
            "--pipeline",
            "pipelines",
            metavar="FILE",
            multiple=True,
            help="Processing pipeline to apply, in pySigma's YAML; repeatable.",
        ),
    ):
        command = option(command)
    return command


@click.group()
def COMMAND() -> None:
    """Sigma rules: check them, run them over logs."""


@COMMAND.command("check")
@click.argument("paths", nargs=-1, required=True, metavar="RULES...")
@_rule_options
@json_option
def check(
    paths: tuple[str, ...], placeholders: str | None, pipelines: tuple[str, ...], *, as_json: bool
) -> int:
    """Say which rules in RULES (files, or folders of .yml files) can be evaluated, and of the others on which line and why not.

    Exit status: 0 all can be evaluated, 4 some cannot.
    """
    rules = _read(_files(paths), placeholders, pipelines)
    facts = {
        "rules": len(rules.rules),
        "correlations": len(rules.correlations),
        "filters": rules.filters,
        "refused": [
            {"where": r.where, "rule": r.rule, "reason": r.reason, "title": r.title} for r in rules.refused
        ],
    }
    lines = [f"{_shown(each.where)}: {_reason(each)} ({each.rule})" for each in rules.refused]
    tell("\n".join([*lines, _summary(rules)]), facts, as_json=as_json)
    return _BAD if rules.refused else 0


@COMMAND.command("run")
@click.argument("paths", nargs=-1, required=True, metavar="RULES... LOG...")
@click.option(
    "--held", is_flag=True, help="Run the Sigma rules among the node's indicators; every path is a LOG then."
)
@click.option(
    "--rules",
    "more",
    metavar="PATH",
    multiple=True,
    help="File or folder of rules; every path is a LOG then; repeatable.",
)
@_rule_options
@click.option(
    "--level",
    type=click.Choice(("informational", "low", "medium", "high", "critical")),
    help="Show only rules of this level and above.",
)
@click.option(
    "--source",
    metavar="PRODUCT/CATEGORY/SERVICE",
    help="Log source to take all records for: windows//security, /proxy/.",
)
@click.option(
    "--limit", type=click.IntRange(0), default=_SHOWN, show_default=True, help="Most hits shown of one rule."
)
@_reading.options
@click.option("--fail-on-hit", is_flag=True, help="End with 10 when something was found.")
@json_option
def run(
    *,
    paths: tuple[str, ...],
    held: bool,
    more: tuple[str, ...],
    placeholders: str | None,
    pipelines: tuple[str, ...],
    level: str | None,
    source: str | None,
    limit: int,
    log_format: str | None,
    timezone: str | None,
    quarantine: str | None,
    fail_on_hit: bool,
    as_json: bool,
) -> int:
    """Evaluate rules on the records of each LOG, a file or a folder (- is standard input).

    Paths that end in .yml or .yaml, and folders that hold such files, are RULES; the others are LOGs. Read are the formats that `tocsin observe
    --formats` lists. A rule sees the records of its log source, as docs/reference/sigma.md has them.

    Exit status: 0 done, found or not; 4 a log could not be read to its end; 10 something was found and --fail-on-hit is set.
    """
    from tocsin.clock import system_clock
    from tocsin.node import logs
    from tocsin.node.sigma import Options, Run

    named, read = _told_apart(paths, more, held=held)
    logs.check(read)
    with _reading.quarantined(quarantine) as kept:
        reading = _reading.reading(log_format, timezone, system_clock())
        options = Options(reading=reading, quarantine=kept, most=limit, assumed=_assumed(source))
        if not held:
            made = Run(_read(_files(named), placeholders, pipelines), options)
            click.echo(_ran(made, read, level, {}, as_json=as_json))
        else:
            released, made, sources = _of_store(named, placeholders, pipelines, options)
            write(released.derive(_ran(made, read, level, sources, as_json=as_json)))
    if made.report.faults:
        return _BAD
    return _FOUND if fail_on_hit and made.report.hits else 0


def _of_store(
    named: Sequence[str], placeholders: str | None, pipelines: Sequence[str], options: Any
) -> tuple[Released[Any], Run, Mapping[str, str]]:
    from tocsin.cli._hits import marking
    from tocsin.node import rules
    from tocsin.node.clearances import Clearances
    from tocsin.node.sigma import Run

    with open_store() as store:
        known = rules.of_store(store, Clearances(store), ("sigma",), now=store.clock())
    files = [(each.id, each.pattern.encode()) for each in known.value]
    sources = {
        each.id: f"{marking(each.sources)} from {', '.join(dict.fromkeys(s.owner_name for s in each.sources))}"
        for each in known.value
    }
    return known, Run(_read([*files, *_files(named)], placeholders, pipelines), options), sources


def _told_apart(paths: Sequence[str], more: Sequence[str], *, held: bool) -> tuple[list[str], list[str]]:
    """Return which paths are rules and which are logs."""
    from pathlib import Path

    from tocsin.formats.folders import files_below

    def is_rules(path: str) -> bool:
        at = Path(path)
        if at.is_dir():
            return any(file.suffix.lower() in _SUFFIXES for file in files_below(at))
        return at.suffix.lower() in _SUFFIXES

    if held or more:
        return list(more), list(paths)
    named = [path for path in paths if is_rules(path)]
    read = [path for path in paths if path not in named]
    if not named:
        raise click.UsageError("name RULES (.yml files or folders of them), or say --held")
    if not read:
        raise click.UsageError("name a LOG, or - for standard input")
    return named, read


def _files(paths: Sequence[str]) -> Iterable[tuple[str, bytes]]:
    from tocsin.node import rules

    return rules.of_files(paths, _SUFFIXES)


def _read(files: Iterable[tuple[str, bytes]], placeholders: str | None, pipelines: Sequence[str]) -> RuleSet:
    from tocsin.matching.sigma import read
    from tocsin.matching.sigma.pipelines import read as read_pipeline
    from tocsin.node import rules

    applied = [read_pipeline(raw, name) for name, raw in rules.of_files(pipelines, _SUFFIXES)]
    return read(files, placeholders=_placeholders(placeholders), applied=applied)


def _placeholders(path: str | None) -> dict[str, list[str]]:
    from tocsin.errors import FormatError
    from tocsin.matching.sigma.documents import documents
    from tocsin.node import rules

    found: dict[str, list[str]] = {}
    for name, raw in rules.of_files([path] if path else [], _SUFFIXES):
        for document in documents(raw, name):
            if not isinstance(document.value, dict):
                raise FormatError("placeholders are a map from names to values", where=name)
            for key, value in document.value.items():
                found[key] = [str(each) for each in (value if isinstance(value, list) else [value])]
    return found


def _assumed(source: str | None) -> Kind | None:
    from tocsin.errors import InputError
    from tocsin.matching.sigma.kinds import Kind, offer

    if source is None:
        return None
    parts = source.lower().split("/")
    if len(parts) != 3 or not any(parts):
        raise InputError(
            f"--source {source!r} is not PRODUCT/CATEGORY/SERVICE",
            hint="such as windows//security or /proxy/",
        )
    return Kind((offer(parts[0], parts[1], parts[2]),))


def _ran(
    run_: Run, paths: Sequence[str], level: str | None, sources: Mapping[str, str], *, as_json: bool
) -> str:
    """Run the rules and return what is to be printed."""
    from tocsin.matching.sigma.rules import LEVELS

    least = LEVELS.index(level) if level else -1

    def shown(head: Any) -> bool:
        return least < 0 or (head.level in LEVELS and LEVELS.index(head.level) >= least)

    hits = [hit for hit in run_.run(paths) if run_.rules.reported(hit.rule) and shown(hit.rule.head)]
    found = [
        each
        for each in run_.correlated()
        if run_.rules.reported(each.correlation) and shown(each.correlation.head)
    ]
    if as_json:
        return json.dumps(_facts(run_, hits, found, sources), ensure_ascii=True)
    lines = [line for hit in hits for line in _hit_lines(hit, sources)]
    lines += [line for each in found for line in _found_lines(each)]
    return "\n".join([*lines, *_report_lines(run_, shown, len(found))])


def _facts(
    run_: Run, hits: Sequence[Any], found: Sequence[Any], sources: Mapping[str, str]
) -> dict[str, Any]:
    from tocsin.clock import to_text

    report, rules = run_.report, run_.rules
    return {
        "rules": len(rules.rules),
        "correlations": len(rules.correlations),
        "refused": [{"where": r.where, "rule": r.rule, "reason": r.reason} for r in rules.refused],
        "hits": report.hits.total(),
        "by_rule": [
            {
                "id": rules.rules[n].head.id,
                "title": rules.rules[n].head.title,
                "level": rules.rules[n].head.level,
                "hits": count,
            }
            for n, count in report.hits.most_common()
            if rules.reported(rules.rules[n])
        ],
        "matches": [
            {
                "rule": hit.rule.head.id,
                "title": hit.rule.head.title,
                "level": hit.rule.head.level,
                "techniques": list(hit.rule.head.techniques),
                "source": sources.get(_file_of(hit.rule.head.where)),
                "file": hit.file,
                "line": hit.line,
                "offset": hit.offset,
                "at": None if hit.at is None else to_text(hit.at),
                "host": hit.host,
                "fields": hit.fields,
                "text": hit.text,
            }
            for hit in hits
        ],
        "correlated": [
            {
                "rule": each.correlation.head.id,
                "title": each.correlation.head.title,
                "level": each.correlation.head.level,
                "first": to_text(each.first),
                "at": to_text(each.at),
                "group": dict(each.group),
                "count": each.count,
            }
            for each in found
        ],
        "records_of_no_rule": report.unmatched,
        "timeless": report.timeless,
        "uncorrelated": report.uncorrelated,
        "lines": report.lines,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "formats": dict(report.formats),
        "malformed": report.malformed,
        "faults": [{"file": file, "reason": reason} for file, reason in report.faults],
        "held_back": report.held_back,
    }


def _hit_lines(hit: Any, sources: Mapping[str, str]) -> list[str]:
    from tocsin.clock import to_text

    head = hit.rule.head
    where = f"{hit.file}:{hit.line}"
    about = "  ".join(
        part
        for part in (where, to_text(hit.at)[:19] + "Z" if hit.at is not None else "", hit.host or "")
        if part
    )
    techniques = f"  [{', '.join(head.techniques)}]" if head.techniques else ""
    lines = [f"{head.level or 'none':13} {_shown(head.title)}{techniques}", f"              {_shown(about)}"]
    if origin := sources.get(_file_of(head.where)):
        lines.append(f"              {_shown(origin)}")
    if hit.fields:
        lines.append(
            "              "
            + _shown("  ".join(f"{name}={value}" for name, value in hit.fields.items())[:240])
        )
    return [*lines, f"              | {_shown(hit.text[:240])}"]


def _found_lines(each: Any) -> list[str]:
    from tocsin.clock import to_text

    head = each.correlation.head
    group = ", ".join(f"{name}={value}" for name, value in each.group.items())
    return [
        f"{head.level or 'none':13} {_shown(head.title)}  (correlation, {each.count:g})",
        f"              {to_text(each.first)[:19]}Z to {to_text(each.at)[:19]}Z  {_shown(group)}",
    ]


def _report_lines(run_: Run, shown: Callable[[Any], bool], correlated: int) -> list[str]:
    report, rules = run_.report, run_.rules
    by_rule: Counter[int] = Counter(
        {
            n: count
            for n, count in report.hits.items()
            if shown(rules.rules[n].head) and rules.reported(rules.rules[n])
        }
    )
    lines = [
        f"{count:9,}  {rules.rules[n].head.level or 'none':13} {_shown(rules.rules[n].head.title)}"
        for n, count in by_rule.most_common()
    ]
    speed = report.bytes / 1e6 / report.seconds if report.seconds else 0.0
    lines.append(
        f"{by_rule.total():,} hits of {len(by_rule):,} rules and {correlated:,} correlations in {report.lines:,} lines "
        f"of {report.formats.total():,} logs ({report.bytes / 1e6:,.1f} MB in {report.seconds:.1f} s, {speed:,.0f} MB/s)"
    )
    lines.append(_summary(rules))
    if rules.refused:
        lines.append(
            f"such as {_shown(rules.refused[0].where)}: {_reason(rules.refused[0])}; `tocsin sigma check` lists them"
        )
    if report.unmatched:
        lines.append(f"{report.unmatched:,} records are of log sources that no rule is for")
    if report.timeless or report.uncorrelated:
        lines.append(
            f"not correlated: {report.timeless:,} hits without a time, {report.uncorrelated:,} beyond the most that are held"
        )
    if report.malformed:
        where, reason = report.examples[0]
        lines.append(
            f"{report.malformed:,} malformed lines, which no rule saw, such as {_shown(where)}: {_shown(reason)}"
        )
    return lines + [
        f"not read to its end: {_shown(file)}: {_shown(reason)}" for file, reason in report.faults
    ]


def _summary(rules: RuleSet) -> str:
    return (
        f"{len(rules.rules):,} rules, {len(rules.correlations):,} correlations, {rules.filters:,} filters; "
        f"{len(rules.refused):,} cannot be evaluated"
    )


def _reason(refused: Any) -> str:
    reason = refused.reason.removeprefix(f"{refused.where}: ")
    return _shown(reason if refused.where not in reason else reason.partition(": ")[2])


def _file_of(where: str) -> str:
    return where.rpartition(":")[0]


def _shown(text: str) -> str:
    from tocsin.cli._hits import shown

    return shown(text)
