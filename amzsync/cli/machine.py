"""The machine that a command runs on: its clocks, its chance, and what sends its requests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from amzsync.executor.clocks import Clocks
from amzsync.ledger.ledger import Clocks as LedgerClocks

if TYPE_CHECKING:
    from amzsync.executor.run import Server, Workers

__all__ = ["Machine", "on_machine", "this_machine"]


@dataclass(frozen=True, slots=True)
class Machine:
    """`start_workers` gives what sends the requests of a run, so many at once; None: threads over HTTP."""

    clocks: Clocks = field(default_factory=Clocks)
    start_workers: "Callable[[Server, int], Workers] | None" = None

    @property
    def ledger_clocks(self) -> LedgerClocks:
        """The same clocks, for what a ledger writes down."""
        return LedgerClocks(self.now, self.clocks.wall, self.clocks.monotonic)

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.fromtimestamp(self.clocks.wall(), UTC)


_MACHINE: ContextVar[Machine | None] = ContextVar("machine", default=None)


def this_machine() -> Machine:
    """The machine that commands run on now."""
    return _MACHINE.get() or Machine()


@contextmanager
def on_machine(machine: Machine) -> Iterator[None]:
    """Inside, commands run on that machine."""
    before = _MACHINE.set(machine)
    try:
        yield
    finally:
        _MACHINE.reset(before)
