"""Take intelligence from files, folders or standard input."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from tocsin.cli.context import json_option, open_store, tell
from tocsin.errors import NotFoundError
from tocsin.formats import RawItem, Refusal, open_path, size_of
from tocsin.node.importing import OnCommitted, counts_of, recorder
from tocsin.node.intake import Committed, Intake, IntakeReport
from tocsin.store import Connection, collections, organisations
from tocsin.store.collections import Collection
from tocsin.store.values import Origin

TLP_WORDS = ("clear", "green", "amber", "amber+strict", "red")
KNOWLEDGE = "knowledge"
"""Alias of the collection that `tocsin knowledge` makes; never the default of anything else."""
_REFUSED = 4
_REASONS_SHOWN = 10


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--collection", metavar="ALIAS", help="Collection to put it in. [default: the only one]")
@click.option("--source", metavar="ORG", help="Organisation that it comes from. [default: the node's own]")
@click.option(
    "--to", "recipients", metavar="ORG", multiple=True, help="Organisation that the source named; repeatable."
)
@click.option(
    "--assume-tlp",
    type=click.Choice(TLP_WORDS),
    help="TLP you vouch for where an object carries none. Without it such objects are kept and never leave.",
)
@json_option
def COMMAND(
    paths: tuple[str, ...],
    collection: str | None,
    source: str | None,
    recipients: tuple[str, ...],
    assume_tlp: str | None,
    as_json: bool,
) -> int:
    """Take STIX 2.1 from each PATH: a file, a folder, or - for standard input.

    Read are bundles, TAXII envelopes, arrays, single objects and NDJSON, plain or packed with gzip or zstd, and
    MISP galaxies. What is held already is not kept twice; what breaks a rule goes to quarantine and costs no other.

    Exit status: 0 all was taken, 4 something was refused (all else was taken).
    """
    with open_store() as store:
        with store.connection() as connection:
            own = organisations.own(connection).id
            owner = organisations.get(connection, source).id if source else own
            named = [organisations.get(connection, each).id for each in recipients]
            found = choose_collection(connection, collection)
        intake = Intake(store, own, store.clock)
        skipped: list[str] = []
        with following(list(paths), skipped) as (items, shown):
            recording = recorder(
                store,
                organisation=owner,
                account="local",
                channel="import",
                collection=found.alias,
                name=" ".join(paths),
            )

            def work(on_committed: OnCommitted) -> IntakeReport:
                def both(batch: Committed) -> None:
                    on_committed(batch)
                    if shown is not None:
                        shown(batch)

                return intake.take(
                    items,
                    collection=found.id,
                    origin=Origin(owner, None, "import"),
                    owner=owner,
                    recipients=named,
                    assumed=assume_tlp,
                    on_committed=both,
                )

            report = recording.run(work)
    facts = counts_of(report) | {"collection": found.alias, "files_skipped": len(skipped)}
    unsought = recording.unsought_by_rule()
    facts["unsought"] = unsought
    text = "\n".join((report_text(report, found.alias), *_unsought_text(unsought)))
    if skipped:
        text += f"\n{len(skipped):,} files of other kinds were passed over, such as {skipped[0]}"
    tell(text, facts, as_json=as_json)
    return _REFUSED if report.refused else 0


def choose_collection(connection: Connection, name: str | None) -> Collection:
    """Return the collection of that id or alias, or the only one there is besides the public knowledge.

    Raises:
        NotFoundError: there is none of that name, or none or several to choose from.
    """
    if name is not None:
        return collections.get(connection, name)
    every = [each for each in collections.everything(connection) if each.alias != KNOWLEDGE]
    if len(every) == 1:
        return every[0]
    names = ", ".join(each.alias for each in every)
    raise NotFoundError(
        "which collection is meant?" if every else "there is no collection yet",
        hint=f"say --collection with one of: {names}" if every else "make one with `tocsin collection add`",
    )


@contextmanager
def following(paths: list[str], skipped: list[str]) -> Iterator[tuple[Iterator[RawItem | Refusal], Any]]:
    """Open `paths` and show on a terminal how far reading and keeping have come.

    Yields:
        What to take, and what to call with each committed batch.

    Raises:
        FormatError: a path does not exist or may not be read; said before anything is taken.
    """
    progress = _Progress()
    streams = [open_path(path, on_read=progress.read, on_skip=skipped.append) for path in paths]
    items = (item for stream in streams for item in stream)
    if not sys.stderr.isatty():
        yield items, None
        return
    sizes = [size_of(path) for path in paths]
    with progress.shown(None if None in sizes else sum(size or 0 for size in sizes)):
        yield items, progress.committed


class _Progress:
    """A bar on standard error: bytes read of all, objects a second, refusals."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._kept = 0
        self._refused = 0
        self._began = time.perf_counter()

    @contextmanager
    def shown(self, total: int | None) -> Iterator[None]:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            BarColumn(),
            DownloadColumn(),
            TimeRemainingColumn(),
            TextColumn(
                "{task.fields[kept]:,} objects, {task.fields[rate]:,.0f}/s, {task.fields[refused]:,} refused"
            ),
            console=Console(stderr=True),
            transient=True,
        ) as bar:
            self._bar, self._began = bar, time.perf_counter()
            self._task = bar.add_task("", total=total, kept=0, rate=0.0, refused=0)
            yield
        self._bar = None

    def read(self, count: int) -> None:
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def committed(self, batch: Committed) -> None:
        self._kept += len(batch.objects)
        self._refused += len(batch.refusals)
        if self._bar is not None:
            seconds = max(time.perf_counter() - self._began, 1e-6)
            self._bar.update(self._task, kept=self._kept, rate=self._kept / seconds, refused=self._refused)


def report_text(report: IntakeReport, collection: str) -> str:
    """Return the report for people: one line, and one for each of the most frequent reasons."""
    rate = f", {report.taken / report.seconds:,.0f} objects/s" if report.taken > 1000 else ""
    counts = (
        f"{report.new:,} new, {report.updated:,} updated, {report.same:,} same, {report.refused:,} refused"
    )
    lines = [f"{collection}: {counts} in {report.seconds:.1f} s{rate}"]
    for rule, count in list(report.reasons.items())[:_REASONS_SHOWN]:
        where, reason = report.examples[rule]
        lines.append(printable(f"  refused {count:,} ({rule}), such as {where}: {reason}"))
    if len(report.reasons) > _REASONS_SHOWN:
        lines.append(f"  and {len(report.reasons) - _REASONS_SHOWN} rules more")
    if report.refused:
        lines.append("  `tocsin quarantine list` shows them")
    return "\n".join(lines)


def _unsought_text(found: list[dict[str, Any]]) -> Iterator[str]:
    for each in found[:_REASONS_SHOWN]:
        said = f"{each['count']:,} ({each['rule']}), such as {each['where']}: {each['reason']}"
        yield printable(f"  kept, and not looked for {said}")


def printable(text: str) -> str:
    """Return text from outside without characters that would command the terminal."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
