"""Another ledger on the same account: the same program, on another machine, with a mapping of its own.

To the judge of the first one it is another client. Its own windows and writes have a judge of their own.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from typing import Any

from simulation.judge import BrokenPromiseError, Judge
from simulation.ledger import Disk
from simulation.plytix import Flight, Plytix
from simulation.turns import Turns
from simulation.user import NOTHING_TO_RESUME, Ended, User
from simulation.workers import SimulatedWorkers
from simulation.world import World

from amzsync.domain.product import ImageRef, Product
from amzsync.executor.run import Server
from amzsync.limits.windows import Limit
from amzsync.plytix.wire import Call

_FIRST_PROCESS = 1000
_TICK_S = 1e-6
_LONGEST_S = 8 * 3600.0


class SecondLedger:
    """It runs beside the first one on some days, and ends its work when all is calm."""

    def __init__(
        self, world: World, plytix: Plytix, limits: Sequence[tuple[int, float]], mapping: Sequence[Product]
    ) -> None:
        self._world, self._plytix = world, plytix
        self._random = Random(f"second ledger {world.seed}")
        self.turns = Turns(world)
        self.user = _SecondUser(
            world,
            plytix,
            Judge(limits),
            Disk(world, keeps_history=False),
            tuple(Limit(*one) for one in limits),
        )
        self.user.turns = self.turns
        self.user.processes = _FIRST_PROCESS
        self.user.mapping = [self._of_its_own(product) for product in mapping]
        self.was_started = False

    def _of_its_own(self, product: Product) -> Product:
        """Some of the pictures that the first one wants, and one that only this one does."""
        shared = [one for one in product.images if self._random.random() < 0.3]
        own = ImageRef(f"https://m.media-amazon.com/images/I/own{product.sku}.jpg", "PT08")
        return Product(product.sku, product.is_parent, (*shared, own))

    def befall(self) -> None:
        """Somebody starts it soon, and its process may die."""
        random, world = self._random, self._world
        world.after(random.expovariate(1 / 3.0), self._start)
        if random.random() < 0.3:
            world.after(random.expovariate(1 / 15.0), self._kill)

    def _start(self) -> None:
        if self.turns.is_over:
            command = (
                self.user.resume if self.was_started and self._random.random() < 0.5 else self.user.apply
            )
            self.was_started = True
            self.turns.start(command)

    def _kill(self) -> None:
        if not self.turns.is_over:
            self._world.log("killed", "the other ledger's process")
            self.turns.kill()

    def end(self) -> str:
        """Let it do what is left for it; what is missing then, if anything is."""
        if not self.was_started:
            return ""
        self._run_to_the_end(lambda: Ended("waited"))
        for command in (self.user.resume, self.user.refresh, partial(self.user.apply, retry_failed=True)):
            ended = self._run_to_the_end(command)
            if ended.outcome not in (NOTHING_TO_RESUME, "finished", "failures"):
                return f"{ended} where nothing was wrong any more"
        return next(self._missing(), "")

    def _missing(self) -> Iterator[str]:
        plytix = self._plytix
        for product in self.user.mapping:
            product_id = plytix.product_id(product.sku)
            for url in [one.url for one in product.images if one.url not in plytix.refused_urls]:
                standing = plytix.gallery(product_id) if product_id else ()
                if product_id and not set(plytix.store.asset_ids_from(url)).intersection(standing):
                    yield f"{url} is missing on {product.sku}: {standing}"

    def _run_to_the_end(self, command: Callable[[], Ended]) -> Ended:
        """One command, once the one before it has ended."""
        ended = Ended("has not ended")

        def work() -> None:
            nonlocal ended
            ended = command()

        self._pass_until_over()
        self.turns.start(work)
        self._pass_until_over()
        return ended

    def _pass_until_over(self) -> None:
        until = self._world.now + _LONGEST_S
        while not self.turns.is_over and self._world.now < until:
            self._world.step(min(until, self._world.now + 1.0))

    def close(self) -> None:
        """The life is over: what is said of a command that is cut off here is no finding."""
        with suppress(BrokenPromiseError):
            self.turns.kill()


class _SecondUser(User):
    turns: Turns

    def _new_workers(self, server: Server) -> SimulatedWorkers:
        workers = _SecondWorkers(self.world, self.plytix, self.judge, server, self.processes)
        workers.turns = self.turns
        return workers


class _SecondWorkers(SimulatedWorkers):
    turns: Turns

    def _flight(self, call: Call[Any], token: Any) -> Flight:
        flight = super()._flight(call, token)
        flight.is_anothers = True
        return flight

    def _deliver(self, *arguments: Any) -> None:
        super()._deliver(*arguments)
        self.turns.hurry()

    def _wait(self, timeout_s: float) -> None:
        if not (self._arrived or self._is_woken):
            self.turns.wait(max(timeout_s, _TICK_S) if timeout_s > 0 else 0.0)
