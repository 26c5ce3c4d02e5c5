"""Three real nodes: each a `tocsin serve` process with its own home, database and port."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.scenario import Party


class DemoError(Exception):
    """A step of the demo failed; the message holds what the command said."""


@dataclass
class Node:
    """One organisation's node, driven through the command line as its operator would."""

    party: Party
    home: Path
    port: int = 0
    server: subprocess.Popen[str] | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it serves TAXII."""
        return f"http://127.0.0.1:{self.port}/taxii2/"

    def run(self, *args: str, stdin: str | None = None) -> Any:
        """Run `tocsin --home HOME ARGS --json` and return its answer.

        Raises:
            DemoError: it failed.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "tocsin.cli", "--home", str(self.home), *args, "--json"],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env=_environment(),
        )
        if done.returncode not in {0, 4}:
            raise DemoError(
                f"{self.party.name}: tocsin {' '.join(args)} ended with {done.returncode}\n{done.stderr}"
            )
        lines = done.stdout.strip().splitlines()
        if not lines:
            raise DemoError(f"{self.party.name}: tocsin {' '.join(args)} said nothing\n{done.stderr}")
        return [json.loads(line) for line in lines] if len(lines) > 1 else json.loads(lines[0])

    def start(self) -> float:
        """Start `tocsin serve` on a free port and return the seconds until it was ready."""
        began = time.perf_counter()
        log = (self.home / "serve.log").open("w", encoding="utf-8")
        self.server = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "tocsin.cli", "--home", str(self.home), "serve", "--port", "0"],
            stdout=log,
            stderr=subprocess.STDOUT,
            text=True,
            env=_environment(),
            start_new_session=True,  # Ctrl-C reaches the story, which stops the nodes in order
        )
        while time.perf_counter() - began < 60:
            if self.server.poll() is not None:
                raise DemoError(f"{self.party.name}: serve ended at once\n{self.said()}")
            if not self.port and (found := re.search(r"http://127\.0\.0\.1:(\d+)", self.said())):
                self.port = int(found.group(1))
            if self.port and self._ready():
                return time.perf_counter() - began
            time.sleep(0.02)
        raise DemoError(f"{self.party.name}: not ready after 60 s\n{self.said()}")

    def said(self) -> str:
        """Return what the server has printed."""
        return (self.home / "serve.log").read_text(encoding="utf-8")

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def stop(self) -> None:
        """Ask the server to end, and wait until it and its database have."""
        if self.server is None or self.server.poll() is not None:
            return
        self.server.send_signal(signal.SIGTERM)
        try:
            self.server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.server.pid, signal.SIGKILL)
            self.server.wait()


def _environment() -> dict[str, str]:
    """Return our environment without `TOCSIN_*`: the demo must not touch a node that lives here."""
    return {k: v for k, v in os.environ.items() if not k.startswith("TOCSIN_")}
