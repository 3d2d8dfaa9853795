"""Running scripts: each goes on with its answer to what it waits for next, or ends."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from amzsync.errors import PlytixError, StopError
from amzsync.executor.scheduler.queues import Process, Queues, SingleRequest, Waiter
from amzsync.executor.scheduler.script import Find, Script, Send, Shared, Turn, Wait

__all__ = ["Processes"]


@dataclass(eq=False, slots=True)
class _Join:
    """A script that waits for others, and their results so far."""

    process: Process
    keys: frozenset[int]
    results: dict[int, Any] = field(default_factory=dict)


class Processes:
    """What they wait for is put into `queues`. `results` are what scripts returned, but for shared ones.

    `joined` counts those that wait for others.
    """

    def __init__(self, queues: Queues, clock: Callable[[], float]) -> None:
        self._queues = queues
        self._clock = clock
        self._joins: dict[int, list[_Join]] = {}
        self.running: set[Process] = set()
        self.joined = 0
        self.results: list[Any] = []
        self.fatal: StopError | None = None

    def start(self, script: Script[Any], key: int | None = None) -> None:
        """Run a script to what it waits for first; those that share it find it by its key."""
        process = Process(script, key)
        self.running.add(process)
        self.resume(process, None)

    def resume(self, process: Process, answer: object) -> None:
        """Let it go on; a PlytixError is raised at the line that waits."""
        try:
            if isinstance(answer, PlytixError):
                wait = process.script.throw(answer)
            else:
                wait = process.script.send(answer)
        except StopIteration as ended:
            self.running.remove(process)
            self._ended(process, ended.value)
        except StopError as error:
            self.running.remove(process)
            self.fatal = self.fatal or error
        else:
            self._wait(process, wait)

    def _wait(self, process: Process, wait: Wait) -> None:
        match wait:
            case Find():
                self._queues.add_search(Waiter(process, wait), self._clock())
            case Turn():
                self._queues.turns.append(process)
            case Send():
                self._queues.add_single(SingleRequest(process, wait))
            case Shared():
                self._join(process, wait)

    def _join(self, process: Process, shared: Shared) -> None:
        join = _Join(process, frozenset(shared.scripts))
        for key, make in shared.scripts.items():
            is_running = key in self._joins
            self._joins.setdefault(key, []).append(join)
            if not is_running:
                self.start(make(), key)
        if shared.scripts:
            self.joined += 1
        else:
            self.resume(process, {})

    def _ended(self, process: Process, result: object) -> None:
        if process.key is None:
            if result is not None:
                self.results.append(result)
            return
        for join in self._joins.pop(process.key, ()):
            join.results[process.key] = result
            if len(join.results) == len(join.keys):
                self.joined -= 1
                self.resume(join.process, join.results)
