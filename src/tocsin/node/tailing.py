"""Following files as they grow: renamed, truncated, replaced, and new ones in a folder.

A file is known by device, inode and how it begins, never by its name. It stays open when it is renamed, until nothing more comes. What is handed out
are whole lines; a position moves only when whoever takes them says that they are dealt with (`Tail.done`). Files are looked at again and again:
that works on every file system, and costs one call for each file that is open.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from tocsin.errors import FormatError
from tocsin.formats.folders import files_below
from tocsin.formats.packing import kind
from tocsin.matching.blocks import LONGEST_LINE
from tocsin.node import log_copies, open_files
from tocsin.node.log_copies import BITE, PRINT
from tocsin.store.watched import Position
from tocsin.telemetry import Log, log_of
from tocsin.telemetry.plugin import HEAD, named

Note = Callable[[str, str], None]
"""Told the name of a file and why something of it is not read."""

_MARKED: Final = {"zeek_tsv": b"#", "web_w3c": b"#"}  # how lines of a header begin
_HEADED: Final = {"aws_vpcflow": b"version "}
_LONGEST_HEAD: Final = 64 * 1024
_QUIET: Final = (
    10.0  # seconds after which a line that nobody ended is taken for whole, and a renamed file for done
)
_LOOK_EVERY: Final = 1.0  # seconds between looks for new files
_FILES: Final = 65_536  # that may be open, if the system allows it
_FILES_OF_OURS: Final = 384  # for everything but logs, connections of syslog among them
_GAPS = (b" ", b"\t", b'"', b",", b"<", b">")


class Piece(msgspec.Struct, frozen=True):
    """Whole lines of a log.

    Attributes:
        tail: where they are from.
        log: their format.
        head: lines to be read before them, which say what they mean.
        data: the lines.
        place, line: where they begin in the log, in bytes and lines.
        end: the position when they are dealt with.
    """

    tail: Tail
    log: Log
    head: bytes
    data: bytes
    place: int
    line: int
    end: Position


class Tail:
    """One open file."""

    def __init__(
        self, file: int, name: str, state: os.stat_result, position: Position, *, now: float
    ) -> None:
        """Go on in the open `file` from a position."""
        self.name = name
        self.position = position
        self.renamed = False
        self.replaces: list[tuple[int, int, bytes]] = []
        self.cut: Position | None = None
        self._file = file
        self._identity = (state.st_dev, state.st_ino)
        self._log: Log | None = None
        self._told_by = -1  # bytes by which the format was told
        self._grew = now

    def fileno(self) -> int:
        """Return the number of the open file."""
        return self._file

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def read(self, *, now: float, note: Note) -> Piece | None:
        """Return the lines that have come, if there are any."""
        size = os.fstat(self._file).st_size
        if size < self.position.place or not self._is_as_it_was():
            note(self.name, "it was cut or written anew: it is read from its beginning")
            self._begin_anew()
        waiting = size - self.position.place
        if waiting <= 0:
            return None
        data = os.pread(self._file, min(waiting, BITE), self.position.place)
        end = data.rfind(b"\n") + 1
        if not end and len(data) >= LONGEST_LINE:
            end = _gap(data)
        if not end and now - self._grew >= _QUIET and len(data) == waiting:
            end = len(data)
        if not end:
            if len(data) > self._waiting:
                self._waiting, self._grew = len(data), now
            return None
        self._waiting, self._grew = 0, now
        return self._piece(data[:end], size, note)

    _waiting = 0

    def done(self, piece: Piece) -> None:
        """Move on behind a piece that was dealt with."""
        self.position = piece.end
        self.replaces = []

    @property
    def grew(self) -> float:
        """When something came last."""
        return self._grew

    def asleep(self) -> tuple[int, int] | None:
        """Return by what to tell that something has come, if all that is there was read."""
        state = os.fstat(self._file)
        return _age(state) if state.st_size == self.position.place else None

    def is_over(self, now: float) -> bool:
        """Tell whether nothing more is to be expected of a file that has lost its name."""
        return self.renamed and now - self._grew >= _QUIET

    def _piece(self, data: bytes, size: int, note: Note) -> Piece:
        at = self.position
        log = self._format(size, note)
        head = at.head or (_header(os.pread(self._file, _LONGEST_HEAD, 0), log) if at.place else b"")
        after = _header_in(data, log) or head
        length = min(size, PRINT)
        fingerprint = at.fingerprint
        if length != at.length:
            fingerprint = hashlib.sha256(os.pread(self._file, length, 0)).digest()
            self.replaces.append(at.key)
        end = Position(
            *self._identity, fingerprint, length, self.name,
            at.place + len(data), at.line + data.count(b"\n"), after,
        )  # fmt: skip
        return Piece(self, log, head, data, at.place, at.line, end)

    def _format(self, size: int, note: Note) -> Log:
        if self._log is None or (self._told_by < HEAD and size >= 2 * self._told_by):
            head = os.pread(self._file, HEAD, 0)
            self._told_by = len(head)
            try:
                self._log = log_of(head)
            except FormatError as error:
                note(self.name, f"{error}; it is read as text")
                self._log = named("text")
        return self._log

    def _is_as_it_was(self) -> bool:
        at = self.position
        return hashlib.sha256(os.pread(self._file, at.length, 0)).digest() == at.fingerprint

    def _begin_anew(self) -> None:
        self.replaces.append(self.position.key)
        self.cut = self.position if self.position.place else None
        self.position = msgspec.structs.replace(
            self.position, fingerprint=hashlib.sha256().digest(), length=0, place=0, line=1, head=b""
        )
        self._log, self._told_by = None, -1


class Tails:
    """All files below some paths."""

    def __init__(
        self,
        paths: Iterable[str],
        known: Iterable[Position],
        *,
        from_start: bool,
        note: Note,
        now: float,
        most: int | None = None,
    ) -> None:
        """Open what there is.

        Args:
            paths: files and folders; a file need not be there yet.
            known: positions of the last time.
            from_start: read what stands already in files that were never watched; else only what comes.
            note: told of what is not read.
            now: seconds of a clock that only goes forwards.
            most: files that are open at a time; None: as many as the system allows. Of more those that nothing came to for longest are closed, and opened
                again within a second of growing.
        """
        self._most = open_files.room(_FILES, _FILES_OF_OURS) if most is None else most
        self._paths = [Path(each) for each in paths]
        self._note = note
        self._known: dict[tuple[int, int], list[Position]] = {}
        roots = set()
        for each in known:
            if each.length:
                self._known.setdefault((each.device, each.inode), []).append(each)
            elif each.device == 0:
                roots.add(each.fingerprint)
        self.open: dict[tuple[int, int], Tail] = {}
        self._passed: dict[tuple[int, int], tuple[int, int]] = {}
        self._to_keep: list[Position] = []
        self._looked = now
        self.fresh_roots = [str(path) for path in self._paths if root_of(str(path)) not in roots]
        for path in self._paths:
            # whoever stopped watching for a while wants what came meanwhile; whoever begins, what comes
            self._look_at(path, from_start=from_start or str(path) not in self.fresh_roots, now=now)
            self._look_beside(path, now=now)

    def pieces(self, *, now: float) -> Iterator[Piece]:
        """Yield the lines that have come, at most `BITE` bytes of each file."""
        if now - self._looked >= _LOOK_EVERY:
            self._look(now)
        for identity, tail in [*self.open.items()]:
            try:
                piece = tail.read(now=now, note=self._note)
            except OSError as error:
                self._note(tail.name, f"cannot be read: {error.strerror}")
                self._close(identity)
                continue
            if piece is not None:
                yield piece
            elif tail.is_over(now):
                self._close(identity)

    def to_keep(self) -> list[Position]:
        """Return, once, positions to be kept although nothing was read: of copies of what was read before, and of files that were closed."""
        found, self._to_keep = self._to_keep, []
        return found

    def close(self) -> None:
        """Close all files."""
        for identity in [*self.open]:
            self._close(identity)

    def _look(self, now: float) -> None:
        self._looked = now
        for tail in self.open.values():
            tail.renamed = True
        for path in self._paths:
            self._look_at(path, from_start=True, now=now)

    def _look_at(self, path: Path, *, from_start: bool, now: float) -> None:
        files = files_below(path) if path.is_dir() else [path]
        for file in files:
            if path.is_dir() and file.name.startswith("."):
                continue
            try:
                state = file.stat()
                identity = (state.st_dev, state.st_ino)
                tail = self.open.get(identity)
                if tail is not None:
                    tail.renamed, tail.name = False, str(file)
                # another file may have come to the place of one that was passed over
                elif stat.S_ISREG(state.st_mode) and self._passed.get(identity) != _age(state):
                    self._open(file, from_start=from_start, now=now)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._note(str(file), f"cannot be read: {error.strerror}")

    def _look_beside(self, path: Path, *, now: float) -> None:
        """Open what a file that is watched by its name became while nobody watched: its last lines may not have been read."""
        places = {at for at, known in self._known.items() if any(each.name == str(path) for each in known)}
        if path.is_dir() or not places.difference(self.open) or not path.parent.is_dir():
            return
        for each in path.parent.iterdir():
            try:
                state = each.stat()
                identity = (state.st_dev, state.st_ino)
                if identity in places and identity not in self.open and stat.S_ISREG(state.st_mode):
                    self._open(each, from_start=False, now=now, known=True)
            except OSError as error:
                self._note(str(each), f"cannot be read: {error.strerror}")

    def _open(self, file: Path, *, from_start: bool, now: float, known: bool = False) -> None:
        if len(self.open) >= self._most and not self._put_to_sleep():
            self._note("files", f"{self._most:,} are open, the most that the system allows: others wait")
            return
        opened = os.open(file, os.O_RDONLY)
        try:
            state = os.fstat(opened)
            identity = (state.st_dev, state.st_ino)
            begin = os.pread(opened, PRINT, 0)
            if reason := _unfit(begin):
                self._note(str(file), reason)
                self._passed[identity] = _age(state)
                os.close(opened)
                return
            position = self._resumed(opened, str(file), identity)
            if position is None and not known:
                position = self._begun(opened, str(file), state, from_start)
            if position is None:
                os.close(opened)
                return
            tail = Tail(opened, str(file), state, position, now=now)
        except BaseException:
            os.close(opened)
            raise
        self.open[identity] = tail

    def _resumed(self, opened: int, name: str, identity: tuple[int, int]) -> Position | None:
        for each in self._known.get(identity, ()):
            if log_copies.begins_as(opened, each):
                return msgspec.structs.replace(each, name=name)
        return None

    def _begun(self, opened: int, name: str, state: os.stat_result, from_start: bool) -> Position | None:
        """Return where reading of a file begins that nothing was read of; None where it is yet being copied from another."""
        identity = (state.st_dev, state.st_ino)
        place, line, length = 0, 1, 0
        if from_start:
            parts = ((tail.fileno(), tail.position.place) for tail in self.open.values())
            if any(log_copies.is_part(opened, state.st_size, *each) for each in parts):
                return None
            copied = self._copied(opened, state.st_size)
            if copied is not None:
                device, inode = identity
                found = msgspec.structs.replace(copied, device=device, inode=inode, name=name)
                self._to_keep.append(found)
                return found
        else:
            # behind the last whole line: what stands there without an end is still being written
            place = _last_end(opened, state.st_size)
            line = log_copies.count_lines(opened, place) + 1
            length = min(state.st_size, PRINT)
        fingerprint = hashlib.sha256(os.pread(opened, length, 0)).digest()
        return Position(*identity, fingerprint, length, name, place, line)

    def _copied(self, opened: int, size: int) -> Position | None:
        cut = [tail.cut for tail in self.open.values() if tail.cut is not None]
        whole = [tail.position for tail in self.open.values()]
        whole += [each for known in self._known.values() for each in known]
        return log_copies.read_of(opened, size, cut=cut, whole=whole)

    def _put_to_sleep(self) -> bool:
        """Close the file that nothing came to for longest, if there is one that was read to its end."""
        for identity, tail in sorted(self.open.items(), key=lambda each: each[1].grew):
            if (age := tail.asleep()) is not None:
                self._close(identity)
                self._passed[identity] = age
                self._to_keep += [tail.position] if tail.position.length else []
                return True
        return False

    def _close(self, identity: tuple[int, int]) -> None:
        tail = self.open.pop(identity)
        if tail.position.length:
            others = [each for each in self._known.get(identity, ()) if each.key != tail.position.key]
            self._known[identity] = [tail.position, *others]
        tail.close()


def root_of(path: str) -> bytes:
    """Return what a path that is watched is known by, whatever its name is written in."""
    return os.fsencode(path)[-200:]


def _age(state: os.stat_result) -> tuple[int, int]:
    return state.st_size, state.st_mtime_ns


def _unfit(begin: bytes) -> str:
    if begin[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "it is in UTF-16, which is not watched; `tocsin hunt` reads it"
    try:
        packed = kind(begin)
    except FormatError as error:
        return str(error)
    return f"it is packed ({packed}) and will not grow; `tocsin hunt` reads it" if packed else ""


def _gap(data: bytes) -> int:
    """Return where a line that is too long is cut: between words if it has any."""
    near = len(data) - 64 * 1024
    return max(data.rfind(mark, near) for mark in _GAPS) + 1 or len(data)


def _last_end(opened: int, size: int) -> int:
    at = size
    while at > 0:
        start = max(0, at - BITE)
        found = os.pread(opened, at - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        at = start
    return 0


def _header(begin: bytes, log: Log) -> bytes:
    """Return the header at the beginning of a log, for formats that have one."""
    mark = _MARKED.get(log.name) or _HEADED.get(log.name)
    if mark is None:
        return b""
    lines = []
    for line in begin.removeprefix(b"\xef\xbb\xbf").splitlines(keepends=True):
        if not line.startswith(mark) or not line.endswith(b"\n"):
            break
        lines.append(line)
    return b"".join(lines)


def _header_in(data: bytes, log: Log) -> bytes:
    """Return the last header in some lines that names fields, for the lines after them."""
    mark = _MARKED.get(log.name)
    if mark is None:
        return b""
    at = max(data.rfind(b"\n#fields"), data.rfind(b"\n#Fields"))
    if at < 0 and not data.startswith((b"#fields", b"#Fields", b"#separator", b"#Software", b"#Version")):
        return b""
    start = at + 1 if at >= 0 else 0
    while start > 0:  # back to the first line of the header
        before = data.rfind(b"\n", 0, start - 1) + 1
        if not data.startswith(mark, before):
            break
        start = before
    return _header(data[start : start + _LONGEST_HEAD], log)
