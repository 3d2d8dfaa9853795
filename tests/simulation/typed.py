"""Real commands, typed: exit codes and documents must be true, and what is typed beside a run harmless."""

import json
import os
import random
from collections import Counter
from functools import partial
from random import Random
from typing import Any

from simulation.judge import BrokenPromiseError, Judge
from simulation.plytix import Plytix
from simulation.terminal import MAPPING, FileDisk, Said, Terminal
from simulation.user import NOTHING_TO_RESUME, Ended, User
from simulation.world import World

from amzsync.cli.machine import Machine
from amzsync.executor.clocks import Clocks
from amzsync.executor.run import Server
from amzsync.limits.windows import Limit

_OUTCOMES = {0: "finished", 1: "stopped", 3: "failures", 130: "interrupted"}
_TABLES = ("urls", "assets", "links", "thumbnails")
_BESIDE = 0.6
_NAMED = ("--mapping", str(MAPPING))
_READERS = (("status", "--json"), ("plan", *_NAMED, "--dry-run", "--json"), ("export", "links"))
_WRITERS = (("apply", *_NAMED, "--yes"), ("resume",), ("prune", "--yes"), ("undo", "--yes"))


class TypedUser(User):
    """`plan`, `apply`, `resume`, `refresh` and `status` are typed; `disk` is a file."""

    disk: FileDisk
    chance: Random
    terminal: Terminal
    was_interrupted = False

    # Commands.

    def plan(self) -> Ended:
        return self._type("plan", *_NAMED)

    def apply(
        self,
        *,
        skip_existing: bool = False,
        retry_failed: bool = False,
        with_mapping: bool = True,
        read_first: bool = False,
    ) -> Ended:
        flags = {"--skip-existing": skip_existing, "--retry-failed": retry_failed, "--refresh": read_first}
        words = [flag for flag, is_given in flags.items() if is_given]
        return self._type("apply", "--yes", *words, *(_NAMED if with_mapping else ()))

    def resume(self) -> Ended:
        return self._type("resume")

    def refresh(self) -> Ended:
        return self._type("plan", "--refresh")

    def status(self) -> Ended:
        return self._type("status")

    def interrupt(self) -> None:
        if self.workers is None or self.was_interrupted:
            # A second one ends a process at once: that is a kill.
            return
        self.world.log("interrupt")
        self.was_interrupted = self.terminal.interrupt()

    # Their inside.

    def machine(self) -> Machine:
        world = self.world
        own = random.Random(world.random.random())

        def start_workers(server: Server, _most: int) -> Any:
            self.workers = self._new_workers(server)
            return self.workers

        return Machine(Clocks(world.monotonic, world.wall, world.boot, own.random), start_workers)

    def _type(self, name: str, *words: str) -> Ended:
        self.was_interrupted = False
        self._write_mapping()
        if MAPPING.name in words or (name == "resume" and self._has_unplanned_run()):
            self.judge.planned([(p.sku, [(i.url, i.variant) for i in p.images]) for p in self.mapping])
        limits = [f"--rate-limit={one.allowed}/{one.window_s:.0f}s" for one in self.limits]
        return self._process(name, partial(self._ended, name, (name, *words, "--json", *limits)))

    def _write_mapping(self) -> None:
        products = [
            {
                "suggested_sku": product.sku,
                "is_parent": product.is_parent,
                "amazon_images": [{"link": one.url, "variant": one.variant} for one in product.images],
            }
            for product in self.mapping
        ]
        MAPPING.write_text(json.dumps(products), encoding="utf-8")

    def _has_unplanned_run(self) -> bool:
        with self.disk.open() as ledger:
            run = ledger.runs.last_unfinished()
        return run is not None and not run.is_planned

    def _ended(self, name: str, words: tuple[str, ...]) -> Ended:
        with self.disk.connecting():
            said = self.terminal.type(words, self.machine())
        self.world.log("exit code", said.code, *words)
        document = _document(said)
        outcome = _OUTCOMES.get(said.code)
        if outcome is None or (outcome == "interrupted" and not self.was_interrupted):
            raise BrokenPromiseError(f"{words} ended with the exit code {said.code}: {said.err}")
        if outcome == "stopped":
            return Ended(outcome, message=document["error"]["message"])
        if name == "status":
            self._check_status(document)
            return Ended("shown")
        if name == "plan":
            return Ended("planned" if outcome == "finished" and "--refresh" not in words else outcome)
        if outcome != "interrupted":
            outcome = self._checked(outcome, document)
        is_nothing = "There is no unfinished run" in said.err
        return Ended(NOTHING_TO_RESUME if is_nothing else outcome, document["requests"])

    # What is true.

    def _checked(self, outcome: str, document: Any) -> str:
        """The run's own outcome, products that Plytix lacks apart; all that was told is true."""
        rows = self.rows()
        with self.disk.open() as ledger:
            missing = [sku for (sku,) in ledger._store.rows("SELECT sku FROM missing_products")]
        if outcome == "finished" and (rows.failures or missing or rows.is_open):
            raise BrokenPromiseError(
                f"exit code 0 with {rows.failures} failed, {missing} missing in Plytix, open: {rows.is_open}"
            )
        if outcome == "failures" and not (rows.failures or missing or rows.is_open):
            raise BrokenPromiseError("exit code 3, and everything was in place")
        told = {
            "links": document["links_created"] + document["parent_links_created"],
            "thumbnails": document["main_image_links"] + document["parent_main_image_links"],
            "failed": len(document["errors"]),
            "missing": sorted(document["products_not_found"]),
        }
        found = {
            "links": sum(one[3] == "done" for one in rows.links),
            "thumbnails": sum(one[2] == "done" for one in rows.thumbnails),
            "failed": len(rows.failures),
            "missing": sorted(missing),
        }
        if told != found:
            raise BrokenPromiseError(f"the report tells {told}, and the ledger {found}")
        return "failures" if rows.failures else "finished"

    def _check_status(self, document: Any) -> None:
        with self.disk.open() as ledger:
            for table in _TABLES:
                found = Counter(state for (state,) in ledger._store.rows(f"SELECT state FROM {table}"))
                told = {state: count for state, count in document["tables"][table].items() if count}
                if told != found:
                    raise BrokenPromiseError(f"status tells {told} of {table}, and the ledger {dict(found)}")

    # Another terminal.

    def befall(self) -> None:
        """Somebody types commands in another terminal while the next one runs, if that is long enough."""
        while self.chance.random() < _BESIDE:
            self.world.after(self.chance.expovariate(1 / 4.0), self._type_beside)

    def _type_beside(self) -> None:
        if self.workers is None or self.workers.is_dead:
            return
        words = self.chance.choice((*_READERS, *_WRITERS))
        before, self.disk.is_beside = self.disk.bytes(), True
        said = self.terminal.type(words, Machine(Clocks(self.world.monotonic, self.world.wall), _refuse))
        self.disk.is_beside = False
        self.world.log("beside", *words, "exit code", said.code)
        self.judge.figures["commands beside a run"] += 1
        is_refused = said.code == 1 and f"in use by process {os.getpid()}" in said.err
        if said.code if words in _READERS else not is_refused:
            raise BrokenPromiseError(f"{words} beside a run ended with {said.code}: {said.err}")
        if self.disk.bytes() != before:
            raise BrokenPromiseError(f"{words} beside a run changed the ledger")


def typing_user(world: World, plytix: Plytix, judge: Judge, limits: tuple[Limit, ...]) -> TypedUser:
    """With a ledger in the folder that one works in."""
    user = TypedUser(world, plytix, judge, FileDisk(world), limits)
    user.chance, user.terminal = Random(f"typed {world.seed}"), Terminal()
    return user


def _refuse(_server: Server, _most: int) -> Any:
    raise BrokenPromiseError("what is typed beside a run makes requests")


def _document(said: Said) -> Any:
    try:
        return json.loads(said.out)
    except ValueError:
        raise BrokenPromiseError(f"no document on stdout: {said.out!r} {said.err!r}") from None
