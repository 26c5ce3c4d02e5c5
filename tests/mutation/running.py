"""Run the tests that can notice a fault, quickest first, until one does.

Faults inside functions are put into a fork of a process that has imported and collected everything: no start-up time. What
stands outside of functions has run by then; for those a fork of a process without Tocsin imports it with the fault.
"""

from __future__ import annotations

import json
import math
import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from cProfile import Profile
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, TypeAlias

import pytest
from _pytest.runner import runtestprotocol

from mutation import applying
from mutation.mutants import Mutant

# an endless loop counts as noticed; a function that no test calls does not
KILLED, SURVIVED, NOT_RUN, ENDLESS = "killed", "survived", "not run", "endless"
_OPTIONS = ["-x", "-o", "addopts=--import-mode=importlib", "-m", "not nightly and not whole"]
_WAITING = 20  # times the processor time that a fault may take
_OPTIONS += [f"-pno:{plugin}" for plugin in ("cacheprovider", "randomly", "terminal", "xdist")]


Judge: TypeAlias = Callable[[Mutant], str]


class _Known(NamedTuple):
    """A collected test: how long it takes, in seconds, and the (module, function) of the package that it calls."""

    item: pytest.Item
    seconds: float
    calls: frozenset[tuple[str, str]]


class Examples:
    """A plug-in of pytest: the examples of Hypothesis are always the same, and one that fails is enough."""

    def pytest_sessionstart(self) -> None:
        """Before tests are imported, for they hand the settings on."""
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutation", database=None, derandomize=True, deadline=None, phases=phases)
        settings.load_profile("mutation")


class Loop:
    """A plug-in of pytest whose main loop learns what each test calls, and then judges every fault.

    Args:
        source: the folder `src/tocsin`.
        package: only files below this are watched.
        budget: seconds of tests spent on one fault, as measured without it.
        kept: file for what was learnt.
        use: is given, once, what judges a fault.
    """

    def __init__(
        self, source: Path, package: str, *, budget: float, kept: Path, use: Callable[[Judge], object]
    ) -> None:
        self._watch, self._budget, self._use = _Watch(source, package, kept), budget, use

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do all of it in the place of the ordinary run."""
        known = self._watch.all(session.items)
        # what noticed the last faults of a function, the last first
        near: dict[tuple[str, str], list[_Known]] = {}

        def judge(fault: Mutant) -> str:
            place = fault.module, fault.function
            first = near.setdefault(place, [])
            calling = [each for each in known if place in each.calls and each not in first]
            outcome, by = _judge(fault, _by_file([*first, *_within(calling, self._budget)]))
            if by is not None:
                near[place] = [by, *(each for each in first if each is not by)]
            return outcome

        self._use(judge)
        return True


def _within(tests: Sequence[_Known], budget: float) -> Iterator[_Known]:
    for each in tests:
        budget -= each.seconds
        yield each
        if budget < 0:
            return


def _by_file(tests: Sequence[_Known]) -> list[_Known]:
    """Put tests of one file together, so that its fixtures are made once."""
    files = list(dict.fromkeys(each.item.location[0] for each in tests))
    return sorted(tests, key=lambda each: files.index(each.item.location[0]))


def _judge(fault: Mutant, tests: Sequence[_Known]) -> tuple[str, _Known | None]:
    """Return what becomes of the fault, and the test that noticed it."""
    if not tests:
        return NOT_RUN, None
    reading, writing = os.pipe()

    def child() -> bool:
        applying.into_function(fault)
        following = [*(each.item for each in tests[1:]), None]
        for place, (each, after) in enumerate(zip(tests, following, strict=True)):
            if not _passes(each.item, after):
                os.write(writing, place.to_bytes(4, "big"))
                return False
        return True

    try:
        outcome = _forked(child, limit=5 + 3 * sum(each.seconds for each in tests))
        os.close(writing)
        told = os.read(reading, 4)
    finally:
        os.close(reading)
    return outcome, tests[int.from_bytes(told, "big")] if told else None


class _Budget:
    """A plug-in of pytest: no further test is begun when the time is spent."""

    def __init__(self, seconds: float) -> None:
        self._until = time.process_time() + seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self) -> bool | None:
        """Say that it has been seen to."""
        return True if time.process_time() > self._until else None


def outside_of_functions(fault: Mutant | None, tests: Sequence[str], budget: float) -> str:
    """Judge a fault that shows at import, or none: `tests` are run in this order, for `budget` seconds."""

    def child() -> bool:
        if fault is not None:
            applying.before_import(fault)
        return pytest.main([*_OPTIONS, *tests], plugins=[Examples(), _Budget(budget)]) == pytest.ExitCode.OK

    return _forked(child, limit=60 + 3 * budget)


def _forked(child: Callable[[], bool], limit: float) -> str:
    """Return what a fork that runs `child` comes to.

    `limit` is in seconds of processor time, so that a busy machine makes nothing endless; what only waits is given up later.
    """
    process = os.fork()
    if process == 0:
        most = math.ceil(limit)
        resource.setrlimit(resource.RLIMIT_CPU, (most, most + 1))
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.setpgid(0, 0)
        try:
            passed = child()
        except BaseException:  # noqa: BLE001 - whatever it is: the fault was noticed
            passed = False
        os._exit(0 if passed else 1)
    until = time.monotonic() + _WAITING * limit
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            if os.WIFSIGNALED(status) and os.WTERMSIG(status) in {signal.SIGXCPU, signal.SIGKILL}:
                return ENDLESS
            return SURVIVED if status == 0 else KILLED
        time.sleep(0.005)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return ENDLESS


def _passes(item: pytest.Item, following: pytest.Item | None = None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return all(report.outcome != "failed" for report in reports)


class _Watch:
    """Notes the functions that a test calls; for a test file and a package that have not changed, what was noted before."""

    def __init__(self, source: Path, package: str, kept: Path) -> None:
        self._prefix = f"{source.resolve()}/"
        self._package = f"{self._prefix}{package}"
        self._kept = kept
        self._before: dict[str, Any] = {}
        self._after: dict[str, Any] = {}
        if kept.exists() and kept.stat().st_mtime > max(
            each.stat().st_mtime for each in source.rglob("*.py")
        ):
            self._before = json.loads(kept.read_text(encoding="utf-8"))

    def all(self, items: Sequence[pytest.Item]) -> list[_Known]:
        """Run the tests, which must pass; the quickest first in what is returned."""
        known = sorted(map(self._one, items), key=lambda one: one.seconds)
        self._kept.write_text(json.dumps(self._before | self._after), encoding="utf-8")
        return known

    def _one(self, item: pytest.Item) -> _Known:
        changed = item.path.stat().st_mtime
        found = self._before.get(item.nodeid)
        if found is None or found[0] != changed:
            found = [changed, *self._run(item)]
        self._after[item.nodeid] = found
        return _Known(item, found[1], frozenset((module, function) for module, function in found[2]))

    def _run(self, item: pytest.Item) -> tuple[float, list[tuple[str, str]]]:
        begun = time.process_time()
        with Profile() as profile:
            passed = _passes(item)
        if not passed:
            raise pytest.UsageError(f"{item.nodeid} fails without any fault")
        codes = [entry.code for entry in profile.getstats() if isinstance(entry.code, CodeType)]
        calls = {
            (code.co_filename[len(self._prefix) :], code.co_qualname.partition(".<")[0])
            for code in codes
            if code.co_filename.startswith(self._package)
        }
        return time.process_time() - begun, sorted(calls)


def collected(plugin: Loop, tests: Sequence[str]) -> None:
    """Run `plugin` over the tests in these files."""
    code = pytest.main([*_OPTIONS, *tests], plugins=[plugin, Examples()])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"pytest ended with {code}")
