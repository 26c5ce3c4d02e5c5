"""Saved hunts: list, run, schedule, remove."""

from __future__ import annotations

from typing import Any

import click

from tocsin.cli import _hunting
from tocsin.cli._time import PERIOD
from tocsin.cli.context import json_option, open_store, tell


@click.group()
def COMMAND() -> None:
    """Saved hunts: list, run, schedule, remove. `tocsin hunt --save NAME` saves one."""


@COMMAND.command("list")
@json_option
def _list(as_json: bool) -> None:
    """List saved hunts, when they run, and what became of their last run."""
    from tocsin.store import saved

    with open_store() as store, store.connection() as connection:
        found = [(each, saved.runs(connection, each.name, limit=1)) for each in saved.everything(connection)]
    lines = []
    for each, last in found:
        when = (
            f"every {_span(each.every)}, next {_moment(each.due)}"
            if each.every and each.due
            else "when asked"
        )
        lines.append(f"{each.name}  {when}  {_shown(' '.join(each.what['paths']))}")
        lines += [f"    {_said(run)}" for run in last]
    facts = [
        {
            "name": each.name,
            "what": each.what,
            "every_seconds": each.every and each.every // 1_000_000,
            "due": _moment(each.due) if each.due else None,
            "last": _facts(last[0]) if last else None,
        }
        for each, last in found
    ]
    tell("\n".join(lines) or "no hunt is saved", {"hunts": facts}, as_json=as_json)


@COMMAND.command("runs")
@click.argument("name")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=20, show_default=True, help="Most runs to show."
)
@json_option
def _runs(name: str, limit: int, as_json: bool) -> None:
    """List the runs of hunt NAME, the last first."""
    from tocsin.store import saved

    with open_store() as store, store.connection() as connection:
        saved.get(connection, name)
        found = saved.runs(connection, name, limit=limit)
    text = "\n".join(map(_said, found)) or "it was never run"
    tell(text, {"runs": [_facts(each) for each in found]}, as_json=as_json)


@COMMAND.command("run")
@click.argument("name")
@json_option
def _run(name: str, as_json: bool) -> int:
    """Run hunt NAME now. What it finds is in `tocsin alert list`.

    Exit status: 0 done, found or not; 4 a log could not be read to its end.
    """
    from tocsin.node import saved_hunts
    from tocsin.node.clearances import Clearances
    from tocsin.store import saved

    _hunting.prepared()
    with open_store() as store:
        with store.connection() as connection:
            hunt = saved.get(connection, name)
        report = saved_hunts.run(store, Clearances(store), hunt)
    tell(_counted(report), report, as_json=as_json)
    return 4 if report["faults"] else 0


@COMMAND.command("schedule")
@click.argument("name")
@click.option("--every", type=PERIOD, help="How often: 15m, 6h, 1d.")
@click.option("--never", is_flag=True, help="Only when asked.")
@json_option
def _schedule(name: str, every: int | None, never: bool, as_json: bool) -> None:
    """Run hunt NAME again and again, for as long as `tocsin watch` or `tocsin serve` runs."""
    from tocsin.errors import InputError
    from tocsin.store import saved

    if (every is None) == (not never):
        raise InputError("say --every TIME or --never")
    if every is not None and every < 60_000_000:
        raise InputError("a hunt runs at most once a minute", hint="`tocsin watch` finds at once what comes")
    with open_store() as store, store.transaction() as connection:
        found = saved.schedule(connection, name, every, now=store.clock())
    text = f"{name} runs when asked" if found.every is None else f"{name} runs every {_span(found.every)}"
    facts = {"name": name, "every_seconds": found.every and found.every // 1_000_000}
    tell(text, facts, as_json=as_json)


@COMMAND.command("remove")
@click.argument("name")
@json_option
def _remove(name: str, as_json: bool) -> None:
    """Remove hunt NAME with its runs; alerts stay."""
    from tocsin.store import saved

    with open_store() as store, store.transaction() as connection:
        saved.remove(connection, name)
    tell(f"{name} removed", {"removed": name}, as_json=as_json)


def _said(run: Any) -> str:
    if run.ended is None:
        return f"{_moment(run.began)}  under way, or it never ended"
    if "failed" in run.report:
        return f"{_moment(run.began)}  failed: {_shown(run.report['failed'])}"
    return f"{_moment(run.began)}  {_counted(run.report)}"


def _counted(report: dict[str, Any]) -> str:
    text = (
        f"{report['hits']:,} hits ({report['new']:,} new), {report['flagged']:,} flagged in {report['lines']:,} lines of "
        f"{report['logs']:,} logs; {report['alerts']:,} alerts opened"
    )
    faults = report["faults"]
    return text + (
        f"; not read to its end: {_shown(faults[0]['file'])}: {_shown(faults[0]['reason'])}" if faults else ""
    )


def _facts(run: Any) -> dict[str, Any]:
    ended = None if run.ended is None else _moment(run.ended)
    return {"began": _moment(run.began), "ended": ended, **run.report}


def _span(every: int) -> str:
    seconds = every // 1_000_000
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def _moment(at: int) -> str:
    from tocsin.clock import to_text

    return f"{to_text(at)[:19]}Z"


def _shown(text: str) -> str:
    from tocsin.cli._hits import shown

    return shown(text)
