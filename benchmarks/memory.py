"""Memory of `tocsin import` over one large bundle on standard input: it must stay under 500 MB and flat.

    uv run python -m benchmarks.memory [--gigabytes 5] [--json]

The objects are indicators with a report of about four kilobytes, all different, in one bundle that is never on disk. Beside it, Python's own
`json.load` reads a fiftieth of it: what a reader that holds the whole bundle needs. Limit: 500 MB.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from benchmarks import corpus
from benchmarks.node import COLLECTION, made

LIMIT = 500
_TEXT = (
    b"Seen with the loader of the same family; the operator moved it after the takedown of its first hoster. "
    * 40
)
_PEER = "import json, resource, sys; json.load(sys.stdin.buffer); print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"


def bundle(size: int) -> Iterator[bytes]:
    """Yield a bundle of about `size` bytes."""
    yield b'{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":['
    written = 0
    between = b""
    for raw in corpus.indicators(sys.maxsize):
        piece = between + raw[:-1] + b',"x_bench_report":"' + _TEXT + b'"}'
        between = b","
        yield piece
        written += len(piece)
        if written >= size:
            break
    yield b"]}"


class Peak:
    """Samples the resident memory of a process in MB, by how much it was given."""

    def __init__(self, pid: int) -> None:
        self.samples: list[int] = []
        self._status = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._ended.wait(0.5):
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            self.samples += [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmRSS")]

    def end(self) -> None:
        """Stop sampling."""
        self._ended.set()
        self._thread.join()


def feed(stream: IO[bytes], size: int) -> int:
    """Write the bundle to a process; return its bytes."""
    out = io.BufferedWriter(cast("io.RawIOBase", stream), 1 << 20)
    written = sum(out.write(piece) for piece in bundle(size))
    out.flush()
    stream.close()
    return written


def run(gigabytes: float, *, quiet: bool) -> dict[str, object]:
    size = int(gigabytes * 1e9)
    with made() as node:
        importing = subprocess.Popen(
            node.command("import", "-", "--collection", COLLECTION, "--json"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        peak = Peak(importing.pid)
        written = feed(cast("IO[bytes]", importing.stdin), size)
        said = json.loads(cast("IO[bytes]", importing.stdout).read())
        importing.wait()
        peak.end()
    if said["refused"]:
        raise SystemExit(f"refused: {said}")
    reader = subprocess.Popen(
        [sys.executable, "-c", _PEER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    feed(cast("IO[bytes]", reader.stdin), size // 50)
    held = int(cast("IO[bytes]", reader.stdout).read())
    reader.wait()
    tenth = max(peak.samples[: max(1, len(peak.samples) // 10)])
    if not quiet:
        rate = said["new"] / said["seconds"]
        print(
            f"{written / 1e9:.2f} GB, {said['new']:,} objects in {said['seconds']:.0f} s: {rate:,.0f} objects/s"
        )
        print(f"resident: {tenth} MB in the first tenth, at most {max(peak.samples)} MB")
        print(f"json.load of a fiftieth: {held} MB")
    return {
        "what": f"peak memory of `tocsin import` of a bundle of {written / 1e9:.2f} GB, MB (peer: json.load of a fiftieth)",
        "ours": max(peak.samples),
        "peer": held,
        "limit": LIMIT,
        "ratio": round(held / max(peak.samples), 1),
        "first_tenth": tenth,
    }


def main() -> None:
    """Run the benchmark; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.gigabytes, quiet=arguments.json)))


if __name__ == "__main__":
    main()
