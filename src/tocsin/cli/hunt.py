"""Look for all that the node's organisation may match in logs."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

from tocsin.cli import _hunting, _reading, _time
from tocsin.cli.context import json_option, open_store, write

if TYPE_CHECKING:
    from tocsin.node.hits import Hit
    from tocsin.node.hunt import Hunt
    from tocsin.node.saved_hunts import What
    from tocsin.sharing.release import Released
    from tocsin.store import Store

_FOUND = 10
_UNREAD = 4
_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="LOG...")
@click.option(
    "--since",
    metavar="TIME",
    help="Pass over records dated earlier: 2026-11-20, 2026-11-20T08:00:00Z, 24h, 7d.",
)
@click.option("--no-sightings", is_flag=True, help="Only look: keep no hits, write no sightings.")
@_hunting.options
@_hunting.sigma
@_hunting.decode
@click.option(
    "--observables",
    is_flag=True,
    help="Hunt for cyber-observables, too: nobody said that they are malicious.",
)
@_hunting.limit
@_reading.options
@click.option("--fail-on-hit", is_flag=True, help="End with 10 when something was raised.")
@click.option("--save", metavar="NAME", help="Save this hunt under a name, to be run again (`tocsin hunts`).")
@json_option
def COMMAND(
    *,
    paths: tuple[str, ...],
    since: str | None,
    no_sightings: bool,
    any_time: bool,
    min_confidence: int,
    sigma: bool,
    decode: bool,
    observables: bool,
    limit: int | None,
    fail_on_hit: bool,
    save: str | None,
    log_format: str | None,
    timezone: str | None,
    quarantine: str | None,
    as_json: bool,
) -> int:
    """Look for the node's indicators in each LOG: a file, a folder, or - for standard input.

    Read are the formats that `tocsin observe --formats` lists (Zeek, Suricata, Windows events, syslog, web, DNS and cloud logs, captures,
    Parquet and more), other JSON objects, and any text, plain or packed with gzip or zstd.
    What is found is printed with its indicator, marking and source, kept, raised as an alert (`tocsin alert`), and written as a STIX sighting that
    policy lets go back to whoever shared the indicator. Hunting the same log again repeats nothing.

    Exit status: 0 done, found or not; 4 a log could not be read to its end; 10 something was found and --fail-on-hit is set.
    """
    from tocsin.cli import _hits
    from tocsin.node import following, logs, sightings
    from tocsin.node.clearances import Clearances
    from tocsin.node.hits import Options
    from tocsin.node.hunt import Hunt
    from tocsin.node.keeping_hits import suppressing

    logs.check(paths)
    _hunting.prepared()
    what = (
        _what(
            paths,
            since,
            any_time,
            min_confidence,
            no_sightings,
            log_format,
            timezone,
            observables,
            sigma=sigma,
            decode=decode,
        )
        if save
        else None
    )
    with open_store() as store, _reading.quarantined(quarantine) as kept:
        now = store.clock()
        if save is not None and what is not None:
            _save(store, save, what)
        with store.connection() as connection:
            suppresses = suppressing(connection, now=now)
        options = Options(
            since=_time.since(since, now),
            any_time=any_time,
            least=min_confidence,
            reading=_reading.reading(log_format, timezone, now),
            quarantine=kept,
            suppresses=suppresses,
            sigma=sigma,
            decode=decode,
        )
        clearances = Clearances(store)
        known = following.load(store, clearances, observables=observables)
        hunt = Hunt(known.value, now=now, options=options)
        shown = _hunting.most(limit, as_json=as_json)
        found, interrupted = _run(hunt, paths, known, shown, as_json=as_json)
        written = None
        if not (no_sightings or interrupted):
            written = sightings.write(store, clearances, found, now=store.clock(), counts=hunt.report.counts)
        _note(store, hunt)
    if as_json:
        matches = _first(found, shown)
        text = json.dumps(_hits.report_facts(hunt.report, known.value, written, matches), ensure_ascii=True)
    else:
        text = _hits.report_text(hunt.report, known.value, written, interrupted=interrupted)
    write(known.derive(text))
    if interrupted:
        raise click.Abort
    if hunt.report.hits and fail_on_hit:
        return _FOUND
    return _UNREAD if hunt.report.faults else 0


def _what(
    paths: tuple[str, ...], since: str | None, any_time: bool, least: int, no_sightings: bool,
    log_format: str | None, timezone: str | None, observables: bool, *, sigma: bool, decode: bool,
) -> What:  # fmt: skip
    """Return what is to be saved.

    Raises:
        InputError: it would mean something else each time it is run, or nothing.
    """
    from pathlib import Path

    from tocsin.errors import InputError
    from tocsin.node.saved_hunts import What

    if "-" in paths or observables:
        raise InputError("a hunt in standard input, or for observables, is not saved")
    back = None if since is None else _time.ago(since)
    if since is not None and back is None:
        raise InputError("a saved hunt looks back from when it is run", hint="--since 24h, 7d")
    whole = tuple(str(Path(each).absolute()) for each in paths)
    return What(whole, back, any_time, least, not no_sightings, log_format, timezone, sigma, decode)


def _save(store: Store, name: str, what: What) -> None:
    from tocsin.errors import InputError
    from tocsin.store import saved

    if not _NAME.fullmatch(name):
        raise InputError(f"{name!r} cannot name a hunt", hint="up to 60 letters, digits, - and _")
    with store.transaction() as connection:
        saved.add(connection, name, msgspec.to_builtins(what), now=store.clock())


def _note(store: Store, hunt: Hunt) -> None:
    from tocsin.store import journal

    detail = {"indicators": hunt.catalogue.indicators, "hits": hunt.report.hits, "lines": hunt.report.lines}
    entry = journal.Entry(store.clock(), "local", "hunt", "indicators", "released", detail)
    with store.connection() as connection:
        journal.append(connection, [entry])


def _run(
    hunt: Hunt, paths: tuple[str, ...], known: Released[Any], shown: int, *, as_json: bool
) -> tuple[list[Hit], bool]:
    """Hunt and print the first hits of each indicator as they come; return what was found, and whether Ctrl-C ended it."""
    from tocsin.cli import _hits

    found: list[Hit] = []
    printed: Counter[int] = Counter()
    try:
        with _progress(paths, hunt) as on_read:
            for hit in hunt.run(paths, on_read=on_read):
                found.append(hit)
                printed[hit.indicator.tag] += 1
                if not as_json and printed[hit.indicator.tag] <= shown:
                    write(known.derive(_hits.hit_text(hit)))
    except KeyboardInterrupt:
        return found, True
    return found, False


def _first(found: list[Hit], shown: int) -> list[Hit]:
    counted: Counter[int] = Counter()
    first = []
    for hit in found:
        counted[hit.indicator.tag] += 1
        if counted[hit.indicator.tag] <= shown:
            first.append(hit)
    return first


@contextmanager
def _progress(paths: tuple[str, ...], hunt: Hunt) -> Iterator[Any]:
    """Show on a terminal how far reading has come; on standard error, so that answers can be piped."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from tocsin.node import logs

    columns = (
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[hits]:,} hits"),
    )
    with (
        Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=sys.stdout.isatty(),  # lines on the same terminal go above the bar; a pipe gets them as they are
            redirect_stderr=False,
        ) as bar
    ):
        task = bar.add_task("", total=logs.size_of(paths), hits=0)
        yield lambda count: bar.update(task, advance=count, hits=hunt.report.hits)
