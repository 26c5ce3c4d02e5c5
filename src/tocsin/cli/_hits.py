"""Hits and reports of hunts as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tocsin.clock import Micros, to_text
from tocsin.node.catalogue import Catalogue, Source
from tocsin.node.hits import NOTES, Hit, Report
from tocsin.node.sightings import Written

_WIDTH = 240
_STRICT = (
    "TLP:CLEAR",
    "TLP:GREEN",
    "TLP:AMBER",
    "TLP:AMBER+STRICT",
    "TLP:RED",
    "unmarked",
    "unknown marking",
)
_FLAGS = {
    "warninglist": "on a warninglist",
    "public-suffix": "a public suffix",
    "query": "with a query that the indicator does not name",
    "version": "looks like a version",
    "before-valid": "before the indicator is valid",
    "after-valid": "after the indicator expired",
    "faded": "too little confidence left",
    "private": "private addresses that others spoke of",
    "suppressed": "suppressed",
}
_PASSED = {
    "pattern-type": "in other pattern languages",
    "pattern": "unreadable",
    "kind": "that ask for what no log says",
    "value": "with values that do not fit",
    "wide-range": "ranges too wide",
    "no-host": "addresses of no other machine",
    "single-label": "names of one label",
    "no-word": "with no word to find them by",
    "empty-file": "digests of an empty file",
}


def marking(sources: Sequence[Source]) -> str:
    """Return the strictest marking of several sources."""
    return strictest_of([source.tlp for source in sources])


def strictest_of(tlps: Sequence[str]) -> str:
    """Return the strictest of some markings as `node.catalogue.marking_of` words them."""
    return max(tlps, key=lambda tlp: _STRICT.index(tlp.partition(" PAP:")[0]))


def hit_facts(hit: Hit) -> dict[str, Any]:
    """Return a hit as JSON has it."""
    return {
        "indicator": hit.indicator.id,
        "name": hit.indicator.name,
        "confidence": hit.indicator.confidence,
        "kind": hit.kind,
        "wanted": hit.wanted,
        "value": hit.value,
        "tlp": marking(hit.sources),
        "sources": [{"by": s.owner_name, "owner": s.owner, "tlp": s.tlp} for s in hit.sources],
        "file": hit.file,
        "line": hit.line,
        "offset": hit.offset,
        "field": hit.field,
        "at": _time(hit.at),
        "host": hit.host,
        "raised": hit.raised,
        "flags": list(hit.flags),
        "text": hit.text,
        **({"level": hit.level, "techniques": list(hit.techniques)} if hit.kind == "sigma" else {}),
        "parts": [
            {
                "file": part.file,
                "line": part.line,
                "offset": part.offset,
                "at": _time(part.at),
                "host": part.host,
                "values": [{"path": path, "value": value} for path, value in part.values],
                "text": part.text,
            }
            for part in hit.parts
        ],
    }


def hit_text(hit: Hit) -> str:
    """Return a hit for people: what, whose, where, and the line."""
    what = "hit" if hit.raised else "flagged"
    by = ", ".join(dict.fromkeys(source.owner_name for source in hit.sources))
    notes = "; ".join(_FLAGS.get(f.partition(":")[0], f) + _list_name(f) for f in hit.flags)
    where = f"{hit.file}:{hit.line}:{hit.field}"
    lines = [
        f"{what:7} {marking(hit.sources)}  {shown(hit.value)}  {shown(hit.indicator.name or hit.wanted)}",
        f"        {hit.indicator.id} from {shown(by)}" + _rated(hit) + (f"  [{notes}]" if notes else ""),
        "        " + "  ".join(shown(part) for part in (where, _time(hit.at) or "", hit.host or "") if part),
    ]
    if hit.parts:
        lines += [
            f"        | {shown(part.file)}:{part.line}  {'; '.join(shown(f'{path} {value}') for path, value in part.values)}"[
                :_WIDTH
            ]
            for part in hit.parts
        ]
    else:
        lines.append(f"        | {_around(hit)}")
    return "\n".join(lines)


def _rated(hit: Hit) -> str:
    said = ", ".join(shown(each) for each in (hit.level, *hit.techniques) if each)
    return f"  ({said})" if said else ""


def _list_name(flag: str) -> str:
    name = flag.partition(":")[2]
    return f": {shown(name)}" if name else ""


def _around(hit: Hit) -> str:
    """Return the part of the line that shows the value."""
    at = max(0, hit.text.find(hit.value))
    start = max(0, min(at - _WIDTH // 3, len(hit.text) - _WIDTH))
    part = shown(hit.text[start : start + _WIDTH])
    return ("…" if start else "") + part + ("…" if start + _WIDTH < len(hit.text) else "")


def shown(text: str) -> str:
    """Return text from outside so that it cannot steer a terminal: whoever writes a log line must not write on the screen."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] if c != "\t" else "  " for c in text)


def report_facts(
    report: Report, catalogue: Catalogue, written: Written | None, matches: list[Hit]
) -> dict[str, Any]:
    """Return how a hunt went as JSON has it."""
    return {
        "hits": report.hits,
        "flagged": report.flagged,
        "flags": dict(report.flags),
        "indicators_hit": sum(count.raised > 0 for count in report.counts.values()),
        "indicators": catalogue.indicators,
        "values": catalogue.values,
        "patterns": len(catalogue.evaluated),
        "not_hunted": dict(catalogue.passed)
        | ({"sigma": len(catalogue.rules)} if catalogue.rules and not report.sigma else {}),
        "sigma_rules": report.rules,
        "sigma_refused": [{"indicator": each, "reason": reason} for each, reason in report.unjudged],
        "logs": sum(report.formats.values()),
        "formats": dict(report.formats),
        "lines": report.lines,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "megabytes_per_second": round(_speed(report), 1),
        "malformed": report.malformed,
        "malformed_examples": [{"where": where, "reason": reason} for where, reason in report.examples],
        "faults": [{"file": file, "reason": reason} for file, reason in report.faults],
        "dropped": report.dropped,
        "held_back": report.held_back,
        "given_up": [count.indicator.id for count in report.counts.values() if count.given_up],
        "sightings": None
        if written is None
        else {
            "new": written.new,
            "updated": written.updated,
            "same": written.same,
            "to": list(written.owners),
        },
        "alerts": 0 if written is None else written.alerts,
        "matches": [hit_facts(hit) for hit in matches],
    }


def report_text(report: Report, catalogue: Catalogue, written: Written | None, *, interrupted: bool) -> str:
    """Return how a hunt went, for people."""
    return "\n".join(_report_lines(report, catalogue, written, interrupted=interrupted))


def _report_lines(
    report: Report, catalogue: Catalogue, written: Written | None, *, interrupted: bool
) -> Iterator[str]:
    logs = sum(report.formats.values())
    if interrupted:
        yield "interrupted: what follows is what was found until then; no sighting was written"
    hit = sum(count.raised > 0 for count in report.counts.values())
    yield (
        f"{_many(report.hits, 'hit')} of {_many(hit, 'indicator')} in {_many(report.lines, 'line')} of {_many(logs, 'log')} "
        f"({report.bytes / 1e6:,.1f} MB in {report.seconds:.1f} s, {_speed(report):,.0f} MB/s); "
        f"{_many(catalogue.indicators, 'indicator')} hunted for"
    )
    yield from _counts(report, catalogue)
    if report.flagged:
        doubts = ((flag, count) for flag, count in report.flags.most_common() if flag not in NOTES)
        why = ", ".join(f"{count:,} {_FLAGS.get(flag, flag)}" for flag, count in doubts)
        yield f"{report.flagged:,} flagged, not raised: {why}"
    if report.held_back:
        yield f"{report.held_back:,} of all these were counted and not kept: too many of one indicator"
    if report.dropped:
        yield f"{report.dropped:,} records had to be forgotten by patterns that take several: hits with them may be missing"
    for count in report.counts.values():
        if count.given_up:
            yield (
                f"given up after {count.raised + count.flagged:,} hits: {shown(count.indicator.name or count.indicator.id)} "
                "hits what everybody does; the rest of the logs was not searched for it"
            )
    if catalogue.passed:
        rules = ", ".join(
            f"{count:,} {_PASSED.get(rule, rule)}" for rule, count in catalogue.passed.most_common()
        )
        indicator, reason = next(iter(catalogue.examples.values()))
        yield f"not hunted for: {rules}; such as {indicator}: {shown(reason)}"
    yield from _of_rules(report, catalogue)
    if report.malformed:
        where, reason = report.examples[0]
        yield f"{_many(report.malformed, 'malformed line')}, read as text, such as {shown(where)}: {shown(reason)}"
    for file, reason in report.faults:
        yield f"not read to its end: {shown(file)}: {shown(reason)}"
    if written is not None and written.alerts:
        yield f"{_many(written.alerts, 'alert')} opened: `tocsin alert list`"
    if written is not None and (written.new or written.updated or written.same):
        back = (
            f"; `tocsin peer push` takes them back to {', '.join(map(shown, written.owners))}"
            if written.owners
            else ""
        )
        yield f"sightings: {written.new:,} new, {written.updated:,} updated, {written.same:,} as before{back}"


def _of_rules(report: Report, catalogue: Catalogue) -> Iterator[str]:
    if catalogue.rules and not report.sigma:
        yield f"{_many(len(catalogue.rules), 'Sigma rule')} held and not judged: --sigma judges records by them"
    elif catalogue.rules:
        yield f"{_many(report.rules, 'Sigma rule')} judged the records" + (
            "" if report.rules else ": no log was of a format that they are for"
        )
    if report.unjudged:
        indicator, reason = report.unjudged[0]
        yield f"{_many(len(report.unjudged), 'Sigma rule')} not judged; such as {indicator}: {shown(reason)}"


def _counts(report: Report, catalogue: Catalogue) -> Iterator[str]:
    for tag, count in sorted(report.counts.items(), key=lambda pair: -pair[1].raised):
        if count.raised:
            indicator, sources = count.indicator, catalogue.sources[tag]
            span = f"  {_time(count.first)} to {_time(count.last)}" if count.first is not None else ""
            yield f"{count.raised:9,}  {marking(sources)}  {shown(indicator.name or indicator.id)}{span}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _speed(report: Report) -> float:
    return report.bytes / 1e6 / report.seconds if report.seconds else 0.0


def _time(at: Micros | None) -> str | None:
    return None if at is None else f"{to_text(at)[:19]}Z"
