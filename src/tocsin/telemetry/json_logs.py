"""JSON logs that a table describes: what tells them, where their time and host stand, what their fields are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from tocsin.clock import Micros
from tocsin.telemetry import json_records, times
from tocsin.telemetry.json_records import Facts
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.schema import Schema
from tocsin.telemetry.times import Reference

_ABSENT = object()


def at_path(record: dict[str, Any], path: str) -> Any:
    """Return the value at a path, `host.name`: a member of a member, or a member whose own name has the dots; None if there is none."""
    found = record.get(path, _ABSENT)
    if found is not _ABSENT:
        return found
    head, dot, rest = path.partition(".")
    while dot:
        inner = record.get(head)
        if isinstance(inner, dict):
            return at_path(inner, rest)
        more, dot, rest = rest.partition(".")
        head = f"{head}.{more}"
    return None


def has(record: dict[str, Any], paths: Sequence[str]) -> bool:
    """Tell whether something stands at each path."""
    return all(at_path(record, path) is not None for path in paths)


def json_log(
    name: str,
    *,
    title: str,
    told_by: Sequence[Sequence[str]],
    when: Sequence[str],
    local: Sequence[str] = (),
    host: Sequence[str] = (),
    schema: Schema,
    rank: int = 10,
    only: Callable[[dict[str, Any]], bool] | None = None,
    further: Callable[[dict[str, Any]], list[tuple[str, str]]] | None = None,
) -> Log:
    """Return a log format of JSON objects (lines, an array, or an array in an object such as CloudTrail's `Records`).

    Args:
        name: of the format.
        title: what people call it.
        told_by: paths that its first record has, all of one of the groups.
        when: paths of the time; the first that holds one counts. A time that names no zone is in UTC,
        local: unless it stands at one of these: then it is in that of the reference, if there is one.
        host: paths of what recorded it.
        schema: what its fields are.
        rank: see `Log`.
        only: what else the first record must be.
        further: fields made of several of a record.
    """

    def sniff(head: bytes) -> bool:
        record = json_records.first_record(head)
        if record is None or not any(has(record, group) for group in told_by):
            return False
        return only is None or only(record)

    def facts(reference: Reference | None) -> Callable[[dict[str, Any]], Facts]:
        def of(record: dict[str, Any]) -> Facts:
            names = (at_path(record, path) for path in host)
            by = next((text for text in names if isinstance(text, str) and text), None)
            return _time(record, when, local, reference), by, [] if further is None else further(record)

        return of

    def read(
        stream: Iterable[bytes],
        where: str,  # noqa: ARG001 - what is wrong is yielded
        *,
        look: Look | None = None,
        tally: Tally | None = None,
        reference: Reference | None = None,
    ) -> Iterator[Observation | MalformedLine]:
        return json_records.read(stream, look=look, tally=tally, facts=facts(reference))

    return Log(name=name, sniff=sniff, read=read, escapes="json", rank=rank, schema=schema, title=title)


def _time(
    record: dict[str, Any], when: Sequence[str], local: Sequence[str], reference: Reference | None
) -> Micros | None:
    for path in when:
        value = at_path(record, path)
        text = value if isinstance(value, str) else ""
        at = times.of_local(text, reference) if path in local else times.of_value(value)
        if at is None and text:
            at = times.of_day_month(text.removeprefix("["), reference)  # as Apache's %t has it
        if at is not None:
            return at
    return None
