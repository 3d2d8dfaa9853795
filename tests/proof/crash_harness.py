"""The real command, in processes that can be made to die at an exact event. Run as a script.

One process imports the program once and forks for each order, so that hundreds of runs cost little. It
has run a command once itself, because typer and rich import much only then, and has frozen what it holds:
else the garbage collector of each child would copy all of it.

An order is a line of JSON on stdin; the answers are the child's pid, and later its exit code. What goes
wrong on purpose is patched into the child here, and exists nowhere else.
"""

import gc
import json
import mmap
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import platformdirs.unix
from sqlite_utils import Database
from typer.main import get_command

from amzsync.cli import app, apply, binding, execution, plan, planning
from amzsync.cli import status as status_command
from amzsync.executor.engine.engine import Engine
from amzsync.executor.engine.workers import Workers
from amzsync.ledger.store import Store
from amzsync.plytix.transport import Transport
from amzsync.views import progress, summary

PRELOADED = (apply, plan, status_command, progress, summary, platformdirs.unix)
COUNTER = struct.Struct("i")
HASH_ROUNDS = 1
"""Of the slow hash of an API key, which a test need not wait for."""
WRITES = ("INSERT", "UPDATE", "DELETE")


class CrashPoint:
    """Counts events, and sends this process a signal at the chosen one."""

    def __init__(self, event: str, count: int, number: int) -> None:
        self._event = event
        self._count = count
        self._signal = number
        self._seen = 0
        self._lock = threading.Lock()

    def event(self, name: str) -> None:
        if name != self._event:
            return
        with self._lock:
            self._seen += 1
            if self._seen != self._count:
                return
            os.kill(os.getpid(), self._signal)
            if self._signal == signal.SIGKILL:
                time.sleep(60)  # Death is on its way; nothing may happen in between.


class InFlightCounter:
    """How many requests are in flight, where it outlives this process."""

    def __init__(self, path: str) -> None:
        with Path(path).open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), COUNTER.size)
        self.engine: Engine | None = None

    def note(self) -> None:
        if self.engine:
            COUNTER.pack_into(self._memory, 0, len(self.engine._parts.sender.in_flight))


def replace(owner: type | ModuleType, name: str, value: Any) -> None:
    setattr(owner, name, value)


def around_commits(crash_point: CrashPoint, in_flight: InFlightCounter, keep: Callable[[], None]) -> None:
    execute = Store.execute

    def patched(store: Store, sql: str, values: Any = ()) -> Any:
        commits = sql == "COMMIT" or (sql.startswith(WRITES) and not store._connection.in_transaction)
        if not commits:
            return execute(store, sql, values)
        crash_point.event("before commit")
        cursor = execute(store, sql, values)
        in_flight.note()
        keep()
        crash_point.event("after commit")
        return cursor

    replace(Store, "execute", patched)


def around_requests(crash_point: CrashPoint, in_flight: InFlightCounter) -> None:
    exchange, submit, run = Transport._exchange, Workers.submit, Engine.run

    def patched_exchange(transport: Transport, *arguments: Any) -> Any:
        crash_point.event("before request")
        received = exchange(transport, *arguments)
        crash_point.event("after request")
        return received

    def patched_submit(workers: Workers, *arguments: Any) -> None:
        in_flight.note()
        submit(workers, *arguments)

    def patched_run(engine: Engine, *arguments: Any) -> Any:
        in_flight.engine = engine
        return run(engine, *arguments)

    replace(Transport, "_exchange", patched_exchange)
    replace(Workers, "submit", patched_submit)
    replace(Engine, "run", patched_run)


def around_migrations(crash_point: CrashPoint) -> None:
    execute = Database.execute

    def patched(database: Database, *arguments: Any, **options: Any) -> Any:
        crash_point.event("schema statement")
        return execute(database, *arguments, **options)

    replace(Database, "execute", patched)


def around_steps(crash_point: CrashPoint) -> None:
    """The moments before the plan stands in the ledger, and before the first request is prepared."""
    for module, name, event in ((planning, "settle", "before planned"), (execution, "sync", "before sync")):
        replace(module, name, _after_event(getattr(module, name), crash_point, event))


def _after_event(step: Callable[..., Any], crash_point: CrashPoint, event: str) -> Callable[..., Any]:
    def patched(*arguments: Any, **options: Any) -> Any:
        crash_point.event(event)
        return step(*arguments, **options)

    return patched


def keeper(ledger: str, folder: str) -> Callable[[], None]:
    """After each commit, keep the ledger as a power cut would leave it: without what comes later."""
    order = iter(range(1_000_000))

    def keep() -> None:
        name = Path(folder) / f"{next(order):05}"
        for suffix in ("", "-wal"):
            source = Path(ledger + suffix)
            if source.exists():
                name.with_name(name.name + suffix).write_bytes(source.read_bytes())

    return keep


def spoil_the_disk(pragma: str, requests: int) -> None:
    """After so many requests the disk behaves as `pragma` says; {pages} stands for what is used then."""
    execute, seen = Store.execute, iter(range(1, 1_000_000))

    def patched(store: Store, sql: str, values: Any = ()) -> Any:
        result = execute(store, sql, values)
        if sql.startswith("INSERT INTO requests") and next(seen) == requests:
            (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
            store._connection.execute(pragma.format(pages=pages))
        return result

    replace(Store, "execute", patched)


def be_the_command(order: dict[str, Any]) -> None:
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for number, name in enumerate((os.devnull, order["stdout"], order["stderr"])):
        opened = os.open(name, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode) for n, mode in ((0, "r"), (1, "w"), (2, "w")))
    crash_point = CrashPoint(
        order.get("event", ""), order.get("count", 0), order.get("signal", signal.SIGKILL)
    )
    in_flight = InFlightCounter(order["in_flight"])
    keep = keeper(order["ledger"], order["keep"]) if order.get("keep") else lambda: None
    around_commits(crash_point, in_flight, keep)
    around_requests(crash_point, in_flight)
    around_migrations(crash_point)
    around_steps(crash_point)
    if "pragma" in order:
        spoil_the_disk(order["pragma"], order["requests"])
    sys.argv = ["amzsync", *order["arguments"]]
    app.main()


def warm_up() -> None:
    """Run a command that sends nothing and starts no thread."""
    with TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        mapping = Path(folder) / "mapping.json"
        mapping.write_text(
            '[{"suggested_sku": "A", "image_urls": ["https://m.media-amazon.com/images/I/a.jpg"]}]'
        )
        sys.argv = ["amzsync", "apply", "--dry-run", "--plytix-account", "sandbox"]
        sys.argv += ["--mapping", str(mapping), "--ledger", f"{folder}/amzsync.db"]
        with redirect_stdout(nowhere), redirect_stderr(nowhere), suppress(SystemExit):
            app.main()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.collect()
    gc.freeze()


def main() -> None:
    binding._ROUNDS = HASH_ROUNDS
    replace(app, "app", get_command(app.app))  # Made once, not by each child.
    warm_up()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            be_the_command(order)
        print(pid, flush=True)
        # Left unreaped until its end is known: until then its number is its own.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        print("ended", flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    main()
