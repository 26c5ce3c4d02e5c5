"""The scanner, compiled before somebody has to wait for it.

Compiling takes half a minute and more, once on a machine. Whoever comes first does it, and others wait for that; a server has it done by a process of its own
(`python -m tocsin.node.scanner`), since a thread that compiles holds up all others. A file beside the compiled code says that it is whole.
Where compiled code cannot be kept there is nothing to be prepared: each process compiles what it needs.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tocsin.matching import Entry, Index, Indicator, Kind, native
from tocsin.matching.warninglists import Warninglists
from tocsin.node.catalogue import Catalogue
from tocsin.node.hunt import Hunt
from tocsin.node.logs import OpenLog
from tocsin.telemetry import log_of
from tocsin.telemetry.times import Reference

SECONDS = 30
"""About how long compiling takes, for who is told to wait."""

_LOWEST = 19  # "nice": it takes what nobody else wants
_STOP_SECONDS = 5.0
_TICK = 0.2
_PATIENCE = 2 * SECONDS
"""How long one waits for another that compiles: at the lowest priority, on a machine that is busy, that one may never be done."""
_SAMPLE = b"""{"ts":1,"query":"www.a.example","id.resp_h":"192.0.2.1","id6":"2001:db8::1","md5":"00000000000000000000000000000000"}
2026-11-20T08:00:00Z host a.example 192.0.2.1 2001:db8::1 bob@a.example http://a.example/x Global\\tocsin b\xc3\xbc.example
"""
_FOUND: tuple[tuple[Kind, str], ...] = (
    ("domain", "a.example"),
    ("ipv4", "192.0.2.1"),
    ("ipv6", "2001:db8::1"),
    ("cidr", "192.0.2.0/24"),
    ("email", "bob@a.example"),
    ("url", "http://a.example/x"),
    ("md5", "0" * 32),
    ("mutex", "Global\\tocsin"),
)


def is_ready() -> bool:
    """Return whether everything is compiled, by this program and for this processor."""
    folder = native.folder()
    return bool(folder) and (Path(folder) / _name()).exists()


def is_being_prepared() -> bool:
    """Return whether some process compiles just now."""
    if is_ready():
        return False
    with _turn(wait=False) as taken:
        return not taken


def prepare(say: Callable[[str], None] | None = None) -> None:
    """Have everything compiled that is not yet; return at once if it is, and wait if another process is at it.

    Args:
        say: told in a line why there is a wait.
    """
    if is_ready():
        return
    if say is not None:
        when = "once on this machine" if native.folder() else "each time: it can be kept nowhere"
        say(f"preparing the scanner, {when}: about {SECONDS} seconds ...")
    with _turn(wait=True):
        if not is_ready():
            load()
            if folder := native.folder():
                (Path(folder) / _name()).touch()


def load() -> None:
    """Have everything in this process that hunting needs; it is compiled where no compiled code is kept."""
    found = [Entry(kind, value, Indicator(id="", tag=0)) for kind, value in _FOUND]
    base = Index.build(found)
    for index in (base, base.changed([Entry("domain", "b.example", Indicator(id="", tag=0))])):
        catalogue = Catalogue(index, [()], 1, Counter(), {}, Warninglists(()))
        for line in _SAMPLE.splitlines(keepends=True):
            log = OpenLog("", log_of(line), iter((line,)), Reference(0))
            for _ in Hunt(catalogue, now=0).scan(log):
                pass


class Preparing:
    """A process that compiles beside a server, where that was not done yet; it takes no time from anybody and is no loss if it ends early."""

    def __init__(self) -> None:
        """Prepare nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Begin, if there is something to do and a place to keep it."""
        if native.folder() and not is_ready():
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", __name__],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the server, which ends it
            )
            with suppress(ProcessLookupError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, _LOWEST)

    def stop(self) -> None:
        """End what is under way; what was compiled so far is kept."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def _turn(*, wait: bool) -> Iterator[bool]:
    """Hold what one process holds that compiles; yield whether it was free. The system lets go of it however a process ends."""
    folder = native.folder()
    if not folder:
        yield True
        return
    with (Path(folder) / "preparing").open("wb") as file:
        until = time.monotonic() + (_PATIENCE if wait else 0)
        while not _locked(file.fileno()):
            if time.monotonic() >= until:
                yield False
                return
            time.sleep(_TICK)
        yield True


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # some network file systems have no locks: then several may compile the same
        return True
    return True


def _name() -> str:
    """Return the name of the file that says that all is compiled: compiled code is for one processor, one Python and one compiler."""
    known = [platform.machine(), sys.version, *(importlib.metadata.version(n) for n in ("numba", "llvmlite"))]
    try:
        described = Path("/proc/cpuinfo").read_text(errors="replace").partition("\n\n")[0].splitlines()
    except OSError:
        described = [platform.processor()]
    known += [line for line in described if line.startswith(("model name", "flags", "Features", "CPU"))]
    return "ready-" + hashlib.sha256("\n".join(known).encode()).hexdigest()[:16]


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    """Prepare unless another process is at it; with `--say` for somebody who waits for it."""
    if "--say" in sys.argv[1:]:
        prepare(_say)
        return 0
    if not is_being_prepared():
        prepare()
    return 0


if __name__ == "__main__":
    sys.exit(main())
