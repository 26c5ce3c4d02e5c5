"""Passing over a log at speed: which lines can hold a hit at all.

A block is cut into tokens by two passes in C (`bytes.translate`, `split`). Tokens met before are known to be of no interest, and
a new one is asked about only if it ends like something in the index. What remains is judged by the rules of `words`. Everything that
can hide a value from this (escapes of the log's format, defanged forms, names that are not ASCII) sends the whole line on.
A sieve may let a line through for nothing; it never holds a hit back (tests/property).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Literal, TypeAlias

from tocsin.matching import words
from tocsin.matching.index import Index

Escapes: TypeAlias = Literal["none", "json", "zeek"]
"""How a log's format writes characters that it cannot write plainly: not at all, as JSON (RFC 8259 section 7), as Zeek's TSV (`\\x09`)."""

_TOKEN = b"abcdefghijklmnopqrstuvwxyz0123456789_.@-"
_TABLE = bytes(
    ord(chr(byte).lower())
    if byte < 128 and chr(byte).lower().encode() in {_TOKEN[i : i + 1] for i in range(len(_TOKEN))}
    else 32
    for byte in range(256)
)
_JSON_PLAIN = re.compile(rb'\\[nrtbf"/\\]')
# three patterns that begin with a letter of their own are searched for thrice as fast as one that begins with a choice
_DEFANGED = tuple(
    re.compile(rb"\%c(?:(?:[.@]|[dD][oO][tT]|[aA][tT])[\])}]|[:/]{1,3}\])" % bracket) for bracket in b"[({"
)
_FOREIGN = re.compile(rb"[\x80-\xff][\w-]*\.[\w\x80-\xff-]|\.[\w-]*[\x80-\xff]|//[^/\s]*[\x80-\xff]")
_PLAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_WORD = re.compile(rb"[^ ]+")
_SLICE = 256 * 1024
_REMEMBERED = 500_000
_FEW = 32


class Sieve:
    """What lines of a log of one format deserve a look, for one index. It learns as it goes, so use one for a whole hunt."""

    def __init__(self, index: Index, escapes: Escapes = "none") -> None:
        """Make a sieve for `index` and logs that escape characters as `escapes` says."""
        self._index = index
        self._escapes = escapes
        vocabulary = index.vocabulary()
        # a word at the end of a sentence ends in an empty label
        self._lasts = {last.encode() for last in vocabulary.lasts} | {b""}
        self._shortest_digest = 32 if vocabulary.digests else 1 << 62
        self._groups = {group.encode() for group in vocabulary.groups}
        self._dull: set[bytes] = set()
        self._dull_addresses: set[bytes] = set()

    def spans(self, block: bytes) -> list[tuple[int, int]]:
        """Return start and end (without line feed) of the lines of a block to be looked at, in order, each once."""
        if self._escapes == "json" and b"\\" in block:
            block = _JSON_PLAIN.sub(b"  ", block)
        table = block.translate(_TABLE)
        places: set[int] = set()
        groups: set[bytes] = set()
        for start, end, tokens in _slices(table):
            telling = self._telling(tokens)
            if len(telling) <= _FEW:
                for token in telling:
                    places.update(_occurrences(table, token, start, end))
            else:  # looking at each word once costs less than looking for each of them
                words_there = _WORD.finditer(table, start, end)
                places.update(word.start() for word in words_there if word[0] in telling)
            groups |= self._groups & tokens
        places.update(self._places(block, groups))
        return _lines_at(block, places)

    def _telling(self, tokens: set[bytes]) -> set[bytes]:
        new = tokens - self._dull
        lasts, shortest = self._lasts, self._shortest_digest
        # A word may end before its token does: at dashes, or at two dots. Those few tokens are always asked about.
        likely = [
            t
            for t in new
            if t[t.rfind(b".") + 1 :] in lasts or len(t) >= shortest or t[-1] == 45 or b".." in t
        ]
        telling = {t for t in likely if self._tells(t.decode("ascii"))}
        if len(self._dull) > _REMEMBERED:
            self._dull = set()
        self._dull |= new - telling
        return telling

    def _tells(self, token: str) -> bool:
        """Return whether a token can be a hit or the host of one: the rules of `words` without their surroundings."""
        index = self._index
        if len(token) >= 32:
            if token.isalnum():
                if index.digest(token):
                    return True
            elif any(index.digest(found[0]) for found in words.DIGEST.finditer(token)):
                return True
        if _PLAIN.fullmatch(token) and ".." not in token and not ("-" in token and token[-1].isdigit()):
            return index.knows(token)  # it is one word, and no addresses joined by dashes
        for start, end in words.words(token):
            word = token[start:end]
            if index.knows(word) or any(index.knows(word[a:b]) for a, b in words.quads(word)):
                return True
            if start and token[start - 1] == "@":
                ending = token[: start - 1].rpartition("@")[2]
                if index.has_mailbox_ending(ending, word):
                    return True
        return False

    def _places(self, block: bytes, groups: set[bytes]) -> Iterator[int]:
        """Yield places in lines that tokens say too little about."""
        for defanged in _DEFANGED:
            yield from (found.start() for found in defanged.finditer(block))
        if not block.isascii():
            yield from (found.start() for found in _FOREIGN.finditer(block))
        if self._escapes != "none" and b"\\" in block:
            yield from _occurrences(block, b"\\u" if self._escapes == "json" else b"\\x")
        if b"0" in self._groups and b"::" in block:
            yield from _occurrences(block, b"::")
        if groups:
            yield from self._addresses(block, groups)

    def _addresses(self, block: bytes, groups: set[bytes]) -> Iterator[int]:
        for found in _beginning_with(frozenset(groups)).finditer(block):
            run = found[0]
            if run in self._dull_addresses:
                continue
            address = words.ipv6(run.decode("ascii"))
            if address is not None and self._index.has_ipv6(address[2]):
                yield found.start()
            else:
                if len(self._dull_addresses) > _REMEMBERED:
                    self._dull_addresses = set()
                self._dull_addresses.add(run)


@lru_cache(maxsize=64)
def _beginning_with(groups: frozenset[bytes]) -> re.Pattern[bytes]:
    choice = b"|".join(sorted(groups))  # the colon behind makes the order of alternatives unimportant
    return re.compile(rb"(?<![0-9A-Za-z])(?:%b):[\w:.]*" % choice, re.IGNORECASE)


def _slices(table: bytes) -> Iterator[tuple[int, int, set[bytes]]]:
    """Yield start, end and tokens of each slice of a block: the strings of a slice stay in the processor's cache."""
    at = 0
    while at < len(table):
        end = len(table) if len(table) - at <= _SLICE else table.rfind(b" ", at, at + _SLICE) + 1
        if not end:
            end = table.find(b" ", at + _SLICE) + 1 or len(table)
        yield at, end, set(table[at:end].split())
        at = end


def _occurrences(block: bytes, mark: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
    at = block.find(mark, start, end)
    while at >= 0:
        yield at
        at = block.find(mark, at + 1, end)


def _lines_at(block: bytes, places: Iterable[int]) -> list[tuple[int, int]]:
    spans = []
    done = 0
    for place in sorted(places):
        if place < done:
            continue
        start = block.rfind(b"\n", done, place) + 1 or done
        feed = block.find(b"\n", place)
        end = len(block) if feed < 0 else feed
        spans.append((start, end - 1 if end > start and block[end - 1] == 13 else end))
        done = end + 1
    return spans
