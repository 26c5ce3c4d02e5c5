"""`tocsin watch` as a process: killed again and again while a log grows."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from hunting import CSIRT, GREEN, indicator, prepare, take
from tocsin.store import Store

EVERY = 7


def _start(log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "tocsin.cli", "watch", str(log.parent), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _kept(store: Store) -> list[tuple[str, int]]:
    with store.connection() as connection:
        rows = connection.execute("SELECT value, (detail->>'line')::int FROM hit ORDER BY 2").fetchall()
    return [tuple(row) for row in rows]


def test_one_hit_a_line_also_after_being_killed(store: Store, dsn: str, tmp_path: Path, monkeypatch) -> None:
    prepare(store)
    take(
        store,
        indicator("bad", "[domain-name:value = 'evil.example']", object_marking_refs=[GREEN]),
        owner=CSIRT,
    )
    monkeypatch.setenv("TOCSIN_DATABASE_URL", dsn)
    monkeypatch.setenv("TOCSIN_HOME", str(tmp_path))
    log = tmp_path / "logs" / "app.log"
    log.parent.mkdir()
    log.touch()
    dice = random.Random(5)
    written = 0
    with log.open("a", buffering=1) as out:

        def write(lines: int) -> None:
            nonlocal written
            for _ in range(lines):
                written += 1
                out.write(
                    f"{written} h{written}.evil.example\n" if written % EVERY == 0 else f"{written} quiet\n"
                )

        for _ in range(2):
            process = _start(log)
            process.stdout.readline()  # it is watching
            until = time.monotonic() + 1.0 + dice.random()
            while time.monotonic() < until:
                write(dice.randint(1, 60))
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
            process.wait(20)
            process.stdout.close()
            write(50)  # nobody is there
        process = _start(log)
        write(20)
        wanted = written // EVERY
        until = time.monotonic() + 240
        while len(_kept(store)) < wanted and time.monotonic() < until:
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert _kept(store) == [(f"h{line}.evil.example", line) for line in range(EVERY, written + 1, EVERY)]
    with store.connection() as connection:
        assert connection.execute("SELECT count(*), sum(hits) FROM alert_source").fetchone() == (1, wanted)
