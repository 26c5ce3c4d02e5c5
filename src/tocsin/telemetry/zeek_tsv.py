r"""Zeek logs as tab-separated values, with the header that the ASCII writer puts before them.

The header says what separates fields (`#separator`) and members of sets (`#set_separator`), what stands for nothing (`#unset_field`) and for a
set without members (`#empty_field`), and names and types of the fields. Characters that could be mistaken for any of these are written `\xNN`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tocsin.matching import counting
from tocsin.matching.blocks import Block
from tocsin.telemetry import times, urls, zeek_fields
from tocsin.telemetry.lines import Line, lines, malformed, too_long
from tocsin.telemetry.observations import Log, Look, MalformedLine, Observation, Tally
from tocsin.telemetry.times import Reference

_ESCAPE = re.compile(rb"\\x([0-9a-fA-F]{2})|\\\\")


def _sniff(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").startswith((b"#separator ", b"#fields\t"))


def _read(
    stream: Iterable[bytes],
    where: str,  # noqa: ARG001 - what is wrong is yielded
    *,
    look: Look | None = None,
    tally: Tally | None = None,
    reference: Reference | None = None,  # noqa: ARG001 - its times say all
) -> Iterator[Observation | MalformedLine]:
    table = _Table()
    for line in lines(stream, look=look, tally=tally, fits=table.fits, mark=b"#"):
        if not line.whole:
            yield too_long(line)
        elif line.raw.startswith(b"#"):
            table.head(line.raw)
        elif (reason := table.fault(line.raw)) is not None:
            yield malformed(line, *reason)
        elif line.telling:
            yield table.observe(line)


class _Table:
    """The header in force; a file may hold several, one after the other."""

    def __init__(self) -> None:
        self._separator = b"\t"
        self._members = b","
        self._unset = b"-"
        self._empty = b"(empty)"
        self._nothing = {self._unset, self._empty, b""}
        self._names: list[str] = []
        self._sets: list[bool] = []
        self._path = ""

    def head(self, raw: bytes) -> None:
        """Take a line of a header."""
        if raw.startswith(b"#separator "):
            self._separator = _plain(raw[len(b"#separator ") :].strip()) or b"\t"
            return
        key, *values = raw.split(self._separator)
        match key:
            case b"#set_separator" if values and values[0]:
                self._members = _plain(values[0])
            case b"#unset_field" if values:
                self._unset = values[0]
                self._nothing = {self._unset, self._empty, b""}
            case b"#empty_field" if values:
                self._empty = values[0]
                self._nothing = {self._unset, self._empty, b""}
            case b"#fields":
                self._names = [value.decode("utf-8", "replace") for value in values]
                self._sets = []
            case b"#path" if values:
                self._path = _plain(values[0]).decode("utf-8", "replace")
            case b"#types":
                self._sets = [value.startswith((b"set[", b"vector[", b"table[")) for value in values]
            case _:
                pass  # #open and #close say nothing that is needed

    def fits(self, block: Block) -> bool:
        """Tell whether a block holds as many separators as its lines ask for."""
        data = block.data
        if not self._names or data.startswith(b"#") or b"\n#" in data:
            return False
        count = block.seen.feeds + (not data.endswith(b"\n"))
        return counting.count(data, self._separator) == count * (len(self._names) - 1)

    def fault(self, raw: bytes) -> tuple[str, str] | None:
        """Return rule and reason if a line cannot be a record."""
        if not self._names:
            return "header", "no #fields line says what its fields are"
        count = raw.count(self._separator) + 1
        if count != len(self._names):
            return "fields", f"it has {count} fields where the header names {len(self._names)}"
        return None

    def observe(self, line: Line) -> Observation:
        """Return a line that has no fault as an observation."""
        fields: list[tuple[str, str]] = []
        of: dict[str, str] = {}
        for position, value in enumerate(line.raw.split(self._separator)):
            if value in self._nothing:
                continue
            name = self._names[position]
            if position < len(self._sets) and self._sets[position] and self._members in value:
                texts = [_text(member) for member in value.split(self._members)]
                fields.extend((name, text) for text in texts)
                of[name] = texts[0]
            else:
                of[name] = text = _text(value)
                fields.append((name, text))
        if self._path and "_path" not in of:  # as in Zeek's JSON
            fields.append(("_path", self._path))
        fields += urls.requested("host+uri", of.get("host"), of.get("uri"), of.get("id.resp_p"))
        at = times.of_value(of.get("ts"))
        return Observation(at, tuple(fields), line.number, line.offset, line.raw, of.get("_system_name"))


def _text(value: bytes) -> str:
    return (_plain(value) if b"\\" in value else value).decode("utf-8", "surrogateescape")


def _plain(value: bytes) -> bytes:
    if b"\\" not in value:
        return value
    return _ESCAPE.sub(
        lambda found: b"\\" if found[1] is None else bytes.fromhex(found[1].decode("ascii")), value
    )


LOG = Log(
    name="zeek_tsv",
    sniff=_sniff,
    read=_read,
    escapes="zeek",
    rank=10,
    schema=zeek_fields.SCHEMA,
    title="Zeek, tab-separated",
)
