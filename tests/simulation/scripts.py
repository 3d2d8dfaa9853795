"""How many products the program holds at once, as the judge is told it."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from simulation.judge import Judge

from amzsync.executor import running
from amzsync.executor.clocks import Clocks
from amzsync.executor.engine.slots import Slots
from amzsync.executor.scheduler import scheduler
from amzsync.executor.scheduler.scheduler import OptionalScripts, Scheduler
from amzsync.executor.scheduler.script import Script
from amzsync.limits.api import MOST_AT_ONCE

_SMALL = (1, 2, 5, 20)
_IS_SMALL = 0.1


@contextmanager
def watched(judge: Judge, seed: int) -> Iterator[None]:
    """Inside, the judge is told of each script that begins.

    No catalogue here is so large that the bound of a real one would ever be met, so some seeds have a
    smaller one.
    """
    rare = Random(f"bound {seed}")
    most = MOST_AT_ONCE
    judge.most_scripts = rare.choice(_SMALL) if rare.random() < _IS_SMALL else most

    class Watched(Scheduler):
        def __init__(
            self,
            scripts: Iterator[Script[Any]],
            clocks: Clocks,
            slots: Slots,
            optional: OptionalScripts | None = None,
        ) -> None:
            super().__init__(map(self._counted, scripts), clocks, slots, optional)
            self._held = 0

        def _counted(self, script: Script[Any]) -> Script[Any]:
            self._held += 1
            judge.holds(self._held)
            try:
                return (yield from script)
            finally:
                self._held -= 1

    vars(running)["Scheduler"], vars(scheduler)["MOST_AT_ONCE"] = Watched, judge.most_scripts
    try:
        yield
    finally:
        vars(running)["Scheduler"], vars(scheduler)["MOST_AT_ONCE"] = Scheduler, most
