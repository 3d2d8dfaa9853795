"""Requests, replies, and the facts that replies contain, as frozen values."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from amzsync.plytix.auth import Secret

__all__ = [
    "AssetExistsWithoutId",
    "AssetPage",
    "AttributeDefinition",
    "AttributePage",
    "Call",
    "CreatedAsset",
    "LinkResult",
    "PlytixAsset",
    "PlytixProduct",
    "ProductPage",
    "Reply",
    "Request",
    "RequestKind",
    "UploadedFile",
]

T = TypeVar("T")


class RequestKind(StrEnum):
    TOKEN = "token"  # noqa: S105 - the name of a kind of request
    PRODUCT_SEARCH = "product_search"
    PRODUCT_READ = "product_read"
    PRODUCT_WRITE = "product_write"
    PRODUCT_CREATE = "product_create"
    PRODUCT_DELETE = "product_delete"
    ASSET_SEARCH = "asset_search"
    ASSET_READ = "asset_read"
    ASSET_UPLOAD = "asset_upload"
    LINK = "link"
    UNLINK = "unlink"
    ASSET_DELETE = "asset_delete"
    ASSET_CONTENT = "asset_content"
    ATTRIBUTE_SEARCH = "attribute_search"
    ATTRIBUTE_CREATE = "attribute_create"
    FAMILY_LINK = "family_link"


class LinkResult(StrEnum):
    LINKED = "linked"
    ALREADY_LINKED = "already_linked"


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The one file of a form."""

    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """`path` is relative to the API's address, its ids quoted; empty for the token endpoint.

    `file` is sent as a form, in the place of `body`.
    """

    kind: RequestKind
    method: str
    path: str
    body: Mapping[str, object] | None = None
    file: UploadedFile | None = None

    def encoded(self) -> bytes | None:
        """The body as sent: the only place where a Secret in it is revealed."""
        if self.body is None:
            return None
        return json.dumps(self.body, default=_reveal, allow_nan=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """A request, the statuses that answer it, and how such an answer is read.

    `may_leave` is asked once more when the connection is open, just before the request is written to it.
    """

    request: Request
    accept: frozenset[int]
    parse: Callable[[Reply], T]
    may_leave: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class PlytixProduct:
    """`gallery` and `assets` are None where the answer did not tell them, () where it told none.

    `thumbnail_id` is None for both; `sku` is "" where a single product's answer left it out. `filenames` are
    those that the gallery told with its ids: accounts differ in that. `elsewhere` are the ids in the other
    attributes that the answer shows. `family_id` is None where no family is told.
    """

    id: str
    sku: str
    thumbnail_id: str | None = None
    gallery: tuple[str, ...] | None = None
    assets: tuple[str, ...] | None = None
    filenames: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    elsewhere: frozenset[str] = frozenset()
    family_id: str | None = field(default=None, compare=False)

    @property
    def told_gallery(self) -> tuple[str, ...] | None:
        """The gallery; a product without any asset has an empty one, told or not."""
        return () if self.gallery is None and self.assets == () else self.gallery


@dataclass(frozen=True, slots=True)
class ProductPage:
    """`is_full`: as many rows as were asked for, so there may be another page."""

    products: tuple[PlytixProduct, ...]
    is_full: bool


@dataclass(frozen=True, slots=True)
class PlytixAsset:
    """`filename` is "" where the answer does not contain it.

    `uses`: how many products and catalogues use it, None where that is not told.
    """

    id: str
    filename: str
    uses: int | None = None


@dataclass(frozen=True, slots=True)
class AssetPage:
    assets: tuple[PlytixAsset, ...]
    is_full: bool


@dataclass(frozen=True, slots=True)
class CreatedAsset:
    """`existed`: the asset was there already, under this id."""

    id: str
    filename: str
    existed: bool


@dataclass(frozen=True, slots=True)
class AssetExistsWithoutId:
    """The asset was there already, and the answer does not say which one: find it by search."""


@dataclass(frozen=True, slots=True)
class AttributeDefinition:
    label: str
    type_class: str


@dataclass(frozen=True, slots=True)
class AttributePage:
    attributes: tuple[AttributeDefinition, ...]
    is_full: bool


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot be sent as JSON.")
