"""From text to hits: the whole meaning of a match, on one text and on a whole log.

`scan_text` is exact. `scan` runs it only over the lines that a sieve lets through, and gives what it would give on every line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

import msgspec

from tocsin.matching import addresses, words
from tocsin.matching.blocks import blocks
from tocsin.matching.entries import Entry
from tocsin.matching.index import Index
from tocsin.matching.sieve import Sieve
from tocsin.matching.values import FOLDED, Kind, fold_ascii, registry_spellings, view_of

DEFANGED = "defanged"
VERSION = "version"
PUBLIC_SUFFIX = "public-suffix"
QUERY = "query"
_SHORTEST_DIGEST = 32
_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
# one word with a letter behind its last dot: it holds no address
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?=[0-9_-]*[A-Za-z]){_LABEL}")
_SIGNS = re.compile(r"[.:/\[({]")  # every value but a digest is written with one of these
LOWERING = frozenset({VERSION, PUBLIC_SUFFIX})
"""Flags that keep a hit from being raised: it is shown, counted apart, and makes no sighting."""


class Found(msgspec.Struct, frozen=True, gc=False):
    """An entry found in a text.

    Attributes:
        entry: position in `Index.entries`.
        start, end: where, in characters of the text.
        flags: what to know before believing it: `defanged` (somebody wrote about it), `version` (an address
            that looks like the version of a program), `public-suffix`, `query` (the log asks a URL for more than the entry names).
    """

    entry: int
    start: int
    end: int
    flags: tuple[str, ...] = ()


class Match(msgspec.Struct, frozen=True, gc=False):
    """An entry found in a line: its first place there that is least in doubt.

    Attributes:
        entry: what was found.
        kind: its kind.
        value: how it is written in the log.
        line_no: line, counted from 1.
        offset: where in the stream, in bytes.
        column: where in the line, in bytes from 0.
        flags: as in `Found`.
    """

    entry: Entry
    kind: Kind
    value: str
    line_no: int
    offset: int
    column: int
    flags: tuple[str, ...] = ()


def scan_text(text: str, index: Index) -> list[Found]:
    """Return what `text` names: each entry once, where it is least in doubt, in the order of places."""
    if len(text) < _SHORTEST_DIGEST and not index.has_phrases:
        if _SIGNS.search(text) is None:
            return []
        if addresses.QUAD.fullmatch(text):
            return _whole(text, index.ipv4(text), index)
        if _NAME.fullmatch(text):
            return _whole(text, index.name(text.lower()), index)
    view = view_of(text)
    finder = _Finder(text if view is None else view.text, index)
    found = finder.run()
    if view is None:
        return found
    moved = []
    for each in found:
        start, end = view.original(each.start), view.original(each.end)
        flags = (
            each.flags if text[start:end] == finder.text[each.start : each.end] else (DEFANGED, *each.flags)
        )
        moved.append(Found(each.entry, start, end, flags))
    return moved


def _whole(text: str, entries: Iterable[int], index: Index) -> list[Found]:
    """Return what a text names that is one word, as most fields of records are: `_Finder` would find the same in twice the time."""
    return [
        Found(entry, 0, len(text), (PUBLIC_SUFFIX,) if index.is_suffix(entry) else ())
        for entry in sorted(entries)
    ]


class _Finder:
    """One pass over one text."""

    def __init__(self, text: str, index: Index) -> None:
        self.text = text
        self.index = index
        self._found: dict[int, Found] = {}

    def run(self) -> list[Found]:
        text = self.text
        longest = self._words()
        if text.count(":") > 1:
            for run in words.COLONS.finditer(text):
                self._colons(run.start(), run[0])
        if "://" in text:
            for scheme in words.schemes(text):
                self._url(scheme)
        if longest >= _SHORTEST_DIGEST:
            for digest in words.DIGEST.finditer(text):
                self._add(self.index.digest(digest[0].lower()), digest.start(), digest.end())
        return sorted(self._found.values(), key=lambda f: (f.start, f.entry))

    def _add(self, entries: Iterable[int], start: int, end: int, flags: tuple[str, ...] = ()) -> None:
        for entry in entries:
            known = self._found.get(entry)
            its = (*flags, PUBLIC_SUFFIX) if self.index.is_suffix(entry) else flags
            if known is None or (len(its), start) < (len(known.flags), known.start):
                self._found[entry] = Found(entry, start, end, its)

    def _words(self) -> int:
        """Look at each word, and return how long the longest is: a digest is in one."""
        text, index = self.text, self.index
        longest = 0
        phrases = index.has_phrases
        for start, end in words.words(text):
            longest = max(longest, end - start)
            follows = text[end : end + 1] or " "
            word = text[start:end]
            if not phrases and "." not in word and (follows not in ":/" or text.startswith("://", end)):
                continue
            behind_at = start > 0 and text[start - 1] == "@"
            if not (behind_at or index.may_name(word)):
                continue
            if phrases:
                self._phrases(word.lower())
            if words.is_local_part(text, end):
                continue
            for first, last in words.quads(word):
                flags = (VERSION,) if words.is_version(text, start + first, start + last) else ()
                self._add(index.ipv4(word[first:last]), start + first, start + last, flags)
            if "." in word:
                name = words.name_of(word)
                self._add(index.name(name), start, end)
                if behind_at:
                    self._mailbox(start, end, name)
            if follows in ":/" and not behind_at and text[max(0, start - 3) : start] != "://":
                self._schemeless(start, end, word)
        return longest

    def _mailbox(self, start: int, end: int, host: str) -> None:
        index, at = self.index, start - 1
        local = words.local_part(self.text, at)
        self._add(index.mailbox(local, host), at - len(local), end)
        for odd in index.odd_locals(host):
            if words.ends_with_local(self.text, at, odd):
                self._add(index.mailbox(odd, host), at - len(odd), end)

    def _phrases(self, word: str) -> None:
        for entry, kind, value in self.index.phrases(word) if word.isascii() else ():
            for spelling in registry_spellings(value) if kind == "registry_key" else (value,):
                self._phrase(entry, spelling, fold=kind in FOLDED)

    def _phrase(self, entry: int, value: str, *, fold: bool) -> None:
        text = self._folded if fold else self.text
        wanted = fold_ascii(value) if fold else value
        at = text.find(wanted)
        while at >= 0:
            if words.stands_whole(text, at, at + len(wanted)):
                self._add((entry,), at, at + len(wanted))
                break
            at = text.find(wanted, at + 1)

    @cached_property
    def _folded(self) -> str:
        return fold_ascii(self.text)

    def _schemeless(self, start: int, end: int, word: str) -> None:
        text = self.text
        slash = end
        if text[end] == ":":
            slash = end + 1
            while slash < len(text) and slash < end + 7 and text[slash].isdigit():
                slash += 1
        if (
            slash < len(text)
            and text[slash] == "/"
            and slash != end + 1
            and self.index.has_host(words.name_of(word))
        ):
            ends = words.url_ends(text, start)
            for stop in ends:
                if stop > slash:
                    self._add(self.index.url_without_scheme(text[start:stop]), start, stop)
            query = text.find("?", start, ends[0])
            if query > slash:
                self._add(self.index.url_without_scheme(text[start:query]), start, query, (QUERY,))

    def _colons(self, at: int, run: str) -> None:
        found = words.ipv6(run)
        if found is not None:
            start, end, number = found
            self._add(self.index.ipv6(number), at + start, at + end)

    def _url(self, start: int) -> None:
        longest = None
        ends = words.url_ends(self.text, start)
        for stop in ends:
            url = words.plain_url(self.text[start:stop])
            longest = longest or url
            if url is not None:
                self._add(self.index.url(url), start, stop)
        query = self.text.find("?", start, ends[0])
        if query > 0 and longest is not None:
            self._add(self.index.url(longest.partition("?")[0]), start, query, (QUERY,))


def scan(data: bytes | Iterable[bytes], index: Index, *, sieve: Sieve | None = None) -> Iterator[Match]:
    """Yield what a log names, line by line: each entry once a line.

    Args:
        data: the log, or its pieces in order, cut anywhere.
        index: what to look for.
        sieve: one that has learned from other logs; made anew if None.
    """
    sieve = Sieve(index) if sieve is None else sieve
    for block in blocks((data,) if isinstance(data, bytes) else data, sieve.spans):
        for (start, end), above in zip(block.seen, block.seen.lines_before(block.data), strict=True):
            line = block.line + above
            text = block.data[start:end].decode("utf-8", "surrogateescape")
            before = block.column if start == 0 else 0
            for found in scan_text(text, index):
                entry = index.entry(found.entry)
                column = len(text[: found.start].encode("utf-8", "surrogateescape"))
                yield Match(
                    entry=entry,
                    kind=entry.kind,
                    value=text[found.start : found.end],
                    line_no=line,
                    offset=block.offset + start + column,
                    column=before + column,
                    flags=found.flags,
                )
