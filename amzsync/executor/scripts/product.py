"""One product during a run: what is wanted for it, what was seen of it, and what was done to it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from amzsync.executor.engine.freshness import Reading
from amzsync.executor.scripts.decide import Decision, Replace, decide, is_ours, missing, own_places
from amzsync.executor.scripts.last_write import LastWrite
from amzsync.ledger.rows import Link, Origin, ProductWork, State
from amzsync.ledger.work_rows import Refusal
from amzsync.ledger.writes import Standing
from amzsync.plytix.wire import PlytixProduct

__all__ = ["KnownReading", "ProductState"]


@dataclass(frozen=True, slots=True)
class KnownReading:
    """A product as a reading showed it."""

    seen: PlytixProduct
    reading: Reading


@dataclass(slots=True)
class ProductState:
    """`ids` are the Plytix ids of its pictures, by asset row, as they become known.

    `known` is what the last reading showed; `gallery` also has what was linked since (None: it was not
    told). `made` are the pictures that writes of this run have linked, or may have; `written` are the places
    in the last of them, `left` those that a reading showed last, where all were this ledger's own.
    `last_write` is that of this run, as long as it is not known whether it arrived; `not_arrived` are
    pictures of writes of which it is known that they did not.
    """

    product: ProductWork
    ids: dict[int, str] = field(default_factory=dict)
    known: KnownReading | None = None
    gallery: tuple[str, ...] | None = None
    made: set[str] = field(default_factory=set)
    written: dict[str, int] | None = None
    last_write: LastWrite | None = None
    not_arrived: set[str] = field(default_factory=set)
    failed_links: set[int] = field(default_factory=set)
    left: dict[str, float] | None = None
    thumbnail_result: Origin | Refusal | None = None
    was_claimed: bool = False
    only_append: bool = False

    @property
    def seen(self) -> PlytixProduct | None:
        return self.known.seen if self.known else None

    @property
    def reading(self) -> Reading | None:
        return self.known.reading if self.known else None

    @property
    def plytix_id(self) -> str:
        return self.seen.id if self.seen else ""

    @property
    def links(self) -> list[Link]:
        """The wanted links, in gallery order."""
        return [link for link in self.product.links if link.state is not State.OBSOLETE]

    @property
    def was_begun(self) -> bool:
        """An earlier run sent a write to it, and did not come to its end."""
        thumbnail = self.product.thumbnail
        is_begun = thumbnail is not None and thumbnail.state is State.IN_FLIGHT
        return is_begun or any(link.state is State.IN_FLIGHT for link in self.product.links)

    @property
    def open_links(self) -> list[int]:
        return [link.asset_id for link in self.product.links if link.state.is_open]

    @property
    def has_open_thumbnail(self) -> bool:
        return self.product.thumbnail is not None and self.product.thumbnail.state.is_open

    @property
    def open_assets(self) -> set[int]:
        """The pictures that have to be in Plytix before it can be written."""
        rows = set(self.open_links)
        if self.product.thumbnail and self.has_open_thumbnail:
            rows.add(self.product.thumbnail.asset_id)
        return rows

    @property
    def thumbnail(self) -> str | None:
        """The Plytix id of the wanted thumbnail, where it is still open."""
        if self.product.thumbnail is None or not self.has_open_thumbnail:
            return None
        return self.ids.get(self.product.thumbnail.asset_id)

    @property
    def wanted(self) -> list[str]:
        """The Plytix ids of all pictures to be there that exist, in gallery order, each once."""
        links = (link for link in self.links if not link.is_left_out)
        wanted = [self.ids[link.asset_id] for link in links if link.asset_id in self.ids]
        return list(dict.fromkeys(wanted))

    @property
    def missing(self) -> tuple[str, ...]:
        """The wanted pictures that are not in the gallery, as far as the product has room for them."""
        return missing(self.wanted, self.gallery or ())

    @property
    def own(self) -> Mapping[str, float]:
        """What this ledger put into the gallery, and the places at which its writes left it."""
        if self.left is not None:
            return self.left
        return {
            self.ids[link.asset_id]: link.position if link.placed is None else link.placed
            for link in self.product.links
            if link.asset_id in self.ids
            and link.origin is Origin.MADE
            and self.ids[link.asset_id] not in self.not_arrived
        }

    @property
    def sent(self) -> dict[str, int]:
        """The places in the last write that was not answered, of this run or of one that died."""
        if self.written is not None:
            return self.written
        return {
            self.ids[link.asset_id]: link.sent
            for link in self.product.links
            if link.asset_id in self.ids
            and link.sent is not None
            and self.ids[link.asset_id] not in self.not_arrived
        }

    @property
    def standing_now(self) -> Standing:
        """Gallery and thumbnail as they are known to stand."""
        thumbnail = self.seen.thumbnail_id if self.seen else None
        if self.thumbnail_result is Origin.MADE and self.thumbnail is not None:
            thumbnail = self.thumbnail
        return Standing(self.gallery or (), thumbnail)

    @property
    def is_ours(self) -> bool:
        """Whether the gallery holds only what this ledger put there, in its order."""
        return is_ours(self.gallery or (), self.own, self.sent)

    def rows_of(self, plytix_id: str) -> list[int]:
        """The asset rows that stand for this Plytix asset."""
        return [row for row, known in self.ids.items() if known == plytix_id]

    def standing(self, gallery: tuple[str, ...]) -> dict[int, int]:
        """Where each link stands in a gallery, of those that do, no longer wanted ones among them."""
        places = {asset_id: place for place, asset_id in enumerate(gallery, 1)}
        return {
            link.asset_id: places[self.ids[link.asset_id]]
            for link in self.product.links
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
        return {row: place for row, place in self.placed(self.gallery or ()).items() if row in pending}

    @property
    def misplaced(self) -> list[int]:
        """The wanted links that stand in a gallery of ours at another place than among them they should."""
        gallery = self.gallery or ()
        standing = [asset_id for asset_id in self.wanted if asset_id in gallery]
        decision = decide(
            seen=gallery,
            seen_thumbnail=None,
            wanted=standing,
            thumbnail=None,
            may_replace=self.is_ours,
        )
        places = decision.places if isinstance(decision, Replace) else None
        now = self.placed(gallery)
        return [row for row, place in now.items() if places and places[self.ids[row]] != place]

    def places_after(self, linked: str) -> dict[str, int]:
        """At which place each picture of ours stands once this one is linked: of this run, or all of them.

        Where a person has arranged them, those of this run keep the places at which it put them.
        """
        after = {asset_id: place for place, asset_id in enumerate((*(self.gallery or ()), linked), 1)}
        if self.is_ours:
            ours = {*self.made, *self.own, linked}
            return {asset_id: place for asset_id, place in after.items() if asset_id in ours}
        put = {one: self.sent.get(one, place) for one, place in after.items() if one in self.made}
        return put | {linked: after[linked]}

    def may_have_linked(self, asset_id: str) -> bool:
        """Whether this ledger has linked it, or sent a write that did and was not answered."""
        rows = self.rows_of(asset_id)
        was_sent = any(
            link.asset_id in rows and (link.origin is Origin.MADE or link.sent is not None)
            for link in self.product.links
        )
        return asset_id in self.made or (was_sent and asset_id not in self.not_arrived)

    def decide(self, *, only_append: bool, removes: Collection[str] = ()) -> Decision:
        """What is to be written, from what was seen last; of `removes` our own may go."""
        return decide(
            seen=self.gallery or (),
            seen_thumbnail=self.seen.thumbnail_id if self.seen else None,
            wanted=self.wanted,
            thumbnail=self.thumbnail,
            may_replace=self.is_ours and not (only_append or self.only_append),
            dropped=self.own.keys() & set(removes) - set(self.wanted),
        )

    def begin_anew(self, product: ProductWork) -> None:
        """Another product has its SKU by now: nothing of what was seen or done counts for that."""
        self.product, self.known, self.gallery = product, None, None
        self.made, self.written, self.left, self.last_write = set(), None, None, None
        self.thumbnail_result, self.was_claimed = None, False

    def see(self, seen: PlytixProduct, gallery: tuple[str, ...] | None, reading: Reading) -> None:
        """Take in what a reading showed; a gallery of None was not told."""
        self.known, self.gallery = KnownReading(seen, reading), gallery
        if gallery is not None:
            self.take_in()

    def take_in(self) -> None:
        """What follows from the gallery that was seen last, once the ids of its pictures are known."""
        write = self._unknown_write
        thumbnail = self.seen.thumbnail_id if self.seen else None
        if write.has_not_arrived(self.gallery or (), thumbnail):
            self.not_arrived |= write.adds
            self.made -= write.adds
            places = (self.written or {}).items()
            self.written = {one: place for one, place in places if one not in write.adds} or None
            self.last_write = None
        self.keep_places()

    @property
    def _unknown_write(self) -> LastWrite:
        """The last write of which it is not known whether it arrived, of this run or of one that died."""
        if self.was_claimed:
            return self.last_write or LastWrite()
        sent = (link for link in self.product.links if link.sent is not None)
        adds = {self.ids.get(link.asset_id, "") for link in sent if not link.stood}
        thumbnail = self.product.thumbnail
        was_set = thumbnail is not None and thumbnail.state is State.IN_FLIGHT
        return LastWrite(frozenset(adds - self.not_arrived), self.thumbnail if was_set else None)

    def keep_places(self) -> None:
        """Where all of a gallery that is this ledger's own stands is known, whatever is written next.

        What a search does not show may be there all the same, between the others: it can lag behind.
        """
        gallery, own = self.gallery or (), self.own
        places = own_places(gallery, own, self.sent)
        if gallery and places is not None:
            now = {asset_id: place for place, asset_id in enumerate(gallery, 1)}
            self.left, place = {}, 0.0
            for asset_id in sorted({*own, *gallery}, key=places.__getitem__):
                place = self.left[asset_id] = now.get(asset_id, place + 1 / (len(places) + 1))

    def note_made(self, gallery: tuple[str, ...]) -> None:
        """What stands there now and did not before came with a write of this run."""
        self.made.update(asset_id for asset_id in gallery if asset_id not in (self.gallery or ()))
