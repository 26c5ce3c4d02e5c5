"""Run the tests that can notice a fault, quickest first, until one does.

Faults inside functions are put into a fork of a process that has imported and collected everything: no start-up time. What
stands outside of functions has run by then; for those a fork of a process without Tocsin imports it with the fault.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from cProfile import Profile
from pathlib import Path
from types import CodeType
from typing import NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from mutation import applying
from mutation.mutants import Mutant

# an endless loop counts as noticed; a function that no test calls does not
KILLED, SURVIVED, NOT_RUN, ENDLESS = "killed", "survived", "not run", "endless"
_OPTIONS = ["-x", "-o", "addopts=--import-mode=importlib", "-m", "not nightly"]
_OPTIONS += [f"-pno:{plugin}" for plugin in ("cacheprovider", "randomly", "terminal", "xdist")]


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
        use: is given, once, what judges a fault.
    """

    def __init__(
        self, source: Path, package: str, budget: float, use: Callable[[Callable[[Mutant], str]], None]
    ) -> None:
        self._watch, self._budget, self._use = _Watch(source, package), budget, use

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Do all of it in the place of the ordinary run."""
        known = sorted((self._watch.run(item) for item in session.items), key=lambda one: one.seconds)
        near: dict[
            tuple[str, str], list[_Known]
        ] = {}  # what noticed the last faults of a function, the last first

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
        outcome = _forked(child, limit=5 + 10 * sum(each.seconds for each in tests))
        os.close(writing)
        told = os.read(reading, 4)
    finally:
        os.close(reading)
    return outcome, tests[int.from_bytes(told, "big")] if told else None


def outside_of_functions(fault: Mutant, tests: Sequence[str], limit: float) -> str:
    """Judge a fault that shows at import: `tests` are run in this order, for at most `limit` seconds."""

    def child() -> bool:
        applying.before_import(fault)
        return pytest.main([*_OPTIONS, *tests], plugins=[Examples()]) == pytest.ExitCode.OK

    return _forked(child, limit)


def _forked(child: Callable[[], bool], limit: float) -> str:
    """Return what a fork that runs `child` comes to."""
    process = os.fork()
    if process == 0:
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        os.setpgid(0, 0)
        try:
            passed = child()
        except BaseException:  # noqa: BLE001 - whatever it is: the fault was noticed
            passed = False
        os._exit(0 if passed else 1)
    until = time.monotonic() + limit
    while time.monotonic() < until:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return SURVIVED if status == 0 else KILLED
        time.sleep(0.005)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return ENDLESS


def _passes(item: pytest.Item, following: pytest.Item | None = None) -> bool:
    reports = runtestprotocol(item, log=False, nextitem=following)
    return all(report.outcome != "failed" for report in reports)


class _Watch:
    """Notes the functions that a test calls."""

    def __init__(self, source: Path, package: str) -> None:
        self._prefix = f"{source.resolve()}/"
        self._package = f"{self._prefix}{package}"

    def run(self, item: pytest.Item) -> _Known:
        """Run one test, which must pass."""
        begun = time.perf_counter()
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
        return _Known(item, time.perf_counter() - begun, frozenset(calls))


def collected(plugin: Loop, tests: Sequence[str]) -> None:
    """Run `plugin` over the tests in these files."""
    code = pytest.main([*_OPTIONS, *tests], plugins=[plugin, Examples()])
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"pytest ended with {code}")
