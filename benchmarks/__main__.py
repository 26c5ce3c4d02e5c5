"""Run every benchmark one after the other and collect their lines of JSON: `make bench`."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys

import benchmarks

_SUPPORT = {"corpus", "large_node", "node", "peers", "report", "sigma_peer", "wire"}


def main() -> int:
    """Run all modules that have a `main`; return 1 when one of them failed."""
    failed = 0
    lines = []
    for module in sorted(m.name for m in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith("_") or module in _SUPPORT:
            continue
        if not hasattr(importlib.import_module(f"benchmarks.{module}"), "main"):
            continue
        print(f"== {module}", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{module}"], stdout=subprocess.PIPE, text=True, check=False
        )
        print(done.stdout, flush=True)
        if done.returncode or not done.stdout.strip():
            failed += 1
            continue
        lines += [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"what"')]
    for line in lines:
        print(json.dumps(line))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
