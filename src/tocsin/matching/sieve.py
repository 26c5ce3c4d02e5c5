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
from tocsin.matching.blocks import line_spans
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
_DEFANGED = re.compile(rb"[\[({](?:(?:[.@]|[dD][oO][tT]|[aA][tT])[\])}]|[:/]{1,3}\])")
_FOREIGN = re.compile(rb"[\x80-\xff][\w-]*\.[\w\x80-\xff-]|\.[\w-]*[\x80-\xff]|//[^/\s]*[\x80-\xff]")
_DASHES = re.compile(rb"-+(?= )")
_REMEMBERED = 500_000
_FEW = 32


class Sieve:
    """What lines of a log of one format deserve a look, for one index. It learns as it goes, so use one for a whole hunt."""

    def __init__(self, index: Index, escapes: Escapes = "none") -> None:
        """Make a sieve for `index` and logs that escape characters as `escapes` says."""
        self._index = index
        self._escapes = escapes
        vocabulary = index.vocabulary()
        self._lasts = vocabulary.lasts | {""}  # a word at the end of a sentence ends in an empty label
        self._shortest_digest = 32 if vocabulary.digests else 1 << 62
        self._groups = vocabulary.groups
        self._dull: set[str] = set()
        self._dull_addresses: set[bytes] = set()

    def spans(self, block: bytes) -> list[tuple[int, int]]:
        """Return start and end (without line feed) of the lines of a block to be looked at, in order, each once."""
        if self._escapes == "json" and b"\\" in block:
            block = _JSON_PLAIN.sub(b"  ", block)
        table = block.translate(_TABLE)
        if b".." in table:
            table = table.replace(b"..", b"  ")
        if table.endswith(b"-"):
            table += b" "
        if b"- " in table:
            table = table.replace(b"- ", b"  ")
            if b"- " in table:
                table = _DASHES.sub(lambda dashes: b" " * len(dashes[0]), table)
        tokens = set(table.decode("ascii").split())
        telling = self._telling(tokens)
        places = set(self._places(block, tokens))
        if (
            len(telling) > _FEW
        ):  # looking for each in the whole block would cost more than looking at each line
            lines = line_spans(block)
            places.update(a for a, b in lines if not telling.isdisjoint(table[a:b].decode("ascii").split()))
        else:
            for token in telling:
                places.update(_occurrences(table, token.encode("ascii")))
        return _lines_at(block, places)

    def _telling(self, tokens: set[str]) -> set[str]:
        new = tokens - self._dull
        lasts, shortest = self._lasts, self._shortest_digest
        telling = {
            t for t in new if (t[t.rfind(".") + 1 :] in lasts or len(t) >= shortest) and self._tells(t)
        }
        if len(self._dull) > _REMEMBERED:
            self._dull = set()
        self._dull |= new - telling
        return telling

    def _tells(self, token: str) -> bool:
        """Return whether a token can be a hit or the host of one: the rules of `words` without their surroundings."""
        index = self._index
        if len(token) >= 32 and any(index.digest(found[0]) for found in words.DIGEST.finditer(token)):
            return True
        for start, end in words.words(token):
            word = token[start:end]
            if any(next(index.ipv4(word[a:b]), None) is not None for a, b in words.quads(word)):
                return True
            if next(index.name(word), None) is not None or index.has_host(word):
                return True
            if (
                start
                and token[start - 1] == "@"
                and index.has_mailbox_ending(token[: start - 1].rpartition("@")[2], word)
            ):
                return True
        return False

    def _places(self, block: bytes, tokens: set[str]) -> Iterator[int]:
        """Yield places in lines that tokens say too little about."""
        yield from (found.start() for found in _DEFANGED.finditer(block))
        if not block.isascii():
            yield from (found.start() for found in _FOREIGN.finditer(block))
        if self._escapes != "none" and b"\\" in block:
            yield from _occurrences(block, b"\\u" if self._escapes == "json" else b"\\x")
        if self._groups:
            yield from self._addresses(block, tokens)

    def _addresses(self, block: bytes, tokens: set[str]) -> Iterator[int]:
        if "0" in self._groups and b"::" in block:
            yield from _occurrences(block, b"::")
        groups = self._groups & tokens
        if not groups:
            return
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
def _beginning_with(groups: frozenset[str]) -> re.Pattern[bytes]:
    choice = "|".join(sorted(groups, key=len, reverse=True))
    return re.compile(rf"(?<![0-9A-Za-z])(?:{choice}):[\w:.]*".encode(), re.IGNORECASE)


def _occurrences(block: bytes, mark: bytes) -> Iterator[int]:
    at = block.find(mark)
    while at >= 0:
        yield at
        at = block.find(mark, at + 1)


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
