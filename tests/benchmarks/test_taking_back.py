"""What taking back costs: requests against the floor at an account's real pace, in virtual time."""

from math import ceil

import pytest
from benchmarks.measuring import tell
from simulation.judge import Judge
from simulation.ledger import Disk
from simulation.plytix import Plytix, Traits
from simulation.simulation import seldom_told
from simulation.user import Ended, User
from simulation.world import World

from amzsync.domain.product import ImageRef, Product
from amzsync.limits.windows import Limit

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

_PRODUCTS, _IMAGES, _UNIQUE, _OF_PEOPLE, _PRUNED = 1_000, 9, 1_000, 100, 3
_LIMITS = ((50, 10.0), (5000, 3600.0))
_VARIANTS = ("MAIN", *(f"PT{n:02d}" for n in range(1, _IMAGES)))


class Account:
    """A thousand products on an account that takes 50 requests in 10 s; people have pictures in a hundred."""

    def __init__(self) -> None:
        self.world = World(1)
        self.judge = Judge(())
        self.plytix = Plytix(self.world, self.judge, Traits(), ())
        self.user = User(self.world, self.plytix, self.judge, Disk(self.world, keeps_history=False), ())
        for number in range(_PRODUCTS):
            product_id = self.plytix.add_product(f"S{number}")
            self.judge.product_made(product_id, f"S{number}")
            if number % (_PRODUCTS // _OF_PEOPLE) == 0:
                own = self.plytix.add_asset(f"https://by-hand.example/{number}.jpg", f"{number}.jpg")
                self.plytix.edit(product_id, [own])

    def want(self, images: int) -> None:
        self.user.mapping = [
            Product(
                f"S{number}",
                is_parent=False,
                images=tuple(
                    ImageRef(
                        f"https://m.media-amazon.com/images/I/i{(number + place) % _UNIQUE:04d}.jpg", variant
                    )
                    for place, variant in enumerate(_VARIANTS[:images])
                ),
            )
            for number in range(_PRODUCTS)
        ]

    def slow_down(self) -> None:
        """To the real pace, with windows that are empty."""
        self.world.pass_time(4000.0)
        self.plytix.set_limits(_LIMITS)
        self.user.limits = tuple(Limit(*one) for one in _LIMITS)


def _tell(what: str, ended: Ended, writes: int) -> None:
    """`writes`: one for each product that is written whole, and one for each picture that is unlinked."""
    floor = ceil(_PRODUCTS / 100) + writes + 1
    # A search serves at most the writes that can follow it in time: the rest of a window.
    in_time = floor - ceil(_PRODUCTS / 100) + ceil(_PRODUCTS / (_LIMITS[0][0] - 1))
    tell(f"{what}: requests / floor", f"{ended.requests / floor:.4f}", "1.05")
    tell(f"{what}: requests / floor with readings of 3 s", f"{ended.requests / in_time:.4f}", "1.05")
    assert ended.outcome == "finished"
    assert ended.requests <= 1.05 * floor


def test_taking_back_stays_near_the_floor_at_the_real_pace() -> None:
    account = Account()
    user = account.user
    ours = _PRODUCTS - _OF_PEOPLE
    with seldom_told():
        account.want(_IMAGES)
        user.apply()
        account.slow_down()
        # In a gallery of people, the thumbnail is a write, and each picture an unlink.
        _tell("undo", user.undo(), ours + _OF_PEOPLE * (1 + _IMAGES))
        # By then the account is known to replace a gallery in order.
        _tell("undo of that undo", user.undo(), _PRODUCTS)
        account.want(_IMAGES - _PRUNED)
        user.plan()
        _tell("prune", user.prune(), ours + _OF_PEOPLE * _PRUNED)
    account.plytix.close()
