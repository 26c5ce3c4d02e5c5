"""Alerts: what was found, who warned of it, what to do; acknowledge, close, suppress."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from tocsin.cli._time import PERIOD
from tocsin.cli.context import json_option, open_store, tell, write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocsin.node.alerting import Told
    from tocsin.store.suppressions import Suppression

_BY = "local"


@click.group()
def COMMAND() -> None:
    """Alerts: what was found, who warned of it, what to do; acknowledge, close, suppress."""


@COMMAND.command("list")
@click.option("--all", "every", is_flag=True, help="Closed ones, too.")
@click.option("--indicator", metavar="ID", help="Only those of this indicator.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="Most to show.")
@json_option
def _list(every: bool, indicator: str | None, limit: int, as_json: bool) -> None:
    """List alerts that are not closed, those opened last first."""
    from tocsin.node.alerting import Alerting, facts
    from tocsin.node.clearances import Clearances

    statuses = None if every else ("new", "acknowledged")
    with open_store() as store:
        alerting = Alerting(store, Clearances(store))
        found = alerting.listed(statuses=statuses, indicator=indicator, limit=limit + 1)
    more = len(found.value) > limit
    rows = found.value[:limit]
    if as_json:
        write(found.derive(json.dumps({"alerts": [facts(each, _moment) for each in rows], "more": more})))
        return
    lines = [line for each in rows for line in _short(each)]
    lines += ["and more (--limit)"] if more else []
    write(found.derive("\n".join(lines) or "no alerts"))


@COMMAND.command("show")
@click.argument("alert")
@click.option(
    "--hits", type=click.IntRange(0, 1000), default=10, show_default=True, help="Most hits to show."
)
@json_option
def _show(alert: str, hits: int, as_json: bool) -> None:
    """Show ALERT with its newest hits, what it is a sign of, and what to do."""
    from tocsin.node.alerting import Alerting, facts
    from tocsin.node.clearances import Clearances

    with open_store() as store:
        found = Alerting(store, Clearances(store)).one(alert, samples=hits)
    text = json.dumps(facts(found.value, _moment)) if as_json else "\n".join(_long(found.value))
    write(found.derive(text))


@COMMAND.command("acknowledge")
@click.argument("alert")
@click.option("--note", default="", help="Why, or who is at it.")
@json_option
def _acknowledge(alert: str, note: str, as_json: bool) -> None:
    """Say that somebody is at ALERT."""
    _change(alert, "acknowledged", "", note, as_json=as_json)


@COMMAND.command("reopen")
@click.argument("alert")
@click.option("--note", default="", help="Why.")
@json_option
def _reopen(alert: str, note: str, as_json: bool) -> None:
    """Make a closed or acknowledged ALERT new again."""
    _change(alert, "new", "", note, as_json=as_json)


@COMMAND.command("close")
@click.argument("alert")
@click.option(
    "--true-positive", "verdict", flag_value="true-positive", help="It was what the indicator says."
)
@click.option("--false-positive", "verdict", flag_value="false-positive", help="It was not.")
@click.option("--note", default="", help="What it was.")
@json_option
def _close(alert: str, verdict: str | None, note: str, as_json: bool) -> None:
    """Close ALERT with a verdict. What is found after that opens another."""
    _change(alert, "closed", verdict or "", note, as_json=as_json)


@COMMAND.command("suppress")
@click.option("--indicator", metavar="ID", help="Hits of this indicator.")
@click.option("--value", metavar="TEXT", help="Hits on this value.")
@click.option("--host", metavar="NAME", help="What logs of this host hold.")
@click.option("--source", metavar="NAME", help="What this organisation alone warns of.")
@click.option("--reason", required=True, help="Why, for whoever asks later.")
@click.option("--for", "period", type=PERIOD, help="How long: 12h, 30d. [default: until it is removed]")
@json_option
def _suppress(
    indicator: str | None, value: str | None, host: str | None, source: str | None, reason: str,
    period: int | None, as_json: bool,
) -> None:  # fmt: skip
    """Raise no hits of an indicator, on a value, on a host, or from a source: they are shown and counted as flagged."""
    from tocsin.errors import InputError
    from tocsin.store import journal, suppressions

    given = {"indicator": indicator, "value": value, "host": host, "source": source}
    named = [(kind, text) for kind, text in given.items() if text is not None]
    if len(named) != 1:
        raise InputError("name one of --indicator, --value, --host and --source")
    kind, text = named[0]
    with open_store() as store, store.transaction() as connection:
        now = store.clock()
        expires = None if period is None else now + period
        made = suppressions.add(connection, kind, text, reason, expires=expires, by=_BY, now=now)
        journal.append(connection, [journal.Entry(now, _BY, "alert-suppress", str(made.id), "done")])
    tell(f"suppressed: {_said(made)}", _facts(made), as_json=as_json)


@COMMAND.command("suppressions")
@json_option
def _suppressions(as_json: bool) -> None:
    """List what is suppressed, why and until when."""
    from tocsin.store import suppressions

    with open_store() as store, store.connection() as connection:
        found = suppressions.everything(connection)
    text = "\n".join(f"{each.id}  {_said(each)}" for each in found) or "nothing is suppressed"
    tell(text, {"suppressions": [_facts(each) for each in found]}, as_json=as_json)


@COMMAND.command("unsuppress")
@click.argument("suppression")
@json_option
def _unsuppress(suppression: str, as_json: bool) -> None:
    """Remove SUPPRESSION."""
    from tocsin.store import journal, suppressions

    with open_store() as store, store.transaction() as connection:
        gone = suppressions.remove(connection, suppression)
        entry = journal.Entry(store.clock(), _BY, "alert-unsuppress", str(gone.id), "done")
        journal.append(connection, [entry])
    tell(f"raised again: {_said(gone)}", _facts(gone), as_json=as_json)


def _change(alert: str, status: str, verdict: str, note: str, *, as_json: bool) -> None:
    from tocsin.node.alerting import Alerting, facts
    from tocsin.node.clearances import Clearances

    with open_store() as store:
        alerting = Alerting(store, Clearances(store))
        changed = alerting.change(alert, status, verdict=verdict, note=note, by=_BY)
    told = changed.value
    text = json.dumps(facts(told, _moment)) if as_json else "\n".join(_short(told))
    write(changed.derive(text))


def _moment(at: int) -> str:
    from tocsin.clock import to_text

    return f"{to_text(at)[:19]}Z"


def _short(told: Told) -> Iterator[str]:
    from tocsin.cli._hits import shown, strictest_of

    count = f"{told.hits:,} hits" if told.hits != 1 else "1 hit"
    count += f" and {told.beyond:,} more" if told.beyond else ""
    status = told.status + (f" ({told.verdict})" if told.verdict else "")
    yield f"{told.id}  {status}  {strictest_of([each.tlp for each in told.origins])}  {shown(told.name or told.indicator)}"
    by = ", ".join(shown(each.by) for each in told.origins)
    span = f", {_moment(told.first)} to {_moment(told.last)}" if told.first and told.last else ""
    signs = ", ".join(shown(f"{each.id} {each.name}".strip()) for each in told.techniques[:3])
    yield f"    {count}{span}; from {by}" + (f"; {signs}" if signs else "")


def _long(told: Told) -> Iterator[str]:
    from tocsin.cli._hits import shown

    yield from _short(told)
    yield f"    {told.indicator}"
    confidence = "" if told.confidence is None else f"  confidence {told.confidence}"
    yield f"    {shown(told.pattern[:500])}{confidence}"
    yield from (f"    from {shown(each.by)}, {each.tlp}" for each in told.origins)
    if told.means:
        yield f"    indicates: {', '.join(map(shown, told.means))}"
    for each in told.techniques:
        way = f", by way of {shown(each.by)}" if each.by else ""
        yield f"    technique: {shown(f'{each.id} {each.name}'.strip())}{way}"
    for action in told.actions:
        about = f" (against {shown(action.against)})" if action.against else ""
        yield f"    what to do: {shown(action.name)}{about}"
        if action.description:
            yield f"        {shown(action.description.splitlines()[0])}"
        for book in action.playbooks:
            words = (book.standard, ", ".join(book.kinds), book.id, book.url)
            yield f"        playbook: {shown(' '.join(filter(None, words)))}"
    if told.note or told.changed_by:
        yield f"    {told.status} {_moment(told.changed)} by {shown(told.changed_by or '-')}: {shown(told.note)}"
    for sample in told.samples:
        detail = sample.detail
        at = _moment(detail["event"]) if detail.get("event") is not None else "no time"
        host = f"  {shown(detail['host'])}" if detail.get("host") else ""
        yield f"    {at}{host}  {shown(sample.value)}  {shown(str(detail.get('file', '')))}:{detail.get('line', '')}"


def _said(found: Suppression) -> str:
    from tocsin.cli._hits import shown

    until = "until it is removed" if found.expires is None else f"until {_moment(found.expires)}"
    return f"{found.kind} {shown(found.value)} {until}: {shown(found.reason)}"


def _facts(found: Suppression) -> dict[str, object]:
    return {
        "id": str(found.id),
        "kind": found.kind,
        "value": found.value,
        "reason": found.reason,
        "created": _moment(found.created),
        "created_by": found.created_by,
        "expires": None if found.expires is None else _moment(found.expires),
    }
