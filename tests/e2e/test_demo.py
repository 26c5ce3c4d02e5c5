"""`make demo` as a newcomer runs it: real processes, real databases, real TAXII."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _processes_of(home: Path) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(home) in line]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return os.environ | {"DEMO_HOME": str(tmp_path / "demo"), "DEMO_EXIT": "1", "COLUMNS": "200"}


def test_the_story_is_told_and_everything_stops(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = re.sub(r"\s+", " ", done.stdout)
    # the bank has what was meant for it, the grid operator abroad has not
    for line in (
        "Login page that imitates Harbour Bank Harbour Bank released tlp-amber-strict-named",
        r"Range of the hoster that carries Glasshouse .* Borealis Grid withheld default deny",
        "Mailbox of the negotiator Harbour Bank withheld default deny",
        r"Tip from a hotline, nobody marked it .* Borealis Grid withheld unmarked-stays",
        r"Harbour Bank: 5 hits .* login.harb0ur-bank.example line 10008",
        r"Borealis Grid: 4 hits .* CSIRT Alderney: 1 hits",
        "CSIRT Alderney now knows: Login page that imitates Harbour Bank seen 1 times by Harbour Bank TLP:AMBER[+]STRICT",
        "Harbour Bank learns across the border: Glasshouse exfiltration seen 1 times by Borealis Grid TLP:GREEN",
        "Borealis Grid learns across the border: Glasshouse command and control, domain seen 2 times by Harbour Bank",
    ):
        assert re.search(line, told), f"{line}\n{done.stdout}"
    learned = [line for line in done.stdout.splitlines() if "Borealis Grid learns" in line]
    assert not [line for line in learned if "AMBER" in line or "hoster" in line]
    assert not _processes_of(Path(environment["DEMO_HOME"]))


def test_interrupting_leaves_nothing_behind_and_it_runs_again(environment: dict[str, str]) -> None:
    started = subprocess.Popen(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    home = Path(environment["DEMO_HOME"])
    for _ in range(600):
        if any(home.glob("*/serve.log")):
            break
        time.sleep(0.1)
    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=120)
    assert "stopped" in out
    assert not _processes_of(home)
