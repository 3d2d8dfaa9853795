"""A product as it stands on a report page: its signs, its images in gallery order, its failures."""

from collections.abc import Iterator
from dataclasses import dataclass

from amzsync.domain.changes import Change, FailedImage, Sign
from amzsync.domain.image_url import PLAIN_AMAZON_URL, Malformed, read_image_url, small_address
from amzsync.domain.title import MAX_TITLE_LENGTH
from amzsync.ledger.galleries import Gallery, GalleryImage, GalleryRow
from amzsync.ledger.rows import State
from amzsync.views.changes import change_words
from amzsync.views.console import SKU_LIMIT, count_text, plain, plural
from amzsync.views.failures import cause_text
from amzsync.views.report_tally import KINDS, kinds_of

__all__ = ["ShownFailure", "ShownImage", "ShownProduct", "ShownSign", "shown_product"]

_PIXELS = 160
_MAIN = "MAIN"
_VARIANT_LIMIT = 24
_STANDING = (State.PENDING, State.IN_FLIGHT, State.DONE)
_SIGN_WORDS = {Sign.MISSING: "to add", Sign.OBSOLETE: "no longer wanted", Sign.FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class ShownSign:
    """A sign with its words; `kind` is its class."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ShownImage:
    """An image. `link` is an address that can be opened, `small` one that the page may load."""

    kinds: str
    link: str | None
    small: str | None
    alt: str
    variant: str
    sign: ShownSign | None
    note: str


@dataclass(frozen=True, slots=True)
class ShownFailure:
    """An image that cannot be in place, and why."""

    url: str
    link: str | None
    cause: str


@dataclass(frozen=True, slots=True)
class ShownProduct:
    """A row of the page; `kinds` are the classes that it is filtered by."""

    number: int
    sku: str
    title: str
    kinds: str
    signs: tuple[ShownSign, ...]
    facts: str
    notes: tuple[str, ...]
    images: tuple[ShownImage, ...]
    failures: tuple[ShownFailure, ...]


def shown_product(
    number: int,
    row: GalleryRow,
    gallery: Gallery,
    writer: int | None,
    *,
    min_size: int = 0,
) -> ShownProduct:
    """A product, `number` on its page; `writer` is the last run that wrote.

    Images of less than `min_size` pixels are marked.
    """
    change = row.change or Change(row.sku, row.is_parent, None)
    sku = plain(row.sku, SKU_LIMIT)
    all_new = all(image.is_new for image in gallery.images)
    return ShownProduct(
        number=number,
        sku=sku,
        title=plain(row.title, MAX_TITLE_LENGTH),
        kinds=" ".join(kinds_of(row)),
        signs=tuple(ShownSign(KINDS[sign], words) for sign, words in change_words(change)),
        facts=", ".join(_facts(row, gallery, writer)),
        notes=tuple(map(plain, gallery.notes)),
        images=tuple(_image(one, sku, change, min_size, is_told_new=not all_new) for one in gallery.images),
        failures=tuple(map(_failure, change.failed)),
    )


def _facts(row: GalleryRow, gallery: Gallery, writer: int | None) -> Iterator[str]:
    wanted = [image for image in gallery.images if image.state is not State.OBSOLETE]
    # What is still to be done and has no sign of its own stands already, at another place than wanted.
    is_there = Sign.NOT_IN_PLYTIX not in row.signs
    standing = sum(is_there and image.sign is None and image.state in _STANDING for image in wanted)
    if wanted:
        yield f"{count_text(standing)} of {plural(len(wanted), 'image')} in the gallery"
    if row.is_parent:
        yield "variation parent"
    if row.is_written:
        yield f"written by run {writer}"


def _image(image: GalleryImage, sku: str, change: Change, min_size: int, *, is_told_new: bool) -> ShownImage:
    is_small = 0 < max(image.width, image.height) < min_size
    variant = plain(image.variant, _VARIANT_LIMIT)
    kinds = [
        *(["main"] if image.variant == _MAIN and image.state is not State.OBSOLETE else []),
        *(["signed", KINDS[image.sign]] if image.sign else []),
        *(["left-out"] if image.state is State.SKIPPED else []),
    ]
    notes = [
        *([_SIGN_WORDS[image.sign]] if image.sign else []),
        *(["~ thumbnail"] if image.url == change.thumbnail else []),
        *(["new"] if is_told_new and image.is_new and not image.sign else []),
        *([f"small: {image.width} × {image.height}"] if is_small else []),
    ]
    return ShownImage(
        kinds=" ".join(kinds),
        link=_link(image.url),
        small=small_address(image.url, _PIXELS),
        alt=f"{variant} of {sku}",
        variant=variant,
        sign=ShownSign(KINDS[image.sign], image.sign.value) if image.sign else None,
        note=", ".join(notes),
    )


def _failure(failed: FailedImage) -> ShownFailure:
    return ShownFailure(plain(failed.url), _link(failed.url), plain(cause_text(failed.error, failed.status)))


def _link(url: str) -> str | None:
    """An address that leads out into the web; None where it is malformed, or inside a private network."""
    is_usable = PLAIN_AMAZON_URL.fullmatch(url) or not isinstance(read_image_url(url), Malformed)
    return url if is_usable else None
