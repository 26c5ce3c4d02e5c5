"""Read logs as typed observations, or as STIX observed-data."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli import _reading
from tocsin.cli.context import json_option, tell

if TYPE_CHECKING:
    from tocsin.clock import Micros
    from tocsin.node.logs import OpenLog
    from tocsin.telemetry.quarantine import Quarantine

_UNREAD = 4


@click.command()
@click.argument("paths", nargs=-1, metavar="LOG...")
@click.option("--formats", is_flag=True, help="List the formats there are, and read nothing.")
@click.option(
    "--stix", is_flag=True, help="Print STIX objects, one a line: what was observed, and observed-data."
)
@click.option(
    "--category", metavar="NAME", help="Only of this category: network, dns, web, process, file, ..."
)
@click.option("--limit", type=click.IntRange(0), help="Most records printed of each log. [default: all]")
@_reading.options
@json_option
def COMMAND(
    *,
    paths: tuple[str, ...],
    formats: bool,
    stix: bool,
    category: str | None,
    limit: int | None,
    log_format: str | None,
    timezone: str | None,
    quarantine: str | None,
    as_json: bool,
) -> int:
    """Read each LOG (a file, a folder, or - for standard input) and print what its records say.

    A record is a line: time (UTC), host, category, and its facts under the names of the Elastic Common Schema; with --json also the field
    that each was taken from. What was read, of which format, and what is malformed is said on standard error. No node is needed: your
    own log comes back to you, and nothing that others shared is in it.

    Exit status: 0 done; 4 a log could not be read to its end.
    """
    from tocsin.clock import system_clock
    from tocsin.node import logs

    if formats:
        _list(as_json=as_json)
        return 0
    if not paths:
        raise click.UsageError("name a LOG, or - for standard input")
    logs.check(paths)
    now = system_clock()
    faults: list[tuple[str, str]] = []

    def fault(name: str, why: str) -> None:
        faults.append((name, why))

    shape = "stix" if stix else "json" if as_json else "text"
    with _reading.quarantined(quarantine) as kept:
        for log in logs.open_logs(
            paths,
            on_read=lambda count: None,  # noqa: ARG005
            on_fault=fault,
            reading=_reading.reading(log_format, timezone, now),
        ):
            unread = _read(log, shape, category, limit, kept, now)
            faults += [(log.name, why) for why in unread]
    for name, why in faults:
        click.echo(f"{_shown(name)}: {_shown(why)}", err=True)
    return _UNREAD if faults else 0


def _read(
    log: OpenLog, shape: str, category: str | None, limit: int | None, kept: Quarantine | None, now: Micros
) -> list[str]:
    """Print what a log says; return why the rest of it cannot be read, if that is so."""
    from tocsin.telemetry import MalformedLine
    from tocsin.telemetry.containers import UNREAD
    from tocsin.telemetry.schemas import typed

    counts: Counter[str] = Counter()
    unread = []
    for record in log.log.read(log.stream, log.name, reference=log.reference):
        if isinstance(record, MalformedLine) and record.rule == UNREAD:
            unread.append(record.reason)
            continue
        if isinstance(record, MalformedLine):
            counts["malformed"] += 1
            if counts["malformed"] == 1:
                click.echo(f"{_shown(log.name)}:{record.line}: {_shown(record.reason)}", err=True)
            if kept is not None:
                kept.keep(log.name, record)
            continue
        counts["records"] += 1
        said = typed(record, log.log)
        if (category is not None and said.category != category) or (
            limit is not None and counts["shown"] >= limit
        ):
            continue
        counts["shown"] += 1
        for line in _lines(said, record, log.name, shape, now):
            click.echo(line)
    summary = f"{_shown(log.name)}: {log.log.title}, {counts['records']:,} records, {counts['malformed']:,} malformed"
    click.echo(summary, err=True)
    return unread


def _lines(said: Any, record: Any, name: str, shape: str, now: Micros) -> list[str]:
    import json

    from tocsin.clock import to_text
    from tocsin.telemetry import observed

    if shape == "stix":
        made = observed.observed_data(said, place=f"{name}:{record.line}", raw=record.raw, now=now)
        return [each.body.decode() for each in made]
    at = None if said.at is None else to_text(said.at)
    if shape == "text":
        facts = "  ".join(f"{fact.name}={_shown(fact.value)}" for fact in said.facts)
        return [f"{at or '-'}  {_shown(said.host or '-')}  {said.category or '-'}  {facts}".rstrip()]
    found = {
        "file": name,
        "line": record.line,
        "offset": record.offset,
        "format": said.schema,
        "at": at,
        "host": said.host,
        "category": said.category,
        "facts": [{"name": fact.name, "value": fact.value, "field": fact.origin} for fact in said.facts],
    }
    return [json.dumps(found, ensure_ascii=True)]


def _list(*, as_json: bool) -> None:
    from tocsin.telemetry import logs

    rows = [{"name": log.name, "title": log.title} for log in logs()]
    tell("\n".join(f"{row['name']:18}  {row['title']}" for row in rows), rows, as_json=as_json)


def _shown(text: str) -> str:
    # what stands in a log must not steer a terminal
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
