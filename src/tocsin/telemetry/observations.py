"""What a log reader yields, and what a log format is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from tocsin.clock import Micros
from tocsin.matching.sieve import Escapes
from tocsin.telemetry.schema import Schema
from tocsin.telemetry.times import Reference

Look: TypeAlias = Callable[[bytes], Sequence[tuple[int, int]]]
"""Which lines of a block of whole lines to look at, as start and end, in order: `tocsin.matching.sieve.Sieve.spans`."""

LONGEST_OUTER = 1024
"""How many characters of a name stand before the names below it: each of thousands repeats them, so that a name as long as its line would take gigabytes."""


class Observation(msgspec.Struct, frozen=True, gc=False):
    """One record of a log.

    Attributes:
        at: when it happened, by the record itself; None if it does not say.
        fields: name and text of each value that is there, in the order of the record; a list gives its name once for each
            member. Names are only for people: nothing is looked for in them.
        line: line on which it begins, from 1.
        offset: where it begins in the (unpacked) log, in bytes.
        raw: its bytes, without the line feed.
        host: what recorded it, by the record itself.
    """

    at: Micros | None
    fields: tuple[tuple[str, str], ...]
    line: int
    offset: int
    raw: bytes
    host: str | None = None


class MalformedLine(msgspec.Struct, frozen=True, gc=False):
    """A line that is not of the log's format. It is matched as plain text, so that nothing in it is lost.

    Attributes:
        line, offset, raw: as in `Observation`.
        rule: stable name of what is wrong: `json`, `fields`, `header`, `shape`, `too-long`, `truncated`, `container`.
        reason: one sentence for people.
        telling: whether a look was asked for; if not, nothing can be found in it.
    """

    line: int
    offset: int
    raw: bytes
    rule: str
    reason: str
    telling: bool = True


class Tally:
    """What reading has passed over so far; the reader counts as it goes."""

    def __init__(self) -> None:
        """Start at nothing."""
        self.lines = 0
        self.bytes = 0


class Read(Protocol):
    """Reading one log."""

    def __call__(
        self,
        stream: Iterable[bytes],
        where: str,
        *,
        look: Look | None = None,
        tally: Tally | None = None,
        reference: Reference | None = None,
    ) -> Iterator[Observation | MalformedLine]:
        """Yield the records of a log, and the lines that are none.

        With `look`, only the records that it asks for are yielded; the others are checked for their shape alone. Never raises
        for what is read.

        Args:
            stream: the log's bytes, unpacked, cut anywhere.
            where: its name, for messages.
            look: asked about each block of lines; None asks for all.
            tally: told how much was read.
            reference: what stands for the year or the zone where times name none; None leaves times without a year out.
        """


Container: TypeAlias = Literal["none", "evtx", "pcap", "parquet", "arrow"]
"""What a log that is no text is kept in. Its records are read as lines of JSON: these are what `line`, `offset` and `raw` are of."""


class Log(msgspec.Struct, frozen=True):
    """One way logs are written.

    Attributes:
        name: unique; also the name of its vectors' folder.
        sniff: tells by the first bytes (64 KiB, unpacked) whether a log is of this format.
        read: yields its records.
        escapes: how it writes characters that it cannot write plainly.
        rank: formats of lower rank are asked first; plain text, which takes everything, comes last. Two of one rank that both
            say yes are a tie, which a person decides.
        schema: what its fields are in the vocabulary; None if that is told record by record (`schemas.of_record`).
        container: for logs that are no text.
        title: what people call it.
    """

    name: str
    sniff: Callable[[bytes], bool]
    read: Read
    escapes: Escapes = "none"
    rank: int = 0
    schema: Schema | None = None
    container: Container = "none"
    title: str = ""
