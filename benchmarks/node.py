"""A real node as its operator runs it: `tocsin init`, `import`, `serve`, each a process of its own, in a temporary home."""

from __future__ import annotations

import http.client
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from benchmarks import corpus
from benchmarks.wire import Served
from tocsin.clock import to_text
from tocsin.config import Settings
from tocsin.server.taxii.resources import ROOT
from tocsin.store import Store

COLLECTION = "intel"  # that `init` makes
_STARTS_WITHIN = 60.0
_STOPS_WITHIN = 60.0
_TICK = 0.005


class Node(NamedTuple):
    """A home with a node in it."""

    home: Path
    token: str

    def command(self, *arguments: str) -> list[str]:
        """Return how to run `tocsin` with these arguments on this node."""
        return [sys.executable, "-m", "tocsin.cli", "--home", str(self.home), *arguments]

    def run(self, *arguments: str) -> dict[str, Any]:
        """Run a command to its end; return its facts."""
        done = subprocess.run([*self.command(*arguments), "--json"], stdout=subprocess.PIPE, check=True)
        return cast("dict[str, Any]", json.loads(done.stdout))


@contextmanager
def made() -> Iterator[Node]:
    """Make a node with one collection and a token that may read and write; it is removed afterwards."""
    home = Path(tempfile.mkdtemp(prefix="tocsin-bench-node-"))
    try:
        empty = Node(home / "node", "")
        empty.run("init", "--name", "Bench")
        empty.run("account", "add", "bench")
        scopes = ("--scope", "taxii:read", "--scope", "taxii:write")
        yield empty._replace(token=empty.run("token", "create", "bench", *scopes)["token"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def fill(node: Node, objects: int, seed: int = 1) -> float:
    """Have `tocsin import` take so many indicators; return the seconds it says it took.

    Afterwards the database is tidied as autovacuum does within a minute or two, so that it does not do so while we measure.
    """
    if not objects:
        return 0.0
    importing = subprocess.Popen(
        node.command("import", "-", "--collection", COLLECTION, "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert importing.stdin is not None
    with importing.stdin as stream:
        corpus.write(cast("BinaryIO", stream), objects, form="ndjson", seed=seed)
    assert importing.stdout is not None
    said = json.loads(importing.stdout.read())
    if importing.wait() or said["new"] != objects:
        raise RuntimeError(f"import: {said}")
    with Store.open(Settings(home=node.home)) as store, store.connection() as connection:
        connection.execute("VACUUM ANALYZE object")
        connection.execute("CHECKPOINT")
    return float(said["seconds"])


@contextmanager
def serving(node: Node, *options: str) -> Iterator[Served]:
    """Run `tocsin serve` on a free port until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (node.home.parent / "log").open("ab") as log:
        command = node.command("serve", "--port", str(port), *options)
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        while not _ready(port):
            if process.poll() is not None or time.perf_counter() - began > _STARTS_WITHIN:
                raise RuntimeError((node.home.parent / "log").read_text()[-2000:])
            time.sleep(_TICK)
        seconds = time.perf_counter() - began
        url = f"http://127.0.0.1:{port}/taxii2/{ROOT}/collections/{COLLECTION}"
        yield Served("Tocsin", url, f"Bearer {node.token}", process.pid, seconds)
    finally:
        process.terminate()
        process.wait(_STOPS_WITHIN)


@contextmanager
def filled(objects: int) -> Iterator[tuple[Node, Served]]:
    """Make a node, fill it, serve it."""
    with ExitStack() as stack:
        node = stack.enter_context(made())
        fill(node, objects)
        yield node, stack.enter_context(serving(node))


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def now_text() -> str:
    """Return the time as TAXII writes dates added."""
    return to_text(time.time_ns() // 1000)


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for each in found:
        found.extend(parents.get(each, []))
    return found


def database(node: Node) -> int | None:
    """Return the process id of the node's own PostgreSQL, if it runs."""
    try:
        return int((node.home / "pg" / "postmaster.pid").read_text().split()[0])
    except (OSError, IndexError, ValueError):
        return None


def held(pids: list[int]) -> float:
    """Return the memory of processes in MB: proportional set size, so that shared pages count once."""
    total = 0
    for pid in pids:
        try:
            with Path(f"/proc/{pid}/smaps_rollup").open() as lines:
                total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue  # it ended
    return total * 1024 / 1e6


def everything(node: Node, pid: int) -> list[int]:
    """Return all processes of a node: `pid`, its descendants, and those of the database."""
    pids = dict.fromkeys(family(pid))
    postmaster = database(node)
    if postmaster is not None:
        pids |= dict.fromkeys(family(postmaster))
    return list(pids)
