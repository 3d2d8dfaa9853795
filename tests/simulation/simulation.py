"""One seed's life: a catalogue, a person at a terminal, other people, bad luck, and a calm end."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from random import Random
from traceback import format_exc
from typing import Self
from unittest import mock

from simulation.judge import BrokenPromiseError, Judge, Seen
from simulation.ledger import Disk
from simulation.misfortunes import Misfortunes
from simulation.plytix import Plytix, Traits, Weather
from simulation.scripts import watched
from simulation.second_ledger import SecondLedger
from simulation.terminal import own_folder
from simulation.typed import typing_user
from simulation.user import KILLED, NOTHING_TO_RESUME, Ended, User
from simulation.world import World

from amzsync.domain.beliefs import AccountAnswers
from amzsync.domain.product import ImageRef, Product
from amzsync.executor.engine import engine, traffic
from amzsync.ledger.probes import Probes
from amzsync.ledger.reasons import NOT_IN_ORDER
from amzsync.limits.windows import Limit

_VARIANTS = ("MAIN", "PT01", "PT02", "PT03", "PT10", "SWATCH", "TOPP", "BACK")
_LIMITS = (
    ((50, 10.0), (5000, 3600.0)),
    ((20, 10.0), (2000, 3600.0)),
    ((8, 10.0), (300, 3600.0)),
    ((5, 2.0), (60, 60.0)),
    ((12, 10.0),),
)
_TICK_S = 5.0


@dataclass
class Verdict:
    """What came of a seed; `broken` is the promise that was."""

    seed: int
    broken: str = ""
    story: list[str] = field(default_factory=list)
    simulated_s: float = 0.0
    figures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Kind:
    """What of a life is asked for, not drawn.

    `takes_back`: prune and undo are typed, too. `is_probed`: the ledger has a record of a probe, which may be
    true or not. `gallery_writes`: what the account does with a write of a whole gallery, as in `Traits`.
    `has_two_ledgers`: each day another ledger's program works beside it. `is_typed`: the real commands are
    typed, on a ledger in a file.
    """

    takes_back: bool = False
    is_probed: bool = False
    gallery_writes: str | None = None
    has_two_ledgers: bool = False
    is_typed: bool = False

    @classmethod
    def of_words(cls, words: Collection[str]) -> Self:
        """As it is typed; words that tell something else are passed over."""
        account = next((word for word in words if word in ("replace", "ignore", "append")), None)
        return cls("back" in words, "probed" in words, account, "two" in words, "typed" in words)

    def __str__(self) -> str:
        words = (
            "back" * self.takes_back,
            "probed" * self.is_probed,
            self.gallery_writes,
            "two" * self.has_two_ledgers,
            "typed" * self.is_typed,
        )
        return " ".join(word for word in words if word)


_ANY = Kind()


def run(
    seed: int,
    kind: Kind = _ANY,
    *,
    products: int | None = None,
    misfortunes: int | None = None,
    log: bool = False,
) -> Verdict:
    """Live through one seed. The two numbers, where given, are the most it may have of either.

    `log`: tell every event, also where nothing was broken.
    """
    with own_folder() if kind.is_typed else nullcontext():
        return _lived(_Life(seed, products, misfortunes, is_typed=kind.is_typed), kind, log=log)


def _lived(life: "_Life", kind: Kind, *, log: bool) -> Verdict:
    seed = life.world.seed
    life.takes_back, life.record = kind.takes_back, _record(seed) if kind.is_probed else None
    life.has_two_ledgers = kind.has_two_ledgers
    if kind.gallery_writes is not None:
        life.plytix.traits.gallery_writes = kind.gallery_writes
    verdict = Verdict(seed)
    try:
        with seldom_told(), watched(life.judge, seed), _recorded(life.record):
            life.live()
    except BrokenPromiseError as broken:
        verdict.broken = str(broken)
    except Exception as error:  # noqa: BLE001 - a program that falls over has broken its promise, too
        verdict.broken = f"{type(error).__name__}: {error}"
        life.world.log("fell over", format_exc())
    finally:
        life.close()
    verdict.story = life.world.story() if verdict.broken or log else []
    verdict.simulated_s, verdict.figures = life.world.now, dict(life.judge.figures)
    return verdict


@contextmanager
def seldom_told() -> Iterator[None]:
    """Progress is told every few seconds: nobody looks, and hours of waiting pass in no time."""
    before = traffic.TICK_S
    vars(engine)["TICK_S"] = traffic.TICK_S = _TICK_S
    try:
        yield
    finally:
        vars(engine)["TICK_S"] = traffic.TICK_S = before


def _record(seed: int) -> AccountAnswers:
    """What a ledger tells of its account: drawn apart, so that the rest of the seed stays as it is."""
    random = Random(f"probe {seed}")
    return AccountAnswers(
        writes_no_galleries=random.random() < 0.3,
        tells_galleries=random.random() < 0.7,
        search_lag_s=random.choice((0.0, 0.0, 2.0, 8.0, 20.0)),
    )


@contextmanager
def _recorded(record: AccountAnswers | None) -> Iterator[None]:
    """Every ledger tells it."""
    if record is None:
        yield
        return
    with mock.patch.object(Probes, "account_answers", return_value=record):
        yield


class _Life:
    takes_back = False
    record: AccountAnswers | None = None
    has_two_ledgers = False
    second: SecondLedger | None = None

    def __init__(
        self, seed: int, products: int | None, misfortunes: int | None, *, is_typed: bool = False
    ) -> None:
        self.world = world = World(seed)
        self._random = random = world.random
        limits = random.choice(_LIMITS)
        self.limits = limits
        self.judge = Judge(limits)
        world.has_boot_clock = random.random() < 0.8
        self.plytix = Plytix(world, self.judge, _traits(random), limits)
        self.disk = Disk(world, keeps_history=random.random() < 0.15)
        configured = tuple(Limit(*limit) for limit in limits)
        self.user = User(world, self.plytix, self.judge, self.disk, configured)
        if is_typed:
            self.user = typing_user(world, self.plytix, self.judge, configured)
            self.disk = self.user.disk
        self._most_misfortunes = misfortunes
        count = random.choice((1, 1, 2, 3, 4, 6, 8, 12) if random.random() < 0.96 else (30, 120))
        self._count = count if products is None else min(count, products)
        self._was_killed = False
        self._pool = [f"https://m.media-amazon.com/images/I/i{n:03d}.jpg" for n in range(2 + self._count * 2)]
        self._luck = Misfortunes(world, self.plytix, self.judge, self.disk, self.user, limits, self._pool)

    def close(self) -> None:
        if self.second is not None:
            self.second.close()
        self.plytix.close()

    def live(self) -> None:
        self._found()
        if self.has_two_ledgers:
            # Each names a picture as it uses it: a conflict that tells no id is a failure, as it should be.
            self.plytix.traits.conflict_without_id = False
            self.second = SecondLedger(self.world, self.plytix, self.limits, self.user.mapping)
            for judge in (self.judge, self.second.user.judge):
                judge.longest_command_s *= 2  # They share the account's hour.
        for number in range(self._random.choice((1, 1, 2, 2, 3, 4))):
            self._day(number)
        self._calm()
        self._end()

    # The beginning.

    def _found(self) -> None:
        """What is there before the program comes."""
        random, plytix = self._random, self.plytix
        self.user.mapping = [
            Product(f"S{n}", random.random() < 0.1, self._images()) for n in range(self._count)
        ]
        for product in self.user.mapping:
            if random.random() < 0.95:
                self._luck.make_product(product.sku)
        plytix.refused_urls = {url for url in self._pool if random.random() < 0.03}
        for url in self._pool:
            if random.random() < 0.08 and url not in plytix.refused_urls:
                plytix.add_asset(url, self._luck.name_by_hand(url))
        for product_id in self.judge.products():
            if random.random() < 0.15:
                self._luck.edit(product_id)

    def _images(self) -> tuple[ImageRef, ...]:
        random = self._random
        chosen = random.sample(self._pool, min(len(self._pool), random.choice((1, 2, 3, 3, 4, 6))))
        variants = random.sample(_VARIANTS, len(chosen))
        if random.random() < 0.8 and "MAIN" not in variants:
            variants[0] = "MAIN"
        return tuple(ImageRef(url, variant) for url, variant in zip(chosen, variants, strict=True))

    # A day: misfortunes are laid out, then one command is typed.

    def _day(self, number: int) -> None:
        random = self._random
        # Killed, then changed: what was in flight meets another wish.
        if number and random.random() < (0.7 if self._was_killed else 0.4):
            self._change_mapping()
        misfortunes = random.choice((0, 1, 1, 2, 3, 5))
        if self._most_misfortunes is not None:
            misfortunes = min(misfortunes, self._most_misfortunes)
            self._most_misfortunes -= misfortunes
        for _ in range(misfortunes):
            self._luck.befall()
        if self._most_misfortunes != 0:
            self._luck.befall_rarely()
        if self.second is not None:
            self.second.befall()
        self.user.befall()
        ended = self._command(number)
        self.disk.kill_in = None
        self.disk.free()
        self._was_killed = ended.outcome == KILLED
        if self._was_killed and self.disk.history and random.random() < 0.5:
            lost = self.disk.lose(random.randint(1, 20))
            self.world.log("power lost", f"{lost} commits")
            self.judge.power_lost()
        self._look()
        self._luck.befall_between()
        self.world.pass_time(
            random.expovariate(1 / 20.0) if random.random() < 0.8 else random.uniform(0, 4000)
        )

    def _command(self, number: int) -> Ended:
        random, user = self._random, self.user
        if number and self.takes_back and random.random() < 0.5:
            return random.choice((user.prune, user.undo, user.resume))()
        draw = random.random()
        if number and draw < 0.4:
            ended = user.resume()
            if ended.outcome != NOTHING_TO_RESUME:
                return ended
        if draw < 0.5 and number:
            return user.refresh()
        if draw < 0.55:
            return user.plan()
        if draw < 0.6:
            return user.status()
        return user.apply(
            skip_existing=False,
            retry_failed=random.random() < 0.3,
            with_mapping=not number or random.random() < 0.8,
        )

    def _change_mapping(self) -> None:
        random = self._random
        changed = list(self.user.mapping)
        for place, product in enumerate(changed):
            if random.random() < 0.4:
                images = self._images() if random.random() < 0.6 else self._rearranged(product.images)
                changed[place] = Product(product.sku, product.is_parent, images)
        self.world.log("mapping", "is another one")
        self.user.mapping = changed

    def _rearranged(self, images: tuple[ImageRef, ...]) -> tuple[ImageRef, ...]:
        """The same pictures in other places."""
        variants = self._random.sample([one.variant for one in images], len(images))
        return tuple(ImageRef(one.url, variant) for one, variant in zip(images, variants, strict=True))

    # The end.

    def _calm(self) -> None:
        """All misfortune is over, and what is still in flight arrives."""
        self._luck.is_over = True
        self.plytix.weather = Weather()
        self.plytix.set_limits(self.limits)
        self.plytix.traits.token_life_s = 900.0
        self.world.log("calm")
        self.world.pass_time(200.0)
        missing = self.second.end() if self.second is not None else ""
        if missing:
            raise BrokenPromiseError(f"the other ledger: {missing}")

    def _end(self) -> None:
        user, world = self.user, self.world
        ended = user.resume()
        if ended.outcome not in (NOTHING_TO_RESUME, "finished", "failures"):
            raise BrokenPromiseError(f"resume ended as {ended}, though nothing was wrong any more")
        self._look()
        used = self.judge.counted + (self.second.user.judge.counted if self.second else 0)
        began, refusals, told_s = world.now, self.judge.figures["refusals"], self.judge.told_s
        ended = user.apply(retry_failed=True)
        self._check(ended, was_refreshed=False)
        refusals = self.judge.figures["refusals"] - refusals
        # A refusal means another client, as far as the program can know, and a wait of a minute or as told.
        waits_s = self.judge.told_s - told_s + 60.0 * refusals
        if world.now - began > self._time_for(ended.requests, used) + 2 * waits_s:
            raise BrokenPromiseError(f"{ended.requests} requests took {world.now - began:.0f} s")
        again = user.apply()
        if again.requests:
            raise BrokenPromiseError(f"nothing was to do, and it made {again.requests} requests")
        user.refresh()
        ended = user.apply(retry_failed=True)
        self._check(ended, was_refreshed=True)

    def _time_for(self, requests: int, used: int) -> float:
        """For so many requests, where so many had been made in the hour before."""
        whole = sum(
            (requests // allowed + 1) * window_s for allowed, window_s in self.limits if window_s < 100
        )
        hours = sum(
            (requests + used) // allowed * window_s for allowed, window_s in self.limits if window_s >= 100
        )
        # A limit that seemed lower may have let through half as much.
        was_used_s = 3700.0 if used > 0.5 * self.limits[-1][0] else 0.0
        return 3 * whole + hours + was_used_s + 120.0

    def _check(self, ended: Ended, *, was_refreshed: bool) -> None:
        if ended.outcome not in ("finished", "failures"):
            raise BrokenPromiseError(f"the last run ended as {ended}, though nothing was wrong any more")
        seen = self._seen()
        rows = self.user.rows()
        self.judge.check_rows(rows.links, rows.thumbnails, seen, was_refreshed=was_refreshed)
        told = {one[0] for one in rows.failures if one[3] == NOT_IN_ORDER}
        may_write = self.record is None or not self.record.writes_no_galleries
        if told and may_write and self.plytix.traits.gallery_writes == "replace":
            raise BrokenPromiseError(f"the order of {told} was not written, though it could be")
        self.judge.check_end(seen, self.plytix.refused_urls, told, was_refreshed=was_refreshed)
        if rows.is_open:
            raise BrokenPromiseError("a run ended as done, and rows are still open")
        wrong = [
            one for one in rows.failures if one[1] not in self.plytix.refused_urls and one[3] != NOT_IN_ORDER
        ]
        if wrong:
            raise BrokenPromiseError(f"rows failed though nothing was wrong any more: {wrong}")
        if (ended.outcome == "failures") != bool(rows.failures):
            raise BrokenPromiseError(f"it ended as {ended.outcome} with the failures {rows.failures}")

    def _look(self) -> None:
        rows = self.user.rows()
        self.judge.check_rows(rows.links, rows.thumbnails, self._seen())

    def _seen(self) -> dict[str, tuple[str, Seen]]:
        found = {}
        for product in self.user.mapping:
            product_id = self.plytix.product_id(product.sku)
            if product_id is not None:
                found[product.sku] = (
                    product_id,
                    Seen(self.plytix.gallery(product_id), self.plytix.thumbnail(product_id)),
                )
        return found


def _traits(random: Random) -> Traits:
    choice, chance = random.choice, random.random
    return Traits(
        retry_after=choice(("both", "header", "body", "neither")),
        ids_only=chance() < 0.2,
        gallery_untold=chance() < 0.1,
        conflict_without_id=chance() < 0.1,
        token_life_s=choice((900.0, 900.0, 900.0, 100.0, 20.0)),
        refuses_in=chance() < 0.1,
        write_shows_nothing=chance() < 0.08,
        gallery_writes=choice(("replace",) * 18 + ("ignore", "append")),
    )
