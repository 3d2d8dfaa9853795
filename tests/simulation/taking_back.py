"""Any catalogue, and any order of plan, apply, people's edits, prune, undo and deaths: what is taken back.

People work between the commands here, not during them, so what must stand afterwards is known exactly.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from simulation.judge import BrokenPromiseError, Judge
from simulation.ledger import Disk
from simulation.plytix import Plytix, Traits, Weather
from simulation.simulation import seldom_told
from simulation.user import KILLED, NOTHING_TO_RESUME, NOTHING_TO_UNDO, Ended, User
from simulation.world import World

from amzsync.domain.product import ImageRef, Product
from amzsync.ledger.reasons import PUT_LAST, STANDS_ELSEWHERE

_VARIANTS = ("MAIN", "PT01", "PT02", "PT03", "SWATCH", "BACK")
_DONE = ("finished", "failures", NOTHING_TO_RESUME, NOTHING_TO_UNDO)
Standing = dict[str, tuple[tuple[str, ...], str | None]]


@dataclass
class TakingBack:
    """One seed's life."""

    seed: int
    log: bool = False
    theirs: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.world = world = World(self.seed)
        self.random = random = Random(self.seed)
        self.judge = Judge(())
        traits = Traits(ids_only=random.random() < 0.2, gallery_untold=random.random() < 0.1)
        self.plytix = Plytix(world, self.judge, traits, ())
        self.disk = Disk(world, keeps_history=False)
        self.user = User(world, self.plytix, self.judge, self.disk, ())
        self.pool = [f"https://m.media-amazon.com/images/I/i{n:02d}.jpg" for n in range(6)]
        self.skus = [f"S{n}" for n in range(random.choice((1, 1, 2, 3)))]

    def live(self) -> None:
        try:
            with seldom_told():
                self._live()
        finally:
            self.plytix.close()

    def _live(self) -> None:
        for sku in self.skus:
            self.judge.product_made(self.plytix.add_product(sku), sku)
        for _ in range(self.random.randint(0, 2)):
            self._edit()
        self._apply()
        for _ in range(self.random.randint(1, 4)):
            self.random.choice((self._edit, self._apply, self._apply, self._prune, self._undo, self._undo))()
        self._apply_and_undo()
        self._undo_twice()
        self._prune_twice()

    # What is proved.

    def _apply_and_undo(self) -> None:
        before = self._standing()
        self._apply()
        applied = self._standing()
        if before != applied:
            self._undo_to(before, "an apply that was undone")

    def _undo_twice(self) -> None:
        before = self._standing()
        self._undo()
        if self._standing() != before:
            self._undo_to(before, "an undo that was undone")

    def _undo_to(self, before: Standing, what: str) -> None:
        self._undo()
        reasons = self._reasons()
        # What cannot be known of an account, and a thumbnail of a person that an unlink would take.
        if not reasons:
            self._same(before, what)
        elif not reasons.issubset({PUT_LAST, STANDS_ELSEWHERE}):
            raise BrokenPromiseError(f"{what} left something for {reasons}")

    def _reasons(self) -> set[str]:
        with self.disk.open() as ledger:
            return {one.reason for one in ledger.work(ledger.runs.latest(1)[0].id).kept()}

    def _prune_twice(self) -> None:
        self._prune()
        pruned = self._standing()
        ended = self._run("prune", self.user.prune)
        self._same(pruned, "a second prune")
        if ended.requests and ended.outcome == "finished":
            raise BrokenPromiseError(f"a second prune made {ended.requests} requests")

    def _same(self, before: Standing, what: str) -> None:
        now = self._standing()
        if now != before:
            raise BrokenPromiseError(f"{what} left {now}, not {before}")

    # What happens.

    def _apply(self) -> None:
        if self.random.random() < 0.8:
            self.user.mapping = [
                Product(sku, is_parent=False, images=self._images())
                for sku in self.skus
                if self.random.random() < 0.9
            ] or [Product(self.skus[0], is_parent=False, images=self._images())]
        self._run("apply", self.user.apply)

    def _prune(self) -> None:
        self._run("prune", self.user.prune)

    def _undo(self) -> None:
        self._run("undo", self.user.undo)

    def _run(self, name: str, command: Callable[[], Ended]) -> Ended:
        """A command, in bad weather or killed some times, and carried on until it comes to its end."""
        random = self.random
        before = self._standing()
        if random.random() < 0.4:
            self.plytix.weather = Weather(error=0.1, lost=0.15, cut=0.05)
        kills = random.choice((0, 0, 1, 1, 2, 3))
        runs = self._runs()
        ended = Ended(KILLED)
        while ended.outcome not in _DONE:
            self.disk.kill_in = random.randrange(25) if kills else None
            self.disk.kill_after = random.random() < 0.5
            kills -= kills > 0
            # Killed before its first commit, a command was never typed.
            ended = command() if self._runs() == runs else self.user.resume()
            if ended.outcome == KILLED:
                self.world.pass_time(200.0)
        self.disk.kill_in = None
        self.plytix.weather = Weather()
        self.world.pass_time(200.0)
        self._check_people(name, before)
        return ended

    def _runs(self) -> int:
        with self.disk.open() as ledger:
            return len(ledger.runs.latest(1000))

    def _edit(self) -> None:
        """A person adds, takes out, arranges, or sets a thumbnail."""
        random, plytix = self.random, self.plytix
        product_id = random.choice(self.judge.products())
        gallery = list(plytix.gallery(product_id))
        draw = random.random()
        if draw < 0.5 or not gallery:
            url = f"https://by-hand.example/p{len(self.theirs)}.jpg"
            asset_id = plytix.add_asset(url, url.rpartition("/")[2])
            self.theirs.add(asset_id)
            gallery.insert(random.randint(0, len(gallery)), asset_id)
        elif draw < 0.7:
            gallery.pop(random.randrange(len(gallery)))
        elif draw < 0.9:
            random.shuffle(gallery)
        else:
            plytix.edit_thumbnail(product_id, random.choice(gallery))
            self.world.log("person", "sets the thumbnail of", product_id)
            return
        self.world.log("person", "arranges", product_id, gallery)
        plytix.edit(product_id, gallery)

    # What stands.

    def _standing(self) -> Standing:
        return {
            product_id: (self.plytix.gallery(product_id), self.plytix.thumbnail(product_id))
            for product_id in self.judge.products()
        }

    def _check_people(self, name: str, before: Standing) -> None:
        for product_id, (gallery, thumbnail) in self._standing().items():
            was, shown = before[product_id]
            if self._of_people(gallery) != self._of_people(was):
                raise BrokenPromiseError(f"{name} made {was} of {product_id} to {gallery}")
            if name == "prune" and shown in self.theirs and thumbnail != shown:
                raise BrokenPromiseError(f"{name} changed the thumbnail {shown} of {product_id}")

    def _of_people(self, gallery: Sequence[str]) -> list[str]:
        return [one for one in gallery if one in self.theirs]

    def _images(self) -> tuple[ImageRef, ...]:
        chosen = self.random.sample(self.pool, self.random.choice((1, 2, 3, 4)))
        variants = self.random.sample(_VARIANTS, len(chosen))
        return tuple(ImageRef(url, variant) for url, variant in zip(chosen, variants, strict=True))


def broken(seed: int, *, log: bool = False) -> str:
    """What of the promises a seed broke; nothing where all were kept."""
    life = TakingBack(seed)
    try:
        life.live()
    except BrokenPromiseError as promise:
        if log:
            print("\n".join(life.world.story()))
        return str(promise)
    return ""
