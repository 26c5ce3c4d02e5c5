"""Look for new intelligence in kept telemetry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tocsin.cli import _hunting
from tocsin.cli.context import json_option, open_store, settings, write

if TYPE_CHECKING:
    from tocsin.node.catalogue import Catalogue
    from tocsin.node.hits import Hit
    from tocsin.node.retro import Done, Retro
    from tocsin.node.sightings import Written
    from tocsin.sharing.release import Released
    from tocsin.store import Store

_FOUND = 10
_UNREAD = 4


@click.command()
@click.option("--all", "everything", is_flag=True, help="Look for all indicators in all telemetry once more.")
@click.option(
    "--indicator", "ids", multiple=True, metavar="ID", help="Look for this indicator alone, in all telemetry."
)
@click.option(
    "--since",
    metavar="TIME",
    help="Pass over records dated earlier: 2026-11-20, 2026-11-20T08:00:00Z, 24h, 7d. What is new stays new.",
)
@click.option(
    "--no-sightings", is_flag=True, help="Only look: keep no hits, write no sightings. What is new stays new."
)
@_hunting.options
@_hunting.limit
@click.option("--fail-on-hit", is_flag=True, help="End with 10 when something was raised.")
@json_option
def COMMAND(
    *,
    everything: bool,
    ids: tuple[str, ...],
    since: str | None,
    no_sightings: bool,
    any_time: bool,
    min_confidence: int,
    limit: int | None,
    fail_on_hit: bool,
    as_json: bool,
) -> int:
    """Look through kept telemetry (`tocsin keep`) for what it was not held against yet.

    Indicators that came since the last time are looked for in all of it, and all indicators in what was kept since. Only files whose
    summaries allow it are read. Hits are those that `tocsin hunt` finds in the logs themselves; they are kept and written as sightings
    in the same way.

    Exit status: 0 done, found or not; 4 some telemetry could not be read; 10 something was found and --fail-on-hit is set.
    """
    from tocsin.cli import _time
    from tocsin.node import following, kept_folder, retro, sightings
    from tocsin.node.clearances import Clearances
    from tocsin.node.hits import Options
    from tocsin.node.keeping_hits import suppressing

    folder = settings().telemetry
    _hunting.prepared()
    with open_store() as store, kept_folder.locked(folder, shared=True):
        now = store.clock()
        with store.connection() as connection:
            suppresses = suppressing(connection, now=now)
        options = Options(
            since=_time.since(since, now),
            any_time=any_time,
            least=min_confidence,
            suppresses=suppresses,
        )
        clearances = Clearances(store)
        known = following.load(store, clearances)
        if ids:
            known = known.derive(_chosen(known.value, ids))
        past = retro.Retro(known.value, folder, now=now, options=options)
        shown = _hunting.most(limit, as_json=as_json)
        done = retro.Done() if everything or ids else retro.load(folder)
        found, first, interrupted = _run(past, done, known, shown, as_json=as_json)
        written = None
        if not (no_sightings or interrupted):
            counts = past.report.counts
            written = sightings.write(store, clearances, found, now=store.clock(), counts=counts)
            if not ids and since is None:
                retro.save(folder, past.done())
        _note(store, past)
    if as_json:
        text = json.dumps(_facts(past, known.value, written, first), ensure_ascii=True)
    else:
        text = "\n".join(_lines(past, known.value, written, interrupted=interrupted))
    write(known.derive(text))
    if interrupted:
        raise click.Abort
    report = past.report
    if report.hits and fail_on_hit:
        return _FOUND
    return _UNREAD if report.faults else 0


def _chosen(known: Catalogue, ids: tuple[str, ...]) -> Catalogue:
    from tocsin.errors import NotFoundError
    from tocsin.node import retro

    wanted = set(ids)
    of = {entry.indicator.tag: entry.indicator.id for entry in known.index.standing()}
    of |= {tag: indicator.id for tag, indicator in known.evaluated.indicators.items()}
    found = {tag for tag, identifier in of.items() if identifier in wanted}
    missing = wanted - {of[tag] for tag in found}
    if missing:
        raise NotFoundError(f"there is no indicator {min(missing)} with a value or a pattern to look for")
    return retro.only(known, found)


def _run(
    past: Retro, done: Done, known: Released[Catalogue], shown: int, *, as_json: bool
) -> tuple[list[Hit], list[Hit], bool]:
    """Hunt and print the first hits of each indicator as they come; return all, the first of each, and whether Ctrl-C ended it."""
    from collections import Counter

    from tocsin.cli import _hits

    found: list[Hit] = []
    first: list[Hit] = []
    counted: Counter[int] = Counter()
    try:
        for hit in past.run(done):
            found.append(hit)
            counted[hit.indicator.tag] += 1
            if counted[hit.indicator.tag] <= shown:
                first.append(hit)
                if not as_json:
                    write(known.derive(_hits.hit_text(hit)))
    except KeyboardInterrupt:
        return found, first, True
    return found, first, False


def _note(store: Store, past: Retro) -> None:
    from tocsin.store import journal

    detail = {"indicators": past.past.indicators, "hits": past.report.hits, "logs": past.past.logs}
    entry = journal.Entry(store.clock(), "local", "retro", "indicators", "released", detail)
    with store.connection() as connection:
        journal.append(connection, [entry])


def _facts(past: Retro, known: Catalogue, written: Written | None, first: list[Hit]) -> dict[str, Any]:
    import msgspec

    from tocsin.cli import _hits

    facts = _hits.report_facts(past.report, known, written, first)
    its = msgspec.structs.asdict(past.past)
    its["unsummarised"] = [{"file": file, "reason": reason} for file, reason in past.past.unsummarised]
    # what is in the log that was read is not told apart from the logs that were kept: `telemetry` counts those
    return {key: value for key, value in facts.items() if key not in {"logs", "lines", "bytes"}} | {
        "telemetry": its
    }


def _lines(past: Retro, known: Catalogue, written: Written | None, *, interrupted: bool) -> Iterator[str]:
    from tocsin.cli import _hits

    its, report = past.past, past.report
    yield (
        f"looked for {its.indicators:,} new indicators in {its.logs:,} logs, for all in {its.new_logs:,} new ones: "
        f"{its.bytes / 1e6:,.1f} MB of telemetry in {its.files:,} files"
    )
    yield f"read: {its.bytes_read / 1e6:,.1f} MB in {its.groups_read:,} of {its.groups:,} groups of records"
    if its.anything:
        yield "something that was looked for can be in any text: all of that was read"
    if its.unsummarised:
        file, reason = its.unsummarised[0]
        yield f"{len(its.unsummarised):,} files were read as a whole, such as {_hits.shown(file)}: {_hits.shown(reason)}"
    yield _hits.report_text(report, known, written, interrupted=interrupted)
