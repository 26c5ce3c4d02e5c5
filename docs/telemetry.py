"""The reference page of log formats, written from their tables."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping

from tocsin.telemetry import Log, logs
from tocsin.telemetry.schema import Schema, Target
from tocsin.telemetry.vocabulary import TYPES

# Values that are taken apart: each split is shown by the names that it makes of one of these
_SAMPLES = (
    "CORP\\jane",
    "a@b.example",
    "1.2.3.4:80",
    "host.example:80",
    "tcp",
    "GET /x HTTP/1.1",
    "http://a.example/x",
    "a.example;1.2.3.4;",
    f"MD5={'a' * 32},SHA1={'b' * 40},SHA256={'c' * 64},IMPHASH={'d' * 32}",
    "HKLM\\a\\b",
    "Bob <b@c.example>",
    "eth:ip:tcp",
    "NOERROR",
    "a" * 32,
    "a" * 40,
    "a" * 64,
)
_STIX = (
    ("source.*, destination.*, network.*", "`ipv4-addr`, `ipv6-addr`, `domain-name`, `mac-addr`, `network-traffic` with both ends, ports, counts, protocols"),
    ("http.*, url.path, user_agent.original", "`http-request-ext` of the `network-traffic`"),
    ("url.full, url.domain, tls.client.server_name", "`url`, `domain-name`"),
    ("dns.*", "`domain-name` with `resolves_to_refs`, addresses"),
    ("process.*, process.parent.*, process.target.*", "`process` with `image_ref`, `parent_ref`, `creator_user_ref`; its `file` with hashes and `directory`"),
    ("file.*, dll.*", "`file` with hashes and `directory`"),
    ("registry.*", "`windows-registry-key`, the hive written out"),
    ("user.*, user.target.*", "`user-account`, `email-addr`"),
    ("email.*", "`email-addr`, `email-message`"),
    ("tls.server.hash.*, tls.server.x509.*, tls.server.subject, tls.server.issuer", "`x509-certificate`"),
    ("mutex.name", "`mutex`"),
    ("all others", "nothing: STIX has no observable for them; they stay facts"),
)  # fmt: skip


def page(note: str) -> str:
    """Return the page; `note` says that it is written."""
    known = [log for log in logs() if log.name not in {"text", "json_lines"}]
    rows = "\n".join(f"| [`{log.name}`](#{log.name}) | {log.title} | {_container(log)} |" for log in known)
    stix = "\n".join(f"| {facts} | {objects} |" for facts, objects in _STIX)
    names = ", ".join(f"`{name}`" for name in TYPES)
    return f"""# Log formats

{note}
`tocsin observe` reads these and prints what their records say; `tocsin hunt` looks for indicators in them. The format is told by the first 64 KiB of a log;
if two formats of the same rank take a log for theirs, it is not read and both are named, and `--format NAME` decides. Any other JSON (`json_lines`) and any
other text (`text`) is read without facts.

| name | format | needs |
|---|---|---|
{rows}

## What a record becomes
An **observation** has its time in UTC to the microsecond, the host that recorded it, every value with the name of its field, and its place (line, offset).
Its **facts** are those values that a table gives a name of the [Elastic Common Schema](https://www.elastic.co/guide/en/ecs/current/index.html), in their normal
spelling, each with the field it came from. A value that is not of the type of its name (`-` for an address, a port of 70000) makes no fact; it stays a value.

`tocsin observe --stix` writes `observed-data` that refers to cyber-observable objects:

| facts | STIX 2.1 |
|---|---|
{stix}

An observable that breaks a rule of STIX (a registry hive that does not exist) is left out. Ids are made from the record, so reading a log again makes the same.

## Times without a year or a zone
Times that name no zone are in UTC, or in that of `--timezone`. Headers of RFC 3164 (`Nov 20 08:00:01`) name no year either: it is the last one in which that
moment lies before the log's file was last written (a day more is allowed for, since clocks differ); for standard input, before now. A log that was older than a
year when it was written for the last time cannot be dated so, and copying a file without its time of change (`cp` without `-p`) makes it look younger. Windows
writes times by the server's locale: a number above 12 is the day, points mean that the day comes first, slashes that the month does.

## Malformed lines
A line that is not of its log's format is counted, matched as text and, with `--quarantine FILE`, kept with place and reason (`raw`, or `raw_base64` if it is no
UTF-8; at most 1 GiB). Limits: 1 MiB a line, 4 MiB a record of an array or an XML event, 32 levels, 20,000 values, 1,000 facts, 64 GiB a container.

## Names of facts
{names}.

{"".join(_format(log) for log in known)}"""


def _container(log: Log) -> str:
    return {
        "none": "",
        "evtx": "`tocsin[evtx]`",
        "pcap": "`tshark`",
        "parquet": "`tocsin[arrow]`",
        "arrow": "`tocsin[arrow]`",
    }[log.container]


def _format(log: Log) -> str:
    said = (importlib.import_module(f"tocsin.telemetry.{log.name}").__doc__ or "").strip()
    head = f"## {log.name}\n{said}\n\n"
    if log.schema is None:
        return head + "Fields: those of the format that its first rows tell.\n\n"
    first = next(other for other in logs() if other.schema == log.schema)
    if first.name != log.name:
        return head + f"Fields: as in [`{first.name}`](#{first.name}).\n\n"
    strip = (
        f"Before a name may stand: {', '.join(f'`{prefix}`' for prefix in log.schema.strip)}.\n\n"
        if log.schema.strip
        else ""
    )
    return head + f"{strip}| kind of record | field → fact |\n|---|---|\n{_rows(log.schema)}\n\n"


def _rows(schema: Schema) -> str:
    """Return a row for each table: what is the same in all kinds stands first, kinds of the same table in one row."""
    tables = list(schema.kinds.values())
    in_all = set(_pairs(tables[0].fields)).intersection(*(_pairs(kind.fields) for kind in tables[1:]))
    every = (*_pairs(schema.common), *(pair for pair in _pairs(tables[0].fields) if pair in in_all))
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, kind in schema.kinds.items():
        rest = tuple(pair for pair in _pairs(kind.fields) if pair not in in_all)
        found.setdefault(rest, []).append(
            f"{name or 'other'} ({kind.category})" if kind.category else name or "other"
        )
    rows = [("all", every)] if every else []
    rows += [(", ".join(names), pairs) for pairs, names in found.items() if pairs]
    return "\n".join(
        f"| {name} | {'; '.join(f'`{_cell(field)}` → {facts}' for field, facts in pairs)} |"
        for name, pairs in rows
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _pairs(fields: Mapping[str, Target]) -> tuple[tuple[str, str], ...]:
    # a field whose name is that of its fact says nothing to a reader
    named = ((field, target) for field, target in fields.items() if target != field)
    return tuple((field, ", ".join(f"`{name}`" for name in _names(target))) for field, target in named)


def _names(target: Target) -> Iterable[str]:
    if isinstance(target, str):
        return (target,)
    if isinstance(target, tuple):
        return target
    return dict.fromkeys(name for sample in _SAMPLES for name, _ in target(sample))
