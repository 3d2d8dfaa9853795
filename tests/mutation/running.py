"""Runs the tests against each mutant, in a process forked from one that has imported everything."""

import itertools
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import types
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from mutation.installing import Installer, install
from mutation.mutants import Mutant, Source

_CACHE = "amzsync/mutation"
_FOR_ANY_S = 20
"""What a mutant may take beyond several times its tests, before it counts as one that does not end."""
_TIMES = 4


class Outcome(Enum):
    KILLED = "killed"
    ENDLESS = "does not end"
    SURVIVED = "survived"
    NOT_RUN = "run by no test"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant; `test` is the one that failed."""

    mutant: Mutant
    outcome: Outcome
    test: str = ""


@dataclass(frozen=True)
class _Test:
    item: pytest.Item
    seconds: float
    functions: frozenset[str]


class MutationPlugin:
    """Takes the place of pytest's own loop over the tests; `told` hears each verdict."""

    def __init__(
        self,
        sources: Sequence[Source],
        choose: Callable[[Source], Iterable[Mutant]],
        told: Callable[[Verdict], None],
        slowest_s: float,
    ) -> None:
        self._sources = sources
        self._choose = choose
        self._told = told
        self._slowest_s = slowest_s

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise session.Interrupted("a file of tests cannot be imported")
        tests = self._measured(session)
        for source in self._sources:
            installer = Installer(source)
            for mutant in self._choose(source):
                changes = installer.changes(mutant)
                if changes:
                    chosen = [one for one in tests if _runs(one, mutant)]
                    self._told(_verdict(mutant, chosen, partial(install, changes)))
        return True

    def _measured(self, session: pytest.Session) -> list[_Test]:
        """The tests that pass, the fastest first. What was measured is kept in pytest's cache."""
        assert session.config.cache is not None
        kept: dict[str, Any] = session.config.cache.get(_CACHE, {})
        modules = {source.module for source in self._sources}
        new = [one for one in session.items if not modules <= set(kept.get(one.nodeid, {}).get("of", ()))]
        if new:
            print(f"measuring {len(new)} of {len(session.items)} tests …", flush=True)
            kept |= json.loads(_in_a_child(lambda: json.dumps(_measure(new, modules)), None) or "{}")
            session.config.cache.set(_CACHE, kept)
        tests = [
            _Test(one, kept[one.nodeid]["seconds"], frozenset(kept[one.nodeid]["functions"]))
            for one in session.items
            if kept.get(one.nodeid, {}).get("passed")
        ]
        fast = [one for one in tests if one.seconds <= self._slowest_s]
        left_out = len(tests) - len(fast)
        print(f"{len(session.items)} tests, of which {len(tests)} pass; {left_out} are too slow to be used")
        return sorted(fast, key=lambda one: one.seconds)


def _runs(test: _Test, mutant: Mutant) -> bool:
    if mutant.function.endswith("()"):
        return f"{mutant.module}:{mutant.function.removesuffix('()')}" in test.functions
    return any(one.startswith(f"{mutant.module}:") for one in test.functions)


def _verdict(mutant: Mutant, tests: Sequence[_Test], prepare: Callable[[], None]) -> Verdict:
    if not tests:
        return Verdict(mutant, Outcome.NOT_RUN)

    def work() -> str:
        prepare()
        return next((one.item.nodeid for one in tests if not _passes(one.item)), "")

    failed = _in_a_child(work, _FOR_ANY_S + _TIMES * sum(one.seconds for one in tests))
    if failed is None:
        return Verdict(mutant, Outcome.ENDLESS)
    return Verdict(mutant, Outcome.KILLED if failed else Outcome.SURVIVED, failed)


def _passes(item: pytest.Item) -> bool:
    """Run one test with all its fixtures, and leave none of them standing."""
    failed: list[bool] = []

    class Reports:
        @staticmethod
        def pytest_runtest_logreport(report: pytest.TestReport) -> None:
            failed.append(report.failed)

    reports = Reports()
    item.config.pluginmanager.register(reports)
    try:
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
    finally:
        item.config.pluginmanager.unregister(reports)
    return not any(failed)


def _measure(items: Sequence[pytest.Item], modules: set[str]) -> dict[str, dict[str, Any]]:
    """How long each test takes, whether it passes, and which functions of these modules it runs."""
    root = Path.cwd()
    names = {str(root / module): module for module in modules}
    seen: set[str] = set()

    def note(frame: types.FrameType, _event: str, _argument: object) -> None:
        module = names.get(frame.f_code.co_filename)
        if module:
            seen.add(f"{module}:{frame.f_code.co_qualname.partition('.<locals>')[0]}")

    measured = {}
    for item in items:
        seen.clear()
        threading.settrace(note)
        sys.settrace(note)
        started = time.process_time()
        passed = _passes(item)
        seconds = time.process_time() - started
        sys.settrace(None)
        measured[item.nodeid] = {
            "seconds": round(seconds, 4),
            "passed": passed,
            "functions": sorted(seen),
            "of": sorted(modules),
        }
    return measured


def _in_a_child(work: Callable[[], str], seconds: float | None) -> str | None:
    """What the work came to, in a process of its own; None where it took too much time."""
    folder = Path(tempfile.mkdtemp(prefix="mutation-"))
    child = os.fork()
    if child == 0:
        _work_and_exit(work, folder, seconds)
    status = _waited(child, None if seconds is None else 20 * seconds)
    try:
        if os.WIFEXITED(status):
            told = (folder / "result").read_text(encoding="utf-8")
            if status:
                raise RuntimeError(told)
            return told
        return None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _work_and_exit(work: Callable[[], str], folder: Path, seconds: float | None) -> None:
    status = 1
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
        if seconds is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
        (folder / "result").write_text(work(), encoding="utf-8")
        status = 0
    except BaseException:  # noqa: BLE001 - it is raised in the parent
        (folder / "result").write_text(traceback.format_exc(), encoding="utf-8")
    finally:
        os._exit(status)


def _waited(child: int, seconds: float | None) -> int:
    """How the child ended; it is killed with all that it started when its time is over, or it has ended."""
    ends_at = None if seconds is None else time.monotonic() + seconds
    status = 0
    for wait_s in itertools.chain((0.01,) * 100, itertools.repeat(0.1)):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended or (ends_at is not None and time.monotonic() > ends_at):
            break
        time.sleep(wait_s)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        return status
    if not ended:
        _, status = os.waitpid(child, 0)
    return status
