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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mutation import running
from mutation.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parents[2]
SOURCE, PACKAGE = ROOT / "src" / "tocsin", "sharing/"
REASONS = Path(__file__).with_name("survivors.toml")
RESULTS = ROOT / ".bench" / "mutation"
LAST = RESULTS / "last.json"
MUST_BE_KILLED = 0.95
# what the faults are shown to: everything that needs no database, and of it first what a fault outside of functions shows in
TESTS = (
    "tests/contract/test_sharing_values.py",
    "tests/contract/test_sharing_words.py",
    "tests/contract/test_sharing_vectors.py",
    "tests/unit/sharing",
    "tests/property/test_sharing.py",
)
SECONDS = 8.0  # of tests for one fault; what survives those has been run by hundreds


def main() -> int:
    """Return 0 when enough faults are noticed and every survivor is listed with its reason."""
    options = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    options.add_argument("modules", nargs="*", help="parts of file names below sharing/ (default: all)")
    options.add_argument("--workers", type=int, default=2)
    options.add_argument(
        "--again",
        action="store_true",
        help="judge only what the last run, or one that was interrupted, did not see noticed",
    )
    options.add_argument(
        "--tests", nargs="+", default=TESTS, help="fewer tests, for a first look: what they notice is noticed"
    )
    asked = options.parse_args()
    RESULTS.mkdir(parents=True, exist_ok=True)
    faults = list(_faults(asked.modules))
    found = dict(_noticed()) if asked.again else {}
    found = {fault.name: found[fault.name] for fault in faults if fault.name in found}
    left = [fault for fault in faults if fault.name not in found]
    judged = dict(_inside([fault for fault in left if fault.function], asked.tests, asked.workers))
    # what runs while tests are imported is seen by none of them: those faults have to be imported too
    found |= {name: outcome for name, outcome in judged.items() if outcome != running.NOT_RUN}
    left = [fault for fault in left if fault.name not in found]
    if left and running.outside_of_functions(None, asked.tests, SECONDS) != running.SURVIVED:
        raise SystemExit("a test fails without any fault: all of them would count as noticed")
    found |= dict(_each(lambda fault: _outside(fault, asked.tests), left, asked.workers, "outside"))
    LAST.write_text(json.dumps(found, indent=0), encoding="utf-8")
    return _report(found, len(faults), whole=not asked.modules)


def _faults(modules: Sequence[str]) -> Iterator[Mutant]:
    """Yield all faults, each under a name of its own."""
    seen: Counter[str] = Counter()
    for file in sorted((SOURCE / PACKAGE).rglob("*.py")):
        name = str(file.relative_to(SOURCE))
        if modules and not any(part in name for part in modules):
            continue
        for fault in mutants(SOURCE, name):
            seen[fault.name] += 1
            again = f" ({seen[fault.name]})" if seen[fault.name] > 1 else ""
            yield fault._replace(change=fault.change + again)


def _noticed() -> Iterator[tuple[str, str]]:
    """Yield what the last run saw noticed, also one that was interrupted."""
    found = json.loads(LAST.read_text(encoding="utf-8")) if LAST.exists() else {}
    for file in sorted(RESULTS.glob("*.jsonl")):
        if not LAST.exists() or file.stat().st_mtime > LAST.stat().st_mtime:
            found |= dict(_lines(file))
    LAST.write_text(json.dumps(found, indent=0), encoding="utf-8")  # the files are about to be written anew
    for name, outcome in found.items():
        if outcome in {running.KILLED, running.ENDLESS}:
            yield name, outcome


def _inside(faults: Sequence[Mutant], tests: Sequence[str], workers: int) -> Sequence[tuple[str, str]]:
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
        running.collected(loop, tests)
        os._exit(0)
    _ended([process])
    return list(_read("inside", workers))


def _outside(fault: Mutant, all_: Sequence[str]) -> str:
    """Judge a fault that shows at import: first by few tests, which are collected quickly, then by all."""
    near = sorted(str(file) for file in ROOT.glob(f"tests/unit/{Path(fault.module).parent}/test_*.py"))
    named = [file for file in near if Path(fault.module).stem in file]
    for tests in ([*named, *TESTS[:3]], [*near, *all_]):
        outcome = running.outside_of_functions(fault, tests, SECONDS)
        if outcome != running.SURVIVED:
            break
    return outcome


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
        yield from _lines(_file(name, part))


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    for line in file.read_text(encoding="utf-8").splitlines():
        with suppress(ValueError):  # the last of a run that was interrupted may be half a line
            fault, outcome = json.loads(line)
            yield fault, outcome


def _ended(processes: Sequence[int]) -> None:
    if any([os.waitpid(process, 0)[1] for process in processes]):  # noqa: C419 - all are waited for
        raise SystemExit(f"a worker failed; what it found is in {RESULTS}")


def _report(found: Mapping[str, str], made: int, *, whole: bool) -> int:
    assert len(found) == made, f"{made} faults, {len(found)} verdicts"
    survivors = {name for name, outcome in found.items() if outcome in {running.SURVIVED, running.NOT_RUN}}
    reasons = tomllib.loads(REASONS.read_text(encoding="utf-8"))
    unlisted = sorted(survivors - reasons.keys())
    for name in unlisted:
        print("survived:", name)
    gone = sorted(reasons.keys() - survivors) if whole else []
    for name in gone:
        print("listed, but noticed or no more there:", name)
    share = 1 - len(survivors) / made
    print(f"{made} faults, {share:.1%} noticed; {len(unlisted)} of {len(survivors)} survivors not listed")
    return 1 if unlisted or gone or share < MUST_BE_KILLED else 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT / "tests"))
    raise SystemExit(main())
