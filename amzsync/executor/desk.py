"""One product at hand: what is wanted for it, what was seen of it, and what it needs next."""

from dataclasses import dataclass, field, replace

from amzsync.executor.decide import Decision, Replace, decide, is_ours
from amzsync.executor.freshness import Instant, Reading
from amzsync.executor.retries import Failing
from amzsync.ledger.rows import Link, Origin, ProductWork, State
from amzsync.ledger.work import Refusal
from amzsync.plytix.wire import PlytixProduct

__all__ = ["Desk", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What Plytix showed of a product's gallery and thumbnail, and when; None before the first reading."""

    gallery: tuple[str, ...] = ()
    thumbnail: str | None = None
    reading: Reading | None = None

    def showing(self, gallery: tuple[str, ...]) -> "Seen":
        return replace(self, gallery=gallery)


@dataclass(slots=True)
class Desk:
    """A product being worked on. `ids` are the Plytix ids of its pictures as they become known.

    `made`: the pictures that writes of this run have linked, or may have; `written`: the places in the last.
    `batch`: of how many products the last reading was, where it was made for their writes.
    `was_doubted`: a write was refused, so the product itself was asked whether it has such a gallery.
    `untold`: the search did not tell the gallery; `untold_assets`: nor whether there are any assets.
    """

    work: ProductWork
    plytix_id: str = ""
    seen: Seen = field(default_factory=Seen)
    untold: bool = False
    untold_assets: bool = False
    ids: dict[int, str] = field(default_factory=dict)
    failed: set[int] = field(default_factory=set)
    waits_for: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    failing: Failing = field(default_factory=Failing)
    times_stale: int = 0
    batch: int = 0
    was_doubted: bool = False
    was_claimed: bool = False
    only_append: bool = False
    to_append: list[str] = field(default_factory=list)
    made: set[str] = field(default_factory=set)
    written: dict[str, int] | None = None
    failed_links: set[int] = field(default_factory=set)
    thumbnail_left: str | None = None
    thumbnail_by_link: bool = False
    thumbnail_made: bool = False
    thumbnail_failed: Refusal | None = None

    @property
    def was_told(self) -> bool:
        """Whether a reading has shown the gallery."""
        return self.seen.reading is not None and not self.untold

    @property
    def links(self) -> list[Link]:
        """The wanted links, in gallery order."""
        return [link for link in self.work.links if link.state is not State.OBSOLETE]

    @property
    def was_begun(self) -> bool:
        """An earlier run sent a write to it, and did not come to its end."""
        thumbnail = self.work.thumbnail
        is_begun = thumbnail is not None and thumbnail.state is State.IN_FLIGHT
        return is_begun or any(link.state is State.IN_FLIGHT for link in self.work.links)

    @property
    def is_begun(self) -> bool:
        return self.was_claimed or self.was_begun

    @property
    def open_links(self) -> list[int]:
        return [link.asset_id for link in self.work.links if link.state.is_open]

    @property
    def has_open_thumbnail(self) -> bool:
        return self.work.thumbnail is not None and self.work.thumbnail.state.is_open

    @property
    def thumbnail(self) -> str | None:
        """The Plytix id of the wanted thumbnail, where it is still to be settled."""
        if self.work.thumbnail is None or not self.has_open_thumbnail:
            return None
        return self.ids.get(self.work.thumbnail.asset_id)

    @property
    def wanted(self) -> list[str]:
        """The Plytix ids of all wanted pictures that exist, in gallery order, each once."""
        wanted = [self.ids[link.asset_id] for link in self.links if link.asset_id in self.ids]
        return list(dict.fromkeys(wanted))

    @property
    def own(self) -> dict[str, int]:
        """What this ledger put into the gallery, and the places at which its writes left it."""
        return {
            self.ids[link.asset_id]: link.position if link.placed is None else link.placed
            for link in self.work.links
            if link.asset_id in self.ids and link.origin is Origin.MADE
        }

    @property
    def sent(self) -> dict[str, int]:
        """The places in the last write that was not answered, of this run or of one that died."""
        if self.written is not None:
            return self.written
        return {
            self.ids[link.asset_id]: link.sent
            for link in self.work.links
            if link.asset_id in self.ids and link.sent is not None
        }

    @property
    def is_ours(self) -> bool:
        """Whether the gallery holds what this ledger put there alone, in its order."""
        return is_ours(self.seen.gallery, self.own, self.sent)

    def standing(self, gallery: tuple[str, ...]) -> dict[int, int]:
        """Where each link stands in a gallery, of those that do, no longer wanted ones among them."""
        places = {asset_id: place for place, asset_id in enumerate(gallery, 1)}
        return {
            link.asset_id: places[self.ids[link.asset_id]]
            for link in self.work.links
            if self.ids.get(link.asset_id) in places
        }

    def placed(self, gallery: tuple[str, ...]) -> dict[int, int]:
        """Where each wanted link stands in a gallery, of those that do."""
        standing = self.standing(gallery)
        return {link.asset_id: standing[link.asset_id] for link in self.links if link.asset_id in standing}

    @property
    def found(self) -> dict[int, int]:
        """The links that were seen to stand without a write of ours, and where."""
        pending = {
            link.asset_id
            for link in self.links
            if link.state is State.PENDING and link.origin is not Origin.MADE and link.sent is None
        }
        return {row: place for row, place in self.placed(self.seen.gallery).items() if row in pending}

    @property
    def misplaced(self) -> list[int]:
        """The wanted links that stand in a gallery of ours at another place than among them they should."""
        standing = [asset_id for asset_id in self.wanted if asset_id in self.seen.gallery]
        decision = decide(
            seen=self.seen.gallery,
            seen_thumbnail=None,
            wanted=standing,
            thumbnail=None,
            own=self.own,
            sent=self.sent,
        )
        places = decision.places if isinstance(decision, Replace) else None
        now = self.placed(self.seen.gallery)
        return [row for row, place in now.items() if places and places[self.ids[row]] != place]

    def decide(self, *, only_append: bool) -> Decision:
        """What is to be written, from what was seen last."""
        return decide(
            seen=self.seen.gallery,
            seen_thumbnail=self.seen.thumbnail,
            wanted=self.wanted,
            thumbnail=self.thumbnail,
            own=self.own,
            sent=self.sent,
            only_append=only_append or self.only_append,
        )

    def is_fresh(self, now: Instant) -> bool:
        """Whether a write that replaces may rest on the last reading."""
        return self.seen.reading is not None and self.seen.reading.is_usable(now)

    def see(self, product: PlytixProduct, gallery: tuple[str, ...] | None, reading: Reading | None) -> None:
        """Take in a reading; a gallery of None was not told."""
        self.plytix_id = product.id
        self.untold = gallery is None
        self.untold_assets = product.assets is None
        self.seen = Seen(gallery or (), product.thumbnail_id, reading)
