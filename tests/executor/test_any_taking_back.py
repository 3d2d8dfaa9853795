"""Whatever is wanted, arranged by people, applied, pruned and undone: their pictures stay, and undo is exact.

In one thread and in virtual time, against the sandbox's own service: a failing example shrinks in seconds.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from simulation.plytix import Traits
from simulation.simulation import seldom_told
from simulation.taking_back import VARIANTS, Account, Luck

_SKUS = ("S0", "S1")
_PICTURES = tuple(f"https://m.media-amazon.com/images/I/{image_id}.jpg" for image_id in "abcd")
Step = Callable[[Account], None]


@dataclass(frozen=True)
class Apply:
    """None: the same mapping as before."""

    mapping: dict[str, list[tuple[str, str]]] | None
    luck: Luck

    def __call__(self, account: Account) -> None:
        account.apply(self.mapping, self.luck)


@dataclass(frozen=True)
class Prune:
    luck: Luck

    def __call__(self, account: Account) -> None:
        account.prune(self.luck)


@dataclass(frozen=True)
class Undo:
    luck: Luck

    def __call__(self, account: Account) -> None:
        account.undo(self.luck)


@dataclass(frozen=True)
class Arrange:
    """A person's gallery: a picture of their own, or one that stands there, at each place."""

    product: int
    places: tuple[int | None, ...]
    sets_thumbnail: bool

    def __call__(self, account: Account) -> None:
        product_id = account.products[self.product]
        there = account.plytix.gallery(product_id)
        chosen = [
            there[place % len(there)] if place is not None and there else account.own_picture()
            for place in self.places
        ]
        gallery = list(dict.fromkeys(chosen))
        account.arrange(product_id, gallery)
        if gallery and self.sets_thumbnail:
            account.set_thumbnail(product_id, gallery[-1])


_lucks = st.builds(Luck, st.lists(st.tuples(st.integers(0, 24), st.booleans()), max_size=2).map(tuple))
_images = st.lists(
    st.tuples(st.sampled_from(_PICTURES), st.sampled_from(VARIANTS)),
    min_size=1,
    max_size=3,
    unique_by=(lambda one: one[0], lambda one: one[1]),
)
_mappings = st.dictionaries(st.sampled_from(_SKUS), _images, min_size=1)
_applies = st.builds(Apply, st.none() | _mappings, _lucks)
_arranges = st.builds(
    Arrange,
    st.integers(0, len(_SKUS) - 1),
    st.lists(st.none() | st.integers(0, 3), max_size=3).map(tuple),
    st.booleans(),
)
_steps: st.SearchStrategy[Step] = st.one_of(
    _arranges, _applies, st.builds(Undo, _lucks), st.builds(Prune, _lucks)
)


@settings(
    max_examples=50,
    phases=[one for one in Phase if one is not Phase.explain],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    is_untold=st.booleans(),
    steps=st.lists(_steps, max_size=4),
    last=_mappings,
    edits=st.lists(_arranges, max_size=2),
    luck=_lucks,
)
def test_pictures_of_people_stay_and_what_is_undone_is_as_it_was(
    *,
    is_untold: bool,
    steps: list[Step],
    last: dict[str, list[tuple[str, str]]],
    edits: list[Arrange],
    luck: Luck,
) -> None:
    with seldom_told(), Account(0, _SKUS, Traits(gallery_untold=is_untold)) as account:
        for step in steps:
            step(account)
        before = account.standing()
        account.apply(last, luck)
        account.undo_to(before, "an apply that was undone", luck)
        before = account.standing()
        account.undo(luck)
        account.undo_to(before, "an undo that was undone", luck)
        for edit in edits:
            edit(account)
        account.undo(luck)
        account.prune_twice(luck, luck)
