"""How many faults in `sharing` do its tests notice? `make mutation` puts in one after the other and counts.

Survivors that cannot matter are listed with their reason in `survivors.toml`; any other survivor is printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from mutation import running
from mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
SOURCE, PACKAGE = ROOT / "src" / "tocsin", "sharing/"
REASONS = Path(__file__).with_name("survivors.toml")
RESULTS = ROOT / ".bench" / "mutation"
MUST_BE_KILLED = 0.95
# what the faults are shown to: everything that needs no database, and of it first what a fault outside of functions shows in
TESTS = (
    "tests/unit/sharing",
    "tests/contract/test_sharing_vectors.py",
    "tests/contract/test_sharing_words.py",
    "tests/property/test_sharing.py",
)
SECONDS = 8.0  # of tests for one fault; what survives those has been run by hundreds


def main() -> int:
    """Return 0 when enough faults are noticed and every survivor is listed with its reason."""
    options = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    options.add_argument("modules", nargs="*", help="parts of file names below sharing/ (default: all)")
    options.add_argument("--workers", type=int, default=2)
    asked = options.parse_args()
    faults = [
        fault
        for file in sorted((SOURCE / PACKAGE).rglob("*.py"))
        if not asked.modules or any(part in str(file.relative_to(SOURCE)) for part in asked.modules)
        for fault in mutants(SOURCE, str(file.relative_to(SOURCE)))
    ]
    RESULTS.mkdir(parents=True, exist_ok=True)
    inside = [fault for fault in faults if fault.function]
    outside = [fault for fault in faults if not fault.function]
    found = list(_inside(inside, asked.workers))
    # what runs while tests are imported is seen by none of them: those faults have to be imported too
    unseen = {name for name, outcome in found if outcome == running.NOT_RUN}
    outside += [fault for fault in inside if fault.name in unseen]
    found = [(name, outcome) for name, outcome in found if name not in unseen]
    found += _each(_outside, outside, asked.workers, "outside")
    return _report(found, len(faults), whole=not asked.modules)


def _inside(faults: Sequence[Mutant], workers: int) -> Sequence[tuple[str, str]]:
    """Judge faults in functions: in a process of its own, for it imports what the others must not."""
    process = os.fork()
    if process == 0:
        loop = running.Loop(
            SOURCE,
            PACKAGE,
            budget=SECONDS,
            kept=RESULTS / "learnt.json",
            use=lambda judge: _each(judge, faults, workers, "inside"),
        )
        running.collected(loop, TESTS)
        os._exit(0)
    _ended([process])
    return list(_read("inside", workers))


def _outside(fault: Mutant) -> str:
    near = sorted(str(file) for file in ROOT.glob(f"tests/unit/{Path(fault.module).parent}/test_*.py"))
    return running.outside_of_functions(fault, list(dict.fromkeys([*near, *TESTS])), 2 * SECONDS)


def _each(
    judge: Callable[[Mutant], str], faults: Sequence[Mutant], workers: int, name: str
) -> Iterator[tuple[str, str]]:
    """Judge the faults, in some processes side by side, and yield (fault, outcome)."""
    processes = []
    for part in range(workers):
        process = os.fork()
        if process == 0:
            with _file(name, part).open("w", encoding="utf-8") as out:
                for fault in faults[part::workers]:
                    print(json.dumps([fault.name, judge(fault)]), file=out, flush=True)
            os._exit(0)
        processes.append(process)
    _ended(processes)
    return _read(name, workers)


def _file(name: str, part: int) -> Path:
    return RESULTS / f"{name}-{part}.jsonl"


def _read(name: str, workers: int) -> Iterator[tuple[str, str]]:
    for part in range(workers):
        for line in _file(name, part).read_text(encoding="utf-8").splitlines():
            fault, outcome = json.loads(line)
            yield fault, outcome


def _ended(processes: Sequence[int]) -> None:
    if any([os.waitpid(process, 0)[1] for process in processes]):  # noqa: C419 - all are waited for
        raise SystemExit(f"a worker failed; what it found is in {RESULTS}")


def _report(found: Sequence[tuple[str, str]], made: int, *, whole: bool) -> int:
    assert len(found) == made, f"{made} faults, {len(found)} verdicts"
    outcomes = Counter(outcome for _, outcome in found)
    survivors = Counter(name for name, outcome in found if outcome in {running.SURVIVED, running.NOT_RUN})
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    unlisted = sorted(survivors.keys() - reasons.keys())
    for name in unlisted:
        print("survived:", name)
    gone = sorted(reasons.keys() - survivors.keys()) if whole else []
    for name in gone:
        print("listed, but noticed or no more there:", name)
    share = 1 - sum(survivors.values()) / made
    print(
        f"{made} faults, {share:.1%} noticed ({dict(outcomes)}); {len(unlisted)} of {len(survivors)} survivors not listed"
    )
    return 1 if unlisted or gone or share < MUST_BE_KILLED else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    raise SystemExit(main())
