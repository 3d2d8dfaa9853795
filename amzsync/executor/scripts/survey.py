"""Looks at an account before any work: does it answer, has it the gallery and the products. Reads only."""

from dataclasses import dataclass

from amzsync.errors import PlytixError, RejectedError, StopError
from amzsync.executor.scheduler.script import Find, Script, Send
from amzsync.executor.scripts.bulk import ProductsBySku
from amzsync.executor.scripts.record import Done, Record
from amzsync.plytix.client import find_attribute, read_product, search_assets
from amzsync.plytix.wire import AttributeDefinition, PlytixProduct

__all__ = [
    "GALLERY_CLASS",
    "AttributeAnswer",
    "ProductAnswer",
    "as_stop",
    "survey_assets",
    "survey_attribute",
    "survey_product",
]

GALLERY_CLASS = "MediaGalleryAttribute"
_NO_NAME = "amzsync"


@dataclass(frozen=True, slots=True)
class AttributeAnswer:
    """The definition of an attribute, None where there is none; not `is_told`: the account shows none."""

    definition: AttributeDefinition | None
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class ProductAnswer:
    """A product, None where there is none. `has_gallery` is None where that was not asked."""

    sku: str
    product: PlytixProduct | None
    has_gallery: bool | None = None


def survey_assets() -> Script[bool]:
    """A harmless read: true where it is answered.

    Raises:
        StopError: it is refused, or not answered.
    """
    try:
        yield Send(search_assets([_NO_NAME]))
    except PlytixError as error:
        raise as_stop(error) from None
    return True


def survey_attribute(label: str) -> Script[AttributeAnswer]:
    """The definition of exactly this label.

    Raises:
        StopError: it could not be asked for.
    """
    try:
        sent = yield Send(find_attribute(label))
    except RejectedError:
        return AttributeAnswer(None, is_told=False)
    except PlytixError as error:
        raise as_stop(error) from None
    return AttributeAnswer(sent.value)


def survey_product(
    sku: str, query: ProductsBySku, record: Record, *, gallery_label: str | None = None
) -> Script[ProductAnswer]:
    """Whether there is such a product; with a label, also whether its family has this gallery.

    Raises:
        StopError: it could not be asked for.
    """
    found = yield Find(query, (sku,))
    seen: PlytixProduct | None = found.values.get(sku)
    answer = ProductAnswer(sku, seen)
    if seen is not None and gallery_label is not None:
        # A gallery that holds something belongs to the product; an empty one may not be there at all.
        answer = (
            ProductAnswer(sku, seen, has_gallery=True)
            if seen.gallery
            else (yield from _read_whole(sku, seen, gallery_label))
        )
    record.counts[Done.PRODUCT] += 1
    return answer


def _read_whole(sku: str, seen: PlytixProduct, gallery_label: str) -> Script[ProductAnswer]:
    try:
        sent = yield Send(read_product(seen.id, gallery_label))
    except PlytixError as error:
        if isinstance(error, RejectedError) and error.status == 404:
            return ProductAnswer(sku, None)
        raise as_stop(error) from None
    return ProductAnswer(sku, sent.value, has_gallery=sent.value.gallery is not None)


def as_stop(error: PlytixError) -> StopError:
    """The same as what ends a look: without its answer nothing more is to be said."""
    if isinstance(error, StopError):
        return error
    return StopError(
        error.message,
        method=error.method,
        path=error.path,
        status=error.status,
        fields=error.fields,
        next_step=error.next_step,
    )
