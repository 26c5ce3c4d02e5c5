"""YARA rules on files, by YARA-X (the extra `tocsin[yara]`).

Rules come from strangers: they include no other files, each file is scanned within a time limit, large files only in their first part, and what a
pattern finds is counted up to a limit. Scanning lets go of the interpreter's lock; files are scanned one after the other.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tocsin.errors import ConfigError, FormatError, LimitError
from tocsin.formats.folders import files_below
from tocsin.matching.sigma.rules import Refused

SUFFIXES: Final = (".yar", ".yara")
MAX_RULES: Final = 16 * 1024 * 1024
MAX_MATCHES: Final = 100
"""Places of one pattern that are told."""


class Limits(msgspec.Struct, frozen=True):
    """What scanning one file may take: seconds, and bytes from its beginning."""

    seconds: int = 30
    size: int = 256 * 1024 * 1024


class Place(msgspec.Struct, frozen=True):
    """Where a pattern was found, in bytes from the beginning of the file."""

    pattern: str
    offset: int
    length: int


class Hit(msgspec.Struct, frozen=True):
    """A rule that holds of a file.

    Attributes:
        rule: its name.
        origin: file or indicator that the rule is from.
        tags, meta: as the rule has them.
        file: which.
        places: where its patterns were found, at most `MAX_MATCHES` of each.
        cut: whether only the first part of the file was looked at.
    """

    rule: str
    origin: str
    tags: tuple[str, ...]
    meta: tuple[tuple[str, Any], ...]
    file: str
    places: tuple[Place, ...]
    cut: bool


class Compiled(msgspec.Struct, frozen=True):
    """Rules made ready; `origins` by namespace; `refused` are those that YARA-X does not take."""

    rules: Any
    count: int
    origins: dict[str, str]
    refused: tuple[Refused, ...]


def _library() -> Any:
    try:
        import yara_x  # noqa: PLC0415 - an extra
    except ImportError:
        raise ConfigError("YARA rules need the library yara-x", hint="install tocsin[yara]") from None
    return yara_x


def compiled(files: Iterable[tuple[str, bytes]]) -> Compiled:
    """Return the rules in files, each given by its name and bytes; rules of two files may have the same name.

    Raises:
        ConfigError: the library is not installed.
    """
    library = _library()
    compiler = library.Compiler()
    compiler.enable_includes(False)
    origins: dict[str, str] = {}
    refused: list[Refused] = []
    for number, (name, raw) in enumerate(files):
        namespace = f"n{number}"
        reason = _fault(raw)
        if reason is None:
            compiler.new_namespace(namespace)
            origins[namespace] = name
            before = len(compiler.errors())
            try:
                compiler.add_source(raw.decode(), origin=name)
            except library.CompileError:
                refused += [_refused(name, error) for error in compiler.errors()[before:]]
        else:
            refused.append(Refused(name, "yara", reason))
    rules = compiler.build()
    return Compiled(rules, sum(1 for _ in rules), origins, tuple(refused))


def _fault(raw: bytes) -> str | None:
    if len(raw) > MAX_RULES:
        return f"larger than {MAX_RULES:,} bytes"
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start:,}"
    return None


def _refused(name: str, error: dict[str, Any]) -> Refused:
    labels = [label["text"] for label in error.get("labels", []) if label.get("text")]
    reason = ": ".join((error["title"], *labels[:1]))
    return Refused(f"{name}:{error.get('line', 1)}", "yara", f"{reason} ({error['code']})")


class Scan:
    """Rules over files. `faults` has what could not be scanned, and why; `files` and `bytes` were."""

    def __init__(self, rules: Compiled, limits: Limits | None = None) -> None:
        """Prepare to scan."""
        self._rules = rules
        self._limits = limits or Limits()
        self._library = _library()
        self._scanner = self._library.Scanner(rules.rules)
        self._scanner.set_timeout(self._limits.seconds)
        self._scanner.max_matches_per_pattern(MAX_MATCHES)
        self._scanner.console_log(lambda _: None)
        self.faults: list[tuple[str, str]] = []
        self.files = 0
        self.bytes = 0

    def run(self, paths: Sequence[str]) -> Iterator[Hit]:
        """Yield what the rules find in files, and in all files in and below folders; links are followed, each folder is entered once.

        Raises:
            FormatError: a path does not exist.
        """
        for path in paths:
            root = Path(path)
            if not root.exists():
                raise FormatError("there is no such file or folder", where=path)
            for file in files_below(root) if root.is_dir() else (root,):
                yield from self._file(file)

    def _file(self, file: Path) -> Iterator[Hit]:
        try:
            data, cut = self._read(file)
            found = self._scanner.scan(data).matching_rules
        except OSError as error:
            self.faults.append((str(file), f"cannot be read: {error.strerror}"))
            return
        except LimitError as error:
            self.faults.append((str(file), str(error)))
            return
        except self._library.TimeoutError:
            self.faults.append((str(file), f"not scanned within {self._limits.seconds} s"))
            return
        except self._library.ScanError as error:
            self.faults.append((str(file), f"not scanned: {error}"))
            return
        self.files += 1
        self.bytes += len(data)
        for rule in found:
            places = [
                Place(pattern.identifier, match.offset, match.length)
                for pattern in rule.patterns
                for match in pattern.matches
            ]
            origin = self._rules.origins.get(rule.namespace, "")
            yield Hit(
                rule.identifier, origin, tuple(rule.tags), tuple(rule.metadata), str(file), tuple(places), cut
            )

    def _read(self, file: Path) -> tuple[bytes, bool]:
        # a pipe or a device never ends
        with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK), "rb") as stream:  # noqa: PTH123 - Path opens without the flag
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise LimitError("no regular file")
            data = stream.read(self._limits.size + 1)
        return data[: self._limits.size], len(data) > self._limits.size
