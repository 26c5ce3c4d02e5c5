"""Keep logs as telemetry, so that intelligence of tomorrow can be looked for in them."""

from __future__ import annotations

from typing import Any

import click

from tocsin.cli import _hunting, _reading
from tocsin.cli.context import json_option, settings, tell

_UNREAD = 4
_DAY = 86_400_000_000


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@_reading.format_options
@json_option
def COMMAND(*, paths: tuple[str, ...], log_format: str | None, timezone: str | None, as_json: bool) -> int:
    """Keep each LOG (a file, or a folder of them) in the node's telemetry, as Parquet with a summary of what is in it.

    A log that was kept before is known by what it says, renamed or packed: of one that has grown only what is new is kept. The setting
    telemetry_folder says where, telemetry_days and telemetry_gigabytes for how long. `tocsin retro` hunts in it.

    Exit status: 0 done; 4 a log could not be read to its end: what came before is kept.
    """
    from tocsin.clock import system_clock
    from tocsin.errors import InputError
    from tocsin.node import kept_folder, logs
    from tocsin.node.keeping import Keeping

    if "-" in paths:
        raise InputError("standard input cannot be kept", hint="write it to a file: it has to be read again")
    logs.check(paths)
    _hunting.prepared()
    node = settings()
    now = system_clock()
    with kept_folder.locked(node.telemetry):
        made = Keeping(node.telemetry, reading=_reading.reading(log_format, timezone, now))
        made.keep(paths)
        gone = kept_folder.expire(
            node.telemetry,
            oldest=kept_folder.day_of(now - node.telemetry_days * _DAY),
            largest=node.telemetry_gigabytes * 10**9,
        )
        held = kept_folder.parts(node.telemetry)
    report = made.report
    facts: dict[str, Any] = {
        "logs": dict(report.logs),
        "records": report.records,
        "bytes": report.bytes,
        "malformed": report.malformed,
        "written": report.written,
        "faults": [{"file": file, "reason": reason} for file, reason in report.faults],
        "removed": len(gone),
        "files": len(held),
        "size": sum(part.size for part in held),
    }
    tell(_text(facts), facts, as_json=as_json)
    for file, reason in report.faults:
        click.echo(f"not read to its end: {_shown(file)}: {_shown(reason)}", err=True)
    return _UNREAD if report.faults else 0


def _text(facts: dict[str, Any]) -> str:
    logs = facts["logs"]
    counts = f"{logs.get('kept', 0):,} logs new, {logs.get('grown', 0):,} grown, {logs.get('known', 0):,} as they were"
    lines = [
        f"{facts['records']:,} records kept ({facts['bytes'] / 1e6:,.1f} MB): {counts}",
        f"telemetry: {facts['files']:,} files, {facts['size'] / 1e6:,.1f} MB",
    ]
    if facts["malformed"]:
        lines.append(f"{facts['malformed']:,} malformed lines, kept as text")
    if facts["removed"]:
        lines.append(f"{facts['removed']:,} files removed: too old, or too much")
    return "\n".join(lines)


def _shown(text: str) -> str:
    from tocsin.cli._hits import shown

    return shown(text)
