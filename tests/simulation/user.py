"""Whoever sits at the terminal: the commands as the command line does them, without their words."""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from simulation.judge import Judge
from simulation.ledger import Disk
from simulation.plytix import GALLERY, Plytix
from simulation.workers import SERVER, SimulatedWorkers
from simulation.world import Killed, World

from amzsync.domain.product import Product
from amzsync.errors import LedgerError
from amzsync.executor.clocks import Clocks
from amzsync.executor.engine.engine import Bounds, End
from amzsync.executor.run import (
    CheckResult,
    KnownReading,
    RunContext,
    RunResult,
    Server,
    check,
    prune,
    refresh,
    sync,
    undo,
)
from amzsync.executor.stop import StopRequest
from amzsync.ledger.ledger import Ledger
from amzsync.ledger.rows import Outcome
from amzsync.limits.windows import Limit
from amzsync.planner import Planner, settle
from amzsync.plytix.auth import TokenCache

KILLED = "killed"
NOTHING_TO_RESUME = "nothing to resume"
NOTHING_TO_UNDO = "nothing to undo"


class _Listener:
    def __init__(self, world: World) -> None:
        self._world = world

    def progress(self, progress: object) -> None: ...

    def notice(self, notice: Any) -> None:
        self._world.log("notice", notice.message)


@dataclass
class Ended:
    """How a command ended."""

    outcome: str
    requests: int = 0
    message: str = ""


@dataclass
class User:
    """`mapping` is the file as it is now."""

    world: World
    plytix: Plytix
    judge: Judge
    disk: Disk
    limits: tuple[Limit, ...]
    mapping: Sequence[Product] = ()
    processes: int = 0
    stop: StopRequest = field(default_factory=StopRequest)
    workers: SimulatedWorkers | None = None
    checked: CheckResult | None = None

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.world.log("interrupt")
        self.stop.set()

    def kill(self) -> None:
        """SIGKILL, from an event of the world."""
        if self.workers is None or self.workers.is_dead:
            return
        self.world.log("killed", "while it waited")
        if self.disk.connection is not None:
            self.disk.connection.is_dead = True
        raise Killed

    def befall(self) -> None:
        """Somebody else at this machine."""

    # Commands.

    def plan(self) -> Ended:
        return self._command("plan", self._plan)

    def apply(
        self,
        *,
        skip_existing: bool = False,
        retry_failed: bool = False,
        with_mapping: bool = True,
        read_first: bool = False,
    ) -> Ended:
        def work(ledger: Ledger) -> Ended:
            options = {"skip": skip_existing, "refresh": read_first}
            run_id = ledger.runs.start("apply", options, 1, (), is_planned=not with_mapping)
            if with_mapping:
                self._merge(ledger, skip_existing=skip_existing, run_id=run_id)
                ledger.runs.planned(run_id)
            if retry_failed:
                ledger.work().retry_failed()
            return self._sync(ledger, run_id, skip_existing=skip_existing, read_first=read_first)

        return self._command("apply", work)

    def resume(self) -> Ended:
        def work(ledger: Ledger) -> Ended:
            run = ledger.runs.last_unfinished()
            if run is None:
                return Ended(NOTHING_TO_RESUME)
            options = json.loads(run.options)
            skip_existing = options.get("skip", False)
            if not run.is_planned:
                self._merge(ledger, skip_existing=skip_existing, run_id=run.id)
                ledger.runs.planned(run.id)
            ledger.runs.reopen(run.id, 1)
            if run.command in ("prune", "undo"):
                return self._take_back(ledger, run.id, options.get("undone"))
            read_first = options.get("refresh", False)
            return self._sync(ledger, run.id, skip_existing=skip_existing, read_first=read_first)

        return self._command("resume", work)

    def prune(self) -> Ended:
        def work(ledger: Ledger) -> Ended:
            with ledger.atomic():
                run_id = ledger.runs.start("prune", {}, 1, ())
                work = ledger.work(run_id)
                work.add_tasks([(one.product_id, one.asset_ids) for one in work.removals()])
            return self._take_back(ledger, run_id, None)

        return self._command("prune", work)

    def undo(self) -> Ended:
        """The last run that wrote."""

        def work(ledger: Ledger) -> Ended:
            undone = ledger.work().last_writer()
            if undone is None:
                return Ended(NOTHING_TO_UNDO)
            with ledger.atomic():
                run_id = ledger.runs.start("undo", {"undone": undone}, 1, ())
                ledger.work(run_id).add_undo_tasks(undone)
            return self._take_back(ledger, run_id, undone)

        return self._command("undo", work)

    def refresh(self) -> Ended:
        def work(ledger: Ledger) -> Ended:
            result = refresh(self._context(ledger)).run
            return Ended(_outcome(result, ledger), result.requests, _message(result))

        return self._command("refresh", work)

    def check(self) -> Ended:
        self.checked = None

        def work(ledger: Ledger) -> Ended:
            self.checked = check(self._context(ledger))
            result = self.checked.run
            return Ended(_outcome(result, ledger), result.requests, _message(result))

        return self._command("check", work)

    def status(self) -> Ended:
        def work(ledger: Ledger) -> Ended:
            queries = ledger.queries
            queries.counts(), list(queries.failures()), queries.outstanding()
            return Ended("shown")

        return self._command("status", work)

    def rows(self) -> "Rows":
        """The ledger's rows, for the judge."""
        with self.disk.open() as ledger:
            read = ledger._store.rows
            return Rows(
                links=read(
                    "SELECT sku, urls.url, assets.plytix_id, links.state, links.origin FROM links"
                    " JOIN products ON products.id = product_id JOIN assets ON assets.id = asset_id"
                    f" JOIN {_addresses(ledger)} AS urls ON urls.id = asset_id"
                ),
                thumbnails=read(
                    "SELECT sku, assets.plytix_id, thumbnails.state FROM thumbnails"
                    " JOIN products ON products.id = product_id JOIN assets ON assets.id = asset_id"
                ),
                failures=[(one.sku, one.url, one.status, one.message) for one in ledger.queries.failures()],
                is_open=ledger.work().has_open_work(),
            )

    # Their inside.

    def _command(self, name: str, work: Any) -> Ended:
        def opened() -> Ended:
            with self.disk.open() as ledger:
                ended: Ended = work(ledger)
            return ended

        return self._process(name, opened)

    def _process(self, name: str, work: Callable[[], Ended]) -> Ended:
        world = self.world
        self.processes += 1
        self.stop = StopRequest()
        world.log("command", name, f"process {self.processes}")
        self.judge.started(world.now, self.processes, name)
        began, refused = world.now, self.disk.refused
        try:
            ended = work()
        except LedgerError as error:
            ended = Ended(Outcome.STOPPED, message=error.message)
        except Killed:
            ended = Ended(KILLED)
            if self.workers is not None:
                self.workers.is_dead = True
            self.judge.killed(world.now)
            self._tell_claims()
        self.workers = None
        if self.disk.refused > refused:
            self.judge.disk_was_full(name, ended.outcome, ended.message)
            self.disk.died_at_commit = True
            self._tell_claims()
        world.log("ended", name, ended)
        self.judge.ended(world.now, name, ended.outcome, world.now - began)
        return ended

    def _tell_claims(self) -> None:
        """What was written down by the commit at which the program died never came to be a request."""
        if not self.disk.died_at_commit:
            return
        self.disk.died_at_commit = False
        with self.disk.open() as ledger:
            claimed = ledger._store.rows(
                "SELECT products.plytix_id, assets.plytix_id FROM links"
                " JOIN products ON products.id = product_id JOIN assets ON assets.id = asset_id"
                " WHERE sent IS NOT NULL AND products.plytix_id IS NOT NULL AND assets.plytix_id IS NOT NULL"
            )
        for product_id, asset_id in claimed:
            self.judge.claimed(product_id, asset_id)

    def _plan(self, ledger: Ledger) -> Ended:
        self._merge(ledger, skip_existing=False)
        return Ended("planned")

    def _take_back(self, ledger: Ledger, run_id: int, undone: int | None) -> Ended:
        context = self._context(ledger)
        self.judge.taking_back()
        result = prune(context, run_id) if undone is None else undo(context, run_id, undone_run=undone)
        outcome = _outcome(result.run, ledger)
        if outcome in (Outcome.FINISHED, Outcome.FAILURES):
            outcome = Outcome.FAILURES if result.left else Outcome.FINISHED
        ledger.runs.end(run_id, outcome, {"requests": result.run.requests}, _message(result.run))
        return Ended(outcome, result.run.requests, _message(result.run))

    def _merge(self, ledger: Ledger, *, skip_existing: bool, run_id: int | None = None) -> None:
        # It may die when the wish is in the ledger already.
        self.judge.planned([(p.sku, [(i.url, i.variant) for i in p.images]) for p in self.mapping])
        planner = Planner(ledger.merge.known_rows(), gallery_label=GALLERY, is_complete=True)
        for product in self.mapping:
            planner.add(product)
        ledger.merge.apply(settle(planner), gallery_label=GALLERY, skip_existing=skip_existing, run_id=run_id)

    def _sync(self, ledger: Ledger, run_id: int, *, skip_existing: bool, read_first: bool = False) -> Ended:
        result, tokens = RunResult(), TokenCache()
        readings: Mapping[int, KnownReading] = {}
        if read_first:
            read = refresh(replace(self._context(ledger), tokens=tokens), run_id)
            result, readings = read.run, read.readings
        may_go_on = result.error is None and result.end is End.DONE
        if may_go_on and ledger.work().has_open_work():
            context = replace(self._context(ledger), tokens=tokens)
            done = sync(context, run_id, skip_existing=skip_existing, readings=readings)
            result = done.after(result)
        outcome = _outcome(result, ledger)
        ledger.runs.end(run_id, outcome, {"requests": result.requests}, _message(result))
        return Ended(outcome, result.requests, _message(result))

    def _context(self, ledger: Ledger) -> RunContext:
        world = self.world
        own = random.Random(world.random.random())

        def start_workers(server: Server, _most: int) -> Any:
            self.workers = self._new_workers(server)
            return self.workers

        return RunContext(
            ledger=ledger,
            server=SERVER,
            limits=self.limits,
            gallery_label=GALLERY,
            listener=_Listener(world),
            stop=self.stop,
            bounds=Bounds(workers=256),
            clocks=Clocks(world.monotonic, world.wall, world.boot, own.random),
            start_workers=start_workers,
        )

    def _new_workers(self, server: Server) -> SimulatedWorkers:
        return SimulatedWorkers(self.world, self.plytix, self.judge, server, self.processes)


@dataclass
class Rows:
    links: list[tuple[str, str, str | None, str, str | None]]
    thumbnails: list[tuple[str, str | None, str]]
    failures: list[tuple[str, str, int | None, str]]
    is_open: bool


def _addresses(ledger: Ledger) -> str:
    """The table or view of addresses."""
    names = {row[0] for row in ledger._store.rows("SELECT name FROM sqlite_master")}
    return "addresses" if "addresses" in names else "urls"


def _outcome(result: RunResult, ledger: Ledger) -> Outcome:
    if result.error is not None:
        return Outcome.STOPPED
    match result.end:
        case End.STOPPED:
            return Outcome.INTERRUPTED
        case End.WAIT_TOO_LONG:
            return Outcome.WAITING
    return Outcome.FAILURES if ledger.queries.failure_count() else Outcome.FINISHED


def _message(result: RunResult) -> str:
    return "" if result.error is None else result.error.message
