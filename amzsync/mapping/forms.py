"""A product of a mapping: its SKU, its title, and the four forms in which it names its pictures."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from amzsync.domain.product import MARKETPLACE_IDS, MAX_IMAGES, ImageRef, Product, amazon_sku
from amzsync.domain.title import one_line
from amzsync.domain.variant import POSITION, flat_variant, listed_variant, normalise

__all__ = [
    "FIELDS",
    "FLAT_FIELDS",
    "IDENTITY",
    "MAX_SIDE",
    "PICTURES",
    "TITLES",
    "Nameless",
    "Shape",
    "check_sku",
    "read_product",
]

_MAX_SKU_LENGTH = 512
MAX_SIDE = 1 << 15
_PARENT = "VARIATION_PARENT"
_PARENT_CHILD = ("Parent", "parent", "PARENT")
TITLES = ("title", "amazon_title", "item_name")
_new_ref = tuple.__new__
FLAT_FIELDS = {
    field: flat_variant(field)
    for field in (
        "amazon_image_main",
        *(f"amazon_image_variant_{n}" for n in range(1, 9)),
        "amazon_image_swatch",
    )
}

IDENTITY = frozenset({"suggested_sku", "amazon_asin", "asin"})
"""The fields that name a product."""

PICTURES = frozenset({"amazon_images", *FLAT_FIELDS, "images", "image_urls"})
"""The fields that name its pictures."""

FIELDS = (
    IDENTITY
    | PICTURES
    | {"marketplace", "summaries", "item_classification", "is_parent", "parent_child", *TITLES}
)
"""All fields that are read."""


class Shape(Exception):  # noqa: N818 - named for what is wrong, as Malformed is
    """A field that does not have the shape a mapping promises: which one, and what is wrong."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}")
        self.field = field
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Nameless:
    """A product without a SKU and an ASIN; `has_images` tells it from something that is no product at all."""

    has_images: bool
    reason: str = "the product has neither suggested_sku nor amazon_asin nor asin"


def read_product(
    entry: object, marketplace: Callable[[], str], *, forced: str | None = None
) -> Product | Nameless:
    """One product of a mapping in JSON.

    `marketplace` gives the code for a product that names none; `forced` overrides both.

    Raises:
        Shape: where a field that is used has the wrong type or size.
    """
    if not isinstance(entry, dict):
        raise Shape("", f"a product must be an object, not {_kind(entry)}")
    code = forced or _text(entry, "marketplace") or None
    images = _images(entry, code, marketplace)
    summaries = list(_summaries(entry, code, marketplace)) if "summaries" in entry else []
    sku = _sku(entry, code, marketplace)
    if not sku:
        return Nameless(has_images=bool(images))
    if len(images) > MAX_IMAGES:
        raise Shape("", f"a product has more than {MAX_IMAGES:,} images")
    is_parent = _is_parent(entry) or any(one.get("itemClassification") == _PARENT for one in summaries)
    return Product(sku, is_parent, images, _title(entry, summaries))


def _sku(entry: Mapping[str, Any], code: str | None, marketplace: Callable[[], str]) -> str:
    sku = _text(entry, "suggested_sku")
    if not sku:
        asin = _text(entry, "amazon_asin") or _text(entry, "asin")
        if not asin:
            return ""
        sku = amazon_sku(code or marketplace(), asin)
    check_sku(sku, "suggested_sku")
    return sku


def check_sku(sku: str, field: str) -> None:
    """Refuse what no ledger can hold.

    Raises:
        Shape: the SKU is too long, or has half a character or a NUL in it.
    """
    if len(sku) > _MAX_SKU_LENGTH:
        raise Shape(field, f"longer than {_MAX_SKU_LENGTH} characters")
    if not sku.isascii() and any("\ud800" <= character <= "\udfff" for character in sku):
        raise Shape(field, "contains half a character (a lone surrogate)")
    if "\0" in sku:
        raise Shape(field, "contains a NUL character")


def _is_parent(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("item_classification") == _PARENT
        or entry.get("is_parent") is True
        or entry.get("parent_child") in _PARENT_CHILD
    )


def _title(entry: Mapping[str, Any], summaries: list[Mapping[str, Any]]) -> str | None:
    """The first title that is one. It is only shown: one of a wrong type counts as not told."""
    for field in TITLES:
        title = entry.get(field)
        if title.__class__ is str and (line := one_line(title)):
            return line
    for summary in summaries:
        title = summary.get("itemName")
        if isinstance(title, str) and (line := one_line(title)):
            return line
    return None


def _images(
    entry: Mapping[str, Any], code: str | None, marketplace: Callable[[], str]
) -> tuple[ImageRef, ...]:
    found = (
        _image_list(entry.get("amazon_images"), "amazon_images")
        or _flat_fields(entry)
        or _marketplace_groups(entry.get("images"), code, marketplace)
        or _url_list(entry.get("image_urls"))
    )
    return tuple(found)


def _image_list(raw: object, field: str) -> list[ImageRef]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Shape(field, f"must be a list, not {_kind(raw)}")
    refs = []
    for index, image in enumerate(raw):
        # A catalogue has a million of these: the common case is told apart by exact types, without a call.
        if image.__class__ is not dict:
            raise Shape(f"{field}[{index}]", f"must be an object with a link, not {_kind(image)}")
        link = image.get("link")
        if link is None:
            continue
        if link.__class__ is not str:
            raise Shape(f"{field}[{index}].link", f"must be text, not {_kind(link)}")
        variant = image.get("variant")
        if variant is not None and variant.__class__ is not str:
            raise Shape(f"{field}[{index}].variant", f"must be text, not {_kind(variant)}")
        height: Any = image.get("height")
        width: Any = image.get("width")
        # A size is a hint: one that is no positive whole number counts as not told.
        if not (
            height.__class__ is width.__class__ is int and 0 < height < MAX_SIDE and 0 < width < MAX_SIDE
        ):
            height = width = 0
        known = variant if variant in POSITION else normalise(variant)
        refs.append(_new_ref(ImageRef, (link, known, height * width, width)))
    return refs


def _flat_fields(entry: Mapping[str, Any]) -> list[ImageRef]:
    refs = []
    for field, variant in FLAT_FIELDS.items():
        link = entry.get(field)
        if link is None or link == "":
            continue
        if not isinstance(link, str):
            raise Shape(field, f"must be text or null, not {_kind(link)}")
        refs.append(ImageRef(link, variant))
    return refs


def _marketplace_groups(raw: object, code: str | None, marketplace: Callable[[], str]) -> list[ImageRef]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Shape("images", f"must be a list, not {_kind(raw)}")
    refs: list[ImageRef] = []
    for index, group in enumerate(raw):
        if not isinstance(group, dict):
            raise Shape(f"images[{index}]", f"must be an object with a marketplaceId, not {_kind(group)}")
        if _is_of(group, code or marketplace()):
            refs.extend(_image_list(group.get("images"), f"images[{index}].images"))
    return refs


def _summaries(
    entry: Mapping[str, Any], code: str | None, marketplace: Callable[[], str]
) -> Iterator[Mapping[str, Any]]:
    """What the SP-API tells of the product in its marketplace."""
    raw = entry.get("summaries")
    for summary in raw if isinstance(raw, list) else ():
        if isinstance(summary, dict) and _is_of(summary, code or marketplace()):
            yield summary


def _is_of(group: Mapping[str, Any], code: str) -> bool:
    """Whether a part of an SP-API answer is for this marketplace, given as a code or as an id."""
    return group.get("marketplaceId") in (MARKETPLACE_IDS.get(code.upper()), code)


def _url_list(raw: object) -> list[ImageRef]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Shape("image_urls", f"must be a list, not {_kind(raw)}")
    refs: list[ImageRef] = []
    for index, link in enumerate(raw):
        if link is None:
            continue
        if not isinstance(link, str):
            raise Shape(f"image_urls[{index}]", f"must be text, not {_kind(link)}")
        refs.append(ImageRef(link, listed_variant(len(refs))))
    return refs


def _text(entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Shape(field, f"must be text, not {_kind(value)}")
    return value.strip()


def _kind(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "an object"
