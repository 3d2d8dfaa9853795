"""The difference between what is wanted and what a ledger holds, as the rows to write.

New addresses get their ids here, in alphabetical order: so they are written in the order of their index.
"""

import hashlib
import itertools
from array import array
from collections.abc import Iterator, Sequence

from amzsync.domain.filename import asset_filename, distinct_filename
from amzsync.domain.image_url import ImageUrl
from amzsync.domain.product import Unreadable
from amzsync.domain.variant import KNOWN, MAIN
from amzsync.planner.addresses import PLAIN
from amzsync.planner.galleries import Galleries
from amzsync.planner.names import PLAIN_ID_AT, Names
from amzsync.planner.planner import Planner
from amzsync.planner.sizes import Sizes, packed
from amzsync.planner.values import ChangedProduct, MalformedUrl, WantedLink

__all__ = ["Difference", "settle"]

_MAIN_CODE = KNOWN.index(MAIN)


def settle(planner: Planner) -> "Difference":
    """Decide every gallery and compare with the ledger. After this, `add` nothing more to the planner."""
    return Difference(planner, Galleries(planner))


class Difference:
    """What is new, what differs, what is no longer wanted. Every iterator can be read again."""

    def __init__(self, planner: Planner, galleries: Galleries) -> None:
        self._planner = planner
        self._galleries = galleries
        self.counts = galleries.counts()
        self._sizes = Sizes(planner.references, len(planner.addresses.numbers))
        self._product_ids = array("I")
        self._assign_ids(list(planner.addresses.numbers))

    def _assign_ids(self, urls: list[str]) -> None:
        known = self._planner.addresses.known
        self._ids = array("I", range(len(urls) + 1))
        best, malformed = self._galleries.best, self._galleries.malformed
        kept = [
            url for number, url in enumerate(urls[known:], known + 1) if best[number] or number in malformed
        ]
        kept.sort()
        self._new_urls = kept
        self._new_numbers = array("I", map(self._planner.addresses.numbers.__getitem__, kept))
        for new_id, number in enumerate(self._new_numbers, known + 1):
            self._ids[number] = new_id
        next_id = max((product.id for product in self._planner.known.products.values()), default=0) + 1
        for sku in self._planner.products.numbers:
            before = self._planner.known.products.get(sku)
            self._product_ids.append(before.id if before else next_id)
            next_id += not before

    def new_urls(self) -> Iterator[tuple[int, str]]:
        """Addresses the ledger does not hold, by id."""
        return enumerate(self._new_urls, self._planner.addresses.known + 1)

    def new_addresses(self) -> Iterator[tuple[int, str, int | None, int | None]]:
        """The same with width and height in pixels, where the image is wanted and the mapping tells them."""
        widths, areas, best = self._sizes.widths, self._sizes.areas, self._galleries.best
        for (new_id, url), number in zip(self.new_urls(), self._new_numbers, strict=True):
            width = widths[number]
            if width and best[number]:
                yield new_id, url, width, areas[number] // width
            else:
                yield new_id, url, None, None

    def changed_sizes(self) -> Iterator[tuple[int, int, int]]:
        """Id, width and height of each known address that is wanted in another size than the ledger has."""
        known, best, areas = self._planner.known.sizes, self._galleries.best, self._sizes.areas
        for number, width in enumerate(self._sizes.widths[: self._planner.addresses.known + 1]):
            if width and best[number]:
                height = areas[number] // width
                if not (number < len(known) and known[number] == packed(width, height)):
                    yield number, width, height

    def malformed_urls(self) -> Iterator[MalformedUrl]:
        """Every address that can be no picture, known or new."""
        for number in self._galleries.malformed:
            yield MalformedUrl(self._ids[number], self._planner.addresses.reasons[number].reason)

    def malformed_uses(self) -> Iterator[tuple[int, int, str]]:
        """Product id, address id and reason, for every product that names a malformed address."""
        uses = iter(self._galleries.malformed_uses)
        for number, owner in zip(uses, uses, strict=True):
            yield self._product_ids[owner], self._ids[number], self._planner.addresses.reasons[number].reason

    @property
    def unreadable(self) -> Sequence[Unreadable]:
        """Products that nothing can be done for, as they stand in the mapping."""
        return self._planner.unreadable

    def new_assets(self) -> Iterator[tuple[int, str]]:
        """Id and name of the asset of each wanted address that has none in the ledger yet."""
        numbers, best = self._planner.addresses.numbers, self._galleries.best
        names = Names(numbers, self._planner.addresses.known)
        for url_id in sorted(self._planner.known.without_asset):
            if best[url_id]:
                yield url_id, self._filename(self._known_url(url_id), url_id, names)
        kinds, starts = self._planner.addresses.kinds, self._name_starts()
        has_known = self._planner.addresses.known > 0
        for (new_id, url), number in zip(self.new_urls(), self._new_numbers, strict=True):
            if best[number]:
                is_bare = kinds[number] == PLAIN and not has_known
                name = (
                    starts[best[number]] + url[PLAIN_ID_AT:]
                    if is_bare
                    else self._filename(url, number, names)
                )
                yield new_id, name

    def _name_starts(self) -> dict[int, str]:
        """How the name of an asset starts, by its most important use."""
        return {
            key: f"amazon_{key >> 16:02d}_{self._planner.variants.names[key & 0xFFFF]}_"
            for key in set(self._galleries.best)
            if key
        }

    def _known_url(self, url_id: int) -> str:
        return next(itertools.islice(self._planner.addresses.numbers, url_id - 1, None))

    def _filename(self, url: str, number: int, names: "Names") -> str:
        key = self._galleries.best[number]
        variant = self._planner.variants.names[key & 0xFFFF]
        if self._planner.addresses.kinds[number] == PLAIN:
            plain = f"amazon_{key >> 16:02d}_{variant}_{url[PLAIN_ID_AT:]}"
            return distinct_filename(plain, url) if names.is_known(url[PLAIN_ID_AT:]) else plain
        image = self._planner.addresses.read(url)
        assert isinstance(image, ImageUrl)  # noqa: S101 - a malformed address is never wanted
        filename = asset_filename(key >> 16, variant, image)
        return distinct_filename(filename, url) if names.is_taken(image, url) else filename

    def returned_urls(self) -> list[int]:
        """Known addresses that were not wanted, or not usable, and are now."""
        known = self._planner.known
        candidates = known.obsolete_urls | known.without_asset | known.refused_urls
        return [url_id for url_id in sorted(candidates) if self._galleries.best[url_id]]

    @property
    def is_complete(self) -> bool:
        """Whether the products of this plan are all that is wanted."""
        return self._planner.is_complete

    def gone_products(self) -> list[int]:
        """Known products that are no longer wanted: those that a complete plan does not name."""
        return self._unnamed() if self.is_complete else []

    def unnamed_products(self) -> list[int]:
        """Known products that this plan does not name and says nothing of."""
        return [] if self.is_complete else self._unnamed()

    def _unnamed(self) -> list[int]:
        return [
            product.id
            for sku, product in self._planner.known.products.items()
            if product.wanted is not None and sku not in self._planner.products.numbers
        ]

    def new_products(self) -> Iterator[tuple[int, str, bool, bytes, str | None]]:
        """Id, SKU, whether it is a parent, the digest of what it wants, and its title where one is told."""
        titles = self._planner.products.titles
        for owner, sku in self._new_owners():
            yield (
                self._product_ids[owner],
                sku,
                bool(self._planner.products.parents[owner]),
                self._digest(owner),
                titles.get(owner),
            )

    def known_titles(self) -> Iterator[tuple[int, str]]:
        """Product id and title, of the products the ledger knows that the mapping tells one of."""
        known, titles = self._planner.known.products, self._planner.products.titles
        if known:
            for owner, sku in enumerate(self._planner.products.numbers):
                if owner in titles and sku in known:
                    yield self._product_ids[owner], titles[owner]

    def new_links(self) -> Iterator[tuple[int, int, str, int]]:
        """Product id, asset id, variant, position, for the products that are new."""
        ids, variants = self._ids, self._planner.variants.names
        numbers, codes, starts = self._galleries.numbers, self._galleries.codes, self._galleries.starts
        for owner, _ in self._new_owners():
            product_id = self._product_ids[owner]
            start = starts[owner]
            for at in range(start, starts[owner + 1]):
                yield product_id, ids[numbers[at]], variants[codes[at]], at - start + 1

    def new_thumbnails(self) -> Iterator[tuple[int, int]]:
        """Product id and asset id, for the products that are new and have a MAIN picture."""
        for owner, _ in self._new_owners():
            thumbnail = self._thumbnail(owner)
            if thumbnail:
                yield self._product_ids[owner], thumbnail

    def changed_products(self) -> Iterator[ChangedProduct]:
        """The products the ledger knows, for which something else is wanted now."""
        for owner, sku in enumerate(self._planner.products.numbers):
            before = self._planner.known.products.get(sku)
            if before is None:
                continue
            digest = self._digest(owner)
            if digest != before.wanted:
                links = tuple(self._links(owner))
                yield ChangedProduct(
                    before.id,
                    bool(self._planner.products.parents[owner]),
                    digest,
                    links,
                    self._thumbnail(owner),
                )

    def _new_owners(self) -> Iterator[tuple[int, str]]:
        known = self._planner.known.products
        return ((owner, sku) for owner, sku in enumerate(self._planner.products.numbers) if sku not in known)

    def _links(self, owner: int) -> Iterator[WantedLink]:
        start, stop = self._galleries.starts[owner], self._galleries.starts[owner + 1]
        for position, at in enumerate(range(start, stop), 1):
            yield WantedLink(
                self._ids[self._galleries.numbers[at]],
                self._planner.variants.names[self._galleries.codes[at]],
                position,
            )

    def _thumbnail(self, owner: int) -> int | None:
        start = self._galleries.starts[owner]
        has_main = start < self._galleries.starts[owner + 1] and self._galleries.codes[start] == _MAIN_CODE
        return self._ids[self._galleries.numbers[start]] if has_main else None

    def _digest(self, owner: int) -> bytes:
        start, stop = self._galleries.starts[owner], self._galleries.starts[owner + 1]
        ids = array("I", map(self._ids.__getitem__, self._galleries.numbers[start:stop]))
        codes = self._galleries.codes[start:stop]
        # Codes of known variants never change; those of others are given out anew with each plan.
        if max(codes, default=0) < len(KNOWN):
            variants = codes.tobytes()
        else:
            variants = ",".join(map(self._planner.variants.names.__getitem__, codes)).encode()
        flags = self._planner.label + (b"\1" if self._planner.products.parents[owner] else b"\0")
        return hashlib.blake2b(flags + ids.tobytes() + variants, digest_size=16).digest()
