"""Any catalogue, and any order of plan, apply, people's edits, prune, undo and deaths: what is taken back.

People work between the commands here, not during them, so what must stand afterwards is known exactly.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from simulation.judge import BrokenPromiseError, Judge
from simulation.ledger import FOR_EVER, Disk
from simulation.plytix import Plytix, Traits, Weather
from simulation.simulation import seldom_told
from simulation.user import KILLED, NOTHING_TO_RESUME, NOTHING_TO_UNDO, Ended, User
from simulation.world import World

from amzsync.domain.product import ImageRef, Product
from amzsync.ledger.reasons import NO_OTHER_THUMBNAIL, PUT_LAST, STANDS_ELSEWHERE
from amzsync.ledger.rows import Outcome

VARIANTS = ("MAIN", "PT01", "PT02", "PT03", "SWATCH", "BACK")
_DONE = ("finished", "failures", NOTHING_TO_RESUME, NOTHING_TO_UNDO)
_FULL_DISKS = 0.15
Standing = dict[str, tuple[tuple[str, ...], str | None]]


@dataclass(frozen=True)
class Luck:
    """What befalls a command: at which commit it dies, before or after it, each time, and the weather.

    `full_disk`: from which commit on how many find no room; the user makes room once the command has stopped.
    """

    deaths: tuple[tuple[int, bool], ...] = ()
    is_bad_weather: bool = False
    full_disk: tuple[int | None, int] = (None, 0)


class Account:
    """One account and one ledger, and whether what is taken back is exactly what had been done."""

    def __init__(self, seed: int, skus: Sequence[str], traits: Traits) -> None:
        self.world = world = World(seed)
        self.judge = Judge(())
        self.plytix = Plytix(world, self.judge, traits, ())
        self.disk = Disk(world, keeps_history=False)
        self.user = User(world, self.plytix, self.judge, self.disk, ())
        self.theirs: set[str] = set()
        for sku in skus:
            self.judge.product_made(self.plytix.add_product(sku), sku)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.plytix.close()

    @property
    def products(self) -> list[str]:
        """Ids of the products in Plytix."""
        return self.judge.products()

    def apply(self, mapping: Mapping[str, Sequence[tuple[str, str]]] | None, luck: Luck) -> None:
        """`mapping`: SKU to address and variant of each picture; None: the same as before."""
        if mapping is not None:
            self.user.mapping = [
                Product(sku, is_parent=False, images=tuple(ImageRef(*one) for one in images))
                for sku, images in mapping.items()
            ]
        self._run("apply", self.user.apply, luck)

    def prune(self, luck: Luck) -> Ended:
        return self._run("prune", self.user.prune, luck)

    def undo(self, luck: Luck) -> None:
        self._run("undo", self.user.undo, luck)

    # What is proved.

    def standing(self) -> Standing:
        return {
            product_id: (self.plytix.gallery(product_id), self.plytix.thumbnail(product_id))
            for product_id in self.products
        }

    def undo_to(self, before: Standing, what: str, luck: Luck) -> None:
        """An undo of what has been done since."""
        if self.standing() == before:
            return
        self.undo(luck)
        reasons = self._reasons()
        # What cannot be known of an account, and a thumbnail of a person that an unlink would take.
        if not reasons:
            self._same(before, what)
        elif not reasons.issubset({PUT_LAST, STANDS_ELSEWHERE}):
            raise BrokenPromiseError(f"{what} left something for {reasons}")

    def prune_twice(self, first: Luck, second: Luck) -> None:
        self.prune(first)
        if self._reasons().intersection({STANDS_ELSEWHERE, NO_OTHER_THUMBNAIL}):
            # Meanwhile the account may have shown that it replaces galleries in order.
            self.prune(first)
        pruned = self.standing()
        ended = self.prune(second)
        self._same(pruned, "a second prune")
        if ended.requests and ended.outcome == "finished":
            raise BrokenPromiseError(f"a second prune made {ended.requests} requests")

    def _reasons(self) -> set[str]:
        with self.disk.open() as ledger:
            return {one.reason for one in ledger.work(ledger.runs.latest(1)[0].id).kept()}

    def _same(self, before: Standing, what: str) -> None:
        now = self.standing()
        if now != before:
            raise BrokenPromiseError(f"{what} left {now}, not {before}")

    # A command.

    def _run(self, name: str, command: Callable[[], Ended], luck: Luck) -> Ended:
        """In bad weather or killed some times, and carried on until it comes to its end."""
        before = self.standing()
        self.plytix.weather = Weather(error=0.1, lost=0.15, cut=0.05) if luck.is_bad_weather else Weather()
        deaths = list(luck.deaths)
        self.disk.full_in, self.disk.full_for = luck.full_disk
        runs = self._runs()
        ended = Ended(KILLED)
        while ended.outcome not in _DONE:
            self.disk.kill_in, self.disk.kill_after = deaths.pop() if deaths else (None, False)
            # Killed before its first commit, a command was never typed.
            ended = command() if self._runs() == runs else self.user.resume()
            if ended.outcome == Outcome.STOPPED:
                self.disk.free()
            if ended.outcome == KILLED:
                self.world.pass_time(200.0)
        self.disk.kill_in = None
        self.disk.free()
        self.plytix.weather = Weather()
        self.world.pass_time(200.0)
        self._check_people(name, before)
        return ended

    def _runs(self) -> int:
        with self.disk.open() as ledger:
            return len(ledger.runs.latest(1000))

    def _check_people(self, name: str, before: Standing) -> None:
        for product_id, (gallery, thumbnail) in self.standing().items():
            was, shown = before[product_id]
            if self._of_people(gallery) != self._of_people(was):
                raise BrokenPromiseError(f"{name} made {was} of {product_id} to {gallery}")
            if name == "prune" and shown in self.theirs and thumbnail != shown:
                raise BrokenPromiseError(f"{name} changed the thumbnail {shown} of {product_id}")

    def _of_people(self, gallery: Sequence[str]) -> list[str]:
        return [one for one in gallery if one in self.theirs]

    # A person.

    def own_picture(self) -> str:
        """A new picture of a person; its id."""
        url = f"https://by-hand.example/p{len(self.theirs)}.jpg"
        asset_id = self.plytix.add_asset(url, url.rpartition("/")[2])
        self.theirs.add(asset_id)
        return asset_id

    def arrange(self, product_id: str, gallery: Sequence[str]) -> None:
        self.world.log("person", "arranges", product_id, gallery)
        self.plytix.edit(product_id, gallery)

    def set_thumbnail(self, product_id: str, asset_id: str) -> None:
        self.plytix.edit_thumbnail(product_id, asset_id)
        self.world.log("person", "sets the thumbnail of", product_id)


class TakingBack:
    """One seed's life."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        # A chance of its own leaves the seeds as they were that have found something before.
        self._rare = Random(f"rare {seed}")
        traits = Traits(ids_only=random.random() < 0.2, gallery_untold=random.random() < 0.1)
        self.skus = [f"S{n}" for n in range(random.choice((1, 1, 2, 3)))]
        self.account = Account(seed, self.skus, traits)
        self.pool = [f"https://m.media-amazon.com/images/I/i{n:02d}.jpg" for n in range(6)]

    def live(self) -> None:
        with seldom_told(), self.account:
            self._live()

    def _live(self) -> None:
        account, random = self.account, self.random
        for _ in range(random.randint(0, 2)):
            self._edit()
        self._apply()
        for _ in range(random.randint(1, 4)):
            random.choice((self._edit, self._apply, self._apply, self._prune, self._undo, self._undo))()
        before = account.standing()
        self._apply()
        account.undo_to(before, "an apply that was undone", self._luck())
        before = account.standing()
        self._undo()
        account.undo_to(before, "an undo that was undone", self._luck())
        account.prune_twice(self._luck(), self._luck())

    def _apply(self) -> None:
        mapping = None
        if self.random.random() < 0.8:
            mapping = {sku: self._images() for sku in self.skus if self.random.random() < 0.9}
            mapping = mapping or {self.skus[0]: self._images()}
        self.account.apply(mapping, self._luck())

    def _prune(self) -> None:
        self.account.prune(self._luck())

    def _undo(self) -> None:
        self.account.undo(self._luck())

    def _luck(self) -> Luck:
        random = self.random
        is_bad_weather = random.random() < 0.4
        kills = range(random.choice((0, 0, 1, 1, 2, 3)))
        deaths = tuple((random.randrange(25), random.random() < 0.5) for _ in kills)
        rare, full_disk = self._rare, Luck.full_disk
        if rare.random() < _FULL_DISKS:
            full_disk = rare.randrange(25), rare.choice((1, 2, FOR_EVER))
        return Luck(deaths, is_bad_weather, full_disk)

    def _edit(self) -> None:
        """A person adds, takes out, arranges, or sets a thumbnail."""
        random, account = self.random, self.account
        product_id = random.choice(account.products)
        gallery = list(account.plytix.gallery(product_id))
        draw = random.random()
        if draw < 0.5 or not gallery:
            gallery.insert(random.randint(0, len(gallery)), account.own_picture())
        elif draw < 0.7:
            gallery.pop(random.randrange(len(gallery)))
        elif draw < 0.9:
            random.shuffle(gallery)
        else:
            account.set_thumbnail(product_id, random.choice(gallery))
            return
        account.arrange(product_id, gallery)

    def _images(self) -> list[tuple[str, str]]:
        chosen = self.random.sample(self.pool, self.random.choice((1, 2, 3, 4)))
        return list(zip(chosen, self.random.sample(VARIANTS, len(chosen)), strict=True))


def broken(seed: int, *, log: bool = False) -> str:
    """What of the promises a seed broke; nothing where all were kept."""
    life = TakingBack(seed)
    try:
        life.live()
    except BrokenPromiseError as promise:
        if log:
            print("\n".join(life.account.world.story()))
        return str(promise)
    return ""
