"""What can go wrong in the world, and the people who work in the galleries meanwhile."""

from collections.abc import Callable, Sequence
from random import Random

from simulation.judge import Judge
from simulation.ledger import FOR_EVER, Disk
from simulation.plytix import Plytix, Weather
from simulation.user import User
from simulation.world import World

_KINDS = (
    (),
    (),
    ("product_write", "link"),
    ("asset_upload",),
    ("product_search",),
    ("product_search", "product_read", "asset_search"),
    ("token",),
)

_FULL_DISKS = 0.08
_OTHER_PROGRAMS = 0.05
_SAME_PICTURES = 0.05
_CLOCKS_SET = 0.1
_MADE_WITH_PICTURES = 0.3
_PUT_MEANWHILE = 0.2


class Misfortunes:
    """Each is drawn from the world's chance. Once they are over, those that are still to come do not happen.

    `pool` are the addresses that mappings name: people use the same pictures.
    """

    def __init__(
        self,
        world: World,
        plytix: Plytix,
        judge: Judge,
        disk: Disk,
        user: User,
        limits: Sequence[tuple[int, float]],
        pool: Sequence[str],
    ) -> None:
        self._world, self._plytix, self._judge, self._disk, self._user = world, plytix, judge, disk, user
        self._limits, self._pool = tuple(limits), pool
        self._random = world.random
        # A chance of its own, and one that leaves the seeds as they were that have found something before.
        self._rare = Random(f"rare 12604 {world.seed}")
        self._between = Random(f"between {world.seed}")
        self._strangers = 0
        self.is_over = False
        plytix.connects_slowly = self._at_the_worst_moment

    def befall(self) -> None:
        random, world = self._random, self._world
        at_s = random.expovariate(1 / 4.0)
        happen: Callable[[], None] = random.choice(
            (
                self._kill,
                self._kill,
                self._kill_at_commit,
                self._kill_at_commit,
                self._interrupt,
                self._suspend,
                self._jump,
                self._storm,
                self._storm,
                self._storm,
                self._other_client,
                self._lower_limits,
                self._expire,
                self._people,
                self._people,
                self._people,
                self._delete_asset,
                self._delete_product,
            )
        )
        if happen == self._kill_at_commit:
            self._disk.kill_in, self._disk.kill_after = random.randrange(80), random.random() < 0.5
            return
        world.after(at_s, self._happen, happen)

    def befall_rarely(self) -> None:
        """What only some days have; no day has more than one of it."""
        rare, disk = self._rare, self._disk
        draw = rare.random()
        if draw < _FULL_DISKS:
            disk.full_in, disk.full_for = rare.randrange(80), rare.choice((1, 2, FOR_EVER))
        elif draw < _FULL_DISKS + _OTHER_PROGRAMS:
            self._world.after(rare.expovariate(1 / 4.0), self._happen, self._start_other_program)
        elif draw < _FULL_DISKS + _OTHER_PROGRAMS + _SAME_PICTURES:
            for product_id in self._judge.products() * 3:
                self._world.after(rare.uniform(0.0, 15.0), self._put_wanted, product_id)

    def befall_between(self) -> None:
        """While no command runs, the clock may be set."""
        if self._between.random() < _CLOCKS_SET:
            self._world.log("wall jump", "2 h")
            self._set_clock(7200.0)

    def _happen(self, happen: Callable[[], None]) -> None:
        if not self.is_over:
            self._judge.figures["misfortunes"] += 1
            happen()

    def _kill_at_commit(self) -> None: ...

    def _kill(self) -> None:
        self._user.kill()

    def _interrupt(self) -> None:
        self._user.interrupt()

    def _suspend(self) -> None:
        seconds = self._random.choice((1.0, 2.0, 5.0, 30.0, 1800.0)) * self._random.uniform(0.5, 2.0)
        self._world.log("suspend", f"{seconds:.1f} s")
        self._world.suspend(seconds)
        self._world.log("wake")

    def _jump(self) -> None:
        hours = self._random.choice((-5.0, -1.0, -0.01, 0.01, 1.0, 5.0))
        if hours < 0 and not self._world.has_boot_clock:
            hours = -hours
        self._world.log("wall jump", f"{hours} h")
        self._set_clock(hours * 3600)

    def _set_clock(self, seconds: float) -> None:
        self._judge.clock_went_ahead |= seconds > 0
        self._world.jump_wall(seconds)

    def _storm(self) -> None:
        random = self._random
        weather = Weather(kinds=random.choice(_KINDS), others=self._plytix.weather.others)
        for name in random.sample(("error", "reset", "lost", "cut", "slow"), random.randint(1, 3)):
            setattr(weather, name, random.choice((0.05, 0.3, 0.3, 1.0)) / 2)
        if random.random() < 0.15:
            weather.stale_s = random.choice((0.5, 2.0, 6.0))
            self._judge.stale_s = max(self._judge.stale_s, weather.stale_s)
        if random.random() < 0.1:
            weather.refused = 0.3
        weather.token_limited = random.random() < 0.15
        self._world.log("weather", weather)
        self._plytix.weather = weather
        self._world.after(random.choice((2.0, 20.0, 90.0)), self._clear_up)

    def _clear_up(self) -> None:
        self._world.log("weather", "is fine")
        self._plytix.weather = Weather(others=self._plytix.weather.others)

    def _other_client(self) -> None:
        share = self._random.choice((0.2, 0.5, 0.9))
        self._world.log("others", f"take {share:.0%} of the account")
        self._plytix.weather.others = share
        self._world.after(self._random.choice((10.0, 100.0, 1000.0)), self._others_leave)

    def _others_leave(self) -> None:
        self._plytix.weather.others = 0.0
        self._world.log("others", "have left")

    def _lower_limits(self) -> None:
        share = self._random.choice((0.3, 0.5, 0.8))
        lower = tuple((max(1, int(allowed * share)), window_s) for allowed, window_s in self._limits)
        self._world.log("limits", lower)
        self._plytix.set_limits(lower)
        self._world.after(self._random.choice((30.0, 300.0)), self._plytix.set_limits, self._limits)

    def _expire(self) -> None:
        self._world.log("tokens", "expire")
        self._plytix.tokens.delete_all()

    def _people(self) -> None:
        """Somebody works in the galleries for a while."""
        random = self._random
        products = self._judge.products()
        if not products:
            return
        chosen = random.sample(products, min(len(products), random.choice((1, 2, 5))))
        pause_s = random.choice((0.2, 0.5, 2.0, 10.0))
        self._work_on(chosen, pause_s, random.randint(1, 30))

    def _work_on(self, products: Sequence[str], pause_s: float, left: int) -> None:
        if self.is_over or not left:
            return
        product_id = self._random.choice(products)
        if product_id in self._judge.products():
            self.edit(product_id)
        self._world.after(
            self._random.uniform(0.3, 1.7) * pause_s, self._work_on, products, pause_s, left - 1
        )

    def edit(self, product_id: str) -> None:
        random, plytix = self._random, self._plytix
        gallery = list(plytix.gallery(product_id))
        draw = random.random()
        if draw < 0.5 or not gallery:
            if random.random() < 0.7:
                self._strangers += 1
                url = f"https://by-hand.example/p{self._strangers}.jpg"
            else:
                url = random.choice([one for one in self._pool if one not in plytix.refused_urls] or ["x"])
            asset_id = plytix.add_asset(url, self.name_by_hand(url))
            if asset_id in gallery:
                return
            gallery.insert(random.choice((0, len(gallery))), asset_id)
        elif draw < 0.75:
            gallery.pop(random.randrange(len(gallery)))
        elif draw < 0.95:
            random.shuffle(gallery)
        else:
            asset_id = random.choice(gallery)
            self._world.log("person", "sets the thumbnail of", product_id, asset_id)
            plytix.edit_thumbnail(product_id, asset_id)
            return
        self._world.log("person", "arranges", product_id, gallery)
        plytix.edit(product_id, gallery)

    def _start_other_program(self) -> None:
        """It adds pictures to galleries as this one does, and never looks again: the later write wins."""
        for product_id in self._judge.products():
            self._strangers += 1
            url = f"https://by-another.example/p{self._strangers}.jpg"
            asset_id = self._plytix.add_asset(url, self.name_by_hand(url))
            written = (*self._plytix.gallery(product_id), asset_id)
            self._world.after(self._rare.uniform(0.1, 5.0), self._other_write, product_id, written)

    def _other_write(self, product_id: str, written: Sequence[str]) -> None:
        if self.is_over or product_id not in self._judge.products():
            return
        standing = [one.id for one in self._plytix.store.assets(written)]
        self._world.log("other program", "writes", product_id, standing)
        self._plytix.edit(product_id, standing)

    def _put_wanted(self, product_id: str) -> None:
        """Somebody is quicker than the program to put a picture where it is wanted."""
        if self.is_over or product_id not in self._judge.products():
            return
        sku, refused = self._judge.sku_of(product_id), self._plytix.refused_urls
        products = [one for one in self._user.mapping if one.sku == sku]
        urls = [image.url for one in products for image in one.images if image.url not in refused]
        if not urls:
            return
        url = self._rare.choice(urls)
        asset_id, gallery = (
            self._plytix.add_asset(url, self.name_by_hand(url)),
            self._plytix.gallery(product_id),
        )
        if asset_id not in gallery:
            self._world.log("person", "puts what is wanted into", product_id, asset_id)
            self._plytix.edit(product_id, (*gallery, asset_id))

    def _at_the_worst_moment(self, product_id: str, seconds: float) -> None:
        """Somebody works on a product just while a write to it waits for its connection."""
        if not self.is_over and self._random.random() < 0.5:
            self._world.after(self._random.uniform(0.0, seconds), self._work_on, [product_id], 1.0, 1)
        if self._between.random() < _PUT_MEANWHILE:
            self._world.after(self._between.uniform(0.0, seconds), self._put_wanted, product_id)

    def _delete_asset(self) -> None:
        used = sorted({one for p in self._judge.products() for one in self._plytix.gallery(p)})
        if used:
            asset_id = self._random.choice(used)
            self._world.log("person", "deletes asset", asset_id)
            self._plytix.delete_asset(asset_id)

    def _delete_product(self) -> None:
        products = self._judge.products()
        if not products:
            return
        product_id = self._random.choice(products)
        sku = self._judge.sku_of(product_id)
        self._world.log("person", "deletes product", product_id, sku)
        self._plytix.delete_product(product_id)
        if self._random.random() < 0.7:
            self._world.after(self._random.expovariate(1 / 10.0), self._make_again, sku)

    def _make_again(self, sku: str) -> None:
        if self._plytix.product_id(sku) is None:
            self._world.log("person", "makes product", sku)
            self.make_product(sku)
            if self._between.random() < _MADE_WITH_PICTURES:
                self._put_wanted(self._plytix.product_id(sku) or "")

    def name_by_hand(self, url: str) -> str:
        """Where a conflict does not name the asset, it can be found only as what its address is called."""
        name = url.rpartition("/")[2]
        is_plain = self._plytix.traits.conflict_without_id or self._random.random() < 0.5
        return name if is_plain else f"amazon_01_MAIN_{name}"

    def make_product(self, sku: str) -> None:
        self._judge.product_made(self._plytix.add_product(sku), sku)
