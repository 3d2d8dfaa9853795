"""What the sandbox keeps and shows: products, assets and attributes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

THUMBNAIL = "thumbnail"
"""The label under which a product's thumbnail is linked; no attribute can take it."""

MAX_ASSETS_PER_PRODUCT = 300


class TypeClass(StrEnum):
    """The classes of a product attribute (plytix-api, Attributes)."""

    TEXT = "TextAttribute"
    MULTILINE = "MultilineAttribute"
    HTML = "HtmlAttribute"
    INT = "IntAttribute"
    DECIMAL = "DecimalAttribute"
    DROPDOWN = "DropdownAttribute"
    MULTISELECT = "MultiSelectAttribute"
    DATE = "DateAttribute"
    URL = "UrlAttribute"
    BOOLEAN = "BooleanAttribute"
    MEDIA = "MediaAttribute"
    MEDIA_GALLERY = "MediaGalleryAttribute"
    COMPLETENESS = "CompletenessAttribute"


@dataclass(frozen=True, slots=True)
class Attribute:
    """A definition; `label` is what requests name, behind `attributes.`."""

    id: str
    label: str
    name: str
    type_class: TypeClass

    @property
    def is_media(self) -> bool:
        return self.type_class in (TypeClass.MEDIA, TypeClass.MEDIA_GALLERY)


@dataclass(frozen=True, slots=True)
class Asset:
    """A file; `source_url` and `content` never leave the sandbox (an asset's own `url` is Plytix's copy)."""

    id: str
    filename: str
    source_url: str
    content: str
    content_type: str
    file_size: int
    created: str
    modified: str
    public: bool = True
    categories: tuple[str, ...] = ()

    @property
    def extension(self) -> str:
        _, dot, extension = self.filename.rpartition(".")
        return extension if dot else ""


@dataclass(frozen=True, slots=True)
class Product:
    """A product without its media; `plain` holds the values of the other attributes by label."""

    id: str
    sku: str
    label: str
    status: str
    created: str
    modified: str
    plain: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Link:
    """One place of one asset on one product."""

    product_id: str
    label: str
    asset: Asset


Media = dict[str, tuple[str, ...]]
"""Asset ids of one product, in order, by the label they are linked under."""


@dataclass(frozen=True, slots=True)
class ProductState:
    """What one product shows; pictures are told by filename, and in the same order by id."""

    id: str
    thumbnail: str | None
    thumbnail_id: str | None
    gallery: tuple[str, ...]
    gallery_ids: tuple[str, ...]
    linked_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class AssetState:
    """An asset and where it came from."""

    id: str
    filename: str
    source_url: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The whole account at one instant: products by SKU, assets in the order of their creation."""

    products: Mapping[str, ProductState]
    assets: tuple[AssetState, ...]

    @property
    def pictures(self) -> dict[str, tuple[str | None, tuple[str, ...]]]:
        """Thumbnail and gallery by SKU, in filenames only: comparable between two accounts."""
        return {sku: (state.thumbnail, state.gallery) for sku, state in self.products.items()}
